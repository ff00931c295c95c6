/** One replica in full: three facts that are never one, what was proven, what differs, what ran. */
import { masterState } from '../../../shared/db/master.repo.ts';
import * as pages from '../../../shared/db/pages.repo.ts';
import { listProposals } from '../../../shared/db/proposals.repo.ts';
import type { Replica, Verification } from '../../../shared/db/tables.ts';
import { depthCoverage, type DepthCoverage } from '../../../shared/db/verification-ledger.repo.ts';
import { listVerifications } from '../../../shared/db/verifications.repo.ts';
import { listOpenRuns, listRuns } from '../../../shared/db/views.repo.ts';
import { DEPTHS, type Depth } from '../../../shared/domain/verification.ts';
import type { ApiDeps } from '../deps.ts';
import { runningPart } from './dashboard.ts';
import { loadDrift } from './drift.ts';
import { nextStep } from './next-step.ts';
import { presentRun } from './runs.ts';
import { loadStatus, type PresentedReplica } from './status.ts';
import { createStripCache, stripOf } from './strip.ts';
import { verificationWindow } from './verification-state.ts';

const LAST_RUNS = 10;
const LAST_VERIFICATIONS = 20;
const NAMES_SHOWN = 25;

/** What each depth compares, in words. */
export const DEPTH_WORDS: Readonly<Record<Depth, string>> = {
  list: 'ids and counts of both sides',
  metadata: 'every replicated field, notes, links, owner, permissions',
  checksum: 'the checksums that both instances state of their files',
  bytes: 'the files themselves, downloaded and hashed',
};

export function createReplicaDetail(deps: ApiDeps) {
  const days = createStripCache();
  return async (row: Replica) => {
    const { db } = deps;
    const now = deps.clock.now();
    const status = await loadStatus(deps);
    const replica = status.replicas.find(({ id }) => id === row.id);
    if (replica === undefined) return null;
    const settings = await deps.settings();
    const zone = settings.timezone ?? deps.timeZone;
    const { since } = verificationWindow(settings, now);
    const [master, openRuns, runs, past] = await Promise.all([
      masterState(db),
      listOpenRuns(db),
      listRuns(db, { replicaId: row.id, kind: 'replica' }, { limit: LAST_RUNS }),
      days(db, zone, now),
    ]);
    const [drift, verifications, coverage, taxonomy, troubles, proposals] = await Promise.all([
      loadDrift(db, row.id),
      listVerifications(db, row.id, { limit: LAST_VERIFICATIONS }),
      depthCoverage(db, row.id, since),
      pages.countTaxonomy(db, row.id),
      pages.taxonomyTroubles(db, row.id, NAMES_SHOWN),
      listProposals(db, row.id, { state: 'open', after: undefined, limit: NAMES_SHOWN }),
    ]);
    return {
      now,
      zone,
      row,
      replica,
      master,
      next: status.next_cycle_at,
      step: nextStep(replica, row),
      running: runningPart(openRuns, row.id, now),
      strip: stripOf(past, row, now, zone),
      runs: runs.map((run) => presentRun(run, now)),
      drift,
      ledger: depthsOf(verifications, coverage),
      verifications,
      windowDays: settings.verifyWindowDays,
      taxonomy,
      troubles,
      proposals,
      /** It holds documents that nobody has matched with the master's yet. */
      offersReconcile: isUnmatched(row, replica),
    };
  };
}
export type ReplicaDetail = NonNullable<Awaited<ReturnType<ReturnType<typeof createReplicaDetail>>>>;

export interface DepthRow {
  readonly depth: Depth;
  readonly last: Verification | null;
  readonly open: Verification | null;
  /** Documents compared at this depth or deeper within the window; null: the depth compares no single documents. */
  readonly covered: number | null;
  readonly documents: number;
}

export function depthsOf(rows: readonly Verification[], coverage: DepthCoverage): DepthRow[] {
  return DEPTHS.map((depth) => {
    const own = rows.filter((row) => row.depth === depth);
    return {
      depth,
      last: own.find((row) => row.state === 'done') ?? null,
      open: own.find((row) => row.state === 'waiting' || row.state === 'running') ?? null,
      covered: depth === 'list' ? null : coverage[depth],
      documents: coverage.documents,
    };
  });
}

function isUnmatched(row: Replica, { documents }: PresentedReplica): boolean {
  return row.reconciled_at === null && row.last_sync_ts === null && (row.document_count ?? 0) > 0 && documents.ok === 0;
}
