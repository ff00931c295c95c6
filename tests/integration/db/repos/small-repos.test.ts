/** app-meta, settings, master, replicas, logs and views: a few statements each. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as meta from '../../../../shared/db/app-meta.repo.ts';
import * as logs from '../../../../shared/db/logs.repo.ts';
import * as master from '../../../../shared/db/master.repo.ts';
import { measureLag } from '../../../../shared/db/replica-health.repo.ts';
import * as replicas from '../../../../shared/db/replicas.repo.ts';
import { closeRun } from '../../../../shared/db/runs.repo.ts';
import * as settings from '../../../../shared/db/settings.repo.ts';
import type { Db } from '../../../../shared/db/tables.ts';
import { listDocuments } from '../../../../shared/db/documents.repo.ts';
import * as views from '../../../../shared/db/views.repo.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { addLink, addReplica, addRun, fresh, minutesAgo, readLink } from './support.ts';

let database: TestDatabase;
let db: Db;

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());

test('a fact about the database is written once, by whoever comes first', async () => {
  expect(await meta.readMeta(db, meta.CONTROLLER_ID)).toBeUndefined();
  const wrote = await Promise.all(['a', 'b', 'c'].map((value) => meta.insertMeta(db, meta.CONTROLLER_ID, value)));
  expect(wrote.filter(Boolean)).toHaveLength(1);
  expect(await meta.insertMeta(db, meta.CONTROLLER_ID, 'd')).toBe(false);
  expect(await meta.readMeta(db, meta.CONTROLLER_ID)).not.toBe('d');
});

test('settings are replaced by a person, but not by the values of a first start', async () => {
  await settings.insertSettings(db, [{ key: 'one', value: '1' }]);
  await settings.putSettings(db, [
    { key: 'one', value: '2' },
    { key: 'two', value: '2' },
  ]);
  await settings.insertSettings(db, [{ key: 'one', value: '3' }]);
  expect(await settings.readSettings(db)).toEqual(
    expect.arrayContaining([
      { key: 'one', value: '2' },
      { key: 'two', value: '2' },
    ]),
  );
  await settings.deleteSettings(db, ['one', 'unknown']);
  expect(await settings.readSettings(db)).toEqual([{ key: 'two', value: '2' }]);
});

describe('the tick of the schedule', () => {
  const due = (at: Date) => db.updateTable('master_state').set({ next_cycle_at: at }).execute();

  test('is claimed by one of many processes', async () => {
    await due(minutesAgo(1));
    const claimed = await Promise.all(Array.from({ length: 5 }, () => master.claimTick(db, 900)));
    expect(claimed.filter(Boolean)).toHaveLength(1);
    expect((await master.masterState(db)).next_cycle_at.getTime()).toBeGreaterThan(Date.now() + 890_000);
  });

  test('comes earlier when the interval is made shorter, and never later', async () => {
    await due(new Date(Date.now() + 900_000));
    await master.capNextTick(db, 60);
    const capped = (await master.masterState(db)).next_cycle_at;
    expect(capped.getTime()).toBeLessThan(Date.now() + 61_000);
    await master.capNextTick(db, 900);
    expect((await master.masterState(db)).next_cycle_at).toEqual(capped);
  });
});

test('the cursor of the feed keeps its microseconds', async () => {
  await master.setCursor(db, 1_714_979_289_123_456);
  await master.updateMaster(db, { version: '3.0.5' });
  expect(await master.masterState(db)).toMatchObject({ cursor_us: 1_714_979_289_123_456, version: '3.0.5' });
});

describe('replicas', () => {
  test('have names of their own', async () => {
    const values = { name: `attic-${fresh()}`, url: 'http://a.test', api_token: 'sealed' };
    const first = await replicas.insertReplica(db, values);
    expect(await replicas.insertReplica(db, values)).toBeUndefined();
    expect(await replicas.findReplicaByName(db, values.name)).toEqual(first);
    expect((await replicas.listReplicas(db)).map(({ name }) => name)).toContain(values.name);
  });

  test('take their links along when they go, while runs and logs stay without the reference', async () => {
    const replica = await addReplica(db);
    const link = await addLink(db, replica);
    const { runId } = await addRun(db, replica);
    expect(await replicas.deleteReplica(db, replica)).toBe(true);
    expect(await replicas.deleteReplica(db, replica)).toBe(false);
    await expect(readLink(db, link.id)).rejects.toThrow();
    expect(await views.findRun(db, runId)).toMatchObject({ replica_id: null });
  });

  test('go on where they stood when a person lifts the suspension', async () => {
    const replica = await addReplica(db);
    await replicas.updateReplica(db, replica, {
      suspended_at: new Date(),
      suspended_reason: 'x',
      consecutive_failures: 5,
      enabled: false,
    });
    expect(await replicas.unsuspendReplica(db, replica)).toMatchObject({
      suspended_at: null,
      suspended_reason: null,
      consecutive_failures: 0,
      enabled: true,
    });
    expect(await replicas.updateReplica(db, 0, { enabled: true })).toBeUndefined();
  });

  test('must prove their documents again after a change of address, and their library after one of the master', async () => {
    const replica = await addReplica(db);
    const [claimed, open] = [await addLink(db, replica, { replica_doc_id: 1 }), await addLink(db, replica)];
    await replicas.updateReplica(db, replica, { library_proven: true });
    await replicas.markLinksUnconfirmed(db, replica);
    await replicas.forgetLibraryProofs(db);
    expect([(await readLink(db, claimed.id)).unconfirmed, (await readLink(db, open.id)).unconfirmed]).toEqual([
      true,
      false,
    ]);
    expect(await replicas.findReplica(db, replica)).toMatchObject({ library_proven: false });
  });
});

describe('logs', () => {
  test('keep a line about a run and a replica that are gone', async () => {
    const message = `about-nothing-${fresh()}`;
    await logs.insertLogs(db, [{ level: 'info', message, run_id: 999_999, replica_id: 999_999 }]);
    expect(await logs.queryLogs(db, { text: message }, { limit: 5 })).toMatchObject([
      { message, run_id: null, replica_id: null },
    ]);
  });

  test('are read newest first, page by page, and by what a person asks for', async () => {
    const replica = await addReplica(db);
    const line = (message: string, level: logs.LogLevel = 'info') => ({ level, message, replica_id: replica });
    await logs.insertLogs(db, [line('first\0'), line('second', 'error'), line('third')]);
    await logs.insertLogs(db, []);
    const [third, second] = await logs.queryLogs(db, { replicaId: replica }, { limit: 2 });
    expect([third?.message, second?.message]).toEqual(['third', 'second']);
    expect(await logs.queryLogs(db, { replicaId: replica }, { limit: 2, before: second?.id })).toMatchObject([
      { message: 'first' },
    ]);
    expect(await logs.queryLogs(db, { replicaId: replica, level: 'error' }, { limit: 9 })).toHaveLength(1);
    expect(await logs.queryLogs(db, { replicaId: replica, text: 'third -first' }, { limit: 9 })).toHaveLength(1);
    expect(await logs.queryLogs(db, { replicaId: replica, to: minutesAgo(5) }, { limit: 9 })).toHaveLength(0);
    expect(await logs.queryLogs(db, { replicaId: replica, from: minutesAgo(5) }, { limit: 9 })).toHaveLength(3);
  });

  test('are deleted by age, at most as many as asked for', async () => {
    const old = { level: 'info' as const, message: 'old', created_at: minutesAgo(600) };
    await logs.insertLogs(db, [old, old, old, { level: 'info', message: 'young' }]);
    expect(await logs.deleteLogsBefore(db, minutesAgo(300), 2)).toBe(2);
    expect(await logs.deleteLogsBefore(db, minutesAgo(300), 2)).toBe(1);
    expect(await logs.deleteLogsBefore(db, minutesAgo(300), 2)).toBe(0);
  });
});

describe('views', () => {
  test('count the documents of a replica by state, open work and uploads without an outcome', async () => {
    const replica = await addReplica(db);
    await addLink(db, replica, { status: 'ok', phase: 'ok', dirty_seq: 1, applied_seq: 1 });
    const open = await addLink(db, replica, { phase: 'awaiting' });
    const attempt = {
      link_id: open.id,
      marker: 'm',
      sha256: 's',
      md5: 'm',
      size: 1,
      file_name: 'f',
      worker: '00000000-0000-0000-0000-000000000000',
      lease_epoch: 1,
    };
    await db
      .insertInto('upload_attempts')
      .values([
        { ...attempt, k: 1, state: 'refused' },
        { ...attempt, k: 2, state: 'awaiting' },
      ])
      .execute();
    const of = <T extends { replica_id: number }>(rows: T[]) => rows.filter((row) => row.replica_id === replica);
    expect(of(await views.countLinksByState(db))).toEqual(
      expect.arrayContaining([
        { replica_id: replica, status: 'ok', phase: 'ok', documents: 1 },
        { replica_id: replica, status: 'pending', phase: 'awaiting', documents: 1 },
      ]),
    );
    expect(of(await measureLag(db))).toMatchObject([{ documents: 1 }]);
    expect(of(await views.countPendingTasks(db))).toEqual([{ replica_id: replica, tasks: 1 }]);
    expect(await views.unfinishedMasterIds(db, replica)).toEqual(new Set([open.master_doc_id]));
  });

  test('show runs newest first, the open ones, the children of a cycle, and the last finished of each replica', async () => {
    const replica = await addReplica(db);
    const first = await addRun(db, replica);
    await closeRun(db, first.runId, { outcome: 'partial' });
    const second = await addRun(db, replica);
    const ids = async (rows: Promise<views.RunView[]>) => (await rows).map(({ id }) => id);
    expect(await ids(views.listRuns(db, { replicaId: replica }, { limit: 9 }))).toEqual([second.runId, first.runId]);
    expect(
      await ids(
        views.listRuns(db, { replicaId: replica, finished: true, outcome: 'partial', kind: 'replica' }, { limit: 9 }),
      ),
    ).toEqual([first.runId]);
    expect(await ids(views.listRuns(db, { replicaId: replica }, { limit: 9, before: second.runId }))).toEqual([
      first.runId,
    ]);
    expect(await ids(views.listOpenRuns(db))).toContain(second.runId);
    expect(await ids(views.listChildRuns(db, first.cycleId))).toEqual([first.runId]);
    expect((await views.lastReplicaRuns(db)).filter((run) => run.replica_id === replica)).toMatchObject([
      { id: first.runId },
    ]);
  });

  test('list documents in the order of the master, page by page', async () => {
    const replica = await addReplica(db);
    const [first, second] = [await addLink(db, replica, { phase: 'ok', status: 'ok' }), await addLink(db, replica)];
    const list = (filter: object, after?: number) =>
      listDocuments(db, { replicaId: replica, ...filter }, { limit: 9, after });
    expect((await list({})).map((row) => row.master_doc_id)).toEqual([first.master_doc_id, second.master_doc_id]);
    expect(await list({ status: 'ok', phase: 'ok' })).toMatchObject([
      { master_doc_id: first.master_doc_id, report: [], waiting: true },
    ]);
    expect(await list({}, first.master_doc_id)).toHaveLength(1);
  });
});
