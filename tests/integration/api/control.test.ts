/** What a person decides about replicas, runs and jobs; and the counts by day. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JOB_STATES } from '../../../shared/queue/jobs.ts';
import { addReplicaRow, startTestApi, type Answer, type TestApi } from './harness.ts';

let api: TestApi;
let attic: number;
beforeAll(async () => {
  api = await startTestApi();
  attic = await addReplicaRow(api, 'attic');
});
afterAll(() => api.close());
const errorOf = ({ status, body }: Answer) => [status, body.error.code];

describe('the choices for a replica', () => {
  const put = (body: object) => api.request('PUT', `/api/replicas/${attic}`, body);
  const dirty = async (): Promise<number[]> => {
    const rows = await api.db
      .selectFrom('sync_map')
      .select('master_doc_id')
      .whereRef('dirty_seq', '<>', 'applied_seq')
      .orderBy('master_doc_id')
      .execute();
    return rows.map((row) => row.master_doc_id);
  };
  const library = async () => {
    await api.owner.deleteFrom('sync_map').execute();
    const link = (id: number, more: object) => ({
      replica_id: attic,
      master_doc_id: id,
      dirty_seq: 0,
      applied_seq: 0,
      ...more,
    });
    const blocked = (id: number, code: string) => link(id, { status: 'error', phase: 'blocked', error_code: code });
    const owner = [{ field: 'owner', kind: 'not_replicable', reason: 'unknown' }];
    await api.db
      .insertInto('sync_map')
      .values([
        blocked(1, 'file_changed'),
        blocked(2, 'conflict_open'),
        link(3, { status: 'ok', phase: 'ok', report: JSON.stringify(owner) }),
        link(4, { status: 'ok', phase: 'ok' }),
      ])
      .execute();
  };

  it('begin with the careful ones', async () => {
    const { body } = await api.get(`/api/replicas/${attic}`);
    expect(body.replica).toMatchObject({
      deletion_mode: 'keep',
      replace_files_on_v2: false,
      unknown_owner: 'token_user',
      conflict_policy: 'master',
      restore_held_back: false,
    });
  });

  it('limit what a replica has to bear, and end again with null', async () => {
    const limits = { quiet_hours: '22:00-06:30', requests_per_minute: 120, max_bytes_per_second: 1_000_000 };
    expect((await put(limits)).body.replica).toMatchObject(limits);
    const none = { quiet_hours: null, requests_per_minute: null, max_bytes_per_second: null };
    expect((await put(none)).body.replica).toMatchObject(none);
  });

  it.each([
    ['quiet_hours', '22-6'],
    ['quiet_hours', '24:00-06:00'],
    ['quiet_hours', '06:00-06:00'],
    ['requests_per_minute', 0],
    ['requests_per_minute', 1.5],
    ['max_bytes_per_second', 16_383],
  ])('refuse %s %s', async (field, value) => {
    const { status, body } = await put({ [field]: value });
    expect([status, Object.keys(body.error.fields)]).toEqual([422, [field]]);
  });

  it('show quiet hours as a rest with the time it goes on, and wake what rests when they change', async () => {
    await api.db.updateTable('replicas').set({ last_sync_ts: new Date() }).where('id', '=', attic).execute();
    await put({ quiet_hours: '00:00-23:59' });
    const shown = (await api.get('/api/status')).body.replicas.find((one: { id: number }) => one.id === attic);
    // For one minute of the day the two are equal.
    if (new Date().toISOString().slice(11, 16) !== '23:59') {
      expect(shown).toMatchObject({ state: 'resting', status: 'synced' });
      expect(shown.resting_until).toMatch(/T23:59:00.000Z$/);
      expect((await api.get('/metrics')).text).toContain('pngx_replica_resting{replica="attic"} 1');
    }
    const later = new Date(Date.now() + 3_600_000);
    await library();
    await api.db.updateTable('sync_map').set({ dispatched_at: later }).execute();
    await put({ quiet_hours: null });
    expect(await api.db.selectFrom('sync_map').select('id').where('dispatched_at', 'is not', null).execute()).toEqual(
      [],
    );
  });

  it('are saved without another connection test, and what is left out stays', async () => {
    const { status, body } = await put({ deletion_mode: 'trash', restore_held_back: true });
    expect([status, body.test]).toEqual([200, null]);
    expect(body.replica).toMatchObject({
      deletion_mode: 'trash',
      restore_held_back: true,
      unknown_owner: 'token_user',
    });
    expect((await put({ conflict_policy: 'person' })).body.replica.deletion_mode).toBe('trash');
  });

  it.each([
    [{ replace_files_on_v2: true }, [1]],
    [{ conflict_policy: 'master' }, [2]],
    [{ unknown_owner: 'unowned' }, [3]],
    [{ deletion_mode: 'delete' }, []],
    [{ replace_files_on_v2: true }, []],
  ])('make the documents due that %j is about', async (choice, expected) => {
    await library();
    expect((await put(choice)).status).toBe(200);
    expect(await dirty()).toEqual(expected);
  });

  it('refuse what is no choice', async () => {
    for (const choice of [{ deletion_mode: 'burn' }, { unknown_owner: 'nobody' }, { conflict_policy: 1 }])
      expect(errorOf(await put(choice))).toEqual([422, 'validation_failed']);
  });
});

describe('pause and cancel', () => {
  const start = async () => (await api.request('POST', `/api/sync?replica_id=${attic}`)).body.run_id as number;
  const runOf = async (id: number) => (await api.get(`/api/runs/${id}`)).body;

  it('pauses a replica with a reason, ends its run, and refuses others until it is resumed', async () => {
    const cycle = await start();
    const paused = await api.request('POST', `/api/replicas/${attic}/pause`, { reason: 'moving house' });
    expect(paused.body.replica).toMatchObject({ pause_reason: 'moving house', paused_at: expect.any(String) });
    expect((await runOf(cycle)).replicas[0].outcome).toBe('cancelled');
    expect(errorOf(await api.request('POST', `/api/sync?replica_id=${attic}`))).toEqual([409, 'replica_paused']);
    const { body } = await api.get('/api/status');
    expect(body.replicas[0]).toMatchObject({ state: 'paused', reason: 'moving house.' });
    const resumed = await api.request('POST', `/api/replicas/${attic}/resume`);
    expect(resumed.body.replica).toMatchObject({ paused_at: null, pause_reason: null });
    expect(errorOf(await api.request('POST', `/api/replicas/${attic}/resume`))).toEqual([409, 'replica_not_paused']);
  });

  it('wants a reason, and a replica that exists', async () => {
    const post = async (path: string, body?: object) => errorOf(await api.request('POST', path, body));
    expect(await post(`/api/replicas/${attic}/pause`, { reason: ' ' })).toEqual([422, 'validation_failed']);
    expect(await post('/api/replicas/999/pause', { reason: 'x' })).toEqual([404, 'replica_not_found']);
    expect(await post('/api/replicas/999/resume')).toEqual([404, 'replica_not_found']);
  });

  it('cancels a cycle with all its replicas, once', async () => {
    const cycle = await start();
    const { status, body } = await api.request('POST', `/api/runs/${cycle}/cancel`);
    expect([status, body.run.outcome, body.run.running]).toEqual([200, 'cancelled', false]);
    expect((await runOf(cycle)).replicas[0]).toMatchObject({ outcome: 'cancelled' });
    expect(errorOf(await api.request('POST', `/api/runs/${cycle}/cancel`))).toEqual([409, 'run_finished']);
    expect(errorOf(await api.request('POST', '/api/runs/999999/cancel'))).toEqual([404, 'run_not_found']);
  });

  it('cancels one replica of a cycle, and counts it neither as failure nor as success of that replica', async () => {
    const { last_sync_ts } = (await api.get(`/api/replicas/${attic}`)).body.replica;
    const cycle = await start();
    const [child] = (await runOf(cycle)).replicas;
    expect((await api.request('POST', `/api/runs/${child.id}/cancel`)).body.run.outcome).toBe('cancelled');
    const { replica } = (await api.get(`/api/replicas/${attic}`)).body;
    expect(replica).toMatchObject({ consecutive_failures: 0, last_sync_ts });
    await api.request('POST', `/api/runs/${cycle}/cancel`);
  });
});

describe('jobs', () => {
  it('are listed with their state, newest first, and looked at one by one', async () => {
    const cycle = (await api.request('POST', '/api/sync')).body.run_id;
    const { body } = await api.get('/api/jobs?status=waiting');
    const job = body.jobs.find((one: { payload: { runId: number } }) => one.payload.runId === cycle);
    expect(job).toMatchObject({ queue: 'cycle', name: 'cycle', status: 'waiting', attempts: 0, error: null });
    expect((await api.get(`/api/jobs/${job.id}`)).body.job).toEqual(job);
    expect((await api.get('/api/jobs?limit=1')).body.jobs).toHaveLength(1);
    await api.request('POST', `/api/runs/${cycle}/cancel`);
  });

  it('that have not failed cannot be put back, and those that are gone are not found', async () => {
    const [job] = (await api.get('/api/jobs?status=waiting')).body.jobs;
    expect(errorOf(await api.request('POST', `/api/jobs/${job.id}/retry`))).toEqual([409, 'job_not_failed']);
    for (const id of ['cycle:4711', 'nowhere:1', 'x'])
      expect(errorOf(await api.get(`/api/jobs/${id}`))).toEqual([404, 'job_not_found']);
    expect(errorOf(await api.request('POST', '/api/jobs/cycle:4711/retry'))).toEqual([404, 'job_not_found']);
    expect((await api.get('/api/jobs?status=lost')).status).toBe(400);
    for (const status of JOB_STATES) expect((await api.get(`/api/jobs?status=${status}`)).status).toBe(200);
  });
});

describe('GET /api/stats', () => {
  it('has a row for each day, also for one on which nothing ran, in the zone of the settings', async () => {
    await api.db.deleteFrom('sync_runs').execute();
    await api.request('PUT', '/api/settings', { timezone: 'Pacific/Auckland' });
    const run = (started: Date, more: object) => ({
      replica_id: attic,
      triggered_by: 'manual',
      started_at: started,
      finished_at: started,
      ...more,
    });
    const local = new Intl.DateTimeFormat('en-CA', { timeZone: 'Pacific/Auckland' });
    const now = new Date();
    const before = new Date(now.getTime() - 2 * 86_400_000);
    await api.db
      .insertInto('sync_runs')
      .values([
        run(now, { outcome: 'ok', docs_synced: 5, docs_retried: 2, bytes: 1000 }),
        run(now, { outcome: 'failed', docs_failed: 3, bytes: 24 }),
        run(before, { outcome: 'partial', docs_synced: 1, docs_held: 4 }),
        run(now, { kind: 'cycle', replica_id: null, docs_synced: 99 }),
      ])
      .execute();
    const { body } = await api.get('/api/stats?days=3');
    expect(body.timezone).toBe('Pacific/Auckland');
    expect(body.days.map((row: { day: string }) => row.day)).toEqual([
      local.format(now),
      local.format(new Date(now.getTime() - 86_400_000)),
      local.format(before),
    ]);
    expect(body.days[0]).toEqual({
      ...{ day: local.format(now), runs: 2, failed_runs: 1, synced: 5, failed: 3, held: 0, retried: 2, bytes: 1024 },
    });
    expect(body.days[1]).toMatchObject({ runs: 0, synced: 0, bytes: 0 });
    expect(body.days[2]).toMatchObject({ synced: 1, held: 4 });
    expect((await api.get('/api/stats?replica_id=999')).body.days[0].runs).toBe(0);
    expect((await api.get('/api/stats')).body.days).toHaveLength(30);
    expect((await api.get('/api/stats?days=0')).status).toBe(400);
  });
});
