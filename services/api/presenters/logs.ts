/** The log as a page shows it. */
import { z } from 'zod';
import { logsAround, queryLogs, type LogFilter, type LogLine } from '../../../shared/db/logs.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { malformed, notFound } from '../http-error.ts';
import { id, text } from '../input.ts';
import { instantIn } from '../pages/filters.ts';
import { nextAfter, replicaNames, type Names } from './names.ts';

export type { LogLine };

const PAGE = 100;
const time = text(40);
export const LOG_PAGE_QUERY = z.strictObject({
  replica_id: id.optional(),
  run_id: id.optional(),
  document: id.optional(),
  level: z.enum(['info', 'warning', 'error']).optional(),
  code: text(100).optional(),
  from: time.optional(),
  to: time.optional(),
  q: text(500).optional(),
  cursor: id.optional(),
  follow: z.literal('0').optional(),
});
export type LogPageQuery = z.output<typeof LOG_PAGE_QUERY>;

/** Times are given on a clock of that zone. */
export function logPageFilter(query: Omit<LogPageQuery, 'cursor' | 'follow'>, zone: string): LogFilter {
  const at = (name: 'from' | 'to') => {
    const given = query[name];
    if (given === undefined) return undefined;
    const instant = instantIn(zone, given);
    if (instant === null)
      throw malformed(`"${name}" is not a time.`, { [name]: 'must be a time such as 2026-01-31T08:00' });
    return instant;
  };
  const { replica_id: replicaId, run_id: runId, document: docId, level, code, q } = query;
  return { replicaId, runId, docId, level, code, from: at('from'), to: at('to'), text: q };
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  readonly next: number | null;
  readonly replicas: Names;
  readonly retentionDays: number;
  /** Where following begins; null: this page does not follow. */
  readonly after: number | null;
}

export async function loadLogPage(
  deps: Pick<ApiDeps, 'db' | 'settings' | 'timeZone'>,
  { cursor, follow, ...query }: LogPageQuery,
): Promise<LogPage & { readonly zone: string }> {
  const settings = await deps.settings();
  const zone = settings.timezone ?? deps.timeZone;
  const filter = logPageFilter(query, zone);
  const [lines, replicas] = await Promise.all([
    queryLogs(deps.db, filter, { before: cursor, limit: PAGE }),
    replicaNames(deps.db),
  ]);
  const following = cursor === undefined && follow === undefined && filter.to === undefined;
  return {
    lines,
    next: nextAfter(lines, PAGE),
    replicas,
    retentionDays: settings.logRetentionDays,
    after: following ? (lines[0]?.id ?? 0) : null,
    zone,
  };
}

/** One line with those before and after it, the newest first. */
export async function loadLogEvent({ db }: Pick<ApiDeps, 'db'>, logId: number, around: number) {
  const lines = await logsAround(db, logId, around);
  const line = lines.find((one) => one.id === logId);
  if (line === undefined) throw notFound(`The log line ${logId}`, 'log_not_found');
  return { line, lines };
}
