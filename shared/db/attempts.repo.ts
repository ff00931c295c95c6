/** Upload attempts: the intent of every POST of a file, written before its first byte (H22, invariant 4). */
import { sql, type Updateable } from 'kysely';
import { durably } from './durably.ts';
import { updateLeased, type LeaseRef, type LinkPatch } from './links.repo.ts';
import type { Attempt, Db, Link, UploadAttemptsTable } from './tables.ts';

export type AttemptPatch = Omit<Updateable<UploadAttemptsTable>, 'id' | 'link_id' | 'k'>;

export interface NewAttempt {
  readonly marker: string;
  readonly reserved_asn: number | null;
  readonly sha256: string;
  readonly md5: string;
  readonly size: number;
  readonly file_name: string;
}

export function attemptsOf(db: Db, linkId: number): Promise<Attempt[]> {
  return db.selectFrom('upload_attempts').selectAll().where('link_id', '=', linkId).orderBy('k').execute();
}

/** The intent, with the link in phase `sending`, in one durable transaction; null if the lease was lost. */
export async function intendUpload(db: Db, lease: LeaseRef, k: number, attempt: NewAttempt): Promise<Attempt | null> {
  return durably(db, async (trx) => {
    const link = await updateLeased(trx, lease, { phase: 'sending', status: 'pending' });
    if (!link) return null;
    return trx
      .insertInto('upload_attempts')
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

/** What became of an attempt, together with the link's next state; false if the lease was lost. */
export async function settleAttempt(
  db: Db,
  lease: LeaseRef,
  attemptId: number,
  patch: AttemptPatch,
  link: LinkPatch = {},
): Promise<boolean> {
  return durably(db, async (trx) => {
    const held = await updateLeased(trx, lease, { ...link, lease_epoch: lease.epoch } as LinkPatch);
    if (!held) return false;
    await trx.updateTable('upload_attempts').set(patch).where('id', '=', attemptId).execute();
    return true;
  });
}

/**
 * Compare-and-set of the copy's identity, before any PATCH (state `claimed`). `taken`: another link owns that document
 * (partial unique index, H3). The advisory lock keeps creating and adopting of one checksum apart (protocol section 4).
 */
export async function claimCopy(
  db: Db,
  lease: LeaseRef,
  copy: { replicaDocId: number; added: string; storedChecksum: string; patch?: LinkPatch },
): Promise<'claimed' | 'taken' | 'lease-lost'> {
  try {
    return await durably(db, async (trx) => {
      await sql`select pg_advisory_xact_lock(7011, hashtext(${copy.storedChecksum}))`.execute(trx);
      const link = await updateLeased(trx, lease, {
        ...copy.patch,
        replica_doc_id: copy.replicaDocId,
        replica_added: copy.added,
        stored_checksum: copy.storedChecksum,
        // What was last written was written to another document, if at all: it tells nothing about edits of this one.
        applied: null,
        phase: 'claimed',
      });
      return link ? 'claimed' : 'lease-lost';
    });
  } catch (error) {
    if ((error as { code?: string }).code === '23505') return 'taken';
    throw error;
  }
}

/**
 * The copy was deleted on the replica for good: the link is free to make another. The uploads that led to it are over, so
 * that nobody asks them for the document again. Null: the lease is lost.
 */
export async function releaseLostCopy(db: Db, lease: LeaseRef, replicaDocId: number): Promise<Link | null> {
  return durably(db, async (trx) => {
    const link = await updateLeased(trx, lease, {
      replica_doc_id: null,
      replica_added: null,
      stored_checksum: null,
      applied: null,
      last_synced: null,
      status: 'pending',
      phase: 'pending',
    });
    if (!link) return null;
    await sql`update upload_attempts set state = 'failure', failure_code = 'copy_lost',
        terminal_at = coalesce(terminal_at, now()), closed_at = coalesce(closed_at, now())
      where link_id = ${lease.linkId} and success_doc_id = ${replicaDocId}`.execute(trx);
    return link;
  });
}

/** Attempts, a replica's, that wait for an outcome: what its queue holds of ours. */
export async function outstandingUploads(db: Db, replicaId: number): Promise<number> {
  const row = await db
    .selectFrom('sync_map')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('replica_id', '=', replicaId)
    .where('phase', 'in', ['sending', 'unknown', 'awaiting'])
    .executeTakeFirstOrThrow();
  return Number(row.n);
}

/** Of the attempts of a link without an outcome: when the first upload to the replica that was posted later ended. */
export async function overtakenAttempts(db: Db, replicaId: number, linkId: number): Promise<Map<number, number>> {
  const { rows } = await sql<{ id: number; at: Date }>`
    select mine.id, min(other.terminal_at) as at
    from upload_attempts mine
    join sync_map s on s.replica_id = ${replicaId} and s.id <> ${linkId}
    join upload_attempts other on other.link_id = s.id and other.posted_at > mine.posted_at
    where mine.link_id = ${linkId} and mine.state = 'unknown' and other.terminal_at is not null
    group by mine.id`.execute(db);
  return new Map(rows.map(({ id, at }) => [id, at.getTime()]));
}
