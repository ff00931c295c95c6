/** Promotions on their pages and over the API: what is begun, what it waits for, what a person decides. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Promotion } from '../../../shared/db/tables.ts';
import { addReplicaRow } from '../api/harness.ts';
import { HOSTILE, openStage, type PageStage } from '../api/pages/stage.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await openStage();
  await addReplicaRow(stage.api, 'attic', { last_sync_ts: new Date() });
});
afterAll(() => stage.close());

const TOKEN = 'the-token-of-the-old-master';
async function begin(more: object = {}): Promise<Promotion> {
  const { db, secrets } = stage.api;
  return db
    .insertInto('promotions')
    .values({
      ...{ replica_id: 1, replica_name: HOSTILE, asked_by: 'kim', phase: 'draining' },
      ...{
        old_master_url: 'http://old.test',
        old_master_token: secrets.seal(TOKEN),
        new_master_url: 'http://new.test',
      },
      ...{ waits_code: 'uploads_unfinished', waits_for: 'Two uploads wait.', ...more },
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}
beforeEach(async () => {
  await stage.api.db.updateTable('promotions').set({ phase: 'cancelled', finished_at: new Date() }).execute();
});
const phaseOf = async (id: number) => (await stage.api.get(`/api/promotions/${id}`)).body.phase;

it('says what it waits for, with a button for each decision, and does what was decided', async () => {
  const { id } = await begin();
  const page = await stage.open(`/promotions/${id}`);
  expect(page.text).toContain('Two uploads wait.');
  expect(page.text).not.toContain('<script>alert(1)');
  expect(page.text).toContain(`/promotions/${id}/accept`);
  expect((await stage.open('/')).text).toContain('No run and no verification begins until that is over.');
  const accepted = await stage.follow(`/promotions/${id}/accept`);
  expect(accepted.text).toContain('1 promotion goes on without what is left open');
  expect((await stage.api.get(`/api/promotions/${id}`)).body).toMatchObject({ accepted_by: 'anybody' });
  const cancelled = await stage.follow(`/promotions/${id}/cancel`);
  expect(cancelled.text).toContain('syncing goes on as before');
  expect(await phaseOf(id)).toBe('cancelled');
  expect((await stage.follow(`/promotions/${id}/cancel`)).text).toContain('is beyond that');
});

it('lists where the masters part, and never shows a token', async () => {
  const switched = { phase: 'done', switched_at: new Date(), finished_at: new Date(), waits_for: null };
  const { id } = await begin(switched);
  const row = { promotion_id: id, new_doc_id: 4, detail: 'Changed there.' };
  await stage.api.db
    .insertInto('promotion_documents')
    .values([
      { ...row, kind: 'changed', old_doc_id: 3 },
      { ...row, kind: 'absent', old_doc_id: 9 },
    ])
    .execute();
  const page = await stage.open(`/promotions/${id}`);
  expect(page.text).toContain(`/promotions/${id}?kind=changed`);
  expect(page.text).toContain(`/promotions/${id}/readmit`);
  expect((await stage.open(`/promotions/${id}?kind=absent`)).text).not.toContain('#3');
  const { body } = await stage.api.get(`/api/promotions/${id}/documents?kind=changed`);
  expect(body).toMatchObject({ documents: [{ old_doc_id: 3, kind: 'changed' }], next_cursor: null });
  const told = [page.text, (await stage.api.get('/api/promotions')).text, (await stage.open('/promotions')).text];
  for (const text of told) expect(text).not.toMatch(/old_master_token|the-token-of/);
});

it('lets nothing else begin while one is under way, and wants the name of the replica typed', async () => {
  const post = (path: string, body?: object) => stage.api.request('POST', path, body);
  const unconfirmed = await post('/api/replicas/1/promote', { confirm: 'cellar' });
  expect([unconfirmed.status, unconfirmed.body.error.code]).toEqual([422, 'not_confirmed']);
  await begin();
  for (const [path, body] of [
    ['/api/sync', undefined],
    ['/api/replicas/1/reconcile', undefined],
    ['/api/replicas/1/verify', {}],
    ['/api/replicas/1/promote', { confirm: 'attic' }],
  ] as const) {
    const { status, body: told } = await post(path, body);
    expect([path, status, told.error?.code]).toEqual([path, 409, 'promotion_under_way']);
  }
});
