/** H16: lost answers, deaths and refusals while the taxonomy of a replica is written; and who owns what (E11). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Controller } from '../../support/controller.ts';
import { ask } from '../../support/paperless-calls.ts';
import { simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';
import { EQUAL, TaxonomyStage, type Kind } from './taxonomy-stage.ts';

describe.each(['v3', 'v2'] as const)('a write of taxonomy to a %s replica', (generation) => {
  let stage: TaxonomyStage;
  let serial = 0;
  let id = 0;
  const options = (...labels: string[]) => ({
    select_options: labels.map((label) => ({ id: label.toLowerCase(), label })),
  });

  beforeAll(async () => {
    stage = await TaxonomyStage.open('v3', generation);
    const tag = await stage.make(stage.master, 'tag', { name: 'first' });
    const field = await stage.make(stage.master, 'custom_field', {
      name: 'Shelf',
      data_type: 'select',
      extra_data: options('A', 'B'),
    });
    id = await stage.document('one', { tags: [tag.id], custom_fields: [{ field: field.id, value: 'a' }] });
    expect((await stage.cycle()).outcome).toBe('ok');
  });
  afterAll(() => stage?.close());

  const CHANGES: Record<string, [method: string, prefix: string, () => Promise<unknown>]> = {
    'new tag': ['POST', '/api/tags/', () => stage.make(stage.master, 'tag', { name: `tag ${(serial += 1)}` })],
    'new field': [
      'POST',
      '/api/custom_fields/',
      () => stage.make(stage.master, 'custom_field', { name: `f ${(serial += 1)}`, data_type: 'date' }),
    ],
    'renamed tag': ['PATCH', '/api/tags/', () => change('tag', { name: `renamed ${(serial += 1)}` })],
    'added option': [
      'PATCH',
      '/api/custom_fields/',
      () =>
        change('custom_field', {
          extra_data: options('A', 'B', ...[...Array((serial += 1)).keys()].map((n) => `O${n}`)),
        }),
    ],
  };
  const change = async (kind: Kind, body: Record<string, unknown>) => {
    const rows = (await stage.list(stage.master, kind)).toSorted((a, b) => a.id - b.id);
    await stage.change(stage.master, kind, rows[0]?.id ?? 0, body);
  };

  it.each(
    Object.keys(CHANGES).flatMap((what, at) =>
      (['drop-after-commit', 'bad-gateway-after-accept', 'locked-500', 'truncated-body'] as const)
        // The code is the same for both generations: on 2.20 each change meets two of the four, and each fault two changes.
        .filter((_, nth) => generation === 'v3' || (nth + at) % 2 === 0)
        .map((fault) => [what, fault] as const),
    ),
  )('%s, answered with "%s", is done once', async (what, fault) => {
    const [method, pathPrefix, doIt] = CHANGES[what] ?? ['', '', () => Promise.resolve()];
    await doIt();
    stage.replica.setFault(fault, { match: { method, pathPrefix }, times: 1 });
    const { outcome } = await stage.cycle();
    stage.replica.clearFaults();
    if (outcome !== 'ok') expect((await stage.cycle()).outcome).toBe('ok');
    expect(await stage.equal()).toEqual(EQUAL);
    await stage.cycle();
    expect(stage.writes()).toEqual([]);
  });

  it('that is refused for one value carries the others over, and is sent again only by a sweep', async () => {
    await stage.make(stage.replica, 'tag', { name: 'Taken' });
    await change('tag', { name: 'Taken', color: '#010203' });
    await stage.cycle();
    expect(stage.codes()).toContain('taxonomy_value_refused');
    expect((await stage.list(stage.replica, 'tag')).map(({ color }) => color)).toContain('#010203');
    await stage.cycle();
    expect(stage.taxonomyWrites()).toEqual([]);
    await stage.remove(stage.replica, 'tag', (await stage.named(stage.replica, 'tag', 'Taken')).id);
    await stage.cycle();
    expect(stage.taxonomyWrites()).toEqual([]);
    await stage.sweep();
    expect(await stage.equal()).toEqual(EQUAL);
    expect((await stage.links()).every(({ detail }) => detail.refused === undefined)).toBe(true);
    expect(await stage.copyOf(id)).toMatchObject({ tags: [(await stage.named(stage.replica, 'tag', 'Taken')).id] });
  });
});

const SCRIPT = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));

it('a worker killed at every step of the taxonomy leaves each object once', { timeout: 180_000 }, async () => {
  const master = await simulator('v3');
  const replica = await simulator('v3');
  const presence = { beatMs: 100, deadAfterMs: 600 };
  const controller = await Controller.start({ master, replicas: { copy: replica }, presence, idle: true });
  const stage = TaxonomyStage.over(master, replica, controller);
  const options = (...labels: string[]) => ({ select_options: labels.map((label) => ({ id: label, label })) });
  const ended = () =>
    waitFor('every run to end', async () => (await controller.runs()).every((run) => run.finished_at !== null), 60_000);
  /** The worker dies at the point; another one goes on. */
  const killedAt = async (point: string, sweep: boolean) => {
    const child = spawn(process.execPath, [SCRIPT], { stdio: ['pipe', 'ignore', 'inherit'] });
    const gone = once(child, 'exit');
    child.stdin.write(
      `${JSON.stringify({ databaseUrl: controller.database.url, key: controller.key, killAt: point })}\n`,
    );
    const { runId } = await controller.openCycle(undefined, { sweep });
    const [, signal] = (await gone) as [number | null, string | null];
    expect(`${point}: ${signal}`).toBe(`${point}: SIGKILL`);
    await controller.startWorker();
    await controller.ended(runId);
    await ended();
    await controller.stopWorker();
  };
  try {
    const tag = await stage.make(master, 'tag', { name: 'Tag' });
    await killedAt('taxonomy.create:tag#1', false);
    const field = await stage.make(master, 'custom_field', {
      name: 'F',
      data_type: 'select',
      extra_data: options('a', 'b'),
    });
    await killedAt('taxonomy.create:custom_field#1', false);
    await stage.change(master, 'tag', tag.id, { name: 'Renamed' });
    await killedAt('taxonomy.change:tag#1', false);
    await stage.change(master, 'custom_field', field.id, { extra_data: options('c', 'b', 'a') });
    await killedAt('taxonomy.change:custom_field#1', false);
    await stage.change(master, 'custom_field', field.id, { extra_data: options('c', 'a') });
    await killedAt('taxonomy.remove_options#1', true);
    await stage.choose({ deletion_mode: 'trash' });
    await stage.make(master, 'tag', { name: 'Stays' });
    await stage.remove(master, 'tag', tag.id);
    await killedAt('taxonomy.create:tag#1', false);
    await killedAt('taxonomy.delete:tag#1', true);
    expect(await stage.equal()).toMatchObject({ differing: {}, taxonomy: [] });
    expect((await stage.list(replica, 'tag')).map(({ name }) => name)).toEqual(['Stays']);
    expect((await stage.list(replica, 'custom_field')).map(({ name }) => name)).toEqual(['F']);
  } finally {
    await stage.close();
  }
});

