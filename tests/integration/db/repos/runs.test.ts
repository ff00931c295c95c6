import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findReplica } from '../../../../shared/db/replicas.repo.ts';
import * as runs from '../../../../shared/db/runs.repo.ts';
import type { Db, Run } from '../../../../shared/db/tables.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { addLink, addReplica, addRun, addWorker, bury, minutesAgo } from './support.ts';

let database: TestDatabase;
let db: Db;
let replica: number;

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());
beforeEach(async () => {
  replica = await addReplica(db);
});

const read = async (id: number): Promise<Run> => {
  const run = await runs.runById(db, id);
  if (!run) throw new Error('no such run');
  return run;
};
const setRun = (id: number, values: runs.RunPatch) =>
  db.updateTable('sync_runs').set(values).where('id', '=', id).execute();

describe('opening runs', () => {
  test('a replica has one open run, whoever opens it', async () => {
    const { cycleId, runId } = await addRun(db, replica);
    expect(await runs.insertReplicaRun(db, cycleId, replica, 'test')).toBeNull();
    expect(await runs.openRunOf(db, replica)).toMatchObject({ id: runId, phase: 'waiting' });
    await runs.closeRun(db, runId, { outcome: 'ok' });
    expect(await runs.openRunOf(db, replica)).toBeUndefined();
    expect(await runs.insertReplicaRun(db, cycleId, replica, 'test')).not.toBeNull();
  });

  test('two processes that open at once open one', async () => {
    const cycles = [await runs.insertCycle(db, 'a'), await runs.insertCycle(db, 'b')];
    const opened = await Promise.all(cycles.map((cycle) => runs.insertReplicaRun(db, cycle, replica, 'test')));
    expect(opened.filter((id) => id !== null)).toHaveLength(1);
  });

  test('the runs of a cycle begin together, once its feed is read', async () => {
    const { cycleId, runId } = await addRun(db, replica);
    expect(await runs.startChildren(db, cycleId, randomUUID())).toEqual([
      { id: runId, kind: 'replica', dispatch_gen: 1 },
    ]);
    expect(await runs.startChildren(db, cycleId, randomUUID())).toEqual([]);
    expect((await runs.childrenOf(db, cycleId)).map(({ phase }) => phase)).toEqual(['starting']);
  });
});

describe('the lease of a run', () => {
  test('goes to one living process, and passes on from a dead one with a higher epoch', async () => {
    const { runId } = await addRun(db, replica);
    const [first, second] = [await addWorker(db), await addWorker(db)];
    expect((await runs.takeRun(db, runId, first))?.lease_epoch).toBe(1);
    expect(await runs.takeRun(db, runId, second)).toBeNull();
    await bury(db, first);
    expect((await runs.takeRun(db, runId, second))?.lease_epoch).toBe(2);
    expect(await runs.updateRun(db, { runId, worker: first, epoch: 1 }, { phase: 'documents' })).toBeNull();
    expect(await runs.updateRun(db, { runId, worker: second, epoch: 2 }, { phase: 'documents' })).toMatchObject({
      phase: 'documents',
    });
  });

  test('is not given for a run that is closed', async () => {
    const { runId } = await addRun(db, replica);
    await runs.closeRun(db, runId, { outcome: 'ok' });
    expect(await runs.takeRun(db, runId, await addWorker(db))).toBeNull();
  });

  test('is given back with the result of the step', async () => {
    const { runId } = await addRun(db, replica);
    const worker = await addWorker(db);
    const run = await runs.takeRun(db, runId, worker);
    await runs.releaseRun(db, { runId, worker, epoch: run?.lease_epoch ?? 0 }, { phase: 'documents' });
    expect(await read(runId)).toMatchObject({ phase: 'documents', lease_worker: null });
  });

  test('is given back by a process that stops, and by one that forgot it, but not while it works on it', async () => {
    const { runId } = await addRun(db, replica);
    const worker = await addWorker(db);
    await runs.takeRun(db, runId, worker);
    await runs.releaseForgottenRuns(db, worker, (id) => id === runId);
    expect((await read(runId)).lease_worker).toBe(worker);
    await runs.releaseForgottenRuns(db, worker, () => false);
    expect((await read(runId)).lease_worker).toBeNull();
    await runs.takeRun(db, runId, worker);
    await runs.releaseRunsOf(db, worker);
    expect((await read(runId)).lease_worker).toBeNull();
  });
});

describe('takeLostRuns', () => {
  const lost = async () =>
    (await runs.takeLostRuns(db, { worker: randomUUID(), lostAfterMs: 40_000 })).map(({ id }) => id);

  test('takes a run whose job nobody began, once', async () => {
    const { runId } = await addRun(db, replica);
    await setRun(runId, { phase: 'starting', dispatched_at: minutesAgo(2) });
    expect(await lost()).toContain(runId);
    expect(await lost()).not.toContain(runId);
  });

  test('takes a run of a dead process at once', async () => {
    const { runId } = await addRun(db, replica);
    const worker = await addWorker(db);
    await setRun(runId, { phase: 'taxonomy', dispatched_at: new Date(), lease_worker: worker });
    expect(await lost()).not.toContain(runId);
    await bury(db, worker);
    expect(await lost()).toContain(runId);
  });

  test.each(['waiting', 'documents', 'replicas'])('leaves a run in phase %s, which needs no job', async (phase) => {
    const { runId } = await addRun(db, replica);
    await setRun(runId, { phase, dispatched_at: minutesAgo(2) });
    expect(await lost()).not.toContain(runId);
  });
});

