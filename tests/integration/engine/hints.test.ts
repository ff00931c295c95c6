/** What a webhook of the master leads to (E24): the document it names, on all replicas that can be synced, without a cycle. */
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { excludeLink } from '../../../shared/db/exclusions.repo.ts';
import { masterState } from '../../../shared/db/master.repo.ts';
import { findHint, takeHint } from '../../../shared/db/webhook-events.repo.ts';
import { waitFor } from '../../support/wait.ts';
import { live, posts, Stage, writes } from '../faults/stage.ts';

let stage: Stage;
const points = new Map<string, () => Promise<void>>();

beforeAll(async () => {
  stage = await Stage.open({
    documents: Array.from({ length: 8 }, () => ({})),
    others: { second: 'v2' },
    settings: { sync_cycle_timeout_seconds: '600' },
    racePoint: async (name) => points.get(name)?.(),
  });
  await stage.cycle();
});
afterAll(() => stage?.close());

const FROM_TEST = { kind: 'changed', body: 'json', fields: {} } as const;
const hint = async (documentId: number, waitMs = 0) =>
  (await takeHint(stage.db, { documentId, ...FROM_TEST }, waitMs)).id;
const event = async (id: number) => {
  const found = await findHint(stage.db, id);
  if (!found) throw new Error(`no event ${id}`);
  return found;
};
const over = (id: number) =>
  waitFor(`event ${id} to be over`, async () => {
    const now = await event(id);
    return now.ended_at === null ? null : now;
  });
const runsSince = (id: number) =>
  stage.db.selectFrom('sync_runs').selectAll().where('id', '>', id).orderBy('id').execute();
const lastRun = async () => (await stage.controller.runs()).at(-1)?.id ?? 0;
const titleOn = async (masterId: number, replica = 'copy') =>
  stage.named(replica).store.documents.get((await stage.link(masterId, replica)).replica_doc_id ?? 0)?.title;

