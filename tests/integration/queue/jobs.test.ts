import { expect, it } from 'vitest';
import { cursorOf, findJob, JOB_STATES, listJobs, retryJob } from '../../../shared/queue/jobs.ts';
import { done } from '../../../shared/queue/outcome.ts';
import { createProducer } from '../../../shared/queue/producer.ts';
import { startRunner, type Handlers } from '../../../shared/queue/runner.ts';
import { describeOnBothBackends, silent } from '../../support/queue-backends.ts';
import { waitFor } from '../../support/wait.ts';

describeOnBothBackends('looks into the queue', (fixture) => {
  it('show jobs of all queues by state, and put back one that failed, which then runs', async () => {
    const backend = await fixture.open();
    const producer = createProducer(backend);
    let broken = true;
    let ran = 0;
    const handlers: Handlers = {
      cycle: async () => {
        if (broken) throw new Error('broken on purpose');
        ran += 1;
        return done;
      },
      replica: async () => done,
      chunk: async () => done,
      document: async () => done,
      maintenance: async () => done,
      deliver: async () => done,
      verify: async () => done,
    };
    const runner = await startRunner({ backend, handlers, log: silent, concurrency: { cycle: 1 } });
    try {
      await producer.enqueue('document', { linkId: 1, generation: 2 }, { delayMs: 60_000 });
      await producer.enqueue('cycle', { runId: 7 });
      const failed = await waitFor(
        'the job to fail',
        async () => (await listJobs(backend, ['failed'], { limit: 10 }))[0],
      );
      expect(failed).toMatchObject({
        queue: 'cycle',
        name: 'cycle',
        payload: { runId: 7 },
        state: 'failed',
        attempts: 1,
      });
      expect(failed.error).toContain('broken on purpose');
      const [delayed] = await listJobs(backend, ['delayed'], { limit: 10 });
      expect(delayed).toMatchObject({ id: 'document:doc.1.2', payload: { linkId: 1, generation: 2 } });
      expect(delayed?.dueAt?.getTime()).toBeGreaterThan(Date.now() + 30_000);
      await expect(retryJob(backend, 'document:doc.1.2')).rejects.toMatchObject({ code: 'job_not_failed' });
      broken = false;
      expect((await retryJob(backend, failed.id)).id).toBe(failed.id);
      await waitFor('the job to run', () => Promise.resolve(ran > 0));
      const ended = await waitFor('the job to be done', async () => {
        const job = await findJob(backend, failed.id);
        return job?.state === 'completed' ? job : undefined;
      });
      expect(ended.finishedAt).not.toBeNull();
    } finally {
      await runner.close(1000);
      await backend.close();
    }
  });

  it('go through all jobs page by page, the newest first, each of them once', async () => {
    const backend = await fixture.open();
    const producer = createProducer(backend);
    try {
      for (let linkId = 1; linkId <= 7; linkId += 1)
        await producer.enqueue('document', { linkId, generation: 1 }, { delayMs: 60_000 * (8 - linkId) });
      for (let runId = 1; runId <= 3; runId += 1) await producer.enqueue('cycle', { runId });
      const all = await listJobs(backend, JOB_STATES, { limit: 100 });
      expect(all.length).toBeGreaterThanOrEqual(10);
      expect(all.map((job) => job.createdAt.getTime())).toEqual(
        all.map((job) => job.createdAt.getTime()).toSorted((a, b) => b - a),
      );
      const paged = [];
      for (let page = await listJobs(backend, JOB_STATES, { limit: 4 }); page.length > 0; ) {
        paged.push(...page);
        const last = page.at(-1);
        page = last === undefined ? [] : await listJobs(backend, JOB_STATES, { after: cursorOf(last), limit: 4 });
      }
      expect(paged.map(({ id }) => id)).toEqual(all.map(({ id }) => id));
    } finally {
      await backend.close();
    }
  });
});
