/** Documents one by one: lists, the whole story of one, another attempt. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { csvLine } from '../../../shared/domain/csv.ts';
import { addReplicaRow, startTestApi, type Answer, type TestApi } from './harness.ts';

let api: TestApi;
let attic: number;
let cellar: number;
const WORKER = '00000000-0000-0000-0000-000000000000';

beforeAll(async () => {
  api = await startTestApi();
  attic = await addReplicaRow(api, 'attic');
  cellar = await addReplicaRow(api, 'cellar');
});
afterAll(() => api.close());

const OWNER = { field: 'owner', kind: 'not_replicable', reason: 'user "=cmd()" does not exist, so it is left out' };
beforeEach(async () => {
  await api.owner.deleteFrom('sync_map').execute();
  const settled = { dirty_seq: 5, applied_seq: 5, dirty_since: null };
  const link = (replica: number, id: number, more: object) => ({
    replica_id: replica,
    master_doc_id: id,
    ...settled,
    ...more,
  });
  await api.db
    .insertInto('sync_map')
    .values([
      link(attic, 1, { status: 'ok', phase: 'ok', replica_doc_id: 11, verified_at: new Date('2026-02-01T00:00:00Z') }),
      link(attic, 2, { status: 'ok', phase: 'ok', replica_doc_id: 12, report: JSON.stringify([OWNER]) }),
      link(attic, 3, {
        status: 'error',
        phase: 'failed',
        applied_seq: 4,
        dirty_since: new Date(),
        error_code: 'values_refused',
        retry_count: 3,
        failed_at: new Date(),
      }),
      link(attic, 4, {
        status: 'error',
        phase: 'dlq',
        error_code: 'values_refused',
        retry_count: 10,
        crash_count: 2,
        next_due_at: new Date('2030-01-01'),
      }),
      link(attic, 5, { status: 'error', phase: 'blocked', error_code: 'duplicate_content' }),
      link(attic, 6, {
        applied_seq: 4,
        dirty_since: new Date(),
        phase: 'linking',
        error_code: 'link_target_missing',
      }),
      link(cellar, 4, { status: 'error', phase: 'dlq', error_code: 'asn_refused' }),
    ])
    .execute();
});

const list = async (query: string): Promise<number[]> => {
  const { status, body } = await api.get(`/api/replicas/${attic}/documents?${query}`);
  expect(status).toBe(200);
  return body.documents.map((row: { master_doc_id: number }) => row.master_doc_id);
};
const linkOf = (replicaId: number, masterId: number) =>
  api.db
    .selectFrom('sync_map')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .where('master_doc_id', '=', masterId)
    .executeTakeFirstOrThrow();
const errorOf = ({ status, body }: Answer) => [status, body.error.code];

describe('the documents of a replica', () => {
  it.each([
    ['status=error', [3, 4, 5]],
    ['phase=dlq', [4]],
    ['code=values_refused', [3, 4]],
    ['waiting=1', [3, 6]],
    ['waiting=0&status=error', [4, 5]],
    ['held=1', [6]],
    ['field=owner', [2]],
    ['field=title', []],
    ['unverified_since=2026-02-01T00:00:00Z&status=ok', [2]],
    ['unverified_since=2026-02-01T00:00:01Z&status=ok', [1, 2]],
  ])('can be asked for by %s', async (query, expected) => {
    expect(await list(query)).toEqual(expected);
  });

  it('come page by page within a filter', async () => {
    const first = await api.get(`/api/replicas/${attic}/documents?status=error&limit=2`);
    expect(first.body.next_cursor).toBe('4');
    expect(await list(`status=error&limit=2&cursor=${first.body.next_cursor}`)).toEqual([5]);
  });

  it('refuse a filter that they do not know, before they look at anything', async () => {
    for (const query of ['colour=red', 'waiting=maybe', 'status=lost', 'unverified_since=yesterday'])
      expect(errorOf(await api.get(`/api/replicas/${attic}/documents?${query}`))).toEqual([400, 'malformed_request']);
    expect(errorOf(await api.get('/api/replicas/4711/documents'))).toEqual([404, 'replica_not_found']);
  });

  it('come as a table for spreadsheets, with the same filters, and nothing in it is a formula', async () => {
    const { status, headers, text } = await api.get(`/api/replicas/${attic}/documents.csv?status=ok`);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/csv');
    expect(headers.get('content-disposition')).toContain(`documents-of-replica-${attic}.csv`);
    const lines = text.trimEnd().split('\r\n');
    expect(lines[0]).toMatch(/^master_doc_id,replica_doc_id,status,phase,.*,report$/);
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(['1', '2']);
    expect(lines[2]).toContain('"owner (not_replicable): user ""=cmd()"" does not exist, so it is left out"');
    expect((await api.get(`/api/replicas/${attic}/documents.csv?limit=1`)).status).toBe(400);
  });

  it('keep their meaning in the table whatever they hold', () => {
    expect(csvLine(['=1+1', 'a"b', 'x,y', 'two\nlines', null, 5, false, '-', 'plain'])).toBe(
      `'=1+1,"a""b","x,y","two\nlines",,5,false,'-,plain\r\n`,
    );
  });

  it('of more than one page are all in the table', async () => {
    const rows = Array.from({ length: 1500 }, (_, at) => ({ replica_id: cellar, master_doc_id: 10_000 + at }));
    await api.db.insertInto('sync_map').values(rows).execute();
    const { text } = await api.get(`/api/replicas/${cellar}/documents.csv?status=pending`);
    expect(text.trimEnd().split('\r\n')).toHaveLength(1501);
  });
});

/** A comparison of one link that found something, as a verification leaves it. */
async function verified(linkId: number): Promise<void> {
  const { id } = await api.db
    .insertInto('verifications')
    .values({ replica_id: attic, scope: 'replica', depth: 'checksum', trigger: 'manual', asked_by: 'api' })
    .returning('id')
    .executeTakeFirstOrThrow();
  const document = { link_id: linkId, master_doc_id: 4, depth: 'checksum' } as const;
  await api.db
    .insertInto('verification_ledger')
    .values({ verification_id: id, ...document, compared_at: new Date(), outcome: 'different' })
    .execute();
  const found = { replica_id: attic, ...document, kind: 'field_differs', message: 'title differs' } as const;
  await api.db
    .insertInto('findings')
    .values({ ...found, verification_id: id, last_verification_id: id })
    .execute();
}

