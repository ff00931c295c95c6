/** Which links get a job now (protocol section 5). Any process may run these at any time. */
import { sql } from 'kysely';
import { BEGUN } from '../domain/document-state.ts';
import { SUSPECT_DEATHS } from './links.repo.ts';
import type { Db } from './tables.ts';

export interface DispatchScope {
  readonly runId: number;
  readonly replicaId: number;
}
export interface Dispatched {
  readonly linkId: number;
  readonly generation: number;
}

/** `linking` waits for the rest of its run (protocol H19), the others do not wait for each other. */
export type DispatchKind = 'begun' | 'update' | 'upload' | 'linking';

/** Literals, so that the partial index on them can be used. */
const isBegun = sql`s.phase in (${sql.join(BEGUN.map((phase) => sql.lit(phase)))})`;

/**
 * What two processes died over goes out alone among its like: one such document takes the process with it, and the others
 * in its hands would be set aside as crashing workers too (H20). One death says little, and costs nobody this wait. Here: the
 * first suspect that is due, while none is in flight; a live lease counts as no death yet.
 */
const isAloneInTurn = ({ runId }: DispatchScope) => sql`(s.crash_count < ${SUSPECT_DEATHS} or (
      s.id = (select min(x.id) from run_items xi join sync_map x on x.id = xi.link_id
        where xi.run_id = ${runId} and xi.state = 'open' and x.crash_count >= ${SUSPECT_DEATHS}
          and (x.next_due_at is null or x.next_due_at <= now())
          and not exists (select 1 from workers w where w.id = x.lease_worker and not w.dead))
      and not exists (select 1 from sync_map o where o.id <> s.id and o.dispatched_at is not null
          and o.crash_count - case when o.lease_worker is null then 0 else 1 end >= ${SUSPECT_DEATHS}
          and exists (select 1 from workers w where w.id = coalesce(o.lease_worker, o.dispatched_by) and not w.dead))))`;

/** Who dispatches, and how long a job may wait before it counts as lost. */
export interface DispatchBy {
  readonly worker: string;
  readonly lostAfterMs: number;
}

/**
 * Takes up to `limit` links of a run that have open work, are due, have no live lease, and have no job (never dispatched,
 * dispatched `lostAfterMs` ago without anybody taking the lease, or by a process that died: perhaps before the job was in
 * the queue). Raises their generation, so that older jobs are void. What webhooks named (a chunk of its own, -1) comes first.
 */
export async function takeForDispatch(
  db: Db,
  { runId, replicaId }: DispatchScope,
  kind: DispatchKind,
  limit: number,
  by: DispatchBy,
): Promise<Dispatched[]> {
  if (limit <= 0) return [];
  const which =
    kind === 'begun'
      ? isBegun
      : kind === 'linking'
        ? sql`s.phase = 'linking'`
        : sql`i.kind = ${kind} and not (${isBegun}) and s.phase <> 'linking'`;
  const { rows } = await sql<Dispatched>`
    with due as (
      select s.id from run_items i join sync_map s on s.id = i.link_id
      where i.run_id = ${runId} and s.replica_id = ${replicaId} and i.state = 'open' and ${which}
        and (s.next_due_at is null or s.next_due_at <= now())
        and (s.lease_worker is null or exists (select 1 from workers w where w.id = s.lease_worker and w.dead))
        and (s.dispatched_at is null or s.dispatched_at < now() - make_interval(secs => ${by.lostAfterMs / 1000}) or s.lease_worker is not null
          or exists (select 1 from workers w where w.id = s.dispatched_by and w.dead))
        and ${isAloneInTurn({ runId, replicaId })}
      order by i.chunk >= 0, i.link_id limit ${limit} for update of s skip locked)
    update sync_map s set dispatch_gen = s.dispatch_gen + 1, dispatched_at = now(), dispatched_by = ${by.worker} from due where s.id = due.id
    returning s.id as "linkId", s.dispatch_gen as generation`.execute(db);
  return rows;
}

/** The queue took no job: the links are free for the next round at once. */
export async function undispatch(db: Db, jobs: readonly Dispatched[]): Promise<void> {
  await sql`update sync_map set dispatched_at = null where id = any(${jobs.map((job) => job.linkId)}::bigint[]) and lease_worker is null`.execute(
    db,
  );
}

export interface InFlight {
  /** Links of the replica that have a job or are worked on. */
  readonly jobs: number;
  /** Uploads that are in the replica's queue or on their way there. */
  readonly uploads: number;
}

/**
 * A job that is lost counts no more: it would hold the place of the one that is made in its stead. Nor does one that a
 * process died over: with the whole window in its hands, nothing would ever be dispatched again.
 */
export async function inFlight(db: Db, replicaId: number, lostAfterMs: number): Promise<InFlight> {
  const dispatched = sql`dispatched_at is not null
    and (lease_worker is not null or dispatched_at >= now() - make_interval(secs => ${lostAfterMs / 1000}))
    and not exists (select 1 from workers w where w.id = coalesce(lease_worker, dispatched_by) and w.dead)`;
  const { rows } = await sql<InFlight>`
    select
      (select count(*)::int from sync_map where replica_id = ${replicaId} and ${dispatched}) as jobs,
      (select count(*)::int from sync_map where replica_id = ${replicaId}
        and phase in ('sending', 'unknown', 'awaiting')) +
      (select count(*)::int from sync_map where replica_id = ${replicaId} and ${dispatched}
        and replica_doc_id is null and phase not in ('sending', 'unknown', 'awaiting')) as uploads`.execute(db);
  return rows[0] ?? { jobs: 0, uploads: 0 };
}

/** When the earliest snoozed link of a run is due; null if none waits. */
export async function nextDue(db: Db, { runId, replicaId }: DispatchScope): Promise<Date | null> {
  const { rows } = await sql<{ due: Date | null }>`
    select min(s.next_due_at) as due from run_items i join sync_map s on s.id = i.link_id
    where i.run_id = ${runId} and s.replica_id = ${replicaId} and i.state = 'open' and s.next_due_at > now()
      and ${isBegun}`.execute(db);
  return rows[0]?.due ?? null;
}

/** Whether nothing of the run is open but links parked in phase `linking` (and `except`). */
export async function onlyLinkingIsOpen(db: Db, runId: number, except: number | null): Promise<boolean> {
  const { rows } = await sql<{ other: boolean }>`
    select exists (
      select 1 from run_items i join sync_map s on s.id = i.link_id
      where i.run_id = ${runId} and i.state in ('open', 'planned') and s.phase <> 'linking'
        and i.link_id is distinct from ${except}::bigint) as other`.execute(db);
  return !(rows[0]?.other ?? false);
}
