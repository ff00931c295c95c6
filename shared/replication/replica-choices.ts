/** What a person chose for one replica, and which documents look different once it is chosen otherwise. */
import type { ReplicaChanges } from '../db/replicas.repo.ts';
import { retryBlocked, revisitReported } from '../db/retry.repo.ts';
import type { ConflictPolicy, Db, DeletionMode, Replica, UnknownOwner } from '../db/tables.ts';

export interface ReplicaChoices {
  readonly deletionMode?: DeletionMode | undefined;
  readonly replaceFilesOnV2?: boolean | undefined;
  readonly unknownOwner?: UnknownOwner | undefined;
  readonly conflictPolicy?: ConflictPolicy | undefined;
  readonly restoreHeldBack?: boolean | undefined;
}

type ChoiceColumns = Pick<
  ReplicaChanges,
  'deletion_mode' | 'replace_files_on_v2' | 'unknown_owner' | 'conflict_policy' | 'restore_held_back'
>;

/** Columns of the choices that were made; what is left out stays. */
export function choiceColumns(choices: ReplicaChoices): ChoiceColumns {
  const columns = {
    deletion_mode: choices.deletionMode,
    replace_files_on_v2: choices.replaceFilesOnV2,
    unknown_owner: choices.unknownOwner,
    conflict_policy: choices.conflictPolicy,
    restore_held_back: choices.restoreHeldBack,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

/**
 * Makes the documents due that a new choice is about; run in the transaction that saves it. The deletion mode and the
 * held-back taxonomy are looked at in each run anyway.
 */
export async function revisitForChoices(trx: Db, before: Replica, changes: ChoiceColumns): Promise<number> {
  let documents = 0;
  if (changes.replace_files_on_v2 === true && !before.replace_files_on_v2)
    documents += await retryBlocked(trx, before.id, ['file_changed']);
  if (changes.conflict_policy === 'master' && before.conflict_policy !== 'master')
    documents += await retryBlocked(trx, before.id, ['conflict_open']);
  if (changes.unknown_owner !== undefined && changes.unknown_owner !== before.unknown_owner)
    documents += await revisitReported(trx, before.id, 'owner');
  return documents;
}