describe('a hint', () => {
  it('brings a changed document to all replicas in one run of its own, and changes nothing of the schedule', async () => {
    const before = await masterState(stage.db);
    const synced = (await stage.controller.replica('copy')).last_sync_ts;
    const last = await lastRun();
    stage.edit(1, 'Told by a hint');
    const id = await hint(1);
    expect(await over(id)).toMatchObject({ state: 'done', outcome: 'applied', kind: 'updated' });
    expect([await titleOn(1), await titleOn(1, 'second')]).toEqual(['Told by a hint', 'Told by a hint']);
    const runs = await runsSince(last);
    expect(runs.map(({ kind, triggered_by }) => [kind, triggered_by])).toEqual([
      ['cycle', 'webhook'],
      ['replica', 'webhook'],
      ['replica', 'webhook'],
    ]);
    expect(runs.map(({ docs_total }) => docs_total)).toEqual([0, 1, 1]);
    expect((await event(id)).run_id).toBe(runs[0]?.id);
    const after = await masterState(stage.db);
    expect([after.cursor_us, after.next_cycle_at]).toEqual([before.cursor_us, before.next_cycle_at]);
    expect((await stage.controller.replica('copy')).last_sync_ts).toEqual(synced);
    await stage.cycle();
    await stage.expectEqual();
  });

  it('brings a new document over, once', async () => {
    const id = stage.add({ title: 'New by a hint' });
    expect(await over(await hint(id))).toMatchObject({ state: 'done', outcome: 'applied', kind: 'added' });
    await stage.cycle();
    await stage.expectEqual();
    expect(live(stage.copy).filter((row) => row.title === 'New by a hint')).toHaveLength(1);
  });

  it('that was sent fifty times is one row and one look, and many documents are one run', async () => {
    const last = await lastRun();
    stage.master.clearRequests();
    for (const id of [2, 3, 4]) stage.edit(id, `Of many ${id}`);
    const ids = new Set<number>();
    for (let round = 0; round < 17; round += 1) for (const id of [2, 3, 4]) ids.add(await hint(id, 1500));
    expect(ids.size).toBe(3);
    for (const id of ids) expect(await over(id)).toMatchObject({ state: 'done', received_count: 17 });
    expect((await runsSince(last)).filter(({ kind }) => kind === 'cycle')).toHaveLength(1);
    const looks = stage.master
      .requests()
      .filter(({ path, query }) => path.endsWith('documents/') && /id__in=/.test(query ?? ''));
    expect(looks.length).toBeLessThanOrEqual(3);
    expect(await titleOn(4)).toBe('Of many 4');
  });

  it('is looked at again if it comes while the master is being read', async () => {
    let again: number | null = null;
    points.set('hint.read', async () => {
      points.delete('hint.read');
      again = await hint(5);
    });
    stage.edit(5, 'First');
    const first = await hint(5);
    const { received_count: count } = await over(first);
    expect([again, count]).toEqual([first, 2]);
  });

  it('of a document that is not there yet is looked for again; one that never shows is left, and nothing is deleted', async () => {
    const nobody = 4711;
    const id = await hint(nobody);
    await waitFor('the first look', async () => (await event(id)).looks > 0);
    for (let look = 0; look < 8; look += 1) {
      await sql`update webhook_events set next_look_at = now() where id = ${id} and state = 'pending'`.execute(
        stage.db,
      );
      const { looks } = await event(id);
      await waitFor('a look', async () => (await event(id)).looks > looks || (await event(id)).state === 'left');
      if ((await event(id)).state === 'left') break;
    }
    expect(await event(id)).toMatchObject({ state: 'left', outcome: 'not_there', looks: 6 });
    expect(await stage.db.selectFrom('sync_map').select('id').where('master_doc_id', '=', nobody).execute()).toEqual(
      [],
    );
    const before = live(stage.copy).length;
    const gone = stage.master.store.documents.get(6);
    if (!gone) throw new Error('no document 6');
    gone.deletedAt = stage.master.store.clock.now();
    const trashed = await hint(6);
    await waitFor('a look', async () => (await event(trashed)).looks > 0);
    gone.deletedAt = null;
    await sql`update webhook_events set next_look_at = now() where id = ${trashed}`.execute(stage.db);
    expect(await over(trashed)).toMatchObject({ state: 'done', outcome: 'applied' });
    expect(live(stage.copy)).toHaveLength(before);
    expect(writes(stage.copy).filter(({ method }) => method === 'DELETE')).toEqual([]);
  });

  it('of an id below the highest one that was never seen is left to the census', async () => {
    const { high_water_id: before } = await masterState(stage.db);
    await stage.db.updateTable('master_state').set({ high_water_id: 5000 }).execute();
    expect(await over(await hint(4999))).toMatchObject({ state: 'left', outcome: 'deferred' });
    await stage.db.updateTable('master_state').set({ high_water_id: before }).execute();
  });

  it('leaves replicas alone that are paused, and documents that are excluded', async () => {
    const paused = await stage.controller.replica('second');
    await stage.db.updateTable('replicas').set({ paused_at: new Date() }).where('id', '=', paused.id).execute();
    await excludeLink(stage.db, (await stage.link(7)).id, 'no', 'test');
    stage.edit(7, 'For nobody');
    stage.edit(8, 'For one');
    const [seven, eight] = [await hint(7), await hint(8)];
    expect(await over(eight)).toMatchObject({ state: 'left', outcome: 'deferred' });
    expect((await event(eight)).detail).toContain('next cycle on "second"');
    await over(seven);
    expect([await titleOn(8), await titleOn(7)]).toEqual(['For one', expect.not.stringContaining('nobody')]);
    expect(await titleOn(8, 'second')).not.toBe('For one');
    await stage.db.updateTable('replicas').set({ paused_at: null }).where('id', '=', paused.id).execute();
    await stage.db.updateTable('sync_map').set({ excluded_at: null }).where('excluded_at', 'is not', null).execute();
  });
});

describe('a process that dies', () => {
  it.each(['hint.read', 'hint.marked', 'hint.joined', 'hint.opened'])(
    'at %s leaves a hint that the next one follows',
    async (point) => {
      let died = false;
      points.set(point, async () => {
        points.delete(point);
        died = true;
        throw new Error(`killed at ${point}`);
      });
      stage.edit(3, `After ${point}`);
      const id = await hint(3);
      await waitFor('its death', () => died);
      // What the living do when they have declared it dead: its runs are nobody's.
      await sql`update sync_runs set dispatched_at = null where finished_at is null and lease_worker is null`.execute(
        stage.db,
      );
      expect(await over(id)).toMatchObject({ state: 'done', outcome: 'applied' });
      expect([await titleOn(3), await titleOn(3, 'second')]).toEqual([`After ${point}`, `After ${point}`]);
    },
  );
});

