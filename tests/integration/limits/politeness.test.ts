import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { openQueueBackend, type QueueBackend } from '../../../shared/queue/backend.ts';
import { listJobs } from '../../../shared/queue/jobs.ts';
import { createProducer } from '../../../shared/queue/producer.ts';
import { engineQueue } from '../../../shared/replication/engine-queue.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { queuePrefix } from '../../support/test-worker.ts';
import { waitFor } from '../../support/wait.ts';

const GIB = 2 ** 30;
const isUpload = ({ method, path }: { method: string; path: string }) =>
  method === 'POST' && path.endsWith('/post_document/');

onBothQueues('the limits of a replica', (redisUrl) => {
  let master: Simulator;
  let replica: Simulator;
  let controller: Controller;
  let second: Controller;
  let backend: QueueBackend;
  let free = 100 * GIB;

  beforeAll(async () => {
    master = await simulator('v3', { docs: 1 });
    replica = await simulator('v3');
    const common = { master, replicas: { copy: replica }, redisUrl: redisUrl(), scratch: { free: async () => free } };
    controller = await Controller.start({
      ...common,
      settings: { max_replica_queue: '3', max_concurrent_requests: '8' },
    });
    second = await Controller.start({ ...common, joins: controller });
    backend = await openQueueBackend({
      databaseUrl: controller.database.url,
      redisUrl: redisUrl(),
      workers: 0,
      prefix: queuePrefix(controller.database.url),
    });
    expect((await controller.cycle()).outcome).toBe('ok');
  });
  afterEach(async () => {
    free = 100 * GIB;
    replica.clearFaults();
    await limit({ quiet_hours: null, requests_per_minute: null, max_bytes_per_second: null });
  });
  afterAll(async () => {
    await second?.stop();
    await controller?.stop();
    await backend?.close();
    await master?.stop();
    await replica?.stop();
  });

  const limit = (values: object) => controller.db.updateTable('replicas').set(values).execute();
  const addDocuments = async (count: number, name: string) => {
    for (let n = 1; n <= count; n += 1) await uploadText(master, `${name}-${n}`);
    await master.idle();
    replica.clearRequests();
  };
  const uploads = () => replica.requests().filter(isUpload).length;
  const attemptsUsed = async () => (await controller.links()).reduce((sum, link) => sum + link.retry_count, 0);
  const resting = async () =>
    (await listJobs(backend, ['delayed'], { limit: 50 })).filter((job) => job.name !== 'maintenance');
  /** As the schedule or a repair would: what a person triggers takes no notice of quiet hours. */
  const openWithoutPerson = () =>
    openCycle(
      {
        db: controller.db,
        queue: engineQueue(createProducer(backend)),
        log: controller.log,
        clock: systemClock,
        settings: () => loadSettings({ db: controller.db, secrets: controller.secrets }),
      },
      { trigger: 'verify' },
    );

  it('a 429 moves the document to the time it names: no request before it, no attempt used, no failure counted', async () => {
    await addDocuments(1, 'refused');
    replica.setFault('throttled', { match: { pathSuffix: '/post_document/' }, value: 3, times: 1 });
    const { runId } = await controller.openCycle();
    const job = await waitFor('its job to be delayed', async () =>
      (await resting()).find(({ name }) => name === 'document'),
    );
    expect(job.attempts).toBeLessThanOrEqual(1);
    expect((await controller.ended(runId)).outcome).toBe('ok');
    const refusal = replica.requests().find((request) => request.status === 429);
    const next = replica.requests().find((request) => request.number > (refusal?.number ?? 0) && isUpload(request));
    expect((next?.startedAt ?? 0) - (refusal?.startedAt ?? 0)).toBeGreaterThanOrEqual(2900);
    expect(uploads()).toBe(2);
    expect(await attemptsUsed()).toBe(0);
    expect((await controller.replica('copy')).consecutive_failures).toBe(0);
  });

  it('a run whose replica answers 429 to everything waits with its job and is carried out later', async () => {
    await addDocuments(1, 'later');
    replica.setFault('throttled', { value: 15, times: 1 });
    const { runId } = await controller.openCycle();
    await waitFor('the job of the run to be delayed', async () =>
      (await resting()).some(({ name }) => name === 'replica'),
    );
    expect(
      await controller.db.selectFrom('sync_runs').select('outcome').where('parent_run_id', '=', runId).execute(),
    ).toEqual([{ outcome: null }]);
    // Time passes: the rest is over, and what waits for it becomes due.
    await controller.db.updateTable('request_pace').set({ refused_until: new Date() }).execute();
    await controller.stopWorker();
    await second.stopWorker();
    await controller.startWorker();
    await second.startWorker();
    await controller.db
      .updateTable('sync_runs')
      .set({ dispatched_at: null })
      .where('finished_at', 'is', null)
      .execute();
    expect((await controller.ended(runId)).outcome).toBe('ok');
  });

  it('never more requests in a stretch of time than the cap per minute allows, over both workers', async () => {
    const perMinute = 900;
    await limit({ requests_per_minute: perMinute });
    // Processes that start now know the cap from the start; those that run learn it within two seconds.
    for (const one of [controller, second]) await one.stopWorker();
    for (const one of [controller, second]) await one.startWorker();
    await addDocuments(6, 'paced');
    expect((await controller.cycle()).outcome).toBe('ok');
    const times = replica.requests().map(({ startedAt }) => startedAt);
    expect(times.length).toBeGreaterThan(40);
    for (const [from, start] of times.entries())
      for (const [to, end] of times.entries())
        if (to > from) expect(to - from).toBeLessThanOrEqual(((end - start + 1200) * perMinute) / 60_000 + 1);
  });

  it('file bytes are granted by one counter', async () => {
    await limit({ max_bytes_per_second: 20_000 });
    await addDocuments(3, 'bytes');
    expect((await controller.cycle()).outcome).toBe('ok');
    const row = await controller.db.selectFrom('request_pace').selectAll().executeTakeFirstOrThrow();
    expect(row.bytes_until.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('in quiet hours nothing is begun until they end or a person asks', async () => {
    const clock = (at: Date) => at.toISOString().slice(11, 16);
    const [from, to] = [new Date(Date.now() - 3_600_000), new Date(Date.now() + 2 * 3_600_000)];
    await addDocuments(2, 'quiet');
    await limit({ quiet_hours: `${clock(from)}-${clock(to)}` });
    const { runId } = await openWithoutPerson();
    const job = await waitFor('the job of the run to rest', async () =>
      (await resting()).find(
        ({ name, dueAt }) => name === 'replica' && (dueAt?.getTime() ?? 0) > Date.now() + 3_600_000,
      ),
    );
    expect(Math.abs((job.dueAt?.getTime() ?? 0) - to.getTime())).toBeLessThan(61_000);
    expect(replica.requests()).toEqual([]);
    const asked = await controller.openCycle();
    expect(asked).toEqual({ runId, alreadyRunning: true });
    expect((await controller.ended(runId)).outcome).toBe('ok');
    expect(uploads()).toBe(2);
  });

  it("uploads pause while the replica's queue is full of the uploads of others, and go on by themselves", async () => {
    await addDocuments(2, 'behind');
    replica.act('pause-worker');
    for (const n of [1, 2, 3, 4]) await ask(replica, 'POST', '/api/documents/post_document/', foreign(n));
    replica.clearRequests();
    // What was seen a moment ago, in the run before, counts no more.
    await limit({ queue_asked_at: null });
    const { runId } = await controller.openCycle();
    await waitFor('the queue to be looked at twice while uploads wait', () => looks() >= 2);
    expect((await controller.replica('copy')).queue_foreign).toBe(4);
    expect(uploads()).toBe(0);
    replica.act('resume-worker');
    expect((await controller.ended(runId)).outcome).toBe('ok');
    expect(uploads()).toBe(2);
  });

  it('of a queue that nobody can see no more uploads are under way than one a process', async () => {
    await addDocuments(3, 'unseen');
    replica.act('pause-worker');
    replica.setFault('forbidden', { match: { contains: 'is_complete=false' } });
    await limit({ queue_asked_at: null });
    const { runId } = await controller.openCycle();
    await waitFor('an upload, and two more looks in vain', () => uploads() > 0 && looks() >= 3);
    expect(uploads()).toBeLessThanOrEqual(2);
    replica.clearFaults();
    replica.act('resume-worker');
    expect((await controller.ended(runId)).outcome).toBe('ok');
    expect(uploads()).toBe(3);
  });

  const looks = () => replica.requests().filter(({ query }) => query.includes('is_complete=false')).length;

  it('a full disk pauses uploads, says so once, and lets them go on when there is room again', async () => {
    await addDocuments(2, 'full');
    controller.logs.length = 0;
    second.logs.length = 0;
    // Enough for what is always left free, and not for one byte of a file.
    free = 512 * 2 ** 20;
    const { runId } = await controller.openCycle();
    await waitFor('the processes to say that they are full', async () => {
      const rows = await controller.db
        .selectFrom('workers')
        .select('scratch_full_since')
        .where('dead', '=', false)
        .execute();
      return rows.some((row) => row.scratch_full_since !== null);
    });
    expect(uploads()).toBe(0);
    free = 100 * GIB;
    expect((await controller.ended(runId)).outcome).toBe('ok');
    const said = [controller, second].map(({ logs }) => logs.filter(({ code }) => code === 'disk_full').length);
    expect(Math.max(...said)).toBe(1);
    expect(await attemptsUsed()).toBe(0);
    expect(uploads()).toBe(2);
  });
});

function foreign(n: number): FormData {
  const body = new FormData();
  body.append(
    'document',
    new Blob([`Somebody else's ${n} ${Math.random()}\n`], { type: 'text/plain' }),
    `other-${n}.txt`,
  );
  return body;
}
