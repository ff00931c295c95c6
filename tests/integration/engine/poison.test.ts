/** Documents that always fail: the rest neither waits nor suffers (E13). */
import { afterEach, expect, it } from 'vitest';
import { letTimePass, HOURS, live, posts, Stage } from '../faults/stage.ts';

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
