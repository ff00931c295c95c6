/** What the next run of a replica would take up, asked without changing anything (dry run). */
import { sql } from 'kysely';
import type { FeedMark } from './links.repo.ts';
import type { Db, Link } from './tables.ts';

export interface PlanPage {
  /** The last master id of the page before. */
  readonly after: number;
  readonly limit: number;
  /** Everything at rest too. */
  readonly sweep: boolean;
  /** Master ids that the change feed would mark. */
  readonly changed: readonly number[];
}

/** Links with a copy that a run would look at, in the order of master ids. */
export async function linksToPlan(db: Db, replicaId: number, page: PlanPage): Promise<Link[]> {
  const { rows } = await sql<Link>`select * from sync_map
    where replica_id = ${replicaId} and master_doc_id > ${page.after} and replica_doc_id is not null and excluded_at is null
      and (dirty_seq <> applied_seq and (next_due_at is null or next_due_at <= now())
        or ${page.sweep} and phase = 'ok' or master_doc_id = any(${page.changed}::bigint[]))
    order by master_doc_id limit ${page.limit}`.execute(db);
  return rows;
}

/** Of these live master ids, those without a copy that a run would take up. */
export async function mastersWithoutCopy(db: Db, replicaId: number, masterIds: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select m.id from unnest(${masterIds}::bigint[]) as m (id)
    left join sync_map s on s.replica_id = ${replicaId} and s.master_doc_id = m.id
    where s.id is null or s.replica_doc_id is null and s.dirty_seq <> s.applied_seq
      and (s.next_due_at is null or s.next_due_at <= now())
    order by m.id`.execute(db);
  return rows.map((row) => row.id);
}

/** Of these rows of the feed, those that are not known as they are now. */
export async function movedSince(db: Db, feed: readonly FeedMark[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select distinct f.id
    from unnest(${feed.map((row) => row.id)}::bigint[], ${feed.map((row) => row.modified)}::text[]) as f (id, modified)
    join sync_map s on s.master_doc_id = f.id
    where s.feed_modified is distinct from f.modified and s.master_modified is distinct from f.modified`.execute(db);
  return rows.map((row) => row.id);
}
