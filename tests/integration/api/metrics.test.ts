import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addReplicaRow, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

describe('GET /metrics', () => {
  it('reads the gauges of the replicas from the database at each scrape', async () => {
    const attic = await addReplicaRow(api, 'attic', {
      last_sync_ts: new Date(Date.now() - 30_000),
      consecutive_failures: 2,
    });
    await addReplicaRow(api, 'cellar');
    const link = await api.db
      .insertInto('sync_map')
      .values({ replica_id: attic, master_doc_id: 1 })
      .returning('id')
      .executeTakeFirstOrThrow();
    await api.db
      .insertInto('upload_attempts')
      .values({
        link_id: link.id,
        k: 1,
        state: 'awaiting',
        marker: 'pngx.0.m1.a1',
        sha256: 'x',
        md5: 'x',
        size: 1,
        file_name: 'a.pdf',
        worker: '00000000-0000-0000-0000-000000000000',
        lease_epoch: 1,
      }) // prettier-ignore
      .execute();
    await api.request('POST', '/api/sync');
    const { status, text, headers } = await api.get('/metrics');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('text/plain');
    expect(text).toContain('pngx_replica_consecutive_failures{replica="attic"} 2');
    expect(text).toContain('pngx_replica_pending_tasks{replica="attic"} 1');
    expect(text).toContain('pngx_replica_pending_tasks{replica="cellar"} 0');
    expect(text).toMatch(/pngx_replica_lag_seconds\{replica="attic"\} 3\d/);
    expect(text).toContain('pngx_sync_running 1');
    expect(text).toMatch(/pngx_queue_jobs\{queue="cycle",state="waiting"\} 1/);
    expect(text).toContain('# TYPE pngx_sync_docs_total counter');
    expect(text).toContain('# TYPE pngx_sync_duration_seconds histogram');
  });

  it('gives a replica that was never synced no lag at all, and a removed one no series', async () => {
    await api.db.deleteFrom('replicas').where('name', '=', 'attic').execute();
    const { text } = await api.get('/metrics');
    expect(text).not.toContain('pngx_replica_lag_seconds{');
    expect(text).not.toContain('replica="attic"');
    expect(text).toContain('pngx_replica_consecutive_failures{replica="cellar"} 0');
  });

  it('still answers while the database does not, without the gauges of that moment', async () => {
    await api.db.schema.alterTable('replicas').renameTo('replicas_away').execute();
    const { status, text } = await api.get('/metrics');
    await api.db.schema.alterTable('replicas_away').renameTo('replicas').execute();
    expect(status).toBe(200);
    expect(text).toContain('pngx_build_info{');
  });
});
