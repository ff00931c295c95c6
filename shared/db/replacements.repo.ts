/** Replacements of a file on 2.20 replicas (H14): every step is a row before the next one is taken. */
import { sql, type Updateable } from 'kysely';
import { sqlState } from './client.ts';
import { durably } from './durably.ts';
import { updateLeased, type LeaseRef, type LinkPatch } from './links.repo.ts';
import type { Db, Link, Replacement, ReplacementsTable } from './tables.ts';

export type ReplacementPatch = Omit<Updateable<ReplacementsTable>, 'id' | 'link_id' | 'replica_id'>;
export type NewReplacement = Pick<Replacement, 'from_k' | 'old_doc_id' | 'old_added' | 'old_checksum'>;
const UNIQUE_VIOLATION = '23505';

export function openReplacement(db: Db, linkId: number): Promise<Replacement | undefined> {
  return db
    .selectFrom('replacements')
    .selectAll()
    .where('link_id', '=', linkId)
    .where('finished_at', 'is', null)
    .executeTakeFirst();
}

/** Step r1; null if the lease was lost. */
export function beginReplacement(
  db: Db,
  lease: LeaseRef,
  replicaId: number,
  row: NewReplacement,
): Promise<{ link: Link; replacement: Replacement } | null> {
  return durably(db, async (trx) => {
    const link = await updateLeased(trx, lease, { replacing: true, status: 'pending', phase: 'pending' });
    if (!link) return null;
    const replacement = await trx
      .insertInto('replacements')
      .values({ ...row, link_id: lease.linkId, replica_id: replicaId })
      .returningAll()
      .executeTakeFirstOrThrow();
    return { link, replacement };
  });
}

/**
 * The next step, together with what it changes of the link. `taken`: another link owns the document. A replica document
 * belongs to one link, be it as its copy or as the one that is to become its copy.
 */
export async function stepReplacement(
  db: Db,
  lease: LeaseRef,
  id: number,
  patch: ReplacementPatch,
  linkPatch: LinkPatch = {},
): Promise<{ link: Link; replacement: Replacement } | 'taken' | 'lease-lost'> {
  try {
    return await durably(db, async (trx) => {
      const link = await updateLeased(trx, lease, { ...linkPatch, lease_epoch: lease.epoch } as LinkPatch);
      if (!link) return 'lease-lost';
      if (patch.new_doc_id && (await isOwned(trx, link, Number(patch.new_doc_id)))) return 'taken';
      const replacement = await trx
        .updateTable('replacements')
        .set(patch)
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      return { link, replacement };
    });
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) return 'taken';
    throw error;
  }
}

async function isOwned(trx: Db, link: Link, replicaDocId: number): Promise<boolean> {
  const { rows } = await sql<{ owned: boolean }>`select exists (select 1 from sync_map
    where replica_id = ${link.replica_id} and replica_doc_id = ${replicaDocId} and id <> ${link.id}) as owned`.execute(
    trx,
  );
  return rows[0]?.owned ?? false;
}

/** A copy that a finished replacement moved to the trash: ours, and free to be brought back if its bytes are wanted again. */
export async function retiredCopy(db: Db, replicaId: number, docId: number): Promise<Replacement | undefined> {
  return db
    .selectFrom('replacements')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .where('old_doc_id', '=', docId)
    .where('step', '=', 'done')
    .orderBy('id', 'desc')
    .executeTakeFirst();
}
