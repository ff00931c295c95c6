/** What verifications found, and what became of it (E22). */
import { sql } from 'kysely';
import type { Difference } from '../domain/compare.ts';
import type { Depth, FindingKind } from '../domain/verification.ts';
import type { Db, Finding, FindingState, RunOutcome } from './tables.ts';

export interface NewFinding {
  readonly linkId: number | null;
  readonly masterDocId: number | null;
  readonly replicaDocId: number | null;
  readonly kind: FindingKind;
  readonly depth: Depth;
  readonly message: string;
  readonly hint: string | null;
  readonly fields: readonly Difference[];
}

/** One row a matter: seen again it stays the same finding, and what a person accepted stays accepted. */
export async function saveFindings(
  db: Db,
  of: { readonly replicaId: number; readonly verificationId: number },
  found: readonly NewFinding[],
): Promise<void> {
  for (const one of found)
    await sql`
      insert into findings (replica_id, link_id, master_doc_id, replica_doc_id, kind, depth, message, hint, fields,
        verification_id, last_verification_id)
      values (${of.replicaId}, ${one.linkId}, ${one.masterDocId}, ${one.replicaDocId}, ${one.kind}, ${one.depth},
        ${one.message}, ${one.hint}, ${JSON.stringify(one.fields)}::jsonb, ${of.verificationId}, ${of.verificationId})
      on conflict (replica_id, kind, coalesce(link_id, 0), coalesce(replica_doc_id, 0)) where state <> 'repaired'
      do update set message = excluded.message, hint = excluded.hint, fields = excluded.fields, depth = excluded.depth,
        last_verification_id = excluded.last_verification_id, last_seen_at = now()`.execute(db);
}

/**
 * Compared again at their depth or deeper and not seen: the finding has ended. `except` are those that were seen. Of findings
 * without a link only the kinds that the caller looked for.
 */