describe('GET /api/documents/{master_id}', () => {
  it('tells for each replica the state, what is said of fields, the uploads and the conflicts', async () => {
    const { id } = await linkOf(attic, 4);
    await api.db
      .insertInto('upload_attempts')
      .values({
        ...{ link_id: id, k: 1, state: 'failure', marker: 'pngx.0.m4.a1', sha256: 'x', md5: 'x', size: 7 },
        ...{ file_name: 'a.pdf', worker: WORKER, lease_epoch: 1, failure_code: 'consumption_failed' },
      } as never)
      .execute();
    await api.db
      .insertInto('conflicts')
      .values({
        replica_id: attic,
        link_id: id,
        master_doc_id: 4,
        field: 'title',
        shown: JSON.stringify({ master: 'A' }),
      })
      .execute();
    await verified(id);
    await api.db
      .insertInto('tombstones')
      .values({ replica_id: attic, link_id: id, master_doc_id: 4, replica_doc_id: 9, reason: 'replaced' })
      .execute();
    const { body } = await api.get('/api/documents/4');
    expect(body.master_doc_id).toBe(4);
    expect(body.replicas.map((row: { replica: string; phase: string }) => [row.replica, row.phase])).toEqual([
      ['attic', 'dlq'],
      ['cellar', 'dlq'],
    ]);
    expect(body.replicas[0]).toMatchObject({
      error_code: 'values_refused',
      retry_count: 10,
      waiting: false,
      uploads: [{ k: 1, state: 'failure', failure_code: 'consumption_failed', size: 7 }],
      conflicts: [{ field: 'title', state: 'open', shown: { master: 'A' } }],
      verifications: [{ depth: 'checksum', outcome: 'different' }],
      findings: [{ kind: 'field_differs', state: 'open' }],
      tombstones: [{ replica_doc_id: 9, reason: 'replaced' }],
    });
    const none = { uploads: [], conflicts: [], verifications: [], findings: [], tombstones: [] };
    expect(body.replicas[1]).toMatchObject(none);
    const [other] = (await api.get('/api/documents/2')).body.replicas;
    expect(other.report).toEqual([OWNER]);
  });

  it('is a 404 for a document that no replica knows, and a 400 for what is no id', async () => {
    expect(errorOf(await api.get('/api/documents/999'))).toEqual([404, 'document_not_found']);
    expect(errorOf(await api.get('/api/documents/first'))).toEqual([400, 'malformed_request']);
  });
});

