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
      })
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

  it('tells how far behind and how sound each replica is', async () => {
    const loft = await addReplicaRow(api, 'loft', {
      created_at: new Date(Date.now() - 900_000),
      hygiene: JSON.stringify([{ code: 'storage_low', severity: 'danger', what: 'w', fix: 'f' }]),
      hygiene_at: new Date(),
    });
    const link = (id: number, more: object) => ({
      replica_id: loft,
      master_doc_id: id,
      dirty_seq: 4,
      applied_seq: 4,
      ...more,
    });
    const changed = new Date(Date.now() - 600_000);
    await api.db
      .insertInto('sync_map')
      .values([
        link(1, { status: 'error', phase: 'dlq' }),
        link(2, { status: 'error', phase: 'blocked' }),
        link(3, { applied_seq: 3, error_code: 'uploads_held', dirty_since: new Date(0) }),
        link(4, { applied_seq: 3, feed_modified: changed.toISOString() }),
        link(5, { status: 'ok', phase: 'ok', dirty_since: null }),
      ])
      .execute();
    const edited = await api.db
      .selectFrom('sync_map')
      .select('id')
      .where('master_doc_id', '=', 5)
      .executeTakeFirstOrThrow();
    await api.db
      .insertInto('conflicts')
      .values({ replica_id: loft, link_id: edited.id, master_doc_id: 5, field: 'title' })
      .execute();
    await api.db.updateTable('master_state').set({ last_contact_at: new Date() }).execute();
    const { text } = await api.get('/metrics');
    const value = (name: string) =>
      Number(new RegExp(`^pngx_replica_${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
    expect(value('rpo_seconds{replica="loft"}')).toBeGreaterThanOrEqual(600);
    expect(value('rpo_seconds{replica="loft"}')).toBeLessThan(660);
    expect(value('dlq_documents{replica="loft"}')).toBe(1);
    expect(value('conflicts{replica="loft"}')).toBe(1);
    expect(value('documents{replica="loft",state="blocked"}')).toBe(1);
    expect(value('documents{replica="loft",state="held"}')).toBe(1);
    expect(value('documents{replica="loft",state="ok"}')).toBe(1);
    expect(value('hygiene_findings{replica="loft",severity="danger"}')).toBe(1);
    expect(value('conflicts{replica="cellar"}')).toBe(0);
    expect(value('verified{replica="loft"}')).toBe(0);
    expect(value('drift{replica="loft"}')).toBe(0);
    expect(text).not.toContain('pngx_replica_verification_age_seconds{replica="loft"');
    expect(text).not.toContain('pngx_replica_rpo_seconds{replica="cellar"}');
  });

  it('tells what verification found, and how old its oldest comparison is', async () => {
    const shed = await addReplicaRow(api, 'shed');
    const at = new Date(Date.now() - 3600_000);
    const links = await api.db
      .insertInto('sync_map')
      .values(
        [11, 12].map((id) => ({
          ...{ replica_id: shed, master_doc_id: id, replica_doc_id: id, status: 'ok' as const, phase: 'ok' },
          ...{ dirty_seq: 4, applied_seq: 4, dirty_since: null, checksum_at: id === 11 ? at : new Date() },
        })),
      )
      .returning('id')
      .execute();
    const value = (name: string, text: string) =>
      Number(new RegExp(`^pngx_replica_${name.replace(/[{}]/g, '\\$&')} (\\S+)$`, 'm').exec(text)?.[1]);
    const before = (await api.get('/metrics')).text;
    expect(value('verified{replica="shed"}', before)).toBe(1);
    expect(value('verification_age_seconds{replica="shed",depth="checksum"}', before)).toBeGreaterThanOrEqual(3600);
    const verification = await api.db
      .insertInto('verifications')
      .values({ replica_id: shed, scope: 'replica', depth: 'checksum', trigger: 'manual', asked_by: 'api' })
      .returning('id')
      .executeTakeFirstOrThrow();
    const finding = (kind: 'note_lost' | 'foreign', link: number | null) => ({
      ...{ replica_id: shed, link_id: link, kind, depth: 'checksum' as const, message: 'm' },
      ...{ verification_id: verification.id, last_verification_id: verification.id },
    });
    await api.db
      .insertInto('findings')
      .values([finding('note_lost', links[0]?.id ?? 0), finding('foreign', null)])
      .execute();
    const after = (await api.get('/metrics')).text;
    expect(value('verified{replica="shed"}', after)).toBe(0);
    expect(value('drift{replica="shed"}', after)).toBe(1);
    expect(value('findings{replica="shed",kind="foreign"}', after)).toBe(1);
    const { body } = await api.get('/api/status');
    const state = body.replicas.find((row: { name: string }) => row.name === 'shed');
    expect(state.verification).toMatchObject({
      verified: false,
      drift: 1,
      reason: expect.stringContaining('note lost'),
    });
  });

  it('gives a replica that was never synced no lag at all, and a removed one no series', async () => {
    await api.db.deleteFrom('replicas').where('name', '=', 'attic').execute();
    const { text } = await api.get('/metrics');
    expect(text).not.toContain('pngx_replica_lag_seconds{');
    expect(text).not.toContain('replica="attic"');
    expect(text).toContain('pngx_replica_consecutive_failures{replica="cellar"} 0');
  });

  it('still answers while the database does not, without the gauges of that moment', async () => {
    await api.owner.schema.alterTable('replicas').renameTo('replicas_away').execute();
    const { status, text } = await api.get('/metrics');
    await api.owner.schema.alterTable('replicas_away').renameTo('replicas').execute();
    expect(status).toBe(200);
    expect(text).toContain('pngx_build_info{');
  });
});
