import { describe, expect, it } from 'vitest';
import { createHealth } from '../../../shared/telemetry/health.ts';
import { createMetrics } from '../../../shared/telemetry/metrics.ts';

describe('metrics', () => {
  it('have the six series of the reference, with their labels and types', async () => {
    const metrics = createMetrics({ version: '1.2.3', role: 'api', queue: 'postgres' }, { process: false });
    metrics.syncDocs.inc({ replica: 'attic', status: 'ok' });
    metrics.syncDuration.observe({ triggered_by: 'schedule' }, 12);
    metrics.replicaLag.set({ replica: 'attic' }, 5);
    metrics.replicaPendingTasks.set({ replica: 'attic' }, 2);
    metrics.replicaConsecutiveFailures.set({ replica: 'attic' }, 0);
    metrics.syncRunning.set(1);
    const text = await metrics.render();
    for (const line of [
      'pngx_sync_docs_total{replica="attic",status="ok"} 1',
      '# TYPE pngx_sync_docs_total counter',
      '# TYPE pngx_sync_duration_seconds histogram',
      'pngx_sync_duration_seconds_sum{triggered_by="schedule"} 12',
      'pngx_replica_lag_seconds{replica="attic"} 5',
      'pngx_replica_pending_tasks{replica="attic"} 2',
      'pngx_replica_consecutive_failures{replica="attic"} 0',
      'pngx_sync_running 1',
      'pngx_build_info{version="1.2.3",role="api",queue="postgres"} 1',
    ])
      expect(text).toContain(line);
  });

  it('answer a scrape even when one of the sources fails', async () => {
    const metrics = createMetrics({ version: '1', role: 'api', queue: 'redis' }, { process: false });
    metrics.onScrape(() => Promise.reject(new Error('database away')));
    metrics.onScrape(() => metrics.syncRunning.set(1));
    expect(await metrics.render()).toContain('pngx_sync_running 1');
  });
});

describe('health', () => {
  it('is bad when one part is, and names it', async () => {
    const health = createHealth({ database: async () => undefined, queue: () => Promise.reject(new Error('down')) });
    expect(await health.check()).toMatchObject({ ok: false, parts: { database: { ok: true }, queue: { ok: false } } });
  });

  it('does not wait for ever for a part that hangs', async () => {
    const health = createHealth({ database: () => new Promise(() => undefined) }, 20);
    expect((await health.check()).ok).toBe(false);
  });

  it('is ready only between start-up and draining', async () => {
    const health = createHealth({ database: async () => undefined });
    expect((await health.ready()).ok).toBe(false);
    health.setReady(true);
    expect((await health.ready()).ok).toBe(true);
    health.setReady(false);
    expect((await health.ready()).ok).toBe(false);
  });
});
