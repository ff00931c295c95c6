/** The logs that people read on the logs page. */
import { sql, type Insertable } from 'kysely';
import { LOGS_WRITTEN } from './listen.ts';
import type { Db, LogsTable } from './tables.ts';

export type NewLog = Omit<Insertable<LogsTable>, 'id'>;
export type LogLevel = LogsTable['level'];

export interface LogFilter {
  readonly replicaId?: number | undefined;
  readonly runId?: number | undefined;
  /** The master's id of a document. */
  readonly docId?: number | undefined;
  readonly level?: LogLevel | undefined;
  readonly code?: string | undefined;
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

/** Whoever writes lines holds it until the commit, so that ids become visible in their order: followers go by the id alone. */
const WRITERS_LOCK = 7012;

/**
 * All lines in one statement. A run or replica may be removed between the event and the flush, so the references are
 * looked up: a line about something that is gone is still worth keeping.
 */
export async function insertLogs(db: Db, lines: readonly NewLog[]): Promise<void> {
  if (lines.length === 0) return;
  // jsonb cannot hold NUL, and one such character would lose the whole batch.
  const json = JSON.stringify(lines.map((line, nth) => ({ ...line, message: line.message.replaceAll('\0', ''), nth })));
  await db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${WRITERS_LOCK}, 0)`.execute(trx);
    await sql`
    with stored as (insert into logs (level, message, code, doc_id, run_id, replica_id, created_at)
    select l.level, l.message, l.code, l.doc_id, sync_runs.id, replicas.id, coalesce(l.created_at, now())
    from jsonb_to_recordset(${json}::jsonb) as l(
      level text, message text, code text, doc_id bigint, run_id bigint, replica_id bigint,
      created_at timestamptz, nth integer)
    left join sync_runs on sync_runs.id = l.run_id
    left join replicas on replicas.id = l.replica_id
    order by l.nth returning id)
    select pg_notify(${LOGS_WRITTEN}, max(id)::text) from stored`.execute(trx);
  });
}

const lines = (db: Db) =>
  db
    .selectFrom('logs')
    .leftJoin('replicas', 'replicas.id', 'logs.replica_id')
    .select(['logs.id', 'logs.created_at', 'logs.level', 'logs.message', 'logs.code', 'logs.run_id'])
    .select(['logs.replica_id', 'logs.doc_id', 'replicas.name as replica']);

function matching(db: Db, { replicaId, runId, docId, level, code, from, to, text }: LogFilter) {
  let query = lines(db);
  if (replicaId !== undefined) query = query.where('logs.replica_id', '=', replicaId);
  if (runId !== undefined) query = query.where('logs.run_id', '=', runId);
  if (docId !== undefined) query = query.where('logs.doc_id', '=', docId);
  if (level !== undefined) query = query.where('logs.level', '=', level);
  if (code !== undefined) query = query.where('logs.code', '=', code);
  if (from !== undefined) query = query.where('logs.created_at', '>=', from);
  if (to !== undefined) query = query.where('logs.created_at', '<=', to);
  if (text !== undefined) query = query.where(holds(text));
  return query;
}

const holds = (text: string) => sql<boolean>`logs.search @@ websearch_to_tsquery('simple', ${text})`;

interface Page {
  /** The id of the last line that the caller has. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Newest first. */
export async function queryLogs(db: Db, filter: LogFilter, page: Page): Promise<LogLine[]> {
  if (filter.text === undefined) return newest(matching(db, filter), page);
  const recent = await newest(recentWith(db, filter, filter.text, page.before), page);
  return recent.length === page.limit ? recent : allWith(db, filter, page);
}

function newest(query: ReturnType<typeof matching>, { before, limit }: Page): Promise<LogLine[]> {
  return query
    .$if(before !== undefined, (older) => older.where('logs.id', '<', before as number))
    .orderBy('logs.id', 'desc')
    .limit(limit)
    .execute();
}

/** As many lines are read within a moment. */
const RECENT = 30_000;

/**
 * What many lines hold is found among the newest at once, while the index of words would name hundreds of thousands of them, to
 * be read and sorted for the first hundred. `coalesce` keeps the planner from that index.
 */
function recentWith(db: Db, filter: LogFilter, text: string, before: number | undefined) {
  const end = before === undefined ? sql`(select max(id) + 1 from logs)` : sql`${before}::bigint`;
  return matching(db, { ...filter, text: undefined })
    .where(sql<boolean>`coalesce(${holds(text)}, false)`)
    .where(sql<boolean>`logs.id >= ${end} - ${RECENT}::int`);
}

/**
 * What few lines hold, or only old ones, is found by the index of words. Materialized, or the planner, which takes words for
 * evenly spread, would walk through all lines from the newest.
 */
function allWith(db: Db, filter: LogFilter, { before, limit }: Page): Promise<LogLine[]> {
  const found = matching(db, filter)
    .clearSelect()
    .select('logs.id')
    .$if(before !== undefined, (query) => query.where('logs.id', '<', before as number));
  const ids = sql<number>`(with found as materialized (${found}) select id from found order by id desc limit ${limit})`;
  return lines(db).where('logs.id', 'in', ids).orderBy('logs.id', 'desc').execute();
}

/** Oldest first: what was written after the line `after`. */
export function logsAfter(db: Db, filter: LogFilter, after: number, limit: number): Promise<LogLine[]> {
  return matching(db, filter).where('logs.id', '>', after).orderBy('logs.id').limit(limit).execute();
}

/** 0 while there is none. */
export async function lastLogId(db: Db): Promise<number> {
  const row = await db
    .selectFrom('logs')
    .select((eb) => eb.fn.max('id').as('id'))
    .executeTakeFirst();
  return Number(row?.id ?? 0);
}

/** Which of these lines hold the words; PostgreSQL alone knows what a word is. */
export async function logsWithText(db: Db, ids: readonly number[], text: string): Promise<ReadonlySet<number>> {
  if (ids.length === 0) return new Set();
  const rows = await matching(db, { text })
    .where('logs.id', 'in', [...ids])
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/** One line with those written around it, newest first; empty: there is no such line. */
export async function logsAround(db: Db, id: number, each: number): Promise<LogLine[]> {
  const [older, newer] = await Promise.all([
    queryLogs(db, {}, { before: id + 1, limit: each + 1 }),
    logsAfter(db, {}, id, each),
  ]);
  return older[0]?.id === id ? [...newer.reverse(), ...older] : [];
}

/** Retention. Bounded a call, so that a first clean-up of millions of lines holds no long lock. */
export async function deleteLogsBefore(db: Db, before: Date, limit: number): Promise<number> {
  const result = await db
    .deleteFrom('logs')
    .where('id', 'in', (query) => query.selectFrom('logs').select('id').where('created_at', '<', before).limit(limit))
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}
