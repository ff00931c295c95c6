/**
 * Tasks in three shapes: v2, v3 in version 9 and v3 in version 10. Only the last one shows what an upload was posted with,
 * which is how an upload whose answer was lost is found again (engine-protocol.md F2).
 */

import type { Context } from '../context.ts';
import { badRequest, HttpError, json, notFound, type Reply, forbiddenText, text } from '../http/reply.ts';
import { idFilter, momentFilter, orderRows } from '../rest/lists.ts';
import { compareText } from '../rest/lookups.ts';
import { paginate } from '../rest/pagination.ts';
import { Invalid, REQUIRED, choiceField, integerField, readInput } from '../rest/input.ts';
import type { Route } from '../router.ts';
import type { TaskRow, TaskStatus } from '../state/model.ts';
import { endTask, systemTask } from './rows.ts';
import { taskJsonV10, taskJsonV2, taskJsonV9, taskName, taskTypeV9 } from './serialize.ts';
import { activeTasks, statusCounts, summary } from './reports.ts';

const STATUSES: readonly TaskStatus[] = ['pending', 'started', 'success', 'failure'];
const V2_STATUSES = ['FAILURE', 'PENDING', 'RECEIVED', 'RETRY', 'REVOKED', 'STARTED', 'SUCCESS'];
const V2_NAMES = ['consume_file', 'train_classifier', 'check_sanity', 'index_optimize'];
const V3_TYPES = [
  'consume_file',
  'train_classifier',
  'sanity_check',
  'index_optimize',
  'mail_fetch',
  'llm_index',
  'empty_trash',
  'check_workflows',
  'bulk_update',
  'reprocess_document',
  'build_share_link',
  'bulk_delete',
];
const V3_SOURCES = ['scheduled', 'web_ui', 'api_upload', 'folder_consume', 'email_consume', 'system', 'manual'];

export function visibleTasks(context: Context): TaskRow[] {
  context.require('view_paperlesstask');
  const { user, store, isV3 } = context;
  // Staff sees all on v3, a superuser on v2; everybody else sees own and unowned ones (paperless-api.md 6).
  const seesAll = isV3 ? user.isStaff : user.isSuperuser;
  return store.tasks.filter((row) => seesAll || row.owner === null || row.owner === user.id);
}

type Filter = (row: TaskRow) => boolean;

function choices(context: Context, name: string, allowed: readonly string[]): string[] | null {
  const given = context.query.all(name).filter(Boolean);
  const wrong = given.find((value) => !allowed.includes(value));
  if (wrong !== undefined)
    throw badRequest({ [name]: [`Select a valid choice. ${wrong} is not one of the available choices.`] });
  return given.length === 0 ? null : given;
}

function commonFilters({ query }: Context): Filter[] {
  const filters: Filter[] = [];
  const taskId = query.given('task_id');
  if (taskId !== null) filters.push((row) => row.taskId === taskId);
  const acknowledged = query.given('acknowledged')?.toLowerCase();
  if (acknowledged === 'true' || acknowledged === 'false')
    filters.push((row) => row.acknowledged === (acknowledged === 'true'));
  return filters;
}

function filtersV2(context: Context): Filter[] {
  const status = choices(context, 'status', V2_STATUSES)?.at(-1);
  const name = choices(context, 'task_name', V2_NAMES)?.at(-1);
  const type = choices(context, 'type', ['auto_task', 'scheduled_task', 'manual_task'])?.at(-1);
  const filters: Filter[] = [];
  if (status !== undefined) filters.push((row) => row.status.toUpperCase() === status);
  if (name !== undefined) filters.push((row) => taskName(row.kind) === name);
  if (type !== undefined) filters.push((row) => taskJsonV2(row).type === type);
  return filters;
}

function filtersV3(context: Context): Filter[] {
  const { query, apiVersion } = context;
  const filters: Filter[] = [];
  const status = choices(context, 'status', STATUSES);
  if (status) filters.push((row) => status.includes(row.status));
  const types = choices(context, 'task_type', V3_TYPES);
  if (types) filters.push((row) => types.includes(row.kind));
  const sources = choices(context, 'trigger_source', V3_SOURCES);
  if (sources) filters.push((row) => sources.includes(row.triggerSource));
  const complete = query.given('is_complete');
  if (complete !== null)
    filters.push((row) => (row.status === 'success' || row.status === 'failure') === (complete === 'true'));
  const owner = idFilter(query, 'owner');
  if (owner !== null) filters.push((row) => row.owner === owner);
  const after = momentFilter(query, 'date_created_after');
  if (after !== null) filters.push((row) => row.created >= after);
  const before = momentFilter(query, 'date_created_before');
  if (before !== null) filters.push((row) => row.created <= before);
  const name = apiVersion < 10 ? query.given('task_name') : null;
  if (name !== null) filters.push((row) => taskName(row.kind) === name || row.kind === name);
  const type = apiVersion < 10 ? query.given('type') : null;
  if (type !== null) filters.push((row) => taskTypeV9(row) === type);
  return filters;
}

