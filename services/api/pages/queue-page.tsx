/** The queue and who works on it. Jobs are found by document, replica and run, from our own rows. */
import { Hono } from 'hono';
import { z } from 'zod';
import { findJob, JOB_STATES, retryJob } from '../../../shared/queue/jobs.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { notFound } from '../http-error.ts';
import { id } from '../input.ts';
import { loadQueuePage, presentShownJob, type QueuePage, type ShownJob } from '../presenters/queue.ts';
import { act } from './actions.ts';
import { Badge } from './components/badge.tsx';
import { LINK_COLUMNS, LinkCells } from './components/document-cells.tsx';
import { Field, FilterForm, PostButton, Select } from './components/forms.tsx';
import { Pager, To } from './components/links.tsx';
import { Empty, RedThing } from './components/notices.tsx';
import { Processes, QueueTable } from './components/queue-parts.tsx';
import { Time } from './components/time.tsx';
import { filtersOf, givenOf } from './filters.ts';
import { renderPage } from './page.tsx';
import { Table } from './components/table.tsx';

const QUERY = z.strictObject({
  replica_id: id.optional(),
  document: id.optional(),
  run_id: id.optional(),
  /** Jobs of one state, over all queues. */
  status: z.enum(JOB_STATES).optional(),
  cursor: id.optional(),
});

export function queuePage(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/queue', async (c) => {
    const page = await loadQueuePage(deps, filtersOf(c, QUERY));
    const given = givenOf(c);
    return renderPage(c, deps, { title: 'Queue', nav: 'queue' }, <QueueView page={page} given={given} />);
  });
  routes.get('/queue/jobs/:job', async (c) => {
    const job = await findJob(deps.backend, c.req.param('job'));
    if (job === null)
      throw notFound(`The job ${c.req.param('job')} (finished ones are kept for an hour)`, 'job_not_found');
    const shown = presentShownJob(job);
    return renderPage(c, deps, { title: 'Job', nav: 'queue' }, <JobDetail job={shown} />);
  });
  routes.post('/queue/jobs/:job/retry', (c) =>
    act(c, deps, '/queue', async () => {
      const job = await retryJob(deps.backend, c.req.param('job'));
      deps.log.info(`The job ${job.id} was put back by a person.`);
      return `1 job was put back into the queue "${job.queue}".`;
    }),
  );
  return routes;
}

function QueueView({ page, given }: { page: QueuePage; given: Readonly<Record<string, string>> }) {
  return (
    <>
      <h1>Queue</h1>
      <p>
        Jobs are only an index of the work, on {page.kind === 'redis' ? 'Redis' : 'PostgreSQL'}; what is lost there is
        made again from the rows. A document that failed is no failed job: it is in{' '}
        <To to="/documents?status=error">the list of documents that need something</To>.
      </p>
      {page.queues === null ? (
        <RedThing
          title="The queue does not answer:"
          reason={page.fault}
          next="Processes keep trying; within a minute after it is back all work is in it again."
        />
      ) : (
        <QueueTable queues={page.queues} />
      )}
      <p>
        <To to="/queues">All jobs, one by one</To> (Bull Board; needs scripts)
      </p>
      <h2 id="workers">Processes</h2>
      <Processes processes={page.processes} replicas={page.replicas} />
      <FailedJobs jobs={page.failed} />
      {page.jobs === null ? null : <Jobs jobs={page.jobs} state={given['status'] ?? ''} />}
      <h2>Work</h2>
      <WorkFilters page={page} given={given} />
      <Work page={page} />
    </>
  );
}

function FailedJobs({ jobs }: { jobs: readonly ShownJob[] }) {
  if (jobs.length === 0) return null;
  return (
    <>
      <h2>Failed jobs</h2>
      {jobs.map((job) => (
        <RedThing
          title={<To to={jobPath(job.id)}>{job.id}</To>}
          reason={job.error ?? 'no reason was noted'}
          next={
            <>
              Failed <Time at={job.finishedAt} />. What it stood for is a row, and is handed out again by itself; a
              failed job goes away after a week.
            </>
          }
        >
          <PostButton action={`${jobPath(job.id)}/retry`} id={`retry-${job.id}`}>
            Put back
          </PostButton>
        </RedThing>
      ))}
    </>
  );
}

