/** The queue as a page shows it: what waits, who works, what was refused. The queue is an index; the rows are the truth (R2). */
import { searchDocuments, type FoundDocument } from '../../../shared/db/document-search.repo.ts';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import { listProcesses, type ProcessView } from '../../../shared/db/workers.repo.ts';
import { QUEUES } from '../../../shared/queue/catalog.ts';
import { lookAtQueue, type QueueLook } from '../../../shared/queue/inspect.ts';
import { listJobs, type JobState, type JobView } from '../../../shared/queue/jobs.ts';
import { SECOND } from '../../../shared/kernel/clock.ts';
import { maskText } from '../../../shared/telemetry/mask.ts';
import type { ApiDeps } from '../deps.ts';
import { redactPayload } from './redact.ts';

export type { ProcessView };

export interface QueueQuery {
  readonly replica_id?: number | undefined;
  readonly document?: number | undefined;
  readonly run_id?: number | undefined;
  readonly status?: JobState | undefined;
  readonly cursor?: number | undefined;
}
export interface QueuePage {
  readonly kind: 'postgres' | 'redis';
  /** Null: the queue does not answer; `fault` says why. */
  readonly queues: readonly QueueLook[] | null;
  readonly fault: string | null;
  readonly failed: readonly ShownJob[];
  /** Of the state that was asked for; null: of none. */
  readonly jobs: readonly ShownJob[] | null;
  readonly processes: readonly ProcessView[];
  readonly replicas: readonly { readonly id: number; readonly name: string }[];
  readonly work: readonly (FoundDocument & { readonly job: string | null })[];
  readonly next: number | null;
  readonly searched: boolean;
}

const PAGE = 50;
const FAILED_SHOWN = 20;
/** A queue that is away must not keep the page; the rows are still worth seeing. */
const QUEUE_PATIENCE_MS = 4 * SECOND;

export async function loadQueuePage(deps: Pick<ApiDeps, 'db' | 'backend'>, query: QueueQuery): Promise<QueuePage> {
  const [look, processes, replicas] = await Promise.all([
    lookAtAll(deps, query.status),
    listProcesses(deps.db),
    listReplicas(deps.db),
  ]);
  const { replica_id: replicaId, document: masterDocId, run_id: runId, cursor } = query;
  const searched = replicaId !== undefined || masterDocId !== undefined || runId !== undefined;
  const replicaIds = replicaId === undefined ? replicas.map(({ id }) => id) : [replicaId];
  // Without a question: what is in the queue or in somebody's hands right now.
  const search = { replicaIds, masterDocId, runId, inHand: searched ? undefined : true };
  const work = await searchDocuments(deps.db, search, { after: cursor, limit: PAGE });
  const last = work.length === PAGE ? work.at(-1) : undefined;
  return {
    kind: deps.backend.kind,
    ...look,
    processes,
    replicas: replicas.map(({ id, name }) => ({ id, name })),
    work: work.map((row) => ({
      ...row,
      job: row.dispatched_at === null ? null : `document:doc.${row.link_id}.${row.dispatch_gen}`,
    })),
    next: last?.link_id ?? null,
    searched,
  };
}

async function lookAtAll(
  { backend }: Pick<ApiDeps, 'backend'>,
  state: JobState | undefined,
): Promise<Pick<QueuePage, 'queues' | 'fault' | 'failed' | 'jobs'>> {
  const asked = Promise.all([
    Promise.all(QUEUES.map((name) => lookAtQueue(backend, name))),
    listJobs(backend, ['failed'], { limit: FAILED_SHOWN }),
    state === undefined ? null : listJobs(backend, [state], { limit: PAGE }),
  ]);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${QUEUE_PATIENCE_MS / SECOND} s`)), QUEUE_PATIENCE_MS);
  });
  try {
    const [queues, failed, jobs] = await Promise.race([asked, patience]);
    return { queues, failed: failed.map(presentShownJob), jobs: jobs?.map(presentShownJob) ?? null, fault: null };
  } catch (thrown) {
    asked.catch(() => undefined);
    return {
      queues: null,
      failed: [],
      jobs: null,
      fault: maskText(thrown instanceof Error ? thrown.message : String(thrown)),
    };
  } finally {
    clearTimeout(timer);
  }
}

export type ShownJob = Omit<JobView, 'payload'> & { readonly payload: unknown };

/** Ids only, and no secret in an error text. */
export function presentShownJob(job: JobView): ShownJob {
  return { ...job, payload: redactPayload(job.payload), error: job.error === null ? null : maskText(job.error) };
}
