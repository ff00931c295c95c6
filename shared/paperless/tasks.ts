/** Consume tasks, in the shape of either generation (paperless-api.md 6). Rows are advisory, never proof (protocol F5). */
import { z } from 'zod';
import { AppError } from '../kernel/errors.ts';
import type { ConsumeTask, Generation, PaperlessReader } from './api.ts';
import type { CapabilityProbe } from './capabilities.ts';
import { wrongShape } from './errors.ts';
import { parseAs } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import { MAX_PAGE_SIZE } from './lists.ts';
import { isConsumeTask, toConsumeTask } from './task-mapper.ts';
import type { Query } from './url.ts';
import * as wire from './wire.ts';

const ROUTE = '/api/tasks/';

type TaskReads = Pick<PaperlessReader, 'task' | 'unfinishedTasks' | 'tasksSince'>;
type Row = z.output<typeof wire.taskRow>;

export function taskReads(http: Http, probe: CapabilityProbe): TaskReads {
  return {
    async task(taskId, signal) {
      const rows = await readRows(http, probe, () => ({ task_id: taskId }), signal);
      return rows.find((task) => task.taskId.toLowerCase() === taskId.toLowerCase()) ?? null;
    },
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
  const v3 = generation === 'v3';
  const filter = v3 ? { task_type: 'consume_file' } : { task_name: 'consume_file' };
  const found = new Map<number, Row>();
  for (let page = 1; ; page += 1) {
    const paging = v3 ? { page_size: MAX_PAGE_SIZE, ...(page === 1 ? {} : { page }) } : {};
    const request: ApiRequest = {
      method: 'GET',
      route: ROUTE,
      purpose: 'list',
      // overrides (title, ASN) are only in API 10 (protocol F2)
      apiVersion: v3 ? 10 : 9,
      query: { ...filter, ...query(generation), ...paging },
      signal,
    };
    const { rows, count } = await readPage(http, request, page);
    const before = found.size;
    for (const row of rows) found.set(row.id, row);
    // New tasks shift rows to later pages, so rows repeat but are not missed; finished ones may leave the filter.
    if (found.size >= count || found.size === before) break;
  }
  const now = http.clock.now();
  return [...found.values()].filter(isConsumeTask).map((row) => toConsumeTask(row, now));
}

async function readPage(http: Http, request: ApiRequest, page: number): Promise<{ rows: Row[]; count: number }> {
  try {
    return await http.read(request, (answer) => {
      const list = parseAs(request, answer, wire.taskList);
      if (Array.isArray(list)) return { rows: list, count: list.length };
      if (page === 1 && list.count > 0 && list.results.length === 0) throw wrongShape(request, 'its page is empty');
      return { rows: list.results, count: list.count };
    });
  } catch (error) {
    if (page > 1 && error instanceof AppError && error.code === 'endpoint_missing') return { rows: [], count: 0 };
    throw error;
  }
}