function Jobs({ jobs, state }: { jobs: readonly ShownJob[]; state: string }) {
  return (
    <>
      <h2 id="jobs">Jobs: {state}</h2>
      {jobs.length === 0 ? <Empty>No job is {state} now.</Empty> : null}
      <ul>
        {jobs.map((job) => (
          <li>
            <To to={jobPath(job.id)}>{job.id}</To> <span class="faint">added</span> <Time at={job.createdAt} />
          </li>
        ))}
      </ul>
    </>
  );
}

const jobPath = (job: string): string => `/queue/jobs/${encodeURIComponent(job)}`;

function WorkFilters({ page, given }: { page: QueuePage; given: Readonly<Record<string, string>> }) {
  const replicas = page.replicas.map((one) => ({ value: String(one.id), label: one.name }));
  return (
    <FilterForm label="Find work">
      <Field label="Document (master id)" name="document" type="number" min={1} value={given['document']} />
      <Select
        label="Replica"
        name="replica_id"
        value={given['replica_id']}
        options={[{ value: '', label: 'any' }, ...replicas]}
      />
      <Field label="Run" name="run_id" type="number" min={1} value={given['run_id']} />
    </FilterForm>
  );
}

function Work({ page }: { page: QueuePage }) {
  if (page.work.length === 0)
    return (
      <Empty>
        {page.searched
          ? 'No document matches.'
          : 'No document is in the queue or being worked on. While a run works on documents, they are listed here.'}
      </Empty>
    );
  return (
    <>
      <Table columns={[...LINK_COLUMNS, 'In the queue', 'Worked on by', 'Next look']}>
        {page.work.map((row) => (
          <tr>
            <LinkCells row={row} />
            <td data-label="In the queue">
              {row.job === null ? '-' : <To to={jobPath(row.job)}>{row.job.slice('document:'.length)}</To>}{' '}
              {row.dispatched_at === null ? null : <Time at={row.dispatched_at} />}
            </td>
            <td data-label="Worked on by">
              {row.lease_worker === null ? '-' : <code>{row.lease_worker.slice(0, 8)}</code>}
            </td>
            <td data-label="Next look">{row.next_due_at === null ? '-' : <Time at={row.next_due_at} />}</td>
          </tr>
        ))}
      </Table>
      <Pager next={page.next} />
    </>
  );
}

function JobDetail({ job }: { job: ShownJob }) {
  return (
    <>
      <h1>Job {job.id}</h1>
      <p>
        <Badge tone={job.state === 'failed' ? 'bad' : job.state === 'active' ? 'busy' : 'calm'}>{job.state}</Badge>{' '}
        {job.error}
      </p>
      <dl class="facts">
        <dt>Queue</dt>
        <dd>{job.queue}</dd>
        <dt>Name</dt>
        <dd>{job.name}</dd>
        <dt>Attempts</dt>
        <dd>{job.attempts}</dd>
        <dt>Added</dt>
        <dd>
          <Time at={job.createdAt} />
        </dd>
        <dt>Due</dt>
        <dd>
          <Time at={job.dueAt} never="at once" />
        </dd>
        <dt>Started</dt>
        <dd>
          <Time at={job.startedAt} never="not yet" />
        </dd>
        <dt>Finished</dt>
        <dd>
          <Time at={job.finishedAt} never="not yet" />
        </dd>
      </dl>
      <h2>Payload</h2>
      <pre>{JSON.stringify(job.payload, null, 2)}</pre>
      <p class="faint">Ids only; anything else would be hidden.</p>
      {job.state === 'failed' ? (
        <PostButton action={`${jobPath(job.id)}/retry`} id="retry-job">
          Put back
        </PostButton>
      ) : null}
      <p>
        <To to="/queue">Back to the queue</To>
      </p>
    </>
  );
}
