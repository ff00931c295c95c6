/** Documents that always fail, and one that takes its process with it: the rest neither waits nor suffers (E13, H20). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { Controller } from '../../support/controller.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { simulator } from '../../support/simulator.ts';
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

const SCRIPT = fileURLToPath(new URL('../../support/crashing-on.ts', import.meta.url));

onBothQueues('a document that ends its process with each look at it', (redisUrl) => {
  it('is set aside after three processes, and every other one arrives', { timeout: 120_000 }, async () => {
    const [master, replica] = [await simulator('v3'), await simulator('v3')];
    for (const instance of [master, replica]) {
      closers.push(() => instance.stop());
      grantViews(instance);
    }
    for (let n = 0; n < 8; n += 1) addDocument(master);
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
    const job = JSON.stringify({
      databaseUrl: controller.database.url,
      redisUrl: redisUrl(),
      key: controller.key,
      poison: '/documents/5/download/',
    });
    let deaths = 0;
    const ended = controller.ended(runId, 110_000).then(() => true);
    for (;;) {
      const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, job], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
      const exit = once(child, 'exit').then(() => false);
      const done = await Promise.race([ended, exit]);
      if (done) {
        child.kill('SIGKILL');
        await exit;
        break;
      }
      deaths += 1;
    }
    expect(deaths).toBe(3);
    const states = (await controller.links()).map((link) => [link.master_doc_id, link.phase, link.error_code]);
    expect(states.sort()).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((id) => (id === 5 ? [5, 'dlq', 'crashes_worker'] : [id, 'ok', null])),
    );
    expect(live(replica)).toHaveLength(7);
  });
});
