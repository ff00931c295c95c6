/** A person wants to hear nothing of something for a while, and says why; what still holds then is told then. */
import * as repo from '../../db/channels.repo.ts';
import { inTransaction } from '../../db/client.ts';
import type { Silence } from '../../db/notify-tables.ts';
import { findReplica } from '../../db/replicas.repo.ts';
import type { Db } from '../../db/tables.ts';
import { HOUR, type Clock } from '../../kernel/clock.ts';
import { AppError } from '../../kernel/errors.ts';
import { replicaNotFound } from '../update-replica.ts';

export interface NewSilence {
  readonly event: string | null;
  readonly replicaId: number | null;
  readonly reason: string;
  readonly hours: number;
  readonly by: string;
}

/** @throws replica_not_found */
export async function silence(
  { db, clock }: { readonly db: Db; readonly clock: Clock },
  { event, replicaId, reason, hours, by }: NewSilence,
): Promise<Silence> {
  if (replicaId !== null && (await findReplica(db, replicaId)) === undefined) throw replicaNotFound(replicaId);
  const until = new Date(clock.now().getTime() + hours * HOUR);
  return repo.insertSilence(db, { event, replica_id: replicaId, reason, until, created_by: by });
}

/**
 * Returns how many messages it held back that are due now.
 * @throws silence_not_found
 */
export async function endSilence(db: Db, id: number): Promise<number> {
  const released = await inTransaction(db, (trx) => repo.endSilence(trx, id));
  if (released === undefined)
    throw new AppError({ code: 'silence_not_found', class: 'not-found', message: `There is no silence ${id}.` });
  return released;
}
