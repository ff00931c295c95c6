import { z } from '@hono/zod-openapi';
import { stream } from 'hono/streaming';
import { deleteLogsBefore, queryLogs, type LogFilter, type LogLine } from '../../../shared/db/logs.repo.ts';
import { DAY } from '../../../shared/kernel/clock.ts';
import { csvLine } from '../../../shared/domain/csv.ts';
import type { ApiDeps } from '../deps.ts';
import { cursorAfter, id, idParam, instant, pageSize, text } from '../input.ts';
import { answer, eventStream, newRoutes, operation, type Routes } from '../operation.ts';
import { loadLogEvent } from '../presenters/logs.ts';
import { deletedLogs, LOG_LEVELS, logInContext, logPage } from '../schemas/logs.ts';

export const LOG_FILTERS = {
  replica_id: id.optional(),
  run_id: id.optional(),
  /** The master's id of a document. */
  document: id.optional(),
  level: z.enum(LOG_LEVELS).optional(),
  code: text(100).optional(),
  from: instant.optional(),
  to: instant.optional(),
  q: text(500).optional(),
};
const filterQuery = z.strictObject(LOG_FILTERS);
const deleteQuery = z.strictObject({
  older_than_days: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number of days')
    .transform(Number)
    .pipe(z.number().min(1).max(36_500))
    .openapi({ type: 'integer', minimum: 1, maximum: 36_500 }),
});

export function logFilter(given: z.output<typeof filterQuery>): LogFilter {
  const { replica_id: replicaId, run_id: runId, document: docId, level, code, from, to, q } = given;
  return { replicaId, runId, docId, level, code, from, to, text: q?.trim() === '' ? undefined : q };
}

const tags = ['Logs'];
const getLogs = operation({
  method: 'get',
  path: '/',
  operationId: 'listLogs',
  summary: 'What happened, newest first',
  tags,
  request: { query: z.strictObject({ ...LOG_FILTERS, cursor: id.optional(), limit: pageSize(100, 1000) }) },
  responses: { 200: answer('A page of lines.', logPage) },
});
const getStream = operation({
  method: 'get',
  path: '/stream',
  operationId: 'followLogs',
  summary: 'New lines as they are written; Last-Event-ID goes on where a stream ended',
  tags,
  request: { query: filterQuery },
  responses: { 200: eventStream('Events named "log", each a line.') },
  problems: [429],
});
const getDownload = operation({
  method: 'get',
  path: '/download',
  operationId: 'downloadLogs',
  summary: 'The newest lines as a file',
  tags,
  request: { query: z.strictObject({ ...LOG_FILTERS, format: z.enum(['jsonl', 'csv']).default('jsonl') }) },
  responses: {
    200: {
      description: 'A line a line.',
      content: { 'application/x-ndjson': { schema: z.string() }, 'text/csv': { schema: z.string() } },
    },
  },
});
const getAround = operation({
  method: 'get',
  path: '/{id}',
  operationId: 'getLog',
  summary: 'One line, and those before and after it',
  tags,
  request: { params: idParam, query: z.strictObject({ around: pageSize(20, 200) }) },
  responses: { 200: answer('The line.', logInContext) },
});
const deleteOld = operation({
  method: 'delete',
  path: '/',
  operationId: 'deleteLogs',
  summary: 'Delete the lines that are older than so many days',
  tags,
  request: { query: deleteQuery },
  responses: { 200: answer('How many.', deletedLogs) },
});

/** Under /api/logs. */
export function logRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getLogs, async (c) => {
    const { cursor, limit, ...filter } = c.req.valid('query');
    const logs = await queryLogs(deps.db, logFilter(filter), { before: cursor, limit });
    return c.json({ logs, next_cursor: cursorAfter(logs, limit) }, 200);
  });
  routes.openapi(getStream, (c) => deps.live.logs(c, logFilter(c.req.valid('query')), { render: asJson }));
  routes.openapi(getDownload, (c) => {
    const { format, ...filter } = c.req.valid('query');
    c.header('Content-Type', format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8');
    c.header('Content-Disposition', `attachment; filename="logs.${format}"`);
    return stream(c, async (out) => {
      for await (const part of downloadParts(deps, logFilter(filter), format)) {
        if (out.aborted) return;
        await out.write(part);
      }
    });
  });
  // After the named ones, which would be taken for ids.
  routes.openapi(getAround, async (c) => {
    const { line, lines } = await loadLogEvent(deps, c.req.valid('param').id, c.req.valid('query').around);
    return c.json({ log: line, around: lines }, 200);
  });
  routes.openapi(deleteOld, async (c) =>
    c.json({ deleted: await deleteLogs(deps, c.req.valid('query').older_than_days) }, 200),
  );
  return routes;
}

/** Rows a statement: a first clean-up of millions of lines holds no long lock. */
const DELETED_AT_ONCE = 5000;

export async function deleteLogs(deps: Pick<ApiDeps, 'db' | 'clock' | 'log'>, days: number): Promise<number> {
  const before = new Date(deps.clock.now().getTime() - days * DAY);
  let deleted = 0;
  for (let last = DELETED_AT_ONCE; last === DELETED_AT_ONCE; deleted += last)
    last = await deleteLogsBefore(deps.db, before, DELETED_AT_ONCE);
  deps.log.info(`${deleted} log lines older than ${days} days were deleted by a person.`);
  return deleted;
}

const asJson = (line: LogLine): string => JSON.stringify(line);

const DOWNLOAD_PAGE = 1000;
/** The newest; whoever wants more narrows the time window. */
export const DOWNLOAD_MAX = 100_000;
const COLUMNS = ['id', 'created_at', 'level', 'replica', 'run_id', 'doc_id', 'code', 'message'] as const;

/** Page by page, so that a download of any size needs no more memory than a small one. */
async function* downloadParts(
  deps: Pick<ApiDeps, 'db'>,
  filter: LogFilter,
  format: 'jsonl' | 'csv',
): AsyncGenerator<string> {
  if (format === 'csv') yield csvLine(COLUMNS);
  const line = (row: LogLine) =>
    format === 'csv' ? csvLine(COLUMNS.map((column) => row[column])) : `${JSON.stringify(row)}\n`;
  let before: number | undefined;
  for (let left = DOWNLOAD_MAX; left > 0; left -= DOWNLOAD_PAGE) {
    const rows = await queryLogs(deps.db, filter, { before, limit: DOWNLOAD_PAGE });
    if (rows.length > 0) yield rows.map(line).join('');
    before = rows.at(-1)?.id;
    if (rows.length < DOWNLOAD_PAGE) return;
  }
}
