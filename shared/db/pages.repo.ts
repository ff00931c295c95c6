/** Reads that only the pages need: one query a table on the page, keyset paging, nothing per row. */
import { sql } from 'kysely';
import type { LinkKind } from '../domain/taxonomy/vocabulary.ts';
import type { LogLine } from './logs.repo.ts';
import { STATUS } from './link-conditions.ts';
import type { Db, DocumentStatus } from './tables.ts';

/** Warnings and errors, newest first: what a person should know even if nobody looked at the time. */
export function importantEvents(db: Db, limit: number): Promise<LogLine[]> {
  return db
    .selectFrom('logs')
    .leftJoin('replicas', 'replicas.id', 'logs.replica_id')
    .select(['logs.id', 'logs.created_at', 'logs.level', 'logs.message', 'logs.code', 'logs.run_id'])
    .select(['logs.replica_id', 'logs.doc_id', 'replicas.name as replica'])
    .where('logs.level', 'in', ['warning', 'error'])
    .orderBy('logs.id', 'desc')
    .limit(limit)
    .execute();
}

export interface LivingWorker {
  readonly id: string;
  readonly role: string;
  readonly version: string;
  readonly started_at: Date;
  readonly beat_at: Date;
}
export function workersAlive(db: Db): Promise<LivingWorker[]> {
  return db
    .selectFrom('workers')
    .select(['id', 'role', 'version', 'started_at', 'beat_at'])
    .where('dead', '=', false)
    .orderBy('role')
    .orderBy('started_at')
    .execute();
}

export interface ReplicaDay {
  readonly replica_id: number;
  /** YYYY-MM-DD in the zone asked for. */
  readonly day: string;
  readonly runs: number;
  readonly ok: number;
  readonly partial: number;
  readonly failed: number;
  readonly documents: number;
  /** The longest time between two good cycles that ended on this day, in seconds; null: none ended on it. */
  readonly longest_gap: number | null;
}

/** The last days of every replica in one pass over its runs; a day without a run has no row. */
export async function replicaDays(db: Db, days: number, zone: string): Promise<ReplicaDay[]> {
  const { rows } = await sql<ReplicaDay>`
    with run as (
      select replica_id, outcome, docs_synced + docs_failed as documents,
        to_char(started_at at time zone ${zone}, 'YYYY-MM-DD') as day,
        case when outcome in ('ok', 'partial') then extract(epoch from started_at - lag(started_at)
          over (partition by replica_id, outcome in ('ok', 'partial') order by started_at)) end as gap
      from sync_runs
      where kind = 'replica' and replica_id is not null and finished_at is not null
        and started_at > now() - make_interval(days => ${days}))
    select replica_id, day, count(*)::int as runs, (count(*) filter (where outcome = 'ok'))::int as ok,
      (count(*) filter (where outcome = 'partial'))::int as partial,
      (count(*) filter (where outcome in ('failed', 'timed_out')))::int as failed,
      sum(documents)::bigint as documents, max(gap)::float8 as longest_gap
    from run group by replica_id, day order by replica_id, day`.execute(db);
  return rows;
}

export type ItemState = 'planned' | 'open' | 'done' | 'failed' | 'held';

export interface RunItem {
  readonly link_id: number;
  readonly master_doc_id: number;
  readonly replica_id: number;
  readonly kind: 'upload' | 'update';
  readonly state: ItemState;
  readonly status: DocumentStatus;
  readonly phase: string;
  readonly error_code: string | null;
  readonly error_msg: string | null;
  readonly retry_count: number;
  readonly next_due_at: Date | null;
}
export interface RunItemFilter {
  readonly runId: number;
  readonly states?: readonly ItemState[] | undefined;
  readonly kind?: 'upload' | 'update' | undefined;
  readonly code?: string | undefined;
}

/** Failures first, then what waits, then the rest. The cursor is "rank.link id" of the last row. */
const RANK = sql<number>`case i.state when 'failed' then 0 when 'held' then 1 when 'open' then 2 when 'planned' then 3 else 4 end`;

