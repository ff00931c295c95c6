import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { saveFindings, type NewFinding } from '../../../shared/db/findings.repo.ts';
import { saveLedger, type NewLedgerRow } from '../../../shared/db/verification-ledger.repo.ts';
import { closeVerification } from '../../../shared/db/verifications.repo.ts';
import { receiptDigest } from '../../../shared/replication/verify-close.ts';
import { addReplicaRow, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let attic: number;
beforeAll(async () => {
  api = await startTestApi();
  attic = await addReplicaRow(api, 'attic');
  await api.db
    .insertInto('sync_map')
    .values([1, 2, 3].map((id) => ({ replica_id: attic, master_doc_id: id, replica_doc_id: 10 + id })))
    .execute();
});
afterAll(() => api?.close());

const ledgerRow = (id: number): NewLedgerRow => ({
  link_id: id,
  master_doc_id: id,
  replica_doc_id: 10 + id,
  depth: 'bytes',
  outcome: id === 2 ? 'different' : 'equal',
  reason: null,
  master_file: 'sha256:aa',
  copy_file: id === 2 ? 'sha256:bb' : 'sha256:aa',
  master_fields: 'f',
  copy_fields: 'f',
  derived: false,
});
const finding: NewFinding = {
  linkId: null,
  masterDocId: 2,
  replicaDocId: 12,
  kind: 'file_differs',
  depth: 'bytes',
  message: "The file is not the master's.",
  hint: null,
  fields: [{ field: 'file', masterHash: 'sha256:aa', copyHash: 'sha256:bb', master: 'sha256:aa', copy: 'sha256:bb' }],
};

/** A verification that has ended, as a worker leaves it. */
async function receipt(): Promise<number> {
  const asked = await api.request('POST', `/api/replicas/${attic}/verify`, { depth: 'bytes' });
  const id = asked.body.verification_id as number;
  await saveLedger(api.db, id, new Date(), [3, 1, 2].map(ledgerRow));
  await saveFindings(api.db, { replicaId: attic, verificationId: id }, [finding]);
  await closeVerification(api.db, id, { state: 'done', digest: await receiptDigest(api.db, id) });
  return id;
}

test('findings and verifications leave as one table, however many there are and however small a page is', async () => {
  const loft = await addReplicaRow(api, 'loft');
  const { rows } = await sql<{
    id: number;
  }>`insert into verifications (replica_id, scope, depth, trigger, asked_by, state)
    select ${loft}, 'replica', 'list', 'manual', 'kim', 'done' from generate_series(1, 1003) returning id`.execute(
    api.db,
  );
  const id = rows[0]?.id ?? 0;
  await sql`insert into findings (replica_id, replica_doc_id, kind, depth, message, state, verification_id, last_verification_id)
    select ${loft}, n, 'surplus', 'list', 'Document ' || n, case when n <= 2001 then 'open' else 'accepted' end, ${id}, ${id}
    from generate_series(1, 2003) n`.execute(api.db);
  const table = async (path: string) => {
    const answer = await api.request('GET', `/api/replicas/${loft}/${path}`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/csv; charset=utf-8']);
    return answer.text.trimEnd().split('\r\n');
  };
  const findings = await table('findings?format=csv&state=open&limit=5');
  expect(findings[0]).toMatch(/^id,replica_id,kind,state,depth,/);
  expect(new Set(findings).size).toBe(2002);
  expect(await table('verifications?format=csv')).toHaveLength(1004);
  expect(await table('findings?format=csv&kind=missing')).toHaveLength(1);
  await api.db.deleteFrom('replicas').where('id', '=', loft).execute();
});

describe('POST /api/replicas/{id}/verify', () => {
  test('answers 202 with the id, and the same id while that one has not ended', async () => {
    const first = await api.request('POST', `/api/replicas/${attic}/verify`, { depth: 'checksum' });
    expect([first.status, first.body.already_running]).toEqual([202, false]);
    const second = await api.request('POST', `/api/replicas/${attic}/verify`, {});
    expect(second.body).toEqual({ verification_id: first.body.verification_id, already_running: true });
  });

  test('takes a single document, by its id on the master', async () => {
    const asked = await api.request('POST', `/api/replicas/${attic}/verify`, { depth: 'metadata', document: 2 });
    expect(asked.status).toBe(202);
    const { body } = await api.get(`/api/verifications/${asked.body.verification_id}`);
    expect(body.verification).toMatchObject({ scope: 'document', document: 2, depth: 'metadata', asked_by: 'anybody' });
  });

  test.each([
    ['a replica that is not there', '/api/replicas/999/verify', { depth: 'list' }, 404, 'replica_not_found'],
    ['a document it does not know', '', { depth: 'list', document: 77 }, 404, 'document_not_linked'],
    ['a depth there is none of', '', { depth: 'deep' }, 422, 'validation_failed'],
    ['a field that is not known', '', { depht: 'list' }, 422, 'validation_failed'],
  ])('refuses %s', async (_what, path, body, status, code) => {
    const answer = await api.request('POST', path || `/api/replicas/${attic}/verify`, body);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  test('keeps what was asked for while the queue is away', async () => {
    api.breakQueue(true);
    const asked = await api.request('POST', `/api/replicas/${attic}/verify`, { depth: 'list' });
    api.breakQueue(false);
    expect(asked.status).toBe(202);
    const row = await api.db
      .selectFrom('verifications')
      .selectAll()
      .where('id', '=', asked.body.verification_id)
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ state: 'waiting', dispatched_at: null });
  });
});

describe('POST /api/verify', () => {
  test('opens one verification for each enabled replica under a common one', async () => {
    await addReplicaRow(api, 'barn');
    await addReplicaRow(api, 'cellar', { enabled: false });
    const asked = await api.request('POST', '/api/verify', { depth: 'list' });
    expect(asked.status).toBe(202);
    const { body } = await api.get(`/api/verifications/${asked.body.verification_id}`);
    expect(body.verification).toMatchObject({ scope: 'everything', replica: null, state: 'waiting' });
    expect(body.replicas.map((one: { replica: string }) => one.replica)).toEqual(['attic', 'barn']);
  });
});

describe('a receipt', () => {
  test('says who asked for what, when, how deep, and what was compared with which hashes', async () => {
    const id = await receipt();
    const { body } = await api.get(`/api/verifications/${id}`);
    expect(body.verification).toMatchObject({ id, replica: 'attic', depth: 'bytes', state: 'done', trigger: 'manual' });
    expect(body.rows.map((row: { master_id: number }) => row.master_id)).toEqual([1, 2, 3]);
    expect(body.rows[1]).toMatchObject({ outcome: 'different', master_file: 'sha256:aa', copy_file: 'sha256:bb' });
  });

  test('comes in pages', async () => {
    const id = await receipt();
    const first = (await api.get(`/api/verifications/${id}?limit=2`)).body;
    expect([first.rows.length, first.next_cursor]).toEqual([2, '2']);
    const rest = (await api.get(`/api/verifications/${id}?limit=2&cursor=${first.next_cursor}`)).body;
    expect([rest.rows.length, rest.next_cursor]).toEqual([1, null]);
  });

  test('has the SHA-256 of its CSV as digest, so that a copy can be checked by anybody', async () => {
    const id = await receipt();
    const digest = (await api.get(`/api/verifications/${id}`)).body.verification.digest;
    for (const answer of [
      await api.get(`/api/verifications/${id}?format=csv`),
      await api.request('GET', `/api/verifications/${id}`, undefined, { accept: 'text/csv' }),
    ]) {
      expect(answer.headers.get('content-type')).toBe('text/csv; charset=utf-8');
      expect(answer.headers.get('content-disposition')).toContain(`verification-${id}.csv`);
      expect(answer.text.split('\r\n')).toHaveLength(5);
      expect(createHash('sha256').update(answer.text).digest('hex')).toBe(digest);
    }
  });

  test('that is not there is 404', async () => {
    const answer = await api.get('/api/verifications/99999');
    expect([answer.status, answer.body.error.code]).toEqual([404, 'verification_not_found']);
  });
});

describe('POST /api/verifications/{id}/cancel', () => {
  test('ends one with everything below it, once', async () => {
    const asked = await api.request('POST', '/api/verify', { depth: 'bytes' });
    const id = asked.body.verification_id;
    const cancel = () => api.request('POST', `/api/verifications/${id}/cancel`);
    expect((await cancel()).body).toEqual({ verification_id: id, cancelled: true });
    const { body } = await api.get(`/api/verifications/${id}`);
    const states = [body.verification, ...body.replicas].map((one: { state: string }) => one.state);
    expect(new Set(states)).toEqual(new Set(['cancelled']));
    expect((await cancel()).body.cancelled).toBe(false);
  });
});

describe('the lists of a replica', () => {
  test('show its verifications, newest first, in pages and as CSV', async () => {
    const id = await receipt();
    const { body } = await api.get(`/api/replicas/${attic}/verifications?limit=1`);
    expect(body.verifications[0]).toMatchObject({ id, state: 'done' });
    expect(body.next_cursor).toBe(String(id));
    const csv = await api.get(`/api/replicas/${attic}/verifications?format=csv`);
    expect(csv.text).toMatch(/^id,replica_id,replica,scope,/);
    expect(csv.text.split('\r\n')[1]).toMatch(new RegExp(`^${id},${attic},attic,replica,`));
  });

  test('show its findings with both values as hashes, and let a person accept one', async () => {
    await receipt();
    const { body } = await api.get(`/api/replicas/${attic}/findings?state=open&kind=file_differs`);
    expect(body.findings).toHaveLength(1);
    const [one] = body.findings;
    expect(one.fields).toEqual([
      {
        field: 'file',
        master: { hash: 'sha256:aa', value: 'sha256:aa' },
        copy: { hash: 'sha256:bb', value: 'sha256:bb' },
      },
    ]);
    const accepted = await api.request('POST', `/api/findings/${one.id}/accept`);
    expect(accepted.body.finding.state).toBe('accepted');
    // Seen again it stays what the person said.
    await receipt();
    expect((await api.get(`/api/replicas/${attic}/findings?kind=file_differs`)).body.findings).toMatchObject([
      { id: one.id, state: 'accepted' },
    ]);
    expect((await api.get(`/api/replicas/${attic}/findings?format=csv`)).text).toMatch(/^id,replica_id,kind,/);
    expect((await api.request('POST', '/api/findings/99999/accept')).body.error.code).toBe('finding_not_found');
  });
});
