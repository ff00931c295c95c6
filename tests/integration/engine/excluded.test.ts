/** A document that a person excludes on one replica: nothing is written there for it, nothing is lost, and it comes back. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { excludeLink } from '../../../shared/db/exclusions.repo.ts';
import { addMissingLinks } from '../../../shared/db/links.repo.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { excludeDocument, includeDocument } from '../../../shared/replication/exclude-document.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { stopWork } from '../../../shared/replication/stop-work.ts';
import { ask } from '../../support/paperless-calls.ts';
import { waitFor } from '../../support/wait.ts';
import { NO_LIMITS, setMode, sweep, trashed, trashOn } from '../deletions/scene.ts';
import { live, posts, Stage, writes } from '../faults/stage.ts';

const REASON = 'Not for the branch office.';
let stage: Stage;
let replicaId: number;

const deps = () => ({
  db: stage.db,
  log: stage.controller.log,
  metrics: { documentSettled: () => undefined, runClosed: () => undefined },
  clock: systemClock,
  settings: () => loadSettings({ db: stage.db, secrets: stage.controller.secrets }),
});
const exclude = (masterDocId: number) =>
  excludeDocument(deps(), { replicaId, masterDocId }, { reason: REASON, by: 'ada' });
const include = (masterDocId: number) => includeDocument(deps(), { replicaId, masterDocId });
async function cycle(): Promise<void> {
  await stage.cycle();
  expect(await stage.run()).toMatchObject({ outcome: 'ok', error_msg: null });
}
const copyOf = async (id: number) => stage.copy.store.documents.get((await stage.link(id)).replica_doc_id ?? 0);

beforeAll(async () => {
  stage = await Stage.open({ documents: Array.from({ length: 12 }, () => ({})), settings: NO_LIMITS });
  replicaId = (await stage.controller.replica('copy')).id;
  await cycle();
});
afterAll(() => stage?.close());
beforeEach(() => {
  stage.copy.clearRequests();
  stage.master.clearRequests();
});

/** As a person of the master does; it counts as no write of the controller. */
async function onMaster<T>(method: string, path: string, body: Record<string, unknown>): Promise<T> {
  const answer = await ask(stage.master, method, path, body);
  await stage.master.idle();
  stage.master.clearRequests();
  return answer as T;
}
const linkTo = (field: number, source: number, value: readonly number[]) =>
  onMaster('PATCH', `/api/documents/${source}/`, { custom_fields: [{ field, value: [...value] }] });

async function linksOf(masterId: number): Promise<Set<number>> {
  const { replica_doc_id: id } = await stage.link(masterId);
  const copy = (await ask(stage.copy, 'GET', `/api/documents/${id}/`)) as { custom_fields: { value: number[] }[] };
  return new Set(copy.custom_fields.flatMap(({ value }) => value));
}