export function listRunItems(
  db: Db,
  filter: RunItemFilter,
  page: { readonly after?: { readonly rank: number; readonly linkId: number } | undefined; readonly limit: number },
): Promise<(RunItem & { rank: number })[]> {
  return db
    .selectFrom('run_items as i')
    .innerJoin('sync_map as s', 's.id', 'i.link_id')
    .select(['i.link_id', 's.master_doc_id', 's.replica_id', 'i.kind', 'i.state', STATUS.as('status'), 's.phase'])
    .select(['s.error_code', 's.error_msg', 's.retry_count', 's.next_due_at', RANK.as('rank')])
    .where('i.run_id', '=', filter.runId)
    .$if(filter.states !== undefined, (query) => query.where('i.state', 'in', [...(filter.states ?? [])]))
    .$if(filter.kind !== undefined, (query) => query.where('i.kind', '=', filter.kind as 'upload' | 'update'))
    .$if(filter.code !== undefined, (query) => query.where('s.error_code', '=', filter.code as string))
    .$if(page.after !== undefined, (query) =>
      query.where(
        sql<boolean>`(${RANK}, i.link_id) > (${page.after?.rank ?? 0}::int, ${page.after?.linkId ?? 0}::bigint)`,
      ),
    )
    .orderBy('rank')
    .orderBy('i.link_id')
    .limit(page.limit)
    .execute();
}

export interface RunItemCount {
  readonly kind: 'upload' | 'update';
  readonly state: ItemState;
  readonly items: number;
}
export function countRunItems(db: Db, runId: number): Promise<RunItemCount[]> {
  return db
    .selectFrom('run_items')
    .select(['kind', 'state', sql<number>`count(*)::int`.as('items')])
    .where('run_id', '=', runId)
    .groupBy(['kind', 'state'])
    .execute();
}

export interface RunErrorGroup {
  readonly code: string;
  readonly items: number;
  /** One of the texts, for a person to recognise it. */
  readonly example: string | null;
}
/** The reasons behind what a run could not do, the commonest first. */
export async function groupRunErrors(db: Db, runId: number): Promise<RunErrorGroup[]> {
  const { rows } = await sql<RunErrorGroup>`
    select coalesce(s.error_code, 'unknown') as code, count(*)::int as items, min(s.error_msg) as example
    from run_items i join sync_map s on s.id = i.link_id
    where i.run_id = ${runId} and i.state in ('failed', 'held') and s.error_code is not null
    group by 1 order by 2 desc, 1 limit 20`.execute(db);
  return rows;
}

export interface TaxonomyTrouble {
  readonly kind: LinkKind;
  readonly master_id: number;
  readonly name: string;
  readonly state: string;
  readonly error_msg: string | null;
}
/** Names of the master that have no counterpart here yet. */
export function taxonomyTroubles(db: Db, replicaId: number, limit: number): Promise<TaxonomyTrouble[]> {
  return db
    .selectFrom('taxonomy_links')
    .select(['kind', 'master_id', 'name', 'state', 'error_msg'])
    .where('replica_id', '=', replicaId)
    .where('state', 'in', ['ambiguous', 'failed'])
    .orderBy('kind')
    .orderBy('name')
    .limit(limit)
    .execute();
}

export function countTaxonomy(db: Db, replicaId: number): Promise<{ kind: LinkKind; state: string; names: number }[]> {
  return db
    .selectFrom('taxonomy_links')
    .select(['kind', 'state', sql<number>`count(*)::int`.as('names')])
    .where('replica_id', '=', replicaId)
    .groupBy(['kind', 'state'])
    .orderBy('kind')
    .execute();
}

/** How many links would be forgotten with a replica. */
export async function countLinksOf(db: Db, replicaId: number): Promise<number> {
  const row = await db.selectFrom('link_totals').select('links').where('replica_id', '=', replicaId).executeTakeFirst();
  return row?.links ?? 0;
}
