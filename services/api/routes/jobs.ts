import { z } from '@hono/zod-openapi';
import {
  cursorOf,
  findJob,
  JOB_STATES,
  listJobs,
  retryJob,
  type JobCursor,
  type JobView,
} from '../../../shared/queue/jobs.ts';
import { maskText } from '../../../shared/telemetry/mask.ts';
import { full } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { pageSize, text } from '../input.ts';
import { redactPayload } from '../presenters/redact.ts';
import { answer, newRoutes, operation, type Routes } from '../operation.ts';
import { jobList, oneJob } from '../schemas/control.ts';

const jobParam = z.object({ id: text(200) });
const CURSOR = /^\d{1,15}\..+$/;
/** Time and id of the last job of the page before. */
const cursor = text(230)
  .regex(CURSOR, 'must be the next_cursor of a page')
  .transform((given): JobCursor => {
    const at = given.indexOf('.');
    return { created: Number(given.slice(0, at)), id: given.slice(at + 1) };
  })
  .openapi({ type: 'string', pattern: CURSOR.source });
const tags = ['Jobs'];
const getJobs = operation({
  method: 'get',
  path: '/',
  operationId: 'listJobs',
  summary:
    'Jobs in the queue, newest first, at most 1,000 of each queue and state; finished ones are kept for an hour, failed ones for a week',
  tags,
  request: {
    query: z.strictObject({
      status: z.enum(JOB_STATES).optional(),
      cursor: cursor.optional(),
      limit: pageSize(50, 500),
    }),
  },
  responses: { 200: answer('A page of jobs.', jobList) },
});
const getJob = operation({
  method: 'get',
  path: '/{id}',
  operationId: 'getJob',
  summary: 'One job, by queue and id',
  tags,
  request: { params: jobParam },
  responses: { 200: answer('The job.', oneJob) },
});
const postRetry = operation({
  method: 'post',
  path: '/{id}/retry',
  operationId: 'retryJob',
  summary: 'Put a failed job back into its queue',
  tags,
  request: { params: jobParam },
  responses: { 202: answer('The job as it is now.', oneJob) },
  problems: [409],
});

export function jobRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getJobs, async (c) => {
    const { status, cursor: after, limit } = c.req.valid('query');
    const jobs = await listJobs(deps.backend, status === undefined ? JOB_STATES : [status], { after, limit });
    const last = full(jobs, limit);
    const next = last === undefined ? null : cursorOf(last);
    return c.json({ jobs: jobs.map(present), next_cursor: next === null ? null : `${next.created}.${next.id}` }, 200);
  });
  routes.openapi(getJob, async (c) => {
    const { id } = c.req.valid('param');
    const job = await findJob(deps.backend, id);
    if (job === null) throw notFound(`The job ${id}`, 'job_not_found');
    return c.json({ job: present(job) }, 200);
  });
  routes.openapi(postRetry, async (c) => {
    const job = await retryJob(deps.backend, c.req.valid('param').id);
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
    payload: redactPayload(job.payload),
    attempts: job.attempts,
    created_at: job.createdAt,
    due_at: job.dueAt,
    started_at: job.startedAt,
    finished_at: job.finishedAt,
    error: job.error === null ? null : maskText(job.error),
  };
}