describe('an excluded document', () => {
  it('is never uploaded if it was excluded before, and once when it is included', async () => {
    const id = stage.add();
    await addMissingLinks(stage.db, [id]);
    await exclude(id);
    await cycle();
    await sweep(stage);
    expect(await stage.link(id)).toMatchObject({ phase: 'excluded', replica_doc_id: null, excluded_by: 'ada' });
    expect(writes(stage.copy)).toEqual([]);
    await include(id);
    await cycle();
    expect(posts(stage.copy)).toHaveLength(1);
    await stage.expectEqual();
  });

  it('keeps its copy as it is while the master changes, and is brought to equality without another upload', async () => {
    await exclude(2);
    stage.edit(2, 'First edit');
    await cycle();
    stage.edit(2, 'Second edit');
    await sweep(stage);
    expect(writes(stage.copy)).toEqual([]);
    expect(await copyOf(2)).toMatchObject({ title: 'Letter 2' });
    expect(await stage.link(2)).toMatchObject({ phase: 'excluded', status: 'pending', dirty_since: null });
    await include(2);
    await cycle();
    expect(await copyOf(2)).toMatchObject({ title: 'Second edit' });
    expect(posts(stage.copy)).toEqual([]);
    await stage.expectEqual();
  });

  it('keeps the upload that was under way on record, and goes on from there when it is included', async () => {
    const id = stage.add();
    const match = { method: 'POST', pathSuffix: '/post_document/' };
    stage.copy.setFault('never-answer', { value: 'all', match, times: 1 });
    const { runId } = await stage.controller.openCycle();
    const documents = live(stage.master).length;
    await waitFor('the replica to have it', () => live(stage.copy).length === documents);
    await exclude(id);
    expect((await stage.ended(runId)).outcome).toBe('ok');
    await waitFor('the worker to let go', async () => (await stage.link(id)).lease_worker === null);
    stage.copy.clearFaults();
    await cycle();
    expect(posts(stage.copy)).toHaveLength(1);
    const { id: linkId } = await stage.link(id);
    const open = await stage.db.selectFrom('upload_attempts').selectAll().where('link_id', '=', linkId).execute();
    expect(open.map(({ state, closed_at }) => [['sending', 'unknown'].includes(state), closed_at])).toEqual([
      [true, null],
    ]);
    await include(id);
    await stage.heal();
    expect(posts(stage.copy)).toHaveLength(1);
    await stage.expectEqual();
  });

  it('that a run had planned already is left out by the look that comes to it, and the run ends', async () => {
    const id = stage.add();
    stage.master.setFault('slow', { value: 600_000, match: { pathSuffix: '/download/' }, times: 1 });
    const { runId } = await stage.controller.openCycle();
    await waitFor('its download', () => stage.master.requests().some(({ path }) => path.endsWith('/download/')));
    const { id: linkId } = await stage.link(id);
    // As if it were excluded between the plan and the look: the item of the run is open still.
    await excludeLink(stage.db, linkId, REASON, 'ada');
    await stopWork(stage.db, 'link', linkId);
    expect((await stage.ended(runId)).outcome).toBe('ok');
    expect(posts(stage.copy)).toEqual([]);
    stage.master.clearFaults();
    await include(id);
    await cycle();
    await stage.expectEqual();
  });

  it('is neither taken from the replica nor linked or unlinked there while others are', async () => {
    const { id: field } = await onMaster<{ id: number }>('POST', '/api/custom_fields/', {
      name: 'See',
      data_type: 'documentlink',
    });
    await linkTo(field, 7, [8, 9]);
    await cycle();
    await stage.expectEqual();
    const before = await linksOf(8);
    await exclude(8);
    await linkTo(field, 7, [9, 10]);
    await linkTo(field, 11, [8]);
    stage.copy.clearRequests();
    await cycle();
    const ids = await Promise.all([8, 9, 10].map(async (id) => (await stage.link(id)).replica_doc_id));
    expect(await linksOf(7)).toEqual(new Set(ids));
    expect(await linksOf(11)).toEqual(new Set());
    expect(await linksOf(8)).toEqual(before);
    expect(await stage.link(11)).toMatchObject({ phase: 'ok', report: [{ kind: 'not_replicable' }] });
    expect(JSON.stringify((await stage.link(11)).report)).toContain('#8 is excluded on this replica');
    // A sweep sees no difference in them either.
    stage.copy.clearRequests();
    await sweep(stage);
    expect(writes(stage.copy)).toEqual([]);
    await include(8);
    await cycle();
    await stage.expectEqual();
  });

  it('stays on the replica when it is trashed on the master, and follows the master once it is included', async () => {
    await setMode(stage, 'trash');
    await exclude(3);
    await trashOn(stage.master, 3);
    await trashOn(stage.master, 4);
    await sweep(stage);
    await sweep(stage);
    expect(trashed(stage.copy).map(({ title }) => title)).toEqual(['Letter 4']);
    expect(await copyOf(3)).toMatchObject({ deletedAt: null });
    await include(3);
    await sweep(stage);
    expect(await stage.link(3)).toMatchObject({ phase: 'gone' });
    expect(trashed(stage.copy)).toHaveLength(2);
    await stage.expectEqual();
  });
});