describe.each(['v3', 'v2'] as const)('owners and rights that a %s replica does not know', (generation) => {
  let stage: TaxonomyStage;
  const ids: Record<string, number> = {};
  const user = async (on: TaxonomyStage['master'], username: string) =>
    ((await ask(on, 'POST', '/api/users/', { username })) as { id: number }).id;

  beforeAll(async () => {
    stage = await TaxonomyStage.open('v3', generation);
    ids.ada = await user(stage.master, 'ada');
    ids.zoe = await user(stage.master, 'zoe');
    ids.adaThere = await user(stage.replica, 'ada');
    ids.someone = await user(stage.replica, 'someone');
    const view = { users: [ids.ada, ids.zoe], groups: [] };
    ids.doc = await stage.document('private', {
      owner: ids.zoe,
      set_permissions: { view, change: { users: [], groups: [] } },
    });
    ids.tag = (await stage.make(stage.master, 'tag', { name: 'Hers', owner: ids.zoe })).id;
  });
  afterAll(() => stage?.close());
  const owner = async () => (await stage.copyOf(ids.doc ?? 0)).owner;
  const due = () => stage.controller.db.updateTable('sync_map').set({ dirty_seq: 9_000_000 }).execute();

  it('fall to the user of the token; rights of known users are set, the others are left out', async () => {
    await stage.cycle();
    const copy = await stage.copyOf(ids.doc ?? 0);
    const token = (await stage.controller.replica('copy')).token_user_id;
    expect(copy).toMatchObject({ owner: token, permissions: { view: { users: [ids.adaThere] } } });
    expect(await stage.named(stage.replica, 'tag', 'Hers')).toMatchObject({ owner: token });
  });

  it('are left without an owner by choice', async () => {
    await stage.choose({ unknown_owner: 'unowned' });
    await stage.sweep();
    expect(await owner()).toBeNull();
    expect(await stage.named(stage.replica, 'tag', 'Hers')).toMatchObject({ owner: null });
  });

  it("keep the replica's own value by choice: nothing is compared, nothing is written", async () => {
    await stage.choose({ unknown_owner: 'skip' });
    const copy = await stage.copyOf(ids.doc ?? 0);
    await ask(stage.replica, 'PATCH', `/api/documents/${copy.id}/`, { owner: ids.someone });
    const tag = await stage.named(stage.replica, 'tag', 'Hers');
    await ask(stage.replica, 'PATCH', `/api/tags/${tag.id}/`, { owner: ids.someone });
    await due();
    await stage.sweep();
    expect(stage.writes()).toEqual([]);
    expect(await owner()).toBe(ids.someone);
    await stage.edit(ids.doc ?? 0, { title: 'still private' });
    await stage.cycle();
    expect(await stage.copyOf(ids.doc ?? 0)).toMatchObject({ owner: ids.someone, title: 'still private' });
  });

  it('are mapped as soon as the replica has the name, and follow a user who was renamed or deleted', async () => {
    ids.zoeThere = await user(stage.replica, 'zoe');
    await stage.sweep();
    expect(await owner()).toBe(ids.zoeThere);
    await ask(stage.master, 'PATCH', `/api/users/${ids.zoe}/`, { username: 'ada2' });
    await ask(stage.replica, 'PATCH', `/api/users/${ids.adaThere}/`, { username: 'ada2' });
    await stage.sweep();
    expect(await owner()).toBe(ids.adaThere);
    await ask(stage.master, 'DELETE', `/api/users/${ids.zoe}/`);
    await stage.sweep();
    expect(await owner()).toBeNull();
    expect((await stage.list(stage.replica, 'tag')).map((tag) => tag.owner)).toEqual([null]);
  });
});
