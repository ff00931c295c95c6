/** Rows to begin with. Each test makes its own replica, so that tests of one file do not see each other's links. */
import { randomUUID } from 'node:crypto';
import type { Insertable } from 'kysely';
import type { LeaseRef } from '../../../../shared/db/links.repo.ts';
import { takeLease } from '../../../../shared/db/links.repo.ts';
import { insertReplica } from '../../../../shared/db/replicas.repo.ts';
import { insertCycle, insertReplicaRun } from '../../../../shared/db/runs.repo.ts';
import type { Db, Link, SyncMapTable } from '../../../../shared/db/tables.ts';
import { registerWorker } from '../../../../shared/db/workers.repo.ts';

let counter = 0;
/** A number no other row of this file has. */
export const fresh = (): number => ++counter;

export async function addReplica(db: Db): Promise<number> {
  const replica = await insertReplica(db, {
    name: `replica-${fresh()}`,
    url: 'http://attic.test',
    api_token: 'sealed',
  });
  if (!replica) throw new Error('the name is taken');
  return replica.id;
}

export async function addWorker(db: Db): Promise<string> {
  const id = randomUUID();
  await registerWorker(db, { id, role: 'worker', version: '1.0.0' });
  return id;
}

export const bury = (db: Db, worker: string): Promise<unknown> =>
  db.updateTable('workers').set({ dead: true }).where('id', '=', worker).execute();

export function addLink(db: Db, replicaId: number, values: Partial<Insertable<SyncMapTable>> = {}): Promise<Link> {
  return db
    .insertInto('sync_map')
    .values({ replica_id: replicaId, master_doc_id: fresh(), ...values })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export function readLink(db: Db, id: number): Promise<Link> {
  return db.selectFrom('sync_map').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
}

export async function lease(db: Db, linkId: number, worker: string): Promise<LeaseRef> {
  const link = await takeLease(db, linkId, worker, null);
  if (!link) throw new Error('the lease is taken');
  return { linkId, worker, epoch: link.lease_epoch };
}

/** A cycle with the run of one replica in it. */
export async function addRun(db: Db, replicaId: number): Promise<{ cycleId: number; runId: number }> {
  const cycleId = await insertCycle(db, 'test');
  const runId = await insertReplicaRun(db, cycleId, replicaId, 'test');
  if (runId === null) throw new Error('a run is open already');
  return { cycleId, runId };
}

/** A later write of whoever comes next: the same as a new process with a new topology. */
export const changeTopology = (db: Db): Promise<unknown> =>
  db
    .updateTable('master_state')
    .set((eb) => ({ topology_epoch: eb('topology_epoch', '+', 1) }))
    .execute();

export const minutesAgo = (minutes: number): Date => new Date(Date.now() - minutes * 60_000);
