/** The logs that people read on the logs page. */
import { sql, type Insertable } from 'kysely';
import type { Db, LogsTable } from './tables.ts';

export type NewLog = Omit<Insertable<LogsTable>, 'id'>;
export type LogLevel = LogsTable['level'];

export interface LogFilter {
  readonly replicaId?: number | undefined;
  readonly runId?: number | undefined;
  readonly level?: LogLevel | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  /** Words as in a search box: `"exact words" or -not`. */
  readonly text?: string | undefined;
}
export interface LogLine {
  readonly id: number;
  readonly created_at: Date;
  readonly level: LogLevel;
  readonly message: string;
  readonly code: string | null;
  readonly run_id: number | null;
  readonly replica_id: number | null;
  readonly replica: string | null;
  readonly doc_id: number | null;
}

/**
 * All lines in one statement. A run or replica may be removed between the event and the flush, so the references are
 * looked up: a line about something that is gone is still worth keeping.
 */
export async function insertLogs(db: Db, lines: readonly NewLog[]): Promise<void> {
  if (lines.length === 0) return;
  // jsonb cannot hold NUL, and one such character would lose the whole batch.
  const json = JSON.stringify(lines.map((line, nth) => ({ ...line, message: line.message.replaceAll('\0', ''), nth })));
  await sql`
    insert into logs (level, message, code, doc_id, run_id, replica_id, created_at)
    select l.level, l.message, l.code, l.doc_id, sync_runs.id, replicas.id, coalesce(l.created_at, now())
    from jsonb_to_recordset(${json}::jsonb) as l(
      level text, message text, code text, doc_id bigint, run_id bigint, replica_id bigint,
      created_at timestamptz, nth integer)
    left join sync_runs on sync_runs.id = l.run_id
    left join replicas on replicas.id = l.replica_id
    order by l.nth`.execute(db);
}

/** Newest first. `before` is the id of the last line that the caller has. */
export function queryLogs(
  db: Db,
  filter: LogFilter,
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<LogLine[]> {
  return db
    .selectFrom('logs')
    .leftJoin('replicas', 'replicas.id', 'logs.replica_id')
    .select(['logs.id', 'logs.created_at', 'logs.level', 'logs.message', 'logs.code', 'logs.run_id'])
    .select(['logs.replica_id', 'logs.doc_id', 'replicas.name as replica'])
    .$if(filter.replicaId !== undefined, (query) => query.where('logs.replica_id', '=', filter.replicaId as number))
    .$if(filter.runId !== undefined, (query) => query.where('logs.run_id', '=', filter.runId as number))
    .$if(filter.level !== undefined, (query) => query.where('logs.level', '=', filter.level as LogLevel))
    .$if(filter.from !== undefined, (query) => query.where('logs.created_at', '>=', filter.from as Date))
    .$if(filter.to !== undefined, (query) => query.where('logs.created_at', '<=', filter.to as Date))
    .$if(filter.text !== undefined, (query) =>
      query.where(sql<boolean>`logs.search @@ websearch_to_tsquery('simple', ${filter.text})`),
    )
    .$if(page.before !== undefined, (query) => query.where('logs.id', '<', page.before as number))
    .orderBy('logs.id', 'desc')
    .limit(page.limit)
    .execute();
}

/** Retention. Bounded a call, so that a first clean-up of millions of lines holds no long lock. */
export async function deleteLogsBefore(db: Db, before: Date, limit: number): Promise<number> {
  const result = await db
    .deleteFrom('logs')
    .where('id', 'in', (query) => query.selectFrom('logs').select('id').where('created_at', '<', before).limit(limit))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
