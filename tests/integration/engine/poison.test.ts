/** Documents that always fail, and one that takes its process with it: the rest neither waits nor suffers (E13, H20). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { Controller } from '../../support/controller.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';
import { letTimePass, HOURS, live, posts, Stage } from '../faults/stage.ts';
import { addDocument, grantViews } from '../faults/library.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

it('5 % of documents that always fail: all others arrive in the first cycle, changes go on being carried over, the cursor moves', async () => {
  const poison = [7, 23];
  const stage = await Stage.open({
    documents: Array.from({ length: 40 }, () => ({})),
    settings: { max_attempts: '3' },
  });
  closers.push(() => stage.close());
  for (const id of poison)
    stage.copy.setFault('consumption-fails', { value: 'damaged', match: { contains: `letter-${id}.` } });
  const cursor = async () =>
    (await stage.db.selectFrom('master_state').select('cursor_us').executeTakeFirstOrThrow()).cursor_us ?? 0;
  const states = async (status: string) =>
    (await stage.controller.links()).filter((link) => link.status === status).length;
  expect((await stage.cycle()).outcome).toBe('partial');
  expect([await states('ok'), await states('error')]).toEqual([38, 2]);
  expect(posts(stage.copy)).toHaveLength(40);
  expect(await stage.run()).toMatchObject({ docs_synced: 38, docs_failed: 2 });
  for (let attempt = 2; attempt <= 3; attempt += 1) {
    const before = await cursor();
    stage.edit(attempt);
    await letTimePass(stage.db, 2 * HOURS);
    expect((await stage.cycle()).outcome).toBe('partial');
    expect(await cursor()).toBeGreaterThan(before);
    expect(live(stage.copy).map(({ title }) => title)).toContain(`Edited ${attempt}`);
    for (const id of poison) expect(await stage.link(id)).toMatchObject({ retry_count: attempt });
  }
  for (const id of poison)
    expect(await stage.link(id)).toMatchObject({ phase: 'dlq', error_code: 'consumption_failed' });
  expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0, suspended_at: null });
});

const SCRIPT = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));
const POISON = 5;
const ALL = [1, 2, 3, 4, 5, 6, 7, 8];
/** More would mean that it is never set aside. */
const MOST_DEATHS = 6;

onBothQueues('a document that ends its process with each look at it', (redisUrl) => {
  it('is set aside after three processes, and every other one arrives', { timeout: 180_000 }, async () => {
    const [master, replica] = [await simulator('v3'), await simulator('v3')];
    for (const instance of [master, replica]) {
      closers.push(() => instance.stop());
      grantViews(instance);
    }
    for (const _ of ALL) addDocument(master);
    // Its process is killed while it waits for this answer.
    const path = `/api/documents/${POISON}/download/`;
    master.setFault('slow', { match: { pathSuffix: path }, value: 600_000 });
    const looks = () => master.requests().filter((request) => request.path === path).length;
    const controller = await Controller.start({
      master,
      replicas: { copy: replica },
      redisUrl: redisUrl(),
      idle: true,
    });
    closers.push(() => controller.stop());
    // Several at once, or nobody would be in the hands of the process that dies.
    await controller.db.updateTable('replicas').set({ library_proven: true }).execute();
    const { runId } = await controller.openCycle();
    const { url: databaseUrl } = controller.database;
    const job = { databaseUrl, redisUrl: redisUrl(), key: controller.key, killAt: 'nowhere', concurrency: 4 };
    const hasEnded = async () => (await controller.runs()).every((run) => run.finished_at !== null);
    let deaths = 0;
    for (let over = false; !over && deaths < MOST_DEATHS; ) {
      const before = looks();
      const child = spawn(process.execPath, [SCRIPT], { stdio: ['pipe', 'ignore', 'inherit'] });
      const exit = once(child, 'exit');
      child.stdin.write(`${JSON.stringify(job)}\n`);
      await waitFor('a look at it, or the end', async () => looks() > before || (await hasEnded()), 120_000);
      over = looks() === before;
      if (!over) deaths += 1;
      child.kill('SIGKILL');
      await exit;
    }
    expect(deaths).toBe(3);
    await controller.ended(runId);
    const states = (await controller.links()).map((link) => [link.master_doc_id, link.phase, link.error_code]);
    expect(states.sort()).toEqual(ALL.map((id) => (id === POISON ? [id, 'dlq', 'crashes_worker'] : [id, 'ok', null])));
    expect(live(replica)).toHaveLength(ALL.length - 1);
  });
});
