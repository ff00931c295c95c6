/** A promotion goes on where it was, whoever dies; and what was begun in the old direction never reaches the new master. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { openPromotion } from '../../../shared/db/promotions.repo.ts';
import { PROMOTION_PHASES } from '../../../shared/domain/promotion.ts';
import { AppError } from '../../../shared/kernel/errors.ts';
import { acceptPromotion, cancelPromotion } from '../../../shared/replication/promote/ask.ts';
import { cancelRun } from '../../../shared/replication/pause-replica.ts';
import { Controller } from '../../support/controller.ts';
import { waitFor } from '../../support/wait.ts';
import * as stages from './stage.ts';
import { ask, uploads, uploadText, writes } from './stage.ts';

type Pair = Awaited<ReturnType<typeof stages.pair>>;
const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});
async function opened(...given: Parameters<typeof stages.pair>): Promise<Pair> {
  const pair = await stages.pair(...given);
  open.push(pair.close);
  return pair;
}
const closing = ({ controller }: Pair) => ({
  ...stages.verbDeps(controller),
  metrics: { documentSettled: () => undefined, runClosed: () => undefined },
});
const inboxOf = ({ heir }: Pair) => [...heir.store.matching.tag.values()].find((tag) => tag.name === 'Inbox');

it('goes on after a stop at the beginning of every phase, and does nothing twice', async () => {
  const points = [...PROMOTION_PHASES.slice(0, -2).map((phase) => `promotion.${phase}`), 'promotion.arrived'];
  const left = new Set(points);
  const racePoint = async (point: string) => {
    if (left.delete(point)) throw new AppError({ code: 'shutdown', class: 'cancelled', message: `Stopped: ${point}` });
  };
  const pair = await opened(['v3', 'v3'], { racePoint });
  pair.heir.clearRequests();
  const done = await stages.promote(pair.controller, 'heir');
  expect([...left]).toEqual([]);
  expect(done.summary).toMatchObject({ documents: 1, absent: 0, behind: 0 });
  expect(inboxOf(pair)).toMatchObject({ isInboxTag: true });
  expect([writes(pair.heir), writes(pair.old)]).toEqual([['PATCH /api/tags/1/'], []]);
  expect((await pair.controller.db.selectFrom('promotion_links').selectAll().execute()).length).toBe(1);
});

describe('a write that was begun before', () => {
  it('keeps the promotion waiting while its process lives, and never reaches the new master once it is dead', async () => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let held = false;
    const racePoint = async (point: string) => {
      if (point !== 'patch.before') return;
      held = true;
      await released;
    };
    const presence = { beatMs: 50 };
    const pair = await opened(['v3', 'v3'], { racePoint: async () => undefined, presence });
    const { controller, old, heir } = pair;
    await controller.stopWorker();
    const frozen = await Controller.start({ master: old, replicas: {}, joins: controller, racePoint, presence });
    open.push(() => frozen.stop());
    await ask(old, 'PATCH', '/api/documents/1/', { title: 'In the old direction' });
    const { runId } = await controller.openCycle();
    await waitFor('the write to be about to begin', () => held);
    await expect(stages.askFor(controller, 'heir')).rejects.toMatchObject({ code: 'replica_locked', status: 409 });
    await cancelRun(closing(pair), runId);
    const id = await stages.askFor(controller, 'heir');
    await expect(controller.openCycle()).rejects.toMatchObject({ code: 'promotion_under_way' });
    await waitFor('the promotion to wait for that process', async () =>
      (await openPromotion(controller.db))?.waits_for?.includes(frozen.worker?.workerId ?? 'none'),
    );
    await controller.db
      .updateTable('workers')
      .set({ dead: true })
      .where('id', '=', frozen.worker?.workerId ?? '')
      .execute();
    await waitFor('it to know', () => frozen.fenced);
    await controller.startWorker();
    heir.clearRequests();
    await acceptPromotion(stages.verbDeps(controller), id, 'a test');
    await stages.inPhase(controller, id, 'done');
    const before = writes(heir);
    release();
    await frozen.stopWorker();
    expect(writes(heir)).toEqual(before);
    expect(before).toEqual(['PATCH /api/tags/1/']);
    expect(stages.titles(heir)).toEqual(['First']);
    expect(writes(old).filter((request) => !request.startsWith('PATCH /api/documents/1/'))).toEqual([]);
  });
});

describe('uploads that were under way', () => {
  /** On its way into the replica's queue, where no worker takes it. */
  async function begun(pair: Pair): Promise<void> {
    pair.heir.act('pause-worker');
    await uploadText(pair.old, 'Under way');
    await pair.old.idle();
    const { runId } = await pair.controller.openCycle();
    await waitFor('the upload to wait', async () =>
      (await pair.controller.links()).some((link) => link.phase === 'awaiting' && link.lease_worker === null),
    );
    await cancelRun(closing(pair), runId);
  }

  it('are brought to their end first, under the name and number of the master', async () => {
    const pair = await opened(['v3', 'v3']);
    await begun(pair);
    const id = await stages.askFor(pair.controller, 'heir');
    await waitFor(
      'the promotion to wait for it',
      async () => (await openPromotion(pair.controller.db))?.left_open?.[0],
    );
    pair.heir.act('resume-worker');
    const done = await stages.inPhase(pair.controller, id, 'done');
    expect(done.summary).toMatchObject({ documents: 2, absent: 0, behind: 0 });
    expect(done.left_open).toEqual([]);
    expect(stages.titles(pair.heir)).toEqual(['First', 'Under way']);
    expect(uploads(pair.heir)).toHaveLength(2);
    expect([...pair.heir.store.documents.values()].map((row) => row.archiveSerialNumber)).toEqual([null, null]);
  });

  it('are named where the old master is dead, and a person decides; what had arrived is a document like any other', async () => {
    const pair = await opened(['v2', 'v3']);
    const { controller, heir, old } = pair;
    await begun(pair);
    await old.stop();
    const id = await stages.askFor(controller, 'heir');
    const waiting = await waitFor('the promotion to wait for a person', async () => {
      const promotion = await openPromotion(controller.db);
      return promotion?.waits_code === 'uploads_unfinished' && promotion.waits_for?.includes('last try failed')
        ? promotion
        : null;
    });
    expect(waiting.left_open).toMatchObject([{ replica: 'heir', uploads: 1 }]);
    heir.act('resume-worker');
    await heir.idle();
    await acceptPromotion(stages.verbDeps(controller), id, 'a test');
    const done = await stages.inPhase(controller, id, 'done');
    expect(done.summary).toMatchObject({ documents: 2, absent: 0, behind: 1 });
    expect(stages.titles(heir)).toEqual(['First', 'Under way']);
    expect([...heir.store.documents.values()].map((row) => row.archiveSerialNumber)).toEqual([null, null]);
    await expect(cancelPromotion(stages.verbDeps(controller), id, 'a test')).rejects.toMatchObject({
      code: 'promotion_over',
    });
  });
});

