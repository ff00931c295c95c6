import { Hono } from 'hono';
import { z } from 'zod';
import { findJob, JOB_STATES, listJobs, retryJob, type JobView } from '../../../shared/queue/jobs.ts';
import { maskText } from '../../../shared/telemetry/mask.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { pageSize, queryOf } from '../input.ts';

const jobQuery = z.strictObject({ status: z.enum(JOB_STATES).optional(), limit: pageSize(50, 500) });

/** Finished jobs are kept for an hour, failed ones for a week. */
export function jobRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/', async (c) => {
    const { status, limit } = queryOf(c, jobQuery);
    const jobs = await listJobs(deps.backend, status === undefined ? JOB_STATES : [status], limit);
    return c.json({ jobs: jobs.map(present) });
  });
  routes.get('/:id', async (c) => {
    const job = await findJob(deps.backend, c.req.param('id'));
    if (job === null) throw notFound(`The job ${c.req.param('id')}`, 'job_not_found');
    return c.json({ job: present(job) });
  });
  routes.post('/:id/retry', async (c) => {
    const job = await retryJob(deps.backend, c.req.param('id'));
    deps.log.info(`The job ${job.id} was put back by a person.`);
    return c.json({ job: present(job) }, 202);
  });
  return routes;
}

function present(job: JobView) {
  return {
    id: job.id,
    queue: job.queue,
    name: job.name,
    status: job.state,
    payload: job.payload,
    attempts: job.attempts,
    created_at: job.createdAt,
    due_at: job.dueAt,
    started_at: job.startedAt,
    finished_at: job.finishedAt,
    error: job.error === null ? null : maskText(job.error),
  };
}
