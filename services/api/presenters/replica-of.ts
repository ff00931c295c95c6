import { findReplica } from '../../../shared/db/replicas.repo.ts';
import type { Replica } from '../../../shared/db/tables.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';

export type { Replica };

export async function existingReplica(deps: Pick<ApiDeps, 'db'>, id: number): Promise<Replica> {
  const replica = await findReplica(deps.db, id);
  if (replica === undefined) throw replicaNotFound(id);
  return replica;
}