describe('items of a run', () => {
  async function runWithItems(count: number, chunk = 0): Promise<{ runId: number; linkIds: number[] }> {
    const { runId } = await addRun(db, replica);
    const linkIds: number[] = [];
    for (let nth = 0; nth < count; nth += 1) linkIds.push((await addLink(db, replica)).id);
    await db
      .insertInto('run_items')
      .values(linkIds.map((link_id) => ({ run_id: runId, link_id, chunk, kind: 'upload' as const })))
      .execute();
    return { runId, linkIds };
  }

  test('are opened chunk by chunk', async () => {
    const { runId } = await runWithItems(2, 3);
    expect(await runs.plannedChunks(db, runId)).toEqual([3]);
    await runs.openChunk(db, runId, 4);
    expect(await runs.plannedChunks(db, runId)).toEqual([3]);
    await runs.openChunk(db, runId, 3);
    expect(await runs.plannedChunks(db, runId)).toEqual([]);
    expect(await runs.hasOpenItems(db, runId)).toBe(true);
  });

  test('count once in their run, whatever is said of them later', async () => {
    const { runId, linkIds } = await runWithItems(3);
    const [done = 0, failed = 0, held = 0] = linkIds;
    await runs.settleItem(db, runId, done, 'done', 3_000_000_000);
    await runs.settleItem(db, runId, done, 'failed', 1);
    await runs.settleItem(db, runId, failed, 'failed', 0);
    await runs.settleItem(db, runId, held, 'held', 0);
    expect(await read(runId)).toMatchObject({ docs_synced: 1, docs_failed: 1, docs_held: 1, bytes: 3_000_000_000 });
    expect(await runs.hasOpenItems(db, runId)).toBe(false);
  });

  test('reset the faults of the instance, which count only in a row', async () => {
    const { runId, linkIds } = await runWithItems(1);
    expect([await runs.countInstanceFault(db, runId), await runs.countInstanceFault(db, runId)]).toEqual([1, 2]);
    await runs.settleItem(db, runId, linkIds[0] ?? 0, 'done', 0);
    expect(await runs.countInstanceFault(db, runId)).toBe(1);
  });

  test('are forgotten a week after their run', async () => {
    const [old, recent] = [await runWithItems(1), await addReplica(db).then(() => null)];
    expect(recent).toBeNull();
    await runs.closeRun(db, old.runId, { outcome: 'ok' });
    await setRun(old.runId, { finished_at: minutesAgo(6 * 24 * 60) });
    const count = () => db.selectFrom('run_items').select('link_id').where('run_id', '=', old.runId).execute();
    await runs.pruneRunItems(db);
    expect(await count()).toHaveLength(1);
    await setRun(old.runId, { finished_at: minutesAgo(8 * 24 * 60) });
    await runs.pruneRunItems(db);
    expect(await count()).toHaveLength(0);
  });
});

describe('closeRun', () => {
  test('closes a run once, and forgets what it needed while it was open', async () => {
    const { runId } = await addRun(db, replica);
    await setRun(runId, { context: JSON.stringify({ tables: {} }), lease_worker: await addWorker(db) });
    const closed = await runs.closeRun(db, runId, {
      outcome: 'failed',
      errorCode: 'token_refused',
      errorMsg: 'No.',
      errorSide: 'replica',
    });
    expect(closed).toMatchObject({
      outcome: 'failed',
      error_code: 'token_refused',
      error_side: 'replica',
      phase: 'closed',
      context: null,
      lease_worker: null,
    });
    expect(await runs.closeRun(db, runId, { outcome: 'ok' })).toBeNull();
    expect((await runs.unfinishedRuns(db)).map(({ id }) => id)).not.toContain(runId);
  });

  test('says of a run that took too long that it timed out', async () => {
    const { runId } = await addRun(db, replica);
    expect(await runs.closeRun(db, runId, { outcome: 'timed_out' })).toMatchObject({
      timed_out: true,
      outcome: 'timed_out',
    });
  });
});

describe('what a run means for its replica', () => {
  test('failures in a row suspend it when they reach the threshold, and say so once', async () => {
    const fail = () => runs.noteFailedRun(db, replica, 3, 'token_refused', 'The token was refused.');
    expect([await fail(), await fail()]).toEqual([false, false]);
    expect((await findReplica(db, replica))?.suspended_at).toBeNull();
    expect([await fail(), await fail()]).toEqual([true, false]);
    const after = await findReplica(db, replica);
    expect(after).toMatchObject({ consecutive_failures: 4, error_code: 'token_refused' });
    expect(after?.suspended_reason).toBe('3 failed runs in a row; the last: The token was refused.');
  });

  test('a good run begins the count anew and moves the time of the last sync to its start', async () => {
    const startedAt = minutesAgo(3);
    await runs.noteFailedRun(db, replica, 5, 'token_refused', 'No.');
    await runs.noteGoodRun(db, replica, startedAt);
    expect(await findReplica(db, replica)).toMatchObject({
      consecutive_failures: 0,
      error_code: null,
      error_msg: null,
      last_sync_ts: startedAt,
    });
  });

  test('a suspension for another reason keeps the time of the first', async () => {
    await runs.suspendReplica(db, replica, 'replica_shrunk', 'It lost documents.');
    const first = await findReplica(db, replica);
    await runs.suspendReplica(db, replica, 'replica_shrunk', 'It lost more.');
    expect(await findReplica(db, replica)).toMatchObject({
      suspended_at: first?.suspended_at,
      suspended_reason: 'It lost more.',
    });
  });
});
