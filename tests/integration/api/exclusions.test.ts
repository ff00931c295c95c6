/** A person leaves one document out on one replica, over the API and on its page, and takes it back. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Answer } from './harness.ts';
import { fill, HOSTILE, openStage, type Filled, type PageStage } from './pages/stage.ts';

let stage: PageStage;
let filled: Filled;

beforeAll(async () => {
  stage = await openStage();
  filled = await fill(stage.api, 'one');
  await stage.api.db
    .insertInto('sync_map')
    .values([
      { replica_id: filled.cellar, master_doc_id: 1, status: 'ok', phase: 'ok', replica_doc_id: 7 },
      { replica_id: filled.attic, master_doc_id: 99, status: 'ok', phase: 'gone' },
    ])
    .execute();
});
afterAll(() => stage.close());
beforeEach(async () => {
  const none = { excluded_at: null, excluded_reason: null, excluded_by: null };
  await stage.api.db
    .updateTable('sync_map')
    .set({ ...none, status: 'ok', phase: 'ok' })
    .where('excluded_at', 'is not', null)
    .execute();
});

const link = (replicaId: number, masterId = 1) =>
  stage.api.db
    .selectFrom('sync_map')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .where('master_doc_id', '=', masterId)
    .executeTakeFirstOrThrow();
const path = (verb: string, masterId: number | string = 1) =>
  `/api/replicas/${filled.attic}/documents/${masterId}/${verb}`;
const post = (verb: string, body?: unknown, masterId?: number | string) =>
  stage.api.request('POST', path(verb, masterId), body);
const errorOf = ({ status, body }: Answer) => [status, body.error.code];
const page = (replicaId = filled.attic) => `/documents/1/replicas/${replicaId}`;

describe('over the API', () => {
  it('a document is excluded with a reason, listed apart, counted apart, and included again', async () => {
    const answer = await post('exclude', { reason: '  Not for the attic.  ' });
    expect([answer.status, answer.body]).toEqual([200, { excluded: 1 }]);
    const told = {
      status: 'excluded',
      phase: 'excluded',
      waiting: false,
      excluded_reason: 'Not for the attic.',
      excluded_by: 'anybody',
    };
    for (const query of ['status=excluded', 'phase=excluded']) {
      const { body } = await stage.api.get(`/api/replicas/${filled.attic}/documents?${query}`);
      expect(body.documents).toMatchObject([{ master_doc_id: 1, ...told }]);
    }
    for (const status of ['ok', 'pending']) {
      const { body } = await stage.api.get(`/api/replicas/${filled.attic}/documents?status=${status}`);
      expect(body.documents.map((one: { master_doc_id: number }) => one.master_doc_id)).not.toContain(1);
    }
    const csv = await stage.api.get(`/api/replicas/${filled.attic}/documents.csv?status=excluded`);
    expect(csv.text.trimEnd().split('\r\n')[1]).toContain('Not for the attic.');
    const one = await stage.api.get('/api/documents/1');
    expect(one.body.replicas).toMatchObject([told, { status: 'ok', excluded_at: null }]);
    const { body: status } = await stage.api.get('/api/status');
    expect(status.replicas[0].documents).toMatchObject({ excluded: 1, pending: 0, ok: 8, total: 12 });
    expect((await stage.api.get('/metrics')).text).toMatch(/pngx_replica_documents\{[^}]*state="excluded"\} 1/);
    const back = await post('include');
    expect([back.status, back.body]).toEqual([202, { included: 1, run_id: null }]);
    expect(await link(filled.attic)).toMatchObject({ phase: 'pending', excluded_at: null, excluded_reason: null });
    expect((await link(filled.attic)).dirty_since).not.toBeNull();
  });

  it('nothing else makes an excluded document due, whoever writes to its row', async () => {
    await post('exclude', { reason: 'no' });
    expect(errorOf(await post('retry'))).toEqual([409, 'document_excluded']);
    await stage.api.db
      .updateTable('sync_map')
      .set({ phase: 'failed', status: 'error', error_code: 'x', dirty_seq: 4_000_000 })
      .where('id', '=', (await link(filled.attic)).id)
      .execute();
    const now = await link(filled.attic);
    expect(now).toMatchObject({ phase: 'excluded', status: 'pending', error_code: null, dirty_since: null });
    expect(now.applied_seq).toBe(now.dirty_seq);
  });

  it('what was found in it waits for its return', async () => {
    const { id, replica_doc_id } = await link(filled.attic);
    const verification = await stage.api.db
      .insertInto('verifications')
      .values({ replica_id: filled.attic, scope: 'replica', depth: 'list', trigger: 'manual', asked_by: 'test' })
      .returning('id')
      .executeTakeFirstOrThrow();
    const seen = { verification_id: verification.id, last_verification_id: verification.id, fields: '[]' };
    const about = { replica_id: filled.attic, link_id: id, master_doc_id: 1, replica_doc_id };
    await stage.api.db
      .insertInto('findings')
      .values({ ...about, ...seen, kind: 'missing', depth: 'list', message: 'gone', last_seen_at: new Date() })
      .execute();
    const state = async () =>
      (
        await stage.api.db
          .selectFrom('findings')
          .select('state')
          .where('link_id', '=', id)
          .where('kind', '=', 'missing')
          .executeTakeFirstOrThrow()
      ).state;
    await post('exclude', { reason: 'no' });
    expect(await state()).toBe('accepted');
    await post('include');
    expect(await state()).toBe('open');
  });

  it.each([
    ['no reason', {}],
    ['an empty reason', { reason: ' \n ' }],
    ['a reason that is too long', { reason: 'x'.repeat(501) }],
    ['a reason that is no text', { reason: 7 }],
    ['a reason with NUL', { reason: 'a\0b' }],
    ['more than a reason', { reason: 'no', everywhere: true }],
  ])('%s is refused, and nothing happens', async (_, body) => {
    expect(errorOf(await post('exclude', body))).toEqual([422, 'validation_failed']);
    expect(await link(filled.attic)).toMatchObject({ excluded_at: null });
  });

  it('refuses what does not fit the state of the document', async () => {
    expect(errorOf(await post('exclude', { reason: 'no' }, 4711))).toEqual([404, 'document_not_linked']);
    expect(errorOf(await post('exclude', { reason: 'no' }, 'x'))).toEqual([400, 'malformed_request']);
    expect(errorOf(await post('exclude', { reason: 'no' }, 99))).toEqual([409, 'document_gone']);
    expect(errorOf(await post('include'))).toEqual([409, 'document_not_excluded']);
    expect(errorOf(await post('include', undefined, 4711))).toEqual([404, 'document_not_linked']);
    expect((await post('exclude', { reason: 'first' })).status).toBe(200);
    expect(errorOf(await post('exclude', { reason: 'second' }))).toEqual([409, 'document_excluded']);
    expect(await link(filled.attic)).toMatchObject({ excluded_reason: 'first' });
  });

  it('leaves a line in the audit log with the reason before and after', async () => {
    await post('exclude', { reason: 'Audited.' });
    const row = await stage.api.db.selectFrom('audit_log').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();
    expect(row).toMatchObject({ action: 'POST /api/replicas/:id/documents/:master_id/exclude', status: 200 });
    expect(JSON.stringify([row.before, row.after])).toContain('Audited.');
  });
});

describe('on its page', () => {
  it('a form says what happens and asks why; the card shows it with the way back', async () => {
    expect((await stage.open('/documents/1')).text).toContain(`href="${page()}/exclude"`);
    const form = await stage.open(`${page()}/exclude`);
    expect(form.text).toContain('Its copy (document 101) is neither changed nor deleted.');
    expect(form.text).toMatch(/<input[^>]*name="reason"[^>]*required/);
    const done = await stage.follow(`${page()}/exclude`, { reason: 'Not wanted there.' });
    expect(done.text).toMatch(/role="status">1 document is excluded on &quot;attic one&quot; until/);
    expect(done.text).toMatch(/Excluded:<\/strong> Not wanted there\.[\s\S]*by anybody/);
    expect(done.text).toContain(`action="${page()}/include"`);
    expect(done.text).not.toContain(`action="${page()}/resync"`);
    const list = await stage.open('/documents?status=excluded');
    expect(list.text).toContain('Excluded</');
    expect(list.text).toContain('Not wanted there.');
    const replica = await stage.open(`/replicas/${filled.attic}`);
    expect(replica.text).toContain(`href="/replicas/${filled.attic}/documents?status=excluded"`);
    expect((await stage.open(`/replicas/${filled.attic}/documents?status=excluded`)).text).toContain('Not wanted');
    const back = await stage.follow(`${page()}/include`);
    expect(back.text).toMatch(/role="status">1 document is included on &quot;attic one&quot; again and due\./);
    expect((await link(filled.attic)).excluded_at).toBeNull();
  });

  it('without a reason it asks again and keeps nothing; with one it can be excluded everywhere', async () => {
    for (const reason of ['', '   ', 'x'.repeat(501)]) {
      const again = await stage.submit(`${page()}/exclude`, { reason });
      expect([again.status, again.text.includes('aria-invalid="true"')]).toEqual([422, true]);
    }
    expect(await link(filled.attic)).toMatchObject({ excluded_at: null });
    await stage.follow(`${page()}/exclude`, { reason: 'Nowhere.', everywhere: '1' });
    expect(await link(filled.attic)).toMatchObject({ excluded_reason: 'Nowhere.' });
    expect(await link(filled.cellar)).toMatchObject({ excluded_reason: 'Nowhere.', replica_doc_id: 7 });
    const twice = await stage.follow(`${page()}/exclude`, { reason: 'Again.' });
    expect(twice.text).toMatch(/role="alert">[^<]*excluded on this replica/);
  });

  it('everywhere leaves out the replicas on which it is excluded already, as after a stop half-way', async () => {
    await stage.submit(`/documents/1/replicas/${filled.cellar}/exclude`, { reason: 'First.' });
    await stage.submit(`${page()}/exclude`, { reason: 'Second.', everywhere: '1' });
    expect(await link(filled.cellar)).toMatchObject({ excluded_reason: 'First.' });
    expect(await link(filled.attic)).toMatchObject({ excluded_reason: 'Second.' });
  });

  it('a reason is text wherever it is shown', async () => {
    await stage.follow(`${page()}/exclude`, { reason: HOSTILE });
    const shown = ['/documents/1', '/documents?status=excluded', `/replicas/${filled.attic}/documents`, '/audit'];
    for (const at of shown) {
      const { text } = await stage.open(at);
      expect(text, at).toContain('&lt;script&gt;alert(1)');
      expect(text, at).not.toContain('<script>alert(1)');
    }
    const bad = await stage.submit(`${page(filled.cellar)}/exclude`, { reason: HOSTILE.repeat(20) });
    expect([bad.status, bad.text.includes('<script>alert(1)')]).toEqual([422, false]);
  });

  it('of a document or replica that is not there is not found', async () => {
    for (const at of ['/documents/4711/replicas/1/exclude', '/documents/1/replicas/4711/exclude'])
      expect((await stage.open(at)).status).toBe(404);
  });
});