export async function endUnseen(
  db: Db,
  of: { readonly verificationId: number; readonly linkIds: readonly number[]; readonly depths: readonly Depth[] },
): Promise<number> {
  if (of.linkIds.length === 0) return 0;
  const result = await sql`
    update findings set state = 'repaired', repaired_at = coalesce(repaired_at, now()), verified_again_at = now(),
      verified_again_by = ${of.verificationId}, reason = null
    where link_id = any(${of.linkIds}::bigint[]) and state <> 'repaired' and last_verification_id <> ${of.verificationId}
      and depth = any(${of.depths}::text[])`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/** As endUnseen, of one kind on the whole replica. */
export async function endUnseenOfKind(
  db: Db,
  of: { readonly verificationId: number; readonly replicaId: number; readonly kinds: readonly FindingKind[] },
): Promise<number> {
  const result = await sql`
    update findings set state = 'repaired', repaired_at = coalesce(repaired_at, now()), verified_again_at = now(),
      verified_again_by = ${of.verificationId}, reason = null
    where replica_id = ${of.replicaId} and kind = any(${of.kinds}::text[]) and state <> 'repaired'
      and last_verification_id <> ${of.verificationId}`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/** Findings of a replica that are being repaired. */
export function repairing(db: Db, replicaId: number, depth: Depth | null): Promise<Finding[]> {
  return db
    .selectFrom('findings')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .where('state', '=', 'repairing')
    .$if(depth !== null, (query) => query.where('depth', '=', depth as Depth))
    .orderBy('id')
    .execute();
}

/** Open findings of these kinds that a verification saw last: what it hands over to repair. What is given up or blocked waits for a person. */
export function repairable(
  db: Db,
  verificationId: number,
  kinds: readonly FindingKind[],
  maxRounds: number,
): Promise<Finding[]> {
  return db
    .selectFrom('findings')
    .selectAll('findings')
    .leftJoin('sync_map', 'sync_map.id', 'findings.link_id')
    .where('last_verification_id', '=', verificationId)
    .where('state', '=', 'open')
    .where('kind', 'in', [...kinds])
    .where('round', '<', maxRounds)
    .where((eb) => eb.or([eb('sync_map.id', 'is', null), eb('sync_map.phase', 'not in', ['dlq', 'blocked'])]))
    .orderBy('findings.id')
    .execute();
}

/** From open to repairing, together with what marks the links as dirty. */
export async function beginRepair(db: Db, ids: readonly number[]): Promise<void> {
  await sql`
    update findings f set state = 'repairing', round = round + 1, reason = null, repaired_at = null,
      repair_after_run = (select coalesce(max(r.id), 0) from sync_runs r)
    where id = any(${ids}::bigint[]) and state = 'open'`.execute(db);
}

/** The links of these findings have open work, with the file looked at as if it were new. */
export async function markForRepair(db: Db, linkIds: readonly number[]): Promise<void> {
  await sql`
    update sync_map set dirty_seq = nextval('dirty_seq'), next_due_at = null, recheck_file = true
    where id = any(${linkIds}::bigint[]) and dirty_seq = applied_seq`.execute(db);
}

/** A repair that could not even be tried is not counted. */
export async function reopen(db: Db, ids: readonly number[], reason: string, counted: boolean): Promise<void> {
  await sql`
    update findings set state = 'open', reason = ${reason}, round = greatest(0, round - ${counted ? 0 : 1}::int)
    where id = any(${ids}::bigint[]) and state = 'repairing'`.execute(db);
}

/** What is still under repair at this depth was seen again, or could not be compared: open, with what the link says. */
export async function reopenWithReason(db: Db, replicaId: number, depth: Depth): Promise<void> {
  await sql`
    update findings f set state = 'open', reason = coalesce((
        select case when s.dirty_seq <> s.applied_seq then 'Not repaired yet: ' else 'Still so after the repair: ' end
          || coalesce(s.error_msg, 'phase ' || s.phase) from sync_map s where s.id = f.link_id), 'Still so after the repair.')
    where f.replica_id = ${replicaId} and f.depth = ${depth} and f.state = 'repairing'`.execute(db);
}

export async function endFindings(db: Db, verificationId: number, ids: readonly number[]): Promise<void> {
  await sql`
    update findings set state = 'repaired', repaired_at = now(), verified_again_at = now(),
      verified_again_by = ${verificationId}, reason = null
    where id = any(${ids}::bigint[])`.execute(db);
}

export interface RepairState {
  readonly replica_id: number;
  readonly after_run: number;
  readonly depths: Depth[];
  readonly run_open: boolean;
  /** The newest replica run that was opened after the last repair was asked for, and has ended. */
  readonly ended_run: number | null;
  readonly ended_outcome: RunOutcome | null;
  readonly ended_error: string | null;
  readonly verifying: boolean;
}

/** Where the repairs of each replica stand: their run, and the verification that follows it. */
export async function repairStates(db: Db): Promise<RepairState[]> {
  const { rows } = await sql<RepairState>`
    with asked as (
      select replica_id, max(repair_after_run) as after_run, array_agg(distinct depth) as depths
      from findings where state = 'repairing' group by replica_id)
    select a.*, ended.id as ended_run, ended.outcome as ended_outcome, ended.error_msg as ended_error,
      exists (select 1 from sync_runs r where r.replica_id = a.replica_id and r.finished_at is null) as run_open,
      exists (select 1 from verifications v
        where v.replica_id = a.replica_id and v.scope = 'repairs' and v.finished_at is null) as verifying
    from asked a left join lateral (
      select r.id, r.outcome, r.error_msg from sync_runs r
      where r.replica_id = a.replica_id and r.finished_at is not null and r.id > a.after_run
      order by r.id desc limit 1) as ended on true`.execute(db);
  return rows;
}

export async function acceptFinding(db: Db, id: number): Promise<Finding | undefined> {
  const rows = await db
    .updateTable('findings')
    .set({ state: 'accepted' })
    .where('id', '=', id)
    .where('state', 'in', ['open', 'repairing'])
    .returningAll()
    .execute();
  return rows[0];
}

export function findFinding(db: Db, id: number): Promise<Finding | undefined> {
  return db.selectFrom('findings').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Newest first. */
export function listFindings(
  db: Db,
  filter: {
    readonly replicaId?: number | undefined;
    readonly state?: FindingState | undefined;
    readonly kind?: FindingKind | undefined;
    readonly kinds?: readonly FindingKind[] | undefined;
    readonly verificationId?: number | undefined;
  },
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<Finding[]> {
  return db
    .selectFrom('findings')
    .selectAll()
    .$if(filter.replicaId !== undefined, (query) => query.where('replica_id', '=', filter.replicaId as number))
    .$if(filter.state !== undefined, (query) => query.where('state', '=', filter.state as FindingState))
    .$if(filter.kind !== undefined, (query) => query.where('kind', '=', filter.kind as FindingKind))
    .$if(filter.kinds !== undefined, (query) => query.where('kind', 'in', [...(filter.kinds ?? [])]))
    .$if(filter.verificationId !== undefined, (query) =>
      query.where('last_verification_id', '=', filter.verificationId as number),
    )
    .$if(page.before !== undefined, (query) => query.where('id', '<', page.before as number))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
}

export async function countSeenBy(db: Db, verificationId: number): Promise<number> {
  const row = await db
    .selectFrom('findings')
    .select(sql<number>`count(*)::int`.as('findings'))
    .where('last_verification_id', '=', verificationId)
    .executeTakeFirstOrThrow();
  return row.findings;
}
