/** What stands for what, what cannot be told, and what a person makes of it (E5). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import { taxonomyLinks } from '../../../shared/db/taxonomy.repo.ts';
import { insertCycle, insertReplicaRun, closeRun } from '../../../shared/db/runs.repo.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { addReplicaRow, startTestApi, type Answer, type TestApi } from './harness.ts';

let api: TestApi;
let master: Simulator;
let copy: Simulator;
let replica: number;
const ids: Record<string, number> = {};

const make = async (on: Simulator, route: string, name: string, body: object = {}) =>
  ((await ask(on, 'POST', `/api/${route}/`, { name, ...body })) as { id: number }).id;
const user = async (on: Simulator, username: string) =>
  ((await ask(on, 'POST', '/api/users/', { username })) as { id: number }).id;

beforeAll(async () => {
  api = await startTestApi();
  master = await simulator('v3');
  copy = await simulator('v2');
  await putSettings(api.db, [
    { key: 'master_url', value: master.url },
    { key: 'master_token', value: api.secrets.seal(master.token) },
  ]);
  replica = await addReplicaRow(api, 'attic', { url: copy.url, api_token: api.secrets.seal(copy.token) });
  const [bob, cleo] = [await user(copy, 'bob'), await user(copy, 'cleo')];
  ids.twice = await make(master, 'tags', 'Twice', { owner: null });
  ids.bobs = await make(copy, 'tags', 'Twice', { owner: bob });
  ids.cleos = await make(copy, 'tags', 'Twice', { owner: cleo });
  ids.inbox = await make(master, 'tags', 'Inbox', { owner: null, is_inbox_tag: true, matching_algorithm: 3 });
  ids.inboxThere = await make(copy, 'tags', 'Inbox', { owner: null });
  ids.fresh = await make(master, 'correspondents', 'Fresh', { owner: null });
  ids.own = await make(copy, 'document_types', 'Own', { owner: null });
  ids.due = await make(master, 'custom_fields', 'Due', { data_type: 'date' });
  ids.dueThere = await make(copy, 'custom_fields', 'Due', { data_type: 'string' });
  ids.deadline = await make(copy, 'custom_fields', 'Deadline', { data_type: 'date' });
  await uploadText(master, 'tagged', { tags: ids.twice });
  await master.idle();
  await api.db
    .insertInto('sync_map')
    .values({ replica_id: replica, master_doc_id: 1, dirty_seq: -1, applied_seq: -1, status: 'ok', phase: 'ok' })
    .execute();
});
afterAll(async () => {
  await api?.close();
  await master?.stop();
  await copy?.stop();
});

const path = () => `/api/replicas/${replica}/taxonomy`;
const view = async () => (await api.get(path())).body;
const choose = (kind: string, masterId: number | undefined, body: object) =>
  api.request('POST', `${path()}/${kind}/${masterId}`, body);
const errorOf = ({ status, body }: Answer) => [status, body.error.code];

describe('the taxonomy of a replica', () => {
  it('tells pairs, what is missing, what cannot be told, and what is left alone; nothing is written for it', async () => {
    for (const side of [copy, master]) side.clearRequests();
    expect(await view()).toMatchObject({
      pairs: [
        {
          kind: 'tag',
          master_id: ids.inbox,
          replica_obj_id: ids.inboxThere,
          held_back: { is_inbox_tag: true, matching_algorithm: 3 },
        },
      ],
      unmatched: [
        { kind: 'correspondent', name: 'Fresh' },
        { kind: 'custom_field', name: 'Due', reason: expect.stringMatching(/type string/) },
      ],
      ambiguous: [
        {
          kind: 'tag',
          master_id: ids.twice,
          reason: expect.stringMatching(/2 times/),
          candidates: [
            { replica_obj_id: ids.bobs, name: 'Twice', owner: 'bob' },
            { replica_obj_id: ids.cleos, name: 'Twice', owner: 'cleo' },
          ],
        },
      ],
      deleted_on_master: [],
      missing_on_master: [],
      planned: expect.arrayContaining(['correspondent "Fresh": created']),
    });
    expect((await view()).replica_only).toContainEqual({ kind: 'document_type', replica_obj_id: ids.own, name: 'Own' });
    expect([...copy.requests(), ...master.requests()].filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(await taxonomyLinks(api.db, replica)).toEqual([]);
  });

  it('of an unknown replica is not there', async () => {
    expect(errorOf(await api.get('/api/replicas/999/taxonomy'))).toEqual([404, 'replica_not_found']);
  });
});

describe('a choice', () => {
  it.each([
    ['an unknown kind', 'shelf', () => ids.twice, () => ({ replica_obj_id: 1 }), [400, 'malformed_request']],
    [
      'an object the master does not have',
      'tag',
      () => 999,
      () => ({ replica_obj_id: ids.bobs }),
      [404, 'taxonomy_unknown'],
    ],
    ['one the replica does not have', 'tag', () => ids.twice, () => ({ replica_obj_id: 999 }), [422, 'taxonomy_unfit']],
    [
      'a field of another type',
      'custom_field',
      () => ids.due,
      () => ({ replica_obj_id: ids.dueThere }),
      [422, 'taxonomy_unfit'],
    ],
    [
      'a second field of one name',
      'custom_field',
      () => ids.due,
      () => ({ replica_obj_id: null }),
      [422, 'taxonomy_unfit'],
    ],
    [
      'a deletion of what is still there',
      'tag',
      () => ids.twice,
      () => ({ approve_deletion: true }),
      [409, 'taxonomy_not_deleted'],
    ],
    ['anything else', 'tag', () => ids.twice, () => ({ replica_obj_id: 'first' }), [422, 'validation_failed']],
  ])('of %s is refused', async (_case, kind, masterId, body, expected) => {
    expect(errorOf(await choose(kind, masterId(), body()))).toEqual(expected);
    expect(await taxonomyLinks(api.db, replica)).toEqual([]);
  });

  it('waits until an open run has ended, for its documents go by the old choice', async () => {
    const run = await insertReplicaRun(api.db, await insertCycle(api.db, 'test'), replica, 'test');
    expect(errorOf(await choose('tag', ids.twice, { replica_obj_id: ids.bobs }))).toEqual([409, 'replica_locked']);
    await closeRun(api.db, run ?? 0, { outcome: 'ok' });
  });

  it('names the object that is meant; its documents have open work', async () => {
    const { status, body } = await choose('tag', ids.twice, { replica_obj_id: ids.cleos });
    expect([status, body]).toMatchObject([200, { replica_obj_id: ids.cleos, state: 'linked', choice: 'chosen' }]);
    const after = await view();
    expect(after.ambiguous).toEqual([]);
    expect(after.pairs).toContainEqual(expect.objectContaining({ master_id: ids.twice, replica_obj_id: ids.cleos }));
    const { dirty_seq, applied_seq } = await api.db.selectFrom('sync_map').selectAll().executeTakeFirstOrThrow();
    expect(dirty_seq).not.toBe(applied_seq);
  });

  it('never lets one object of the replica stand for two of the master', async () => {
    expect(errorOf(await choose('tag', ids.inbox, { replica_obj_id: ids.cleos }))).toEqual([409, 'taxonomy_taken']);
  });

  it('of none makes a new one', async () => {
    const { body } = await choose('tag', ids.twice, { replica_obj_id: null });
    expect(body).toMatchObject({ replica_obj_id: null, choice: 'new' });
    expect((await view()).planned).toContain('tag "Twice": created');
  });

  it('of a field by another name is followed by its name', async () => {
    expect((await choose('custom_field', ids.due, { replica_obj_id: ids.deadline })).status).toBe(200);
    expect((await view()).planned).toContain('custom field "Due": name');
  });

  it('lets a deletion go on that a guard held up', async () => {
    await ask(master, 'DELETE', `/api/tags/${ids.twice}/`);
    const { status, body } = await choose('tag', ids.twice, { approve_deletion: true });
    expect([status, body]).toMatchObject([200, { approved: true }]);
    expect(errorOf(await choose('correspondent', 77, { approve_deletion: true }))).toEqual([404, 'taxonomy_unknown']);
  });
});