it('is taken back before the switch, and refused for a replica that is suspended or that nobody knows', async () => {
  const pair = await opened(['v3', 'v3']);
  const { controller, old } = pair;
  await controller.stopWorker();
  const id = await stages.askFor(controller, 'heir');
  await cancelPromotion(stages.verbDeps(controller), id, 'a test');
  await controller.startWorker();
  await uploadText(old, 'After it was taken back');
  await old.idle();
  expect((await controller.cycle()).outcome).toBe('ok');
  expect(stages.titles(pair.heir)).toContain('After it was taken back');
  const replica = (changes: object) => controller.db.updateTable('replicas').set(changes).execute();
  await replica({ suspended_at: new Date(), suspended_reason: 'for a test' });
  await expect(stages.askFor(controller, 'heir')).rejects.toMatchObject({ code: 'replica_suspended', status: 409 });
  await replica({ suspended_at: null, reconcile_required: 'for a test' });
  await expect(stages.askFor(controller, 'heir')).rejects.toMatchObject({ code: 'replica_unknown', status: 409 });
  expect((await stages.plan(controller, 'heir')).problems).toMatchObject([{ code: 'replica_unknown' }]);
});

const SCRIPT = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));
/** Loads while the one before it works: most of its time is the loading. */
function crashing() {
  const child = spawn(process.execPath, [SCRIPT], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.on('error', () => undefined);
  open.push(async () => child.kill('SIGKILL'));
  return { child, ended: once(child, 'exit') };
}

it('goes on in another process after a SIGKILL in the middle of its phases', async () => {
  const pair = await opened(['v3', 'v3'], { presence: { beatMs: 100, deadAfterMs: 600 } });
  const { controller, heir, old } = pair;
  await controller.stopWorker();
  heir.clearRequests();
  const id = await stages.askFor(controller, 'heir');
  let next = crashing();
  for (const point of ['promotion.stopping', 'promotion.arrived']) {
    const { child, ended } = next;
    next = crashing();
    const job = { databaseUrl: controller.database.url, key: controller.key, killAt: `${point}#1` };
    child.stdin.write(`${JSON.stringify(job)}\n`);
    expect([point, (await ended)[1]]).toEqual([point, 'SIGKILL']);
  }
  await controller.startWorker();
  const done = await stages.inPhase(controller, id, 'done');
  expect(done.summary).toMatchObject({ documents: 1 });
  expect([writes(heir), writes(old)]).toEqual([['PATCH /api/tags/1/'], []]);
});
