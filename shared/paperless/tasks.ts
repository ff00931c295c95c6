/** Consume tasks, in the shape of either generation (paperless-api.md 6). Rows are advisory, never proof (protocol F5). */
import { z } from 'zod';
import type { WaitingTask } from '../domain/replica-queue.ts';
import { AppError } from '../kernel/errors.ts';
import type { ConsumeTask, Generation, PaperlessReader } from './api.ts';
import type { CapabilityProbe } from './capabilities.ts';
import { parseAs, readJson, serverDateOf } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import { readAll } from './lists.ts';
import { isConsumeTask, toConsumeTask } from './task-mapper.ts';
import type { Query } from './url.ts';
import * as wire from './wire.ts';

const ROUTE = '/api/tasks/';
/** More than any limit on the queue that makes sense; the oldest come first. */
const WAITING_PAGE = 250;

type TaskReads = Pick<PaperlessReader, 'task' | 'unfinishedTasks' | 'waitingTasks' | 'tasksSince'>;
type Row = z.output<typeof wire.taskRow>;

export function taskReads(http: Http, probe: CapabilityProbe): TaskReads {
  return {
    async task(taskId, signal) {
      const rows = await readRows(http, probe, () => ({ task_id: taskId }), signal);
      return rows.find((task) => task.taskId.toLowerCase() === taskId.toLowerCase()) ?? null;
    },
    waitingTasks: (signal) => waiting(http, probe, signal),
    unfinishedTasks: (signal) => unfinished(http, probe, signal),
    async tasksSince(since, signal) {
      // v2 has no such filter: all rows come, newest first, and the old ones are dropped here
      const query = (generation: Generation) => (generation === 'v3' ? { date_created_after: since } : {});
      const floor = Date.parse(since) - 1;
      const rows = await readRows(http, probe, query, signal);
      return newestFirst(rows.filter((task) => Date.parse(task.created) >= floor));
    },
  };
}

/**
 * v2 takes one status a request. PENDING is asked before STARTED: a task that moves on in between is seen in the second
 * answer, the other way round it would be in neither.
 */
async function unfinished(http: Http, probe: CapabilityProbe, signal: AbortSignal | undefined): Promise<ConsumeTask[]> {
  const generation = await probe.generation(signal);
  const queries: Query[] =
    generation === 'v3' ? [{ is_complete: false }] : [{ status: 'PENDING' }, { status: 'STARTED' }];
  const found = new Map<string, ConsumeTask>();
  for (const query of queries)
    for (const task of await readRows(http, probe, () => query, signal))
      if (task.state === 'pending' || task.state === 'started') found.set(task.taskId, task);
  return newestFirst([...found.values()]);
}

/** v2 takes one status a request: what a worker has in hand there is one task a worker, and never stands for long. */
async function waiting(http: Http, probe: CapabilityProbe, signal: AbortSignal | undefined): Promise<WaitingTask[]> {
  const generation = await probe.generation(signal);
  const query: Query =
    generation === 'v3'
      ? { task_type: 'consume_file', is_complete: false, ordering: 'date_created', page: 1, page_size: WAITING_PAGE }
      : { task_name: 'consume_file', status: 'PENDING', ordering: 'date_created' };
  const apiVersion = generation === 'v3' ? 10 : undefined;
  const request: ApiRequest = { method: 'GET', route: ROUTE, purpose: 'list', query, apiVersion, signal };
  return await http.read(request, (answer) => {
    const rows =
      generation === 'v3'
        ? parseAs(request, answer, wire.pageOf(wire.taskRow)).results
        : parseAs(request, answer, z.array(wire.taskRow)).slice(0, WAITING_PAGE);
    const now = serverDateOf(request, answer);
    return rows
      .filter(isConsumeTask)
      .map((row) => toConsumeTask(row, new Date(now)))
      .filter((task) => task.state === 'pending' || task.state === 'started')
      .map(({ taskId, created, started }) => ({
        taskId,
        ageMs: Math.max(0, now - Date.parse(created)),
        startedMs: started === null ? null : Math.max(0, now - Date.parse(started)),
      }));
  });
}

function newestFirst(tasks: ConsumeTask[]): ConsumeTask[] {
  return tasks.toSorted((a, b) => Date.parse(b.created) - Date.parse(a.created));
}

async function readRows(
  http: Http,
  probe: CapabilityProbe,
  query: (generation: Generation) => Query,
  signal: AbortSignal | undefined,
): Promise<ConsumeTask[]> {
  try {
    return await readGeneration(http, await probe.generation(signal), query, signal);
  } catch (error) {
    // The instance was exchanged for the other generation since the probe: look again, once.
    if (!(error instanceof AppError) || error.code !== 'not_acceptable') throw error;
    probe.forget();
    return await readGeneration(http, await probe.generation(signal), query, signal);
  }
}

async function readGeneration(
  http: Http,
  generation: Generation,
  query: (generation: Generation) => Query,
  signal: AbortSignal | undefined,
): Promise<ConsumeTask[]> {
  const rows =
    generation === 'v3' ? await readApi10(http, query('v3'), signal) : await readApi9(http, query('v2'), signal);
  const now = http.clock.now();
  return rows.filter(isConsumeTask).map((row) => toConsumeTask(row, now));
}

/** The title and the ASN that were posted are only in API 10 (protocol F2). */
async function readApi10(http: Http, query: Query, signal: AbortSignal | undefined): Promise<Row[]> {
  const filter = { task_type: 'consume_file', ...query };
  return await readAll(http, { route: ROUTE, query: filter, apiVersion: 10, signal }, wire.taskRow);
}

/** A plain array, never paged. */
async function readApi9(http: Http, query: Query, signal: AbortSignal | undefined): Promise<Row[]> {
  const filter = { task_name: 'consume_file', ...query };
  return await readJson(
    http,
    { method: 'GET', route: ROUTE, purpose: 'list', query: filter, signal },
    z.array(wire.taskRow),
  );
}
