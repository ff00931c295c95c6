import { findChannel } from '../../shared/db/channels.repo.ts';
import type { Channel } from '../../shared/db/notify-tables.ts';
import { findReplica } from '../../shared/db/replicas.repo.ts';
import type { Db, Replica } from '../../shared/db/tables.ts';
import { channelNotFound } from '../../shared/replication/notify/channels.ts';
import { replicaNotFound } from '../../shared/replication/update-replica.ts';

export type { Replica };

/** The replica that the address names; 404 where there is none. */
export async function existingReplica(db: Db, id: number): Promise<Replica> {
  const replica = await findReplica(db, id);
  if (replica === undefined) throw replicaNotFound(id);
  return replica;
}

/** The channel that the address names; 404 where there is none. */
export async function existingChannel(db: Db, id: number): Promise<Channel> {
  const channel = await findChannel(db, id);
  if (channel === undefined) throw channelNotFound(id);
  return channel;
}
