import { Hono } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import { deleteLogsBefore, logsAround, queryLogs, type LogFilter, type LogLine } from '../../../shared/db/logs.repo.ts';
import { DAY } from '../../../shared/kernel/clock.ts';
import { csvLine } from '../../../shared/domain/csv.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { id, idOf, instant, pageSize, queryOf, text } from '../input.ts';

export const LOG_FILTERS = {
  replica_id: id.optional(),
  run_id: id.optional(),
  /** The master's id of a document. */
  document: id.optional(),
  level: z.enum(['info', 'warning', 'error']).optional(),
  code: text(100).optional(),
  from: instant.optional(),
  to: instant.optional(),
  q: text(500).optional(),
};
const filterQuery = z.strictObject(LOG_FILTERS);
const logQuery = z.strictObject({ ...LOG_FILTERS, cursor: id.optional(), limit: pageSize(100, 1000) });
const downloadQuery = z.strictObject({ ...LOG_FILTERS, format: z.enum(['jsonl', 'csv']).default('jsonl') });
const aroundQuery = z.strictObject({ around: pageSize(20, 200) });
const deleteQuery = z.strictObject({
  older_than_days: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a whole number of days')
    .transform(Number)
    .pipe(z.number().min(1).max(36_500)),
});

export function logFilter(given: z.output<typeof filterQuery>): LogFilter {
  const { replica_id: replicaId, run_id: runId, document: docId, level, code, from, to, q } = given;
  return { replicaId, runId, docId, level, code, from, to, text: q?.trim() === '' ? undefined : q };
}

export function logRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/', async (c) => {
    const { cursor, limit, ...filter } = queryOf(c, logQuery);
    const logs = await queryLogs(deps.db, logFilter(filter), { before: cursor, limit });
    const last = logs.length === limit ? logs.at(-1) : undefined;
    return c.json({ logs, next_cursor: last === undefined ? null : String(last.id) });
  });
  routes.get('/stream', (c) => deps.live.logs(c, logFilter(queryOf(c, filterQuery)), asJson));
  routes.get('/download', (c) => {
    const { format, ...filter } = queryOf(c, downloadQuery);
    const name = `logs.${format}`;
    c.header('Content-Type', format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson; charset=utf-8');
    c.header('Content-Disposition', `attachment; filename="${name}"`);
    return stream(c, async (out) => {
      for await (const part of downloadParts(deps, logFilter(filter), format)) {
        if (out.aborted) return;
        await out.write(part);
      }
    });
  });
  // After the named ones, which would be taken for ids.
  routes.get('/:id', async (c) => {
    const { around } = queryOf(c, aroundQuery);
    const logId = idOf(c);
    const logs = await logsAround(deps.db, logId, around);
    const log = logs.find((line) => line.id === logId);
    if (log === undefined) throw notFound(`The log line ${logId}`, 'log_not_found');
    return c.json({ log, around: logs });
  });
  routes.delete('/', async (c) => {
    const { older_than_days: days } = queryOf(c, deleteQuery);
    const deleted = await deleteLogs(deps, days);
    return c.json({ deleted });
  });
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