describe('while a cycle is under way', () => {
  it('hinted documents join it, before what waits there, and its progress counts them', async () => {
    await stage.cycle();
    const last = await lastRun();
    for (const id of [1, 2, 3]) stage.edit(id, `Long ${id}`);
    let hold: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      hold = resolve;
    });
    points.set('end.before', () => held);
    const { runId } = await stage.controller.openCycle();
    const copy = await stage.controller.replica('copy');
    await waitFor('the run to be at its documents', async () => {
      const run = (await runsSince(last)).find((one) => one.replica_id === copy.id);
      return run?.phase === 'documents' && run.docs_total >= 3;
    });
    const total = (await stage.run()).docs_total;
    stage.edit(4, 'Joined');
    const id = await hint(4);
    await waitFor('it to join', async () => (await stage.run()).docs_total === total + 1);
    points.delete('end.before');
    hold();
    expect(await over(id)).toMatchObject({ state: 'done', outcome: 'applied', run_id: runId });
    await stage.ended(runId);
    expect(await titleOn(4)).toBe('Joined');
    expect((await runsSince(last)).every(({ triggered_by: by }) => by === 'manual')).toBe(true);
    expect((await stage.run()).docs_synced).toBeLessThanOrEqual((await stage.run()).docs_total);
  });
});

describe('a cycle that is due', () => {
  it('takes over what a hint began, and nothing is uploaded twice', async () => {
    const sent = posts(stage.copy).length;
    stage.copy.setFault('slow-consumption', { value: 1500 });
    const id = stage.add({ title: 'Begun by a hint' });
    const told = await hint(id);
    await waitFor('the upload to be under way', async () => {
      const link = (await stage.controller.links('copy')).find((one) => one.master_doc_id === id);
      return link?.phase === 'awaiting' && link.lease_worker === null;
    });
    const begun = await stage.run();
    const { runId, alreadyRunning } = await stage.controller.openCycle();
    expect(alreadyRunning).toBe(false);
    stage.copy.clearFaults();
    await stage.ended(runId);
    expect(await over(told)).toMatchObject({ state: 'done', outcome: 'applied' });
    const ended = (await stage.controller.runs()).find((run) => run.id === begun.id);
    expect(ended).toMatchObject({
      triggered_by: 'webhook',
      outcome: 'cancelled',
      error_msg: 'A cycle goes on with its documents.',
    });
    expect(posts(stage.copy)).toHaveLength(sent + 1);
    expect(live(stage.copy).filter((row) => row.title === 'Begun by a hint')).toHaveLength(1);
  });
});

describe('a replica that fails', () => {
  it('is asked once because of a hint; that counts as no failed run, and the cycle brings the rest', async () => {
    stage.edit(1, 'Later');
    await stage.db.updateTable('replicas').set({ url: 'http://127.0.0.1:9' }).where('name', '=', 'second').execute();
    const id = await hint(1);
    expect(await over(id)).toMatchObject({ state: 'left', outcome: 'deferred' });
    expect(await titleOn(1)).toBe('Later');
    expect(await stage.controller.replica('second')).toMatchObject({ consecutive_failures: 0, suspended_at: null });
    const runs = await stage.controller.runs();
    stage.edit(2, 'And this');
    expect(await over(await hint(2))).toMatchObject({ outcome: 'deferred' });
    const { id: second } = await stage.controller.replica('second');
    expect((await stage.controller.runs()).slice(runs.length).filter((run) => run.replica_id === second)).toEqual([]);
    await stage.db
      .updateTable('replicas')
      .set({ url: stage.named('second').url })
      .where('name', '=', 'second')
      .execute();
    await stage.cycle();
    expect([await titleOn(1, 'second'), await titleOn(2, 'second')]).toEqual(['Later', 'And this']);
    expect(posts(stage.named('second'))).toHaveLength(live(stage.master).length);
  });
});
