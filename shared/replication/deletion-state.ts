/** Everything a decision about deletions is made of, read in one place for the plan, the dry run and the document job. */
import { countSuspects } from '../db/absences.repo.ts';
import { masterState } from '../db/master.repo.ts';
import type { Replica } from '../db/tables.ts';
import * as tombstones from '../db/tombstones.repo.ts';
import {
  decideDeletions,
  GUARD_WINDOW_MS,
  type DeletionCandidate,
  type DeletionDecision,
} from '../domain/deletion-guard.ts';
import type { EngineDeps } from './deps.ts';

export interface Deletions {
  readonly decision: DeletionDecision;
  readonly rows: ReadonlyMap<number, tombstones.DeletionCandidateRow>;
}

/** `linkId`: only what concerns this link; the guard, which counts all, then says nothing. */
export async function loadDeletions(
  deps: Pick<EngineDeps, 'db' | 'clock' | 'settings'>,
  replica: Replica,
  linkId: number | null = null,
): Promise<Deletions> {
  const settings = await deps.settings();
  const now = deps.clock.now().getTime();
  const acknowledged = replica.deletions_acknowledged_at?.getTime() ?? 0;
  const since = Math.max(now - GUARD_WINDOW_MS, acknowledged);
  const master = await masterState(deps.db);
  const suspects = await countSuspects(deps.db);
  const rows = await tombstones.deletionCandidates(deps.db, replica.id, linkId);
  const counts = await tombstones.deletionCounts(deps.db, replica.id, new Date(since));
  const decision = decideDeletions(rows.map(candidateOf), {
    mode: replica.deletion_mode,
    now,
    held: replica.deletions_held,
    blocks: {
      masterSubset: master.is_superuser !== true,
      masterSuspended: master.suspended_code !== null,
      masterDocuments: master.document_count ?? 0,
      suspects: suspects.identity + suspects.reused + suspects.rollback,
      sweeps: master.sweep_count,
      sweepsNeeded: master.deletions_from_sweep,
      replicaUnconfirmed: replica.unconfirmed,
    },
    limits: {
      ...counts,
      maxPercent: settings.maxDeletePercent,
      maxCount: settings.maxDeleteCount,
      approved: acknowledged > now - GUARD_WINDOW_MS ? replica.deletions_approved : 0,
    },
  });
  return { decision, rows: new Map(rows.map((row) => [row.link_id, row])) };
}

function candidateOf(row: tombstones.DeletionCandidateRow): DeletionCandidate {
  return {
    linkId: row.link_id,
    masterDocId: row.master_doc_id,
    replicaDocId: row.replica_doc_id,
    absence: row.absence,
    trashedSweeps: row.trashed_sweeps,
    absentSweeps: row.absent_sweeps,
    lastSweepRun: row.last_sweep_run,
    newest: row.newest,
    confirmed: row.confirmed,
    replacing: row.replacing,
    kept: row.kept_at !== null,
    quarantined: row.unconfirmed || row.error_code === 'identity_changed',
    tombstone:
      row.tombstone_id === null || row.tombstone_state === null
        ? null
        : {
            id: row.tombstone_id,
            state: row.tombstone_state,
            trashedAt: row.trashed_at?.getTime() ?? null,
            trashedRun: row.trashed_run,
          },
  };
}