/** GET /api/tasks/ in its three shapes (paperless-api.md 6). */
function listTasks(context: Context): Reply {
  const { isV3, query, apiVersion } = context;
  const filters = [...commonFilters(context), ...(isV3 ? filtersV3(context) : filtersV2(context))];
  const found = visibleTasks(context).filter((row) => filters.every((keep) => keep(row)));
  found.sort((a, b) => b.created - a.created || b.id - a.id);
  const rows = orderRows(found, query, {
    date_created: (a, b) => a.created - b.created,
    date_done: (a, b) => (a.done ?? 0) - (b.done ?? 0),
    status: (a, b) => compareText(a.status, b.status),
    task_type: (a, b) => compareText(a.kind, b.kind),
  });
  if (!isV3) return json(rows.map(taskJsonV2));
  if (apiVersion < 10) return json(rows.map(taskJsonV9));
  const { rows: page, envelope } = paginate(rows, { ...context.page, withAll: false });
  return json(envelope(page.map(taskJsonV10), () => []));
}

function readTask(context: Context): Reply {
  const row = visibleTasks(context).find((candidate) => candidate.id === context.id());
  if (!row) throw notFound('PaperlessTask');
  return json(!context.isV3 ? taskJsonV2(row) : context.apiVersion < 10 ? taskJsonV9(row) : taskJsonV10(row));
}

/** The number of a row is wanted, a uuid is no number (paperless-api.md 6.1). */
function noSuchTask(context: Context): Reply {
  context.require('view_paperlesstask');
  throw notFound();
}

async function acknowledge(context: Context): Promise<Reply> {
  context.require('change_paperlesstask');
  const { store, isV3 } = context;
  const { tasks, all } = await context.input();
  if (isV3 && all === true)
    return json({
      result: acknowledgeRows(
        context,
        store.tasks.filter(() => true),
      ),
    });
  if (!Array.isArray(tasks)) {
    throw badRequest(
      isV3 ? { non_field_errors: ['Either all must be true or tasks must be provided.'] } : { tasks: [REQUIRED] },
    );
  }
  const rows = idsOf(tasks).map((id) => store.tasks.get(id));
  if (rows.includes(undefined) || new Set(rows).size !== rows.length) {
    throw badRequest({ tasks: ["Some tasks in tasks don't exist or were specified twice."] });
  }
  return json({ result: acknowledgeRows(context, rows as TaskRow[]) });
}

function idsOf(given: readonly unknown[]): number[] {
  const errors: Record<string, unknown> = {};
  const ids = given.map((value, at) => {
    try {
      return integerField(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)(value);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      errors[at] = error.errors;
      return 0;
    }
  });
  if (Object.keys(errors).length > 0) throw badRequest({ tasks: errors });
  return ids;
}

function acknowledgeRows({ store }: Context, rows: readonly TaskRow[]): number {
  for (const row of rows) store.tasks.save(Object.assign(row, { acknowledged: true }));
  return rows.length;
}

const RUNNABLE_V2 = ['train_classifier', 'check_sanity', 'index_optimize'];
const RUNNABLE_V3 = [
  'train_classifier',
  'sanity_check',
  'index_optimize',
  'mail_fetch',
  'llm_index',
  'empty_trash',
  'check_workflows',
];
const NO_ISSUES = 'No issues detected.';

async function runTask(context: Context): Promise<Reply> {
  if (!context.user.isSuperuser) throw forbiddenText();
  const { store, isV3 } = context;
  const input = await context.input();
  const done = { status: 'success' as const, resultText: NO_ISSUES, resultData: {}, relatedDocument: null };
  if (!isV3) {
    const { task_name: name } = readInput(input, { task_name: choiceField(V2_NAMES) }, ['task_name']);
    if (!RUNNABLE_V2.includes(name ?? ''))
      throw new HttpError(text('Error running task, check logs for more detail.', 500));
    endTask(store, systemTask(store, name === 'check_sanity' ? 'sanity_check' : (name ?? ''), 'manual'), done);
    return json({ result: NO_ISSUES });
  }
  const { task_type: type = '' } = readInput(input, { task_type: choiceField(V3_TYPES) }, ['task_type']);
  if (!RUNNABLE_V3.includes(type)) throw badRequest({ error: `Task type '${type}' cannot be manually triggered` });
  const row = systemTask(store, type, 'manual');
  context.instance.queue.add({
    name: type,
    run: () => {
      row.started = store.clock.now();
      endTask(store, row, done);
      store.commit();
    },
  });
  return json({ task_id: row.taskId });
}

const onlyV3 =
  (handler: (context: Context) => Reply) =>
  (context: Context): Reply => {
    if (!context.isV3) throw notFound();
    return handler(context);
  };

export const taskRoutes: readonly Route[] = [
  { path: 'tasks/', methods: { GET: listTasks } },
  { path: 'tasks/acknowledge/', methods: { POST: acknowledge } },
  { path: 'tasks/run/', methods: { POST: runTask } },
  { path: 'tasks/active/', methods: { GET: onlyV3((context) => activeTasks(visibleTasks(context))) } },
  { path: 'tasks/summary/', methods: { GET: onlyV3((context) => summary(visibleTasks(context))) } },
  { path: 'tasks/status_counts/', methods: { GET: onlyV3((context) => statusCounts(visibleTasks(context))) } },
  { path: 'tasks/:id/', methods: { GET: readTask } },
  { path: 'tasks/:word/', methods: { GET: noSuchTask } },
];
