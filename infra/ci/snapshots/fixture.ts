import { randomUUID } from 'node:crypto';
import { type LeaseRef, takeLease } from '../../../shared/db/links.repo.ts';
import { insertReplica } from '../../../shared/db/replicas.repo.ts';
import { insertCycle, insertReplicaRun, takeRun, type RunLease } from '../../../shared/db/runs.repo.ts';
import type { Attempt, Db, Link } from '../../../shared/db/tables.ts';
import { insertVerification } from '../../../shared/db/verifications.repo.ts';
import { registerWorker } from '../../../shared/db/workers.repo.ts';

/** Rows that let every repository method get to its last statement: a held link with an attempt, in an open run. */
export interface Fixture {
  readonly replicaId: number;
  readonly worker: string;
  readonly link: Link;
  readonly lease: LeaseRef;
  readonly attempt: Attempt;
  readonly cycleId: number;
  readonly runId: number;
  readonly runLease: RunLease;
  readonly verificationId: number;
}

export const ATTEMPT = {
  marker: 'pngx.c0ffee00.m1.a1',
  reserved_asn: 2_000_000_001,
  sha256: 'a',
  md5: 'b',
  size: 1,
  file_name: 'a.pdf',
};

export async function createFixture(db: Db): Promise<Fixture> {
  const worker = randomUUID();
  await registerWorker(db, { id: worker, role: 'worker', version: '1.0.0' });
  const replicaId = must(await insertReplica(db, { name: worker, url: 'http://attic.test', api_token: 'sealed' })).id;
  const row = { replica_id: replicaId, master_doc_id: 1, replica_doc_id: replicaId };
  const { id } = await db.insertInto('sync_map').values(row).returning('id').executeTakeFirstOrThrow();
  const link = must(await takeLease(db, id, worker, null));
  const lease = { linkId: id, worker, epoch: link.lease_epoch };
  const attempt = await db
    .insertInto('upload_attempts')
    .values({ ...ATTEMPT, link_id: id, k: 1, state: 'sending', worker, lease_epoch: link.lease_epoch })
    .returningAll()
    .executeTakeFirstOrThrow();
  const cycleId = await insertCycle(db, 'manual');
  const runId = must(await insertReplicaRun(db, cycleId, replicaId, 'manual'));
  const run = must(await takeRun(db, runId, worker));
  const verification = await insertVerification(db, {
    replicaId,
    scope: 'replica',
    depth: 'list',
    trigger: 'manual',
    askedBy: 'api',
  });
  return {
    replicaId,
    worker,
    link,
    lease,
    attempt,
    cycleId,
    runId,
    runLease: { runId, worker, epoch: run.lease_epoch },
    verificationId: verification.id,
  };
}

function must<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('The rows for the snapshots could not be made.');
  return value;
}
