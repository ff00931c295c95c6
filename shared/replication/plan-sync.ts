/**
 * The dry run of a cycle (product.md section 5): what it would do to one replica right now, found by the same comparisons and
 * plans that the cycle itself goes by, with reads only.
 */
import * as masterRepo from '../db/master.repo.ts';
import * as planning from '../db/planning.repo.ts';
import type { Db, Link, Replica } from '../db/tables.ts';
import { describeAction } from '../domain/taxonomy/actions.ts';
import { outlookOf } from '../domain/taxonomy/outlook.ts';
import type { Settings } from '../config/settings.ts';
import type { Clock } from '../kernel/clock.ts';
import type { PaperlessReader } from '../paperless/api.ts';
import { BATCH_SIZE, compareBatch, type CompareScope, type LinkComparison } from './compare-batch.ts';
import { loadDeletions } from './deletion-state.ts';
import type { EngineTimings } from './deps.ts';
import { feedPages } from './master-feed.ts';
import { viewTaxonomy } from './taxonomy/read.ts';

export interface PlanSource {
  readonly db: Db;
  readonly clock: Clock;
  readonly timings: Pick<EngineTimings, 'feedOverlapMs' | 'feedPageSize'>;
  settings(): Promise<Settings>;
  /** The master. */
  readonly reader: PaperlessReader;
  /** The replica, and nothing that can write to it. */
  readonly writer: PaperlessReader;
  readonly signal: AbortSignal;
}

export interface PlannedUpdate {
  readonly master_doc_id: number;
  readonly replica_doc_id: number;
  readonly fields: readonly { readonly field: string; readonly master: unknown; readonly replica: unknown }[];
}
export interface SyncPlan {
  readonly replica_id: number;
  readonly sweep: boolean;
  /** One line a step, in their order. */
  readonly taxonomy: readonly string[];
  /** Master ids without a copy: uploaded, or linked to an equal document that is there already. */
  readonly uploads: readonly number[];
  readonly updates: readonly PlannedUpdate[];
  /** Copies that somebody deleted on the replica: restored or uploaded again. */
  readonly returns: readonly number[];
  /** Copies that go to the trash or are purged. */
  readonly deletions: readonly { readonly master_doc_id: number; readonly action: string; readonly why: string }[];
  /** Documents that would be looked at and are equal. */
  readonly equal: number;
}

interface Opened {
  readonly scope: CompareScope;
  readonly taxonomy: Awaited<ReturnType<typeof viewTaxonomy>>;
}

async function openScope(source: PlanSource, replica: Replica, sweep: boolean): Promise<Opened> {
  const { db, reader, writer, signal } = source;
  const [, there] = [await reader.probe(signal), await writer.probe(signal)];
  const [masterIds, replicaIds] = await Promise.all([reader.census(signal), writer.census(signal)]);
  const taxonomy = await viewTaxonomy({ ...source, replica, now: source.clock.now() }, there.userId, sweep);
  const { tables, afterwards } = outlookOf(taxonomy.plan);
  const scope: CompareScope = {
    db,
    replicaId: replica.id,
    master: reader,
    replica: writer,
    tables,
    masterIds: new Set(masterIds.ids),
    replicaIds: new Set(replicaIds.ids),
    signal,
    afterwards,
  };
  return { scope, taxonomy };
}

/** What would become of one copy right now; null: master and copy cannot be laid side by side. */
export async function planDocument(
  source: PlanSource,
  replica: Replica,
  link: Link,
): Promise<PlannedUpdate | 'returns' | null> {
  const { scope } = await openScope(source, replica, false);
  if (!scope.masterIds.has(link.master_doc_id)) return null;
  const [one] = await compareBatch(scope, [link]);
  if (one?.kind === 'compared') return planned(link, one.differences);
  return one?.kind === 'missing' && !scope.replicaIds.has(link.replica_doc_id ?? -1) ? 'returns' : null;
}

/** @throws what a cycle would fail with: an unreachable instance, a refused token, an answer that is no clean list. */
export async function planSync(source: PlanSource, replica: Replica, sweep: boolean): Promise<SyncPlan> {
  const { db } = source;
  const { scope, taxonomy } = await openScope(source, replica, sweep);
  const changed = await changedOnMaster(source);
  const found: Found = { updates: [], returns: [], equal: 0 };
  for (let after = 0; ; ) {
    const links = await planning.linksToPlan(db, replica.id, { after, limit: BATCH_SIZE, sweep, changed });
    const last = links.at(-1);
    if (!last) break;
    after = last.master_doc_id;
    sort(
      found,
      await compareBatch(
        scope,
        links.filter((link) => scope.masterIds.has(link.master_doc_id)),
      ),
      scope,
    );
  }
  const uploads = await planning.mastersWithoutCopy(db, replica.id, [...scope.masterIds]);
  return {
    replica_id: replica.id,
    sweep,
    taxonomy: taxonomy.plan.actions.filter(({ do: what }) => what !== 'adopt').map(describeAction),
    uploads,
    ...found,
    deletions: await deletions(source, replica),
  };
}

interface Found {
  readonly updates: PlannedUpdate[];
  readonly returns: number[];
  equal: number;
}

function sort(found: Found, compared: readonly LinkComparison[], scope: CompareScope): void {
  for (const one of compared) {
    if (one.kind === 'missing' && !scope.replicaIds.has(one.link.replica_doc_id ?? -1))
      found.returns.push(one.link.master_doc_id);
    if (one.kind !== 'compared') continue;
    if (one.differences.length === 0) found.equal += 1;
    else found.updates.push(planned(one.link, one.differences));
  }
}

function planned(
  link: Link,
  differences: readonly { readonly field: string; readonly master: unknown; readonly copy: unknown }[],
): PlannedUpdate {
  return {
    master_doc_id: link.master_doc_id,
    replica_doc_id: link.replica_doc_id ?? 0,
    fields: differences.map(({ field, master, copy }) => ({ field, master, replica: copy })),
  };
}

/** Master ids that the change feed would mark; the cursor stays where it is. */
async function changedOnMaster({ db, reader, timings, signal }: PlanSource): Promise<number[]> {
  const { cursor_us: cursor } = await masterRepo.masterState(db);
  if (cursor === null) return [];
  const changed = new Set<number>();
  const from = cursor - timings.feedOverlapMs * 1000;
  for await (const { rows } of feedPages(reader, from, timings.feedPageSize, signal))
    for (const id of await planning.movedSince(db, rows)) changed.add(id);
  return [...changed];
}

/** As decided from what the sweeps saw so far; the coming one may see more. */
async function deletions(source: PlanSource, replica: Replica): Promise<SyncPlan['deletions']> {
  const { decision } = await loadDeletions(source, replica);
  if (decision.stopped !== null) return [];
  return decision.verdicts
    .filter(({ action }) => action === 'trash' || action === 'purge')
    .map(({ action, why, candidate }) => ({ master_doc_id: candidate.masterDocId, action, why }));
}
