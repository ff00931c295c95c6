/** The replicas table. Tokens arrive and leave as Fernet tokens: this file never sees one in clear (S3). */
import { sql, type Updateable } from 'kysely';
import type { Db, NewReplica, Replica, ReplicasTable } from './tables.ts';

export type ReplicaChanges = Updateable<ReplicasTable>;

export function listReplicas(db: Db): Promise<Replica[]> {
  return db.selectFrom('replicas').selectAll().orderBy('name').execute();
}

export function findReplica(db: Db, id: number): Promise<Replica | undefined> {
  return db.selectFrom('replicas').selectAll().where('id', '=', id).executeTakeFirst();
}

export function findReplicaByName(db: Db, name: string): Promise<Replica | undefined> {
  return db.selectFrom('replicas').selectAll().where('name', '=', name).executeTakeFirst();
}

/** Undefined when the name is taken: two people may add the same name at once, and only the index can decide. */
export function insertReplica(db: Db, replica: NewReplica): Promise<Replica | undefined> {
  return db
    .insertInto('replicas')
    .values(replica)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .returningAll()
    .executeTakeFirst();
}

export function updateReplica(db: Db, id: number, changes: ReplicaChanges): Promise<Replica | undefined> {
  return db.updateTable('replicas').set(changes).where('id', '=', id).returningAll().executeTakeFirst();
}

/**
 * E26: links of a replica whose URL changed must prove their document before the next write. Run in the transaction that
 * changes the URL, so that no worker ever sees the new address with links that count as known.
 */
export async function markLinksUnconfirmed(db: Db, replicaId: number): Promise<void> {
  await db
    .updateTable('sync_map')
    .set({ unconfirmed: true })
    .where('replica_id', '=', replicaId)
    .where('replica_doc_id', 'is not', null)
    .execute();
}

/** A new master: what was proven about "these are two libraries" was proven about the old one. */
export async function forgetLibraryProofs(db: Db): Promise<void> {
  await db.updateTable('replicas').set({ library_proven: false }).execute();
}

/**
 * A person says: go on. That ends a pause of the controller's own making too; whatever made it is checked again by the
 * next run before anything is written.
 */
export function unsuspendReplica(db: Db, id: number): Promise<Replica | undefined> {
  return db
    .updateTable('replicas')
    .set({
      suspended_at: null,
      suspended_reason: null,
      paused_at: null,
      pause_reason: null,
      consecutive_failures: 0,
      enabled: true,
    })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

/** A person has seen why uploads to this replica wait (H8): they go on, and later cases of the same are only said. */
export function acknowledgeUploads(db: Db, id: number): Promise<Replica | undefined> {
  return db
    .updateTable('replicas')
    .set({ uploads_held: null, altered_acknowledged: sql`altered_acknowledged or uploads_held is not null` })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

/** Links, attempts and taxonomy go with it (cascade); runs and logs stay, without the reference. */
export async function deleteReplica(db: Db, id: number): Promise<boolean> {
  const result = await db.deleteFrom('replicas').where('id', '=', id).executeTakeFirst();
  return result.numDeletedRows > 0n;
}
