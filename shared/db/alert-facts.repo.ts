/** What alerts are judged by: a row a replica, in one look; of what grows with a library only what is not in step is read. */
import { sql } from 'kysely';
import { FINDING_KINDS, FINDINGS } from '../domain/verification.ts';
import { UNSETTLED } from './link-conditions.ts';
import type { Db, RunOutcome } from './tables.ts';

export interface AlertFactRow {
  readonly id: number;
  readonly name: string;
  readonly url: string;
  readonly enabled: boolean;
  readonly paused_at: Date | null;
  readonly quiet_hours: string | null;
  readonly suspended_at: Date | null;
  readonly suspended_reason: string | null;
  readonly consecutive_failures: number;
  readonly error_code: string | null;
  readonly error_msg: string | null;
  readonly last_sync_ts: Date | null;
  readonly sync_interval_seconds: number | null;
  readonly deletions_held: string | null;
  readonly deletions_held_at: Date | null;
  readonly running: boolean;
  readonly dlq: number;
  readonly conflicts: number;
  readonly drift: number;
  readonly run_id: number | null;
  readonly docs_failed: number | null;
  readonly docs_synced: number | null;
}

const DRIFT = FINDING_KINDS.filter((kind) => FINDINGS[kind].drift);

export async function alertFacts(db: Db): Promise<AlertFactRow[]> {
  const { rows } = await sql<AlertFactRow>`
    with dlq as (select replica_id, count(*)::int as n from sync_map where ${UNSETTLED} and phase = 'dlq' group by 1),
      edited as (select replica_id, count(*)::int as n from conflicts where state = 'open' group by 1),
      drifted as (select replica_id, count(*)::int as n from findings
        where state in ('open', 'repairing') and kind = any(${DRIFT}::text[]) group by 1)
    select r.id, r.name, r.url, r.enabled, r.paused_at, r.quiet_hours, r.suspended_at, r.suspended_reason,
      r.consecutive_failures, r.error_code, r.error_msg, r.last_sync_ts, r.sync_interval_seconds, r.deletions_held,
      r.deletions_held_at,
      exists (select from sync_runs o where o.replica_id = r.id and o.kind = 'replica' and o.finished_at is null
        and o.triggered_by <> 'webhook') as running,
      coalesce(dlq.n, 0) as dlq, coalesce(edited.n, 0) as conflicts, coalesce(drifted.n, 0) as drift,
      last.id as run_id, last.docs_failed, last.docs_synced
    from replicas r left join dlq on dlq.replica_id = r.id left join edited on edited.replica_id = r.id
      left join drifted on drifted.replica_id = r.id
      left join lateral (select id, docs_failed, docs_synced from sync_runs
        where replica_id = r.id and kind = 'replica' and finished_at is not null and triggered_by <> 'webhook'
          and outcome in ('ok', 'partial', 'timed_out') order by id desc limit 1) last on true
    order by r.id`.execute(db);
  return rows;
}

/** The last webhook, if cycles found changes since that none told of; null: none ever came, or nothing was missed. */
export async function webhookSilence(db: Db, hours: number): Promise<Date | null> {
  const { rows } = await sql<{ last: Date }>`
    with heard as (select max(last_received_at) as last from webhook_events where body <> 'replay')
    select last from heard where last < now() - make_interval(hours => ${hours}::int)
      and exists (select from settings where key = 'webhook_secret')
      and exists (select from sync_runs r where r.kind = 'replica' and r.triggered_by <> 'webhook' and not r.sweep
        and r.started_at > last + interval '1 hour' and r.docs_synced > 0)`.execute(db);
  return rows[0]?.last ?? null;
}

export interface LastCycle {
  readonly id: number;
  readonly outcome: RunOutcome | null;
  readonly error_msg: string | null;
}

/** For the dead-man ping: the newest that ended by itself. What webhooks open says nothing about the schedule. */
export function lastEndedCycle(db: Db): Promise<LastCycle | undefined> {
  return db
    .selectFrom('sync_runs')
    .select(['id', 'outcome', 'error_msg'])
    .where('kind', '=', 'cycle')
    .where('finished_at', 'is not', null)
    .where('outcome', '<>', 'cancelled')
    .where('triggered_by', '<>', 'webhook')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export interface DigestRow {
  readonly id: number;
  readonly name: string;
  readonly runs: number;
  readonly failed_runs: number;
  readonly synced: number;
  readonly failed: number;
  readonly retried: number;
  readonly sweep_at: Date | null;
  readonly sweep_total: number | null;
  readonly sweep_synced: number | null;
  readonly sweep_failed: number | null;
  readonly verified_at: Date | null;
  readonly compared: number | null;
  readonly equal: number | null;
  readonly findings: number | null;
}

/** Per replica: what its runs of the last day did, and the counts of the last sweep and verification. */
export async function digestFacts(db: Db, since: Date): Promise<DigestRow[]> {
  const { rows } = await sql<DigestRow>`
    select r.id, r.name, day.runs, day.failed_runs, day.synced, day.failed, day.retried,
      sweep.finished_at as sweep_at, sweep.docs_total as sweep_total, sweep.docs_synced as sweep_synced,
      sweep.docs_failed as sweep_failed, look.finished_at as verified_at, look.compared, look.equal, look.findings
    from replicas r
      left join lateral (select count(*)::int as runs, (count(*) filter (where outcome = 'failed'))::int as failed_runs,
          coalesce(sum(docs_synced), 0)::int as synced, coalesce(sum(docs_failed), 0)::int as failed,
          coalesce(sum(docs_retried), 0)::int as retried
        from sync_runs where replica_id = r.id and kind = 'replica' and started_at >= ${since}) day on true
      left join lateral (select finished_at, docs_total, docs_synced, docs_failed from sync_runs
        where replica_id = r.id and kind = 'replica' and sweep and finished_at is not null order by id desc limit 1) sweep on true
      left join lateral (select finished_at, compared, equal, findings from verifications
        where replica_id = r.id and finished_at is not null order by id desc limit 1) look on true
    order by r.id`.execute(db);
  return rows;
}
