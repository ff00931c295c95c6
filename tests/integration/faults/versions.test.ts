import { afterEach, describe, expect, it } from 'vitest';
import type { FaultArgument, FaultName } from '../../../services/simulator/faults.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { addVersion, filesOf } from '../../support/versions.ts';

let master: Simulator;
let replica: Simulator;
let controller: Controller;
afterEach(async () => {
  await controller?.stop();
  await master?.stop();
  await replica?.stop();
});

/** A message that was lost is delivered again after an hour; here after a moment. */
const REDELIVERY_MS = 400;

async function stage(redeliveryMs = REDELIVERY_MS): Promise<void> {
  master = await simulator('v3');
  replica = await simulator('v3');
  await uploadText(master, 'one');
  await master.idle();
  controller = await Controller.start({
    master,
    replicas: { copy: replica },
    timings: { redeliveryMs },
    timeouts: { answerMs: 500, firstByteMs: 500, noProgressMs: 500 },
  });
  expect((await controller.cycle()).outcome).toBe('ok');
}
const link = async () => (await controller.links())[0];
const isOk = async () => (await link())?.phase === 'ok' && (await link())?.dirty_seq === (await link())?.applied_seq;
const posts = () => replica.requests().filter((request) => request.path.endsWith('/update_version/')).length;

async function endsEqual(): Promise<void> {
  for (let cycles = 0; cycles < 12 && !(await isOk()); cycles += 1) {
    await controller.cycle();
    await controller.db.updateTable('sync_map').set({ next_due_at: null }).execute();
  }
  expect(await link()).toMatchObject({ phase: 'ok', error_msg: null });
  const copy = (await link())?.replica_doc_id ?? 0;
  expect(await filesOf(replica, copy)).toEqual(await filesOf(master, 1));
  const open = await controller.db
    .selectFrom('version_attempts')
    .select('state')
    .where('state', 'in', ['sending', 'awaiting'])
    .execute();
  expect(open).toEqual([]);
}

const UPLOAD = { match: { method: 'POST', pathSuffix: '/update_version/' }, times: 1 };
/** Faults of a consumption strike under the path that all uploads come by. */
const CONSUMPTION = { times: 1 };
const CASES: readonly (readonly [string, FaultName, FaultArgument, posts: number])[] = [
  ['the connection is reset before anything is done', 'down', UPLOAD, 2],
  ['the answer is lost after the upload was taken', 'drop-after-commit', UPLOAD, 1],
  ['a proxy answers 502 although the upload was taken', 'bad-gateway-after-accept', UPLOAD, 1],
  ['the request is never answered, and applied', 'never-answer', UPLOAD, 1],
  ['the request is never answered, and lost', 'never-answer', { ...UPLOAD, value: 'none' }, 2],
  ['no row of the task was ever written', 'task-row-missing', CONSUMPTION, 1],
  ['the row of the task vanishes', 'task-vanished', CONSUMPTION, 1],
  ['the row says FAILURE although the version is stored', 'task-failed-after-commit', CONSUMPTION, 1],
  ['the message comes again and turns success into failure', 'resurrect', CONSUMPTION, 1],
  ['the message is lost and the row stays PENDING', 'task-stuck-pending', CONSUMPTION, 2],
  ['the worker dies and the row stays STARTED', 'task-stuck-started', CONSUMPTION, 2],
  ['the uploaded file is lost before it is consumed', 'temp-file-lost', CONSUMPTION, 2],
  ['the consumption fails', 'consumption-fails', { ...CONSUMPTION, value: 'No space left on device' }, 2],
  ['two workers consume one message', 'delivered-twice', CONSUMPTION, 1],
];

describe('a version under way', () => {
  it.each(CASES)('when %s, ends in the list once and in its place', async (_case, fault, argument, expected) => {
    await stage();
    await addVersion(master, 1, 'second', 'signed');
    await addVersion(master, 1, 'third');
    replica.clearRequests();
    replica.setFault(fault, argument);
    await controller.cycle();
    await endsEqual();
    // The third one is sent once besides.
    expect(posts()).toBe(expected + 1);
  });

  it.each(['drop-after-commit', 'bad-gateway-after-accept', 'never-answer'] as const)(
    'whose label is written without an answer (%s) is read back before anything more is sent',
    async (fault) => {
      await stage();
      replica.setFault(fault, { match: { method: 'PATCH', pathPrefix: '/api/documents/1/versions/' }, times: 1 });
      await addVersion(master, 1, 'second', 'signed');
      await controller.cycle();
      expect((await link())?.error_code).toBe('write_unanswered');
      await endsEqual();
      expect(posts()).toBe(1);
    },
  );

  it('lets no text be written before it is there', async () => {
    await stage(60_000);
    replica.clearRequests();
    replica.setFault('slow-consumption', { value: 1500, times: 1 });
    await addVersion(master, 1, 'second');
    await ask(master, 'PATCH', '/api/documents/1/', { title: 'Renamed', content: 'words of the second' });
    await controller.cycle();
    await endsEqual();
    const times = (method: string, suffix: string) =>
      replica
        .requests()
        .filter((request) => request.method === method && request.path.endsWith(suffix))
        .map((request) => request.startedAt);
    const [posted = 0] = times('POST', '/update_version/');
    const patched = times('PATCH', '/api/documents/1/');
    expect(patched.length).toBeGreaterThan(0);
    expect(Math.min(...patched) - posted).toBeGreaterThanOrEqual(1500);
    expect(await ask(replica, 'GET', '/api/documents/1/')).toMatchObject({ content: 'words of the second' });
  });
});

describe('a replica that alters bytes', () => {
  it.each(['fixed', 'random'])('(%s) gets no second version of a file however often it is looked at', async (value) => {
    await stage();
    replica.setFault('alter-bytes', { value });
    await addVersion(master, 1, 'second', 'signed');
    await controller.cycle();
    expect(await link()).toMatchObject({ phase: 'blocked', error_code: 'altered_by_replica' });
    const held = await controller.replica('copy');
    expect(held.uploads_held).not.toBeNull();
    for (let touch = 0; touch < 10; touch += 1) {
      await ask(master, 'PATCH', '/api/documents/1/', { title: `Touched ${touch}` });
      await controller.cycle();
    }
    expect(posts()).toBe(1);
    expect(await filesOf(replica, 1)).toHaveLength(2);
    const labels = (await filesOf(replica, 1)).map((file) => file.label);
    expect(labels).toEqual([null, 'signed']);
    expect(((await ask(replica, 'GET', '/api/documents/1/')) as { title: string }).title).toBe('Touched 9');
  });

  it('gets no upload until someone has looked, and then the next file, once', async () => {
    await stage();
    replica.setFault('alter-bytes', { value: 'random' });
    await addVersion(master, 1, 'second');
    await controller.cycle();
    await addVersion(master, 1, 'third');
    await controller.cycle();
    expect(posts()).toBe(1);
    expect((await link())?.error_code).toBe('uploads_held');
    await controller.db.updateTable('replicas').set({ uploads_held: null, altered_acknowledged: true }).execute();
    await controller.cycle();
    expect(posts()).toBe(2);
    expect((await controller.replica('copy')).uploads_held).toBeNull();
    expect((await link())?.error_code).toBe('altered_by_replica');
    expect(await filesOf(replica, 1)).toHaveLength(3);
  });
});
