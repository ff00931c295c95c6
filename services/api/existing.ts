import { findReplica } from '../../shared/db/replicas.repo.ts';
import type { Db, Replica } from '../../shared/db/tables.ts';
import { replicaNotFound } from '../../shared/replication/update-replica.ts';

export type { Replica };

/** The replica that the address names; 404 where there is none. */
export async function existingReplica(db: Db, id: number): Promise<Replica> {
  const replica = await findReplica(db, id);
  if (replica === undefined) throw replicaNotFound(id);
  return replica;
}
