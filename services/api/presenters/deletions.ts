/** Deletions as programs and people see them: what would go and why, what went, and what the master has to do with it. */
import type { listSuspects } from '../../../shared/db/absences.repo.ts';
import type { SuspectKind, Tombstone } from '../../../shared/db/deletion-tables.ts';
import type { MasterState } from '../../../shared/db/master.repo.ts';
import type { Replica } from '../../../shared/db/tables.ts';
import { acknowledgeDeletions, listTombstones } from '../../../shared/db/tombstones.repo.ts';
import type { DeletionDecision } from '../../../shared/domain/deletion-guard.ts';
import { loadDeletions } from '../../../shared/replication/deletion-state.ts';
import type { ApiDeps } from '../deps.ts';
import { nextAfter } from './names.ts';

export type { Tombstone };

const PAGE = 50;

/** What would go from this replica, and what went. */
export async function loadDeletionPage(deps: ApiDeps, replica: Replica, before: number | undefined) {
  const [{ decision }, stones] = await Promise.all([
    loadDeletions(deps, replica),
    listTombstones(deps.db, { replicaId: replica.id }, { before, limit: PAGE }),
  ]);
  return { shown: presentDeletions(replica, decision), stones, next: nextAfter(stones, PAGE) };
}

/** How many of the held deletions may go now; null: none are held. */
export async function letDeletionsGo(
  deps: Pick<ApiDeps, 'db' | 'log'>,
  { id, name }: Pick<Replica, 'id' | 'name'>,
): Promise<number | null> {
  const approved = await acknowledgeDeletions(deps.db, id);
  if (approved !== null)
    deps.log.warning(`A person let ${approved} deletions on replica "${name}" go.`, { replicaId: id });
  return approved;
}

export function presentDeletions(replica: Replica, decision: DeletionDecision) {
  return {
    mode: replica.deletion_mode,
    /** Why nothing of it is done now, or null. */
    stopped: decision.stopped,
    held:
      replica.deletions_held === null
        ? null
        : {
            reason: replica.deletions_held,
            since: replica.deletions_held_at,
            count: replica.deletions_held_count,
          },
    limit: decision.limit,
    wanted: decision.wanted,
    documents: decision.verdicts.map(({ candidate, action, why }) => ({
      master_doc_id: candidate.masterDocId,
      replica_doc_id: candidate.replicaDocId,
      master_state: candidate.absence,
      action,
      /** Whether the next run does it. */
      goes: decision.stopped === null && (action === 'trash' || action === 'purge'),
      why,
      tombstone_id: candidate.tombstone?.id ?? null,
    })),
  };
}

export function presentTombstone(row: Tombstone) {
  return {
    id: row.id,
    master_doc_id: row.master_doc_id,
    replica_doc_id: row.replica_doc_id,
    replica_added: row.replica_added,
    archive_serial_number: row.asn,
    checksum: row.checksum,
    reason: row.reason,
    state: row.state,
    detail: row.detail,
    planned_at: row.planned_at,
    trashed_at: row.trashed_at,
    purged_at: row.purged_at,
    undo_asked_at: row.undo_asked_at,
    closed_at: row.closed_at,
  };
}

export function presentMaster(
  state: MasterState,
  counts: Readonly<Record<SuspectKind, number>>,
  suspects: Awaited<ReturnType<typeof listSuspects>>,
) {
  return {
    generation: state.generation,
    version: state.version,
    superuser: state.is_superuser,
    documents: state.document_count,
    last_contact_at: state.last_contact_at,
    last_sweep_at: state.last_sweep_at,
    suspended:
      state.suspended_code === null
        ? null
        : { code: state.suspended_code, reason: state.suspended_reason, since: state.suspended_at },
    /** How many documents wait to be confirmed, by kind. */
    waiting: { disappearance: counts.missing, identities: counts.identity + counts.reused, rollback: counts.rollback },
    suspects,
  };
}
