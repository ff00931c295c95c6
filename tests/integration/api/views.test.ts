/** What people read: status, runs, documents, logs. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertLogs } from '../../../shared/db/logs.repo.ts';
import { addReplicaRow, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let attic: number;
let cellar: number;

beforeAll(async () => {
  api = await startTestApi();
  attic = await addReplicaRow(api, 'attic', { last_sync_ts: new Date(Date.now() - 60_000) });
  cellar = await addReplicaRow(api, 'cellar', {
    suspended_at: new Date(),
    suspended_reason: 'token refused',
    consecutive_failures: 5,
  });
  await api.db
    .insertInto('sync_map')
    .values([
      {
        replica_id: attic,
        master_doc_id: 1,
        replica_doc_id: 11,
        status: 'ok',
        phase: 'ok',
        dirty_seq: 5,
        applied_seq: 5,
      },
      {
        replica_id: attic,
        master_doc_id: 2,
        replica_doc_id: 12,
        status: 'ok',
        phase: 'ok',
        dirty_seq: 6,
        applied_seq: 5,
      },
      { replica_id: attic, master_doc_id: 3, status: 'pending', phase: 'awaiting', dirty_seq: 7 },
      {
        replica_id: attic,
        master_doc_id: 4,
        status: 'error',
        phase: 'failed',
        dirty_seq: 8,
        error_code: 'file_changed',
      },
      { replica_id: attic, master_doc_id: 5, status: 'error', phase: 'blocked', dirty_seq: 9, applied_seq: 9 },
      { replica_id: attic, master_doc_id: 6, status: 'ok', phase: 'gone', dirty_seq: 9, applied_seq: 9 },
    ])
    .execute();
});
afterAll(() => api.close());

describe('GET /api/status', () => {
  it('says before anything else that no master is configured', async () => {
    const { body } = await api.get('/api/status');
    expect(body.summary).toBe('No master is configured yet.');
    expect(body.master).toMatchObject({ configured: false, reachable: null });
  });

  it('counts the documents of each replica by what is to be done with them', async () => {
    const { body } = await api.get('/api/status');
    const [first, second] = body.replicas;
    expect(first).toMatchObject({ name: 'attic', status: 'error', state: 'needs_you' });
    expect(first.documents).toEqual({
      total: 5,
      ok: 2,
      pending: 1,
      failed: 1,
      given_up: 0,
      blocked: 1,
      held: 0,
      waiting: 3,
      excluded: 0,
    });
    expect(first.lag_seconds).toBeGreaterThanOrEqual(60);
    expect(second).toMatchObject({
      name: 'cellar',
      status: 'suspended',
      state: 'needs_you',
      reason: 'token refused.',
      lag_seconds: null,
    });
  });

  it('is shown on a page that loads itself again without scripts, and runs none but our files', async () => {
    const { text, headers } = await api.get('/');
    expect(headers.get('content-type')).toContain('text/html');
    expect(text).toContain('<noscript><meta http-equiv="refresh"');
    expect(text).toContain('Nobody has to log in here');
    expect(text).toContain('cellar');
    expect(text).not.toMatch(/<script(?! src="\/assets\/[\w.]+" defer)/);
  });

  it('escapes what people entered', async () => {
    await api.db.updateTable('replicas').set({ name: '<img src=x>' }).where('id', '=', cellar).execute();
    const { text } = await api.get('/');
    await api.db.updateTable('replicas').set({ name: 'cellar' }).where('id', '=', cellar).execute();
    expect(text).toContain('&lt;img src=x&gt;');
  });
});

describe('runs and progress', () => {
  it('starts a cycle with 202 and says so when all of it runs already', async () => {
    const first = await api.request('POST', '/api/sync');
    expect(first.status).toBe(202);
    expect(first.body).toEqual({ run_id: expect.any(Number), already_running: false });
    expect(api.enqueued).toContain(first.body.run_id);
    const again = await api.request('POST', `/api/sync?replica_id=${attic}`);
    expect(again.status).toBe(202);
    expect(again.body).toEqual({ run_id: first.body.run_id, already_running: true });
  });

  it('shows the progress of each replica while it runs', async () => {
    await api.db
      .updateTable('sync_runs')
      .set({ phase: 'documents', docs_total: 10, docs_synced: 3, docs_failed: 1 })
      .where('replica_id', '=', attic)
      .execute();
    const { body } = await api.get('/api/sync/running');
    expect(body).toMatchObject({ running: true, phase: 'documents', docs_done: 4, docs_total: 10 });
    expect(body.replicas).toEqual([
      expect.objectContaining({ id: attic, name: 'attic', phase: 'documents', docs_done: 4, docs_total: 10 }),
    ]);
    const { text } = await api.get('/');
    expect(text).toContain('4 of 10 documents');
  });

  it('answers 409 for one replica that is suspended or disabled and 404 for one that does not exist', async () => {
    const suspended = await api.request('POST', `/api/sync?replica_id=${cellar}`);
    expect([suspended.status, suspended.body.error.code]).toEqual([409, 'replica_suspended']);
    const off = await addReplicaRow(api, 'off', { enabled: false });
    expect((await api.request('POST', `/api/sync?replica_id=${off}`)).status).toBe(409);
    expect((await api.request('POST', '/api/sync?replica_id=4711')).status).toBe(404);
  });

  it('keeps its 202 while the queue is away, since the run is a row that the dispatcher finds', async () => {
    await api.db.updateTable('sync_runs').set({ finished_at: new Date(), outcome: 'ok', phase: 'closed' }).execute();
    api.breakQueue(true);
    const { status, body } = await api.request('POST', '/api/sync');
    api.breakQueue(false);
    expect(status).toBe(202);
    expect((await api.get(`/api/runs/${body.run_id}`)).body.run.running).toBe(true);
  });

  it('lists runs newest first, page by page, and one with its replicas', async () => {
    const { body } = await api.get('/api/runs?limit=2');
    expect(body.runs).toHaveLength(2);
    expect(body.runs[0].id).toBeGreaterThan(body.runs[1].id);
    const next = await api.get(`/api/runs?limit=2&cursor=${body.next_cursor}`);
    expect(next.body.runs[0].id).toBeLessThan(body.runs[1].id);
    const cycle = (await api.get('/api/runs?kind=cycle&outcome=ok')).body.runs[0];
    const one = await api.get(`/api/runs/${cycle.id}`);
    expect(one.body.replicas).toEqual([expect.objectContaining({ replica: 'attic', docs_done: 4, outcome: 'ok' })]);
    expect((await api.get('/api/runs/999999')).status).toBe(404);
  });
});

describe('the documents of a replica', () => {
  it('come in the order of the master, page by page', async () => {
    const first = await api.get(`/api/replicas/${attic}/documents?limit=4`);
    expect(first.body.documents.map((row: { master_doc_id: number }) => row.master_doc_id)).toEqual([1, 2, 3, 4]);
    const second = await api.get(`/api/replicas/${attic}/documents?limit=4&cursor=${first.body.next_cursor}`);
    expect(second.body.documents.map((row: { master_doc_id: number }) => row.master_doc_id)).toEqual([5, 6]);
    expect(second.body.next_cursor).toBeNull();
  });

  it('can be filtered by status and phase', async () => {
    const failed = await api.get(`/api/replicas/${attic}/documents?status=error&phase=failed`);
    expect(failed.body.documents).toEqual([
      expect.objectContaining({ master_doc_id: 4, error_code: 'file_changed', waiting: true }),
    ]);
    expect((await api.get(`/api/replicas/${attic}/documents?phase=flying`)).status).toBe(400);
    expect((await api.get('/api/replicas/999/documents')).status).toBe(404);
  });
});

describe('GET /api/logs', () => {
  beforeAll(async () => {
    const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
    await insertLogs(api.db, [
      { level: 'info', message: 'The cellar was swept', replica_id: cellar, created_at: at(1) },
      { level: 'warning', message: 'Disk of the attic is nearly full', replica_id: attic, created_at: at(2) },
      {
        level: 'error',
        message: 'Upload failed: payload too large',
        replica_id: attic,
        doc_id: 7,
        code: 'payload_too_large',
        created_at: at(3),
      },
    ]);
  });
  const messages = (answer: { body: { logs: { message: string }[] } }) =>
    answer.body.logs.map(({ message }) => message);

  it('filters by replica, level and time, newest first', async () => {
    expect(messages(await api.get(`/api/logs?replica_id=${attic}`))).toEqual([
      'Upload failed: payload too large',
      'Disk of the attic is nearly full',
    ]);
    expect(messages(await api.get('/api/logs?level=warning'))).toEqual(['Disk of the attic is nearly full']);
    const between = '/api/logs?from=2026-01-01T00:01:30Z&to=2026-01-01T01:02:30%2B01:00';
    expect(messages(await api.get(between))).toEqual(['Disk of the attic is nearly full']);
  });

  it('finds words, quoted ones together and with a minus not at all', async () => {
    expect(messages(await api.get('/api/logs?q=attic'))).toEqual(['Disk of the attic is nearly full']);
    expect(messages(await api.get('/api/logs?q=%22too%20large%22'))).toEqual(['Upload failed: payload too large']);
    expect(messages(await api.get("/api/logs?q=the%20-attic%20');--"))).toEqual(['The cellar was swept']);
  });

  it('goes on where the page before ended', async () => {
    const first = await api.get('/api/logs?limit=2');
    expect(messages(first)).toHaveLength(2);
    const rest = await api.get(`/api/logs?limit=2&cursor=${first.body.next_cursor}`);
    expect(messages(rest)).toEqual(['The cellar was swept']);
    expect(first.body.logs[0]).toMatchObject({ replica: 'attic', doc_id: 7, code: 'payload_too_large' });
  });

  it('filters by document and code, and shows a line with those around it', async () => {
    const found = await api.get('/api/logs?document=7&code=payload_too_large');
    expect(messages(found)).toEqual(['Upload failed: payload too large']);
    expect(messages(await api.get('/api/logs?document=7&code=other'))).toEqual([]);
    const [, middle] = (await api.get('/api/logs')).body.logs;
    const around = await api.get(`/api/logs/${middle.id}`);
    expect(around.body.log.message).toBe('Disk of the attic is nearly full');
    expect(around.body.around.map(({ message }: { message: string }) => message)).toEqual([
      'Upload failed: payload too large',
      'Disk of the attic is nearly full',
      'The cellar was swept',
    ]);
    expect((await api.get(`/api/logs/${middle.id}?around=1`)).body.around).toHaveLength(3);
    expect((await api.get('/api/logs/999999')).body.error.code).toBe('log_not_found');
    expect((await api.get('/api/logs/first')).status).toBe(400);
  });

  it('is downloaded as lines of JSON or as a table', async () => {
    const lines = await api.get(`/api/logs/download?replica_id=${attic}`);
    expect(lines.headers.get('content-disposition')).toBe('attachment; filename="logs.jsonl"');
    expect(
      lines.text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).level),
    ).toEqual(['error', 'warning']);
    const table = await api.get('/api/logs/download?format=csv&level=error');
    expect(table.headers.get('content-type')).toContain('text/csv');
    expect(table.text.split('\r\n')[0]).toBe('id,created_at,level,replica,run_id,doc_id,code,message');
    expect(table.text).toContain('Upload failed: payload too large');
  });

  it('is deleted by age, and only by an age that was given', async () => {
    await insertLogs(api.db, [{ level: 'info', message: 'of long ago', created_at: new Date('2020-01-01') }]);
    expect((await api.request('DELETE', '/api/logs')).status).toBe(400);
    expect((await api.request('DELETE', '/api/logs?older_than_days=0')).status).toBe(400);
    expect((await api.request('DELETE', '/api/logs?older_than_days=1500')).body).toEqual({ deleted: 1 });
    expect(messages(await api.get('/api/logs'))).toHaveLength(3);
  });
});
