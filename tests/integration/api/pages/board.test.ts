/** Bull Board on both backends: behind our gate, redacted, and able to put jobs back and nothing else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIN_PASSWORD } from '../../../../shared/config/env-values.ts';
import type { Queue } from 'bullmq';
import { onBothQueues } from '../../../support/both-queues.ts';
import { startTestApi, type TestApi } from '../harness.ts';

const SECRET = 'gAAAAABhidden-token-that-nobody-may-ever-see-0123456789abcdef';

onBothQueues('the board of the queues', (redisUrl) => {
  let api: TestApi;
  let queue: Queue;
  beforeAll(async () => {
    api = await startTestApi({ redisUrl: redisUrl() });
    queue = api.deps.backend.queue('document');
    const data = { linkId: 7, generation: 1, title: 'A private title', token: SECRET };
    await queue.add('document', data, { jobId: 'doc.7.1' });
    await queue.add('document', data, { jobId: 'doc.8.1', delay: 3_600_000 });
  });
  afterAll(() => api?.close());
  const put = (path: string, headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' }) =>
    api.request('PUT', `/queues${path}`, undefined, headers);

  it('is a page that loads nothing from another site, whose scripts are files of ours', async () => {
    const { status, text, headers } = await api.get('/queues');
    expect(status).toBe(200);
    expect(text).not.toMatch(/(src|href)="https?:/);
    expect(headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(text).toContain('Documents that failed');
    const script = /src="(static\/js\/main[^"]+)"/.exec(text)?.[1];
    expect((await api.get(`/queues/${script}`)).status).toBe(200);
    expect((await api.get('/queues/static/../../package.json')).status).toBe(404);
    const slash = await api.get('/queues/');
    expect([slash.status, slash.headers.get('location')]).toEqual([308, '/queues']);
  });

  it('shows ids and hides everything else that is in a job', async () => {
    for (const path of [
      '/api/queues?activeQueue=document&status=latest&page=1&jobsPerPage=10',
      '/api/queues/document/doc.7.1',
    ]) {
      const { status, text } = await api.get(`/queues${path}`);
      expect(status, path).toBe(200);
      expect(text, path).toContain('"linkId":7');
      expect(text, path).toContain('[hidden]');
      expect(text, path).not.toMatch(/private title|gAAAAA/);
    }
    expect((await api.get('/queue/jobs/document:doc.7.1')).text).not.toMatch(/private title|gAAAAA/);
    expect((await api.get('/api/jobs/document:doc.7.1')).text).not.toMatch(/private title|gAAAAA/);
  });

  it.each([
    ['PUT', '/api/queues/document/clean/completed'],
    ['PUT', '/api/queues/document/clean/retry'],
    ['PUT', '/api/queues/document/obliterate'],
    ['PUT', '/api/queues/document/empty'],
    ['PUT', '/api/queues/document/pause'],
    ['PUT', '/api/queues/pause'],
    ['PUT', '/api/queues/document/concurrency'],
    ['PUT', '/api/queues/document/rate-limit'],
    ['PUT', '/api/queues/document/retry/completed'],
    ['PUT', '/api/queues/document/doc.7.1/clean'],
    ['PUT', '/api/queues/document/job-schedulers/x/remove'],
    ['POST', '/api/queues/document/add'],
    ['POST', '/api/metrics/history/purge'],
    ['PATCH', '/api/queues/document/doc.7.1/update-data'],
    ['PATCH', '/api/queues/document/doc.7.1/delay'],
    ['DELETE', '/api/queues/document'],
  ])('refuses %s %s', async (method, path) => {
    const answer = await api.request(method, `/queues${path}`, {}, { 'sec-fetch-site': 'same-origin' });
    expect([answer.status, answer.body.error.code]).toEqual([403, 'board_refused']);
    expect(await queue.getJob('doc.7.1')).toBeDefined();
  });

  it('puts a job back for a page of ours, and not for a page of another site', async () => {
    expect((await put('/api/queues/document/doc.8.1/promote', { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(await (await queue.getJob('doc.8.1'))?.getState()).toBe('delayed');
    expect((await put('/api/queues/document/doc.8.1/promote')).status).toBeLessThan(300);
    expect(await (await queue.getJob('doc.8.1'))?.getState()).toBe('waiting');
  });

  it('has our own overview beside it, with what waits and how long', async () => {
    const { text } = await api.get('/queue?status=waiting');
    expect(text).toContain('document:doc.7.1');
    expect(text).toContain(redisUrl() === undefined ? 'on PostgreSQL' : 'on Redis');
  });
});

describe('where people log in', () => {
  it('the board is closed to everybody else, its files and its data included', async () => {
    const api = await startTestApi({ door: { mode: 'password', adminPassword: 'x'.repeat(MIN_PASSWORD) } });
    for (const path of ['/queues', '/queues/api/queues', '/queues/static/favicon.ico', '/queue', '/logs/stream'])
      expect((await api.get(path)).status, path).toBe(401);
    expect((await api.request('PUT', '/queues/api/queues/document/retry/failed')).status).toBe(401);
    await api.close();
  });
});
