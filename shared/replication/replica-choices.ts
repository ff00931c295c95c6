/** What a person chose for one replica, and which documents look different once it is chosen otherwise. */
import type { ReplicaChanges } from '../db/replicas.repo.ts';
import { wakeRested } from '../db/replica-queue.repo.ts';
import { retryBlocked, revisitReported } from '../db/retry.repo.ts';
import type { ConflictPolicy, Db, DeletionMode, Replica, UnknownOwner } from '../db/tables.ts';

export interface ReplicaChoices {
  readonly deletionMode?: DeletionMode | undefined;
  readonly replaceFilesOnV2?: boolean | undefined;
  readonly unknownOwner?: UnknownOwner | undefined;
  readonly conflictPolicy?: ConflictPolicy | undefined;
  readonly restoreHeldBack?: boolean | undefined;
  /** "22:00-06:00"; null: none. */
  readonly quietHours?: string | null | undefined;
  readonly requestsPerMinute?: number | null | undefined;
  readonly maxBytesPerSecond?: number | null | undefined;
}

type ChoiceColumn =
  | 'deletion_mode'
  | 'replace_files_on_v2'
  | 'unknown_owner'
  | 'conflict_policy'
  | 'restore_held_back'
  | 'quiet_hours'
  | 'requests_per_minute'
  | 'max_bytes_per_second';
type ChoiceColumns = { [C in ChoiceColumn]?: Exclude<ReplicaChanges[C], undefined> };

/** Columns of the choices that were made; what is left out stays. */
export function choiceColumns(choices: ReplicaChoices): ChoiceColumns {
  const columns = {
    deletion_mode: choices.deletionMode,
    replace_files_on_v2: choices.replaceFilesOnV2,
    unknown_owner: choices.unknownOwner,
    conflict_policy: choices.conflictPolicy,
    restore_held_back: choices.restoreHeldBack,
    quiet_hours: choices.quietHours,
    requests_per_minute: choices.requestsPerMinute,
    max_bytes_per_second: choices.maxBytesPerSecond,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

/**
 * Makes the documents due that a new choice is about; run in the transaction that saves it. The deletion mode and the
 * held-back taxonomy are looked at in each run anyway.
 */
export async function revisitForChoices(
  trx: Db,
  before: Replica,
  changes: Pick<ReplicaChanges, ChoiceColumn>,
): Promise<number> {
  let documents = 0;
  if (changes.replace_files_on_v2 === true && !before.replace_files_on_v2)
    documents += await retryBlocked(trx, before.id, ['file_changed']);
  if (changes.conflict_policy === 'master' && before.conflict_policy !== 'master')
    documents += await retryBlocked(trx, before.id, ['conflict_open']);
  if (changes.unknown_owner !== undefined && changes.unknown_owner !== before.unknown_owner)
    documents += await revisitReported(trx, before.id, 'owner');
  if (changes.quiet_hours !== undefined && changes.quiet_hours !== before.quiet_hours) await wakeRested(trx, before.id);
  return documents;
}
