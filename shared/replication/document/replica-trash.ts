/** A copy that is not live: is it in the replica's trash, and is it the one we know (H2, H4)? */
import * as tombstones from '../../db/tombstones.repo.ts';
import type { Tombstone } from '../../db/deletion-tables.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { AppError } from '../../kernel/errors.ts';
import { writeUntilDone } from './guarded-write.ts';
import { end, go, identityChanged, leaseLost, readCopy, type DocumentWork, type Step } from './work.ts';

/** True: there, with its identity proven. False: proven to be away for good. */
export async function isInTrash(work: DocumentWork, tombstone: Tombstone): Promise<boolean> {
  const row = (await work.writer.trash(work.signal)).find(({ id }) => id === tombstone.replica_doc_id);
  if (!row) {
    await proveReplicaSuperuser(work);
    return false;
  }
  const added = work.link.replica_added ?? tombstone.replica_added;
  if (added === null || checkIdentity(added, row.added) === 'other') throw identityChanged('replica', row.id);
  return true;
}

/** H4, on the replica: a token that lost its rights sees no trash of others, and that is no proof of anything. */
export async function proveReplicaSuperuser(work: DocumentWork): Promise<void> {
  if ((await work.writer.probe(work.signal)).isSuperuser) return;
  throw new AppError({
    code: 'token_not_superuser',
    class: 'permission',
    scope: 'instance',
    message: `The token of replica "${work.replica.name}" does not belong to a superuser any more.`,
    hint: 'Use the token of a superuser who is also staff.',
  });
}

/** The tombstone and its link move together, under the lease. */
export async function settle(
  work: DocumentWork,
  tombstone: Tombstone,
  patch: tombstones.TombstonePatch,
  link: Parameters<typeof tombstones.settleTombstone>[4] = {},
): Promise<void> {
  const held = await tombstones.settleTombstone(work.deps.db, work.lease, tombstone.id, patch, link);
  if (!held) throw leaseLost();
  Object.assign(tombstone, patch);
  work.link = held;
  await work.deps.racePoint(`tombstone.${String(patch.state ?? 'noted')}`);
}

/** The copy is away for good: the link owns nothing any more. */
export async function settlePurged(work: DocumentWork, tombstone: Tombstone, detail: string | null): Promise<void> {
  const now = work.deps.clock.now();
  const held = await tombstones.giveUpCopy(work.deps.db, work.lease, tombstone.id, {
    state: 'purged',
    purged_at: now,
    closed_at: now,
    detail,
  });
  if (!held) throw leaseLost();
  work.link = held;
  work.attempts = [];
  work.copy = null;
  await work.deps.racePoint('tombstone.purged');
}

/** Null: the copy is live again. A step where it is not: purged meanwhile (`ifPurged` says how to go on), or to be waited for. */
export async function restoreCopy(
  work: DocumentWork,
  tombstone: Tombstone,
  ifPurged: () => Step,
): Promise<Step | null> {
  if (await readCopy(work)) return null;
  if (!(await isInTrash(work, tombstone))) {
    await settlePurged(work, tombstone, "It was not in the replica's trash any more when it was wanted back.");
    return ifPurged();
  }
  return writeUntilDone(work, {
    name: 'restore',
    isDone: async () => (await readCopy(work)) !== null,
    send: () => work.writer.restoreDocument(tombstone.replica_doc_id, work.signal),
  });
}

export const uploadAnew = (): Step => go('pending');
export const nothingToRestore = (): Step =>
  end(
    'gone',
    'deleted_on_master',
    'Deleted on the master; the copy was purged on the replica and cannot be brought back.',
  );