describe('another attempt', () => {
  it('makes one document due again as if it had never failed', async () => {
    const before = await linkOf(attic, 4);
    const answer = await api.request('POST', `/api/replicas/${attic}/documents/4/retry`);
    expect([answer.status, answer.body]).toEqual([202, { retried: 1, run_id: null }]);
    const after = await linkOf(attic, 4);
    expect(after).toMatchObject({ status: 'pending', retry_count: 0, crash_count: 0, next_due_at: null });
    expect(after.dirty_seq).toBeGreaterThan(before.dirty_seq);
    expect(after.dirty_seq).not.toBe(after.applied_seq);
    expect((await linkOf(cellar, 4)).phase).toBe('dlq');
  });

  it('makes all that failed or were given up on one replica due, and leaves blocked ones alone', async () => {
    const answer = await api.request('POST', `/api/replicas/${attic}/retry-failed`);
    expect([answer.status, answer.body.retried]).toEqual([202, 2]);
    expect(await list('status=error')).toEqual([5]);
    expect(await list('waiting=1')).toEqual([3, 4, 6]);
    expect((await linkOf(cellar, 4)).status).toBe('error');
  });

  it('makes them due everywhere, and says how many where', async () => {
    const { body } = await api.request('POST', '/api/retry-failed');
    expect(body).toEqual({
      retried: 3,
      replicas: [
        { replica_id: attic, documents: 2 },
        { replica_id: cellar, documents: 1 },
      ],
      run_id: null,
    });
    expect((await api.request('POST', '/api/retry-failed')).body.retried).toBe(0);
  });

  it('starts a cycle at once where that is asked for', async () => {
    const { body } = await api.request('POST', `/api/replicas/${attic}/retry-failed?now=1`);
    expect(api.enqueued).toContain(body.run_id);
  });

  it('is a 404 for what does not exist', async () => {
    const post = async (path: string) => errorOf(await api.request('POST', path));
    expect(await post(`/api/replicas/${attic}/documents/999/retry`)).toEqual([404, 'document_not_linked']);
    expect(await post('/api/replicas/999/documents/1/retry')).toEqual([404, 'replica_not_found']);
    expect(await post('/api/replicas/999/retry-failed')).toEqual([404, 'replica_not_found']);
    expect(await post(`/api/replicas/${attic}/documents/one/retry`)).toEqual([400, 'malformed_request']);
  });
});

describe('conflicts', () => {
  const add = async (field: string, state: 'open' | 'overwritten' | 'gone' = 'open') => {
    const link = await linkOf(attic, 1);
    const row = { replica_id: attic, link_id: link.id, master_doc_id: 1, replica_doc_id: 11, field, state };
    const shown = JSON.stringify({ master: 'from the master', replica: 'from the replica' });
    const { id } = await api.db
      .insertInto('conflicts')
      .values({ ...row, shown })
      .returning('id')
      .executeTakeFirstOrThrow();
    return id;
  };

  it('are listed with both values, newest first, by replica, document and state', async () => {
    const [first, second] = [await add('title'), await add('created', 'overwritten')];
    const all = (await api.get('/api/conflicts')).body.conflicts;
    expect(all.map((row: { id: number }) => row.id)).toEqual([second, first]);
    expect(all[1]).toMatchObject({
      ...{ replica_id: attic, master_doc_id: 1, field: 'title', state: 'open' },
      shown: { master: 'from the master', replica: 'from the replica' },
    });
    const ids = async (query: string) =>
      (await api.get(`/api/conflicts?${query}`)).body.conflicts.map((row: { id: number }) => row.id);
    expect(await ids('state=open')).toEqual([first]);
    expect(await ids(`replica_id=${cellar}`)).toEqual([]);
    expect(await ids('master_doc_id=1&limit=1')).toEqual([second]);
    expect(await ids(`cursor=${second}`)).toEqual([first]);
  });

  it('are decided by a person, which makes the document due', async () => {
    const id = await add('title');
    const answer = await api.request('POST', `/api/conflicts/${id}/resolve`, { keep: 'replica' });
    expect([answer.status, answer.body.conflict.state]).toEqual([200, 'keep_replica']);
    const link = await linkOf(attic, 1);
    expect(link.dirty_seq).not.toBe(link.applied_seq);
    const again = await api.request('POST', `/api/conflicts/${id}/resolve`, { keep: 'master' });
    expect(again.body.conflict.state).toBe('keep_master');
  });

  it('cannot be decided when they are over, do not exist, or the choice is none', async () => {
    const over = await add('title', 'gone');
    const post = async (id: number, body: object) =>
      errorOf(await api.request('POST', `/api/conflicts/${id}/resolve`, body));
    expect(await post(over, { keep: 'master' })).toEqual([409, 'conflict_over']);
    expect(await post(999_999, { keep: 'master' })).toEqual([404, 'conflict_not_found']);
    expect(await post(over, { keep: 'both' })).toEqual([422, 'validation_failed']);
  });
});
