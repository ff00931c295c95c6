/** Versions of files on 3.x replicas: the intent of every POST of one (H22), and which version is which file of the master. */
import { sql, type Updateable } from 'kysely';
import { durably } from './durably.ts';
import { updateLeased, type LeaseRef, type LinkPatch } from './links.repo.ts';
import type { Db, Link, VersionAttempt, VersionAttemptsTable, VersionLink } from './tables.ts';

export type VersionAttemptPatch = Omit<Updateable<VersionAttemptsTable>, 'id' | 'link_id' | 'k'>;
export type NewVersionAttempt = Pick<
  VersionAttempt,
  'master_version_id' | 'label' | 'sha256' | 'md5' | 'size' | 'file_name'
>;
export type NewVersionLink = Pick<
  VersionLink,
  'master_version_id' | 'replica_version_id' | 'sha256' | 'md5' | 'stored_checksum'
>;

export function versionAttemptsOf(db: Db, linkId: number): Promise<VersionAttempt[]> {
  return db.selectFrom('version_attempts').selectAll().where('link_id', '=', linkId).orderBy('k').execute();
}

export async function versionLinksOf(db: Db, linkIds: readonly number[]): Promise<VersionLink[]> {
  if (linkIds.length === 0) return [];
  return db
    .selectFrom('version_links')
    .selectAll()
    .where('link_id', 'in', [...linkIds])
    .orderBy('id')
    .execute();
}

/** The intent, in one durable transaction with the link; null if the lease was lost. */
export function intendVersion(
  db: Db,
  lease: LeaseRef,
  k: number,
  attempt: NewVersionAttempt,
): Promise<VersionAttempt | null> {
  return durably(db, async (trx) => {
    const link = await updateLeased(trx, lease, { phase: 'awaiting', status: 'pending', version_k: k });
    if (!link) return null;
    return trx
      .insertInto('version_attempts')
      .values({
        ...attempt,
        link_id: lease.linkId,
        k,
        state: 'sending',
        worker: lease.worker,
        lease_epoch: lease.epoch,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  });
}

/** What became of an attempt; false if the lease was lost. */
export function settleVersion(
  db: Db,
  lease: LeaseRef,
  attemptId: number,
  patch: VersionAttemptPatch,
  link: LinkPatch = {},
): Promise<boolean> {
  return durably(db, async (trx) => {
    const held = await updateLeased(trx, lease, { ...link, lease_epoch: lease.epoch } as LinkPatch);
    if (!held) return false;
    await trx.updateTable('version_attempts').set(patch).where('id', '=', attemptId).execute();
    return true;
  });
}

/**
 * Which file of the master a version of the copy is. What stood for that file before is superseded, unless it was moved to
 * the trash. What the link says of the file changes with it; null if the lease was lost.
 */
export function linkVersion(db: Db, lease: LeaseRef, row: NewVersionLink, patch: LinkPatch = {}): Promise<Link | null> {
  return durably(db, async (trx) => {
    const link = await updateLeased(trx, lease, { ...patch, lease_epoch: lease.epoch } as LinkPatch);
    if (!link) return null;
    await trx
      .updateTable('version_links')
      .set({ state: 'superseded' })
      .where('link_id', '=', lease.linkId)
      .where('master_version_id', '=', row.master_version_id)
      .where('state', '=', 'current')
      .execute();
    const values = { ...row, link_id: lease.linkId, state: 'current' as const };
    await trx
      .insertInto('version_links')
      .values(values)
      .onConflict((conflict) => conflict.columns(['link_id', 'replica_version_id']).doUpdateSet(values))
      .execute();
    return link;
  });
}

/** We moved a version to the trash, or found out that it is nowhere any more. */
export async function unlinkVersion(
  db: Db,
  lease: LeaseRef,
  replicaVersionId: number,
  to: 'removed' | 'forgotten',
): Promise<boolean> {
  return durably(db, async (trx) => {
    const held = await updateLeased(trx, lease, { lease_epoch: lease.epoch } as LinkPatch);
    if (!held) return false;
    if (to === 'forgotten')
      await trx
        .deleteFrom('version_links')
        .where('link_id', '=', lease.linkId)
        .where('replica_version_id', '=', replicaVersionId)
        .execute();
    else
      await trx
        .updateTable('version_links')
        .set({ state: 'removed' })
        .where('link_id', '=', lease.linkId)
        .where('replica_version_id', '=', replicaVersionId)
        .execute();
    return true;
  });
}

/** The link has another copy now: its versions are other ones, and nothing of the old uploads can become one of them. */
export async function forgetVersions(db: Db, lease: LeaseRef): Promise<boolean> {
  return durably(db, async (trx) => {
    const held = await updateLeased(trx, lease, { lease_epoch: lease.epoch } as LinkPatch);
    if (!held) return false;
    await trx.deleteFrom('version_links').where('link_id', '=', lease.linkId).execute();
    if (held.version_k === 0) return true;
    await trx
      .updateTable('version_attempts')
      .set({ state: 'refused', failure_code: 'copy_lost', closed_at: sql`now()` as never })
      .where('link_id', '=', lease.linkId)
      .where('state', '<>', 'success')
      .execute();
    return true;
  });
}
