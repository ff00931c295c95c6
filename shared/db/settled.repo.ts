/** Links of a change set that turn out to be equal already: brought to rest by the hundred, without a job each. */
import { sql } from 'kysely';
import type { FieldReport } from '../domain/report.ts';
import type { RunLease } from './runs.repo.ts';
import type { Db, Link } from './tables.ts';

/**
 * Planned updates after `after` at which nothing is open but the comparison: no upload or write under way, no hold, nothing
 * that a person is to decide, no file that has to be looked at by itself.
 */
export async function plainUpdates(db: Db, runId: number, after: number, limit: number): Promise<Link[]> {
  const { rows } = await sql<Link>`select s.* from run_items i join sync_map s on s.id = i.link_id
    where i.run_id = ${runId} and i.kind = 'update' and i.state = 'planned' and i.link_id > ${after}
      and s.replica_doc_id is not null and s.phase in ('ok', 'claimed', 'pending') and s.lease_worker is null
      and s.plan is null and s.held_plan is null and s.hold_until is null and not s.unconfirmed and not s.locate
      and not s.recheck_file and not s.replacing
      and not exists (select 1 from upload_attempts a where a.link_id = s.id and a.closed_at is null)
      and not exists (select 1 from conflicts c where c.link_id = s.id and c.state in ('open', 'keep_master', 'keep_replica'))
    order by i.link_id limit ${limit}`.execute(db);
  return rows;
}

export interface SettledLink {
  readonly id: number;
  /** dirty_seq as it was before the documents were read (H6). */
  readonly want: number;
  readonly masterAdded: string;
  readonly masterModified: string;
  readonly replicaAdded: string;
  readonly replicaModified: string;
  readonly applied: Readonly<Record<string, string>>;
  readonly report: readonly FieldReport[];
}

/** What became dirty again or was leased meanwhile is left to its job. Returns how many came to rest. */
export async function settleLinks(db: Db, lease: RunLease, settled: readonly SettledLink[]): Promise<number> {
  if (settled.length === 0) return 0;
  const { rows } = await sql<{ n: number }>`
    with held as (
      select id from sync_runs where id = ${lease.runId} and lease_worker = ${lease.worker}
        and lease_epoch = ${lease.epoch} and finished_at is null
        and exists (select 1 from workers w where w.id = ${lease.worker} and not w.dead for share)),
    rested as (
      update sync_map s set applied_seq = n.want, status = 'ok', phase = 'ok', master_added = n."masterAdded",
        master_modified = n."masterModified", replica_added = n."replicaAdded", replica_modified = n."replicaModified",
        applied = n.applied, report = n.report, last_synced = now(), error_code = null, error_msg = null,
        retry_count = 0, failed_at = null, next_due_at = null, clean_read_at = null
      from jsonb_to_recordset(${JSON.stringify(settled)}::jsonb) as n (id bigint, want bigint, "masterAdded" text,
        "masterModified" text, "replicaAdded" text, "replicaModified" text, applied jsonb, report jsonb), held
      where s.id = n.id and s.dirty_seq = n.want and s.lease_worker is null and s.plan is null
      returning s.id),
    done as (
      update run_items i set state = 'done' from rested
      where i.run_id = ${lease.runId} and i.link_id = rested.id and i.state = 'planned' returning 1)
    update sync_runs set docs_synced = docs_synced + (select count(*) from done)
    where id = ${lease.runId} returning (select count(*)::int from done) as n`.execute(db);
  return rows[0]?.n ?? 0;
}
