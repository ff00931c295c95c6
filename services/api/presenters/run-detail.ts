/** One run: who began it, how far it is, what became of each document, and why some failed. */
import * as pages from '../../../shared/db/pages.repo.ts';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import { findRun, listChildRuns, listRuns, type RunFilter, type RunView } from '../../../shared/db/views.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { cureOf } from './cures.ts';
import { ratePerMinute } from './dashboard.ts';
import { duration } from './replica-state.ts';
import { presentRun, type PresentedRun } from './runs.ts';

const PAGE = 100;

export interface ItemQuery {
  readonly state?: pages.ItemState | 'problem' | undefined;
  readonly kind?: 'upload' | 'update' | undefined;
  readonly code?: string | undefined;
  readonly cursor?: { readonly rank: number; readonly linkId: number } | undefined;
}

export async function loadRun(deps: ApiDeps, id: number, query: ItemQuery) {
  const { db } = deps;
  const row = await findRun(db, id);
  if (row === undefined) return null;
  const now = deps.clock.now();
  const states = query.state === 'problem' ? (['failed', 'held'] as const) : query.state && [query.state];
  const filter = { runId: id, states, kind: query.kind, code: query.code };
  const [children, counts, groups, items] = await Promise.all([
    row.kind === 'cycle' ? listChildRuns(db, id) : [],
    pages.countRunItems(db, id),
    pages.groupRunErrors(db, id),
    pages.listRunItems(db, filter, { after: query.cursor, limit: PAGE }),
  ]);
  // A cycle has no documents of its own.
  const run = presentRun(row.kind === 'cycle' ? summed(row, children) : row, now);
  const last = items.length === PAGE ? items.at(-1) : undefined;
  return {
    run,
    children: children.map((child) => presentRun(child, now)),
    counts: itemCounts(counts, run),
    groups: groups.map((group) => ({ ...group, cure: cureOf(group.code) })),
    items,
    next: last === undefined ? null : `${last.rank}.${last.link_id}`,
    pace: paceOf(run, now),
  };
}
export type RunDetail = NonNullable<Awaited<ReturnType<typeof loadRun>>>;

function summed(cycle: RunView, children: readonly RunView[]): RunView {
  const sum = (key: 'docs_total' | 'docs_synced' | 'docs_failed' | 'docs_held' | 'bytes') =>
    children.reduce((total, child) => total + child[key], 0);
  return {
    ...cycle,
    docs_total: sum('docs_total'),
    docs_synced: sum('docs_synced'),
    docs_failed: sum('docs_failed'),
    docs_held: sum('docs_held'),
    bytes: sum('bytes'),
  };
}

export interface ItemCounts {
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  readonly held: number;
  readonly left: number;
  readonly uploads: number;
  readonly updates: number;
  /** The rows of old runs are cleared away; their sums stay in the run. */
  readonly listed: boolean;
}

export function itemCounts(counts: readonly pages.RunItemCount[], run: PresentedRun): ItemCounts {
  const sum = (matches: (count: pages.RunItemCount) => boolean) =>
    counts.filter(matches).reduce((total, { items }) => total + items, 0);
  const { docs_synced: done, docs_failed: failed, docs_held: held, docs_total: total } = run;
  return {
    total,
    done,
    failed,
    held,
    left: run.running ? Math.max(0, total - done - failed - held) : 0,
    uploads: sum(({ kind }) => kind === 'upload'),
    updates: sum(({ kind }) => kind === 'update'),
    listed: counts.length > 0,
  };
}

/** Shown only once there is enough to judge by. */
function paceOf(run: PresentedRun, now: Date): { readonly perMinute: number; readonly left: string | null } | null {
  const perMinute = ratePerMinute(run.docs_done, run.started_at, run.finished_at ?? now);
  if (perMinute === null || perMinute === 0) return null;
  const open = run.docs_total - run.docs_done;
  const left = run.running && run.docs_done >= 20 && open > 0 ? duration((open / perMinute) * 60) : null;
  return { perMinute, left };
}

interface PhaseStep {
  readonly name: string;
  readonly word: string;
}
const CYCLE: readonly PhaseStep[] = [
  { name: 'opening', word: 'open' },
  { name: 'feed', word: 'scan the master' },
  { name: 'replicas', word: 'work on the replicas' },
  { name: 'closed', word: 'closed' },
];
const REPLICA: readonly PhaseStep[] = [
  { name: 'waiting', word: 'wait' },
  { name: 'taxonomy', word: 'taxonomy' },
  { name: 'planning', word: 'plan' },
  { name: 'documents', word: 'apply and read back' },
  { name: 'closed', word: 'closed' },
];

/** The phases that such a run passes, in their order, and where it is. */
export function phasesOf(run: Pick<RunView, 'kind' | 'phase' | 'finished_at'>) {
  const steps = run.kind === 'cycle' ? CYCLE : REPLICA;
  const at = run.finished_at === null ? steps.findIndex(({ name }) => name === run.phase) : steps.length;
  return steps.map(({ word }, nth) => ({ word, state: nth < at ? 'past' : nth === at ? 'now' : 'ahead' }) as const);
}

export const canRetry = (run: Pick<RunView, 'replica_id' | 'docs_failed' | 'finished_at'>): boolean =>
  run.replica_id !== null && run.docs_failed > 0 && run.finished_at !== null;

/** Who began it, in words. */
export const TRIGGERS: Readonly<Record<string, string>> = {
  scheduler: 'the schedule',
  manual: 'a person',
  cli: 'the command line',
  verify: 'a verification',
  webhook: 'a webhook of the master',
};

const RUNS = 50;

export async function loadRuns(deps: ApiDeps, filter: RunFilter, before: number | undefined) {
  const [rows, replicas] = await Promise.all([
    listRuns(deps.db, filter, { before, limit: RUNS }),
    listReplicas(deps.db),
  ]);
  const now = deps.clock.now();
  return {
    runs: rows.map((row) => presentRun(row, now)),
    replicas: replicas.map(({ id, name }) => ({ id, name })),
    next: rows.length === RUNS ? (rows.at(-1)?.id ?? null) : null,
  };
}

/** @throws run_not_found */
export async function existingRun(deps: Pick<ApiDeps, 'db'>, id: number): Promise<RunView> {
  const run = await findRun(deps.db, id);
  if (run === undefined) throw notFound(`The run ${id}`, 'run_not_found');
  return run;
}
