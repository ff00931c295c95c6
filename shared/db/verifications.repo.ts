/** Verifications and their ledger (E22). A row is held by one worker at a time, as runs are. */
import { sql, type Updateable } from 'kysely';
import type { Depth } from '../domain/verification.ts';
import type { DispatchBy } from './dispatch.repo.ts';
import { EXPECTED } from './link-conditions.ts';
import type { Db, Link, Verification, VerificationsTable, VerificationScope, VerificationTrigger } from './tables.ts';

export type VerificationPatch = Omit<Updateable<VerificationsTable>, 'id' | 'lease_epoch' | 'lease_worker'>;

export interface VerificationLease {
  readonly id: number;
  readonly worker: string;
  readonly epoch: number;
}

export interface NewVerification {
  readonly parentId?: number | null;
  readonly replicaId: number | null;
  readonly scope: VerificationScope;
  readonly depth: Depth;
  readonly masterDocId?: number | null;
  readonly trigger: VerificationTrigger;
  readonly askedBy: string;
  readonly budgetMs?: number | null;
}

export function insertVerification(db: Db, given: NewVerification): Promise<Verification> {
  return db
    .insertInto('verifications')
    .values({
      parent_id: given.parentId ?? null,
      replica_id: given.replicaId,
      scope: given.scope,
      depth: given.depth,
      master_doc_id: given.masterDocId ?? null,
      trigger: given.trigger,
      asked_by: given.askedBy,
      budget_ms: given.budgetMs ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

export function findVerification(db: Db, id: number): Promise<Verification | undefined> {
  return db.selectFrom('verifications').selectAll().where('id', '=', id).executeTakeFirst();
}

/** One that would do the same and has not ended; asking twice is asking once. */
export function openLike(
  db: Db,
  like: Pick<NewVerification, 'replicaId' | 'scope' | 'depth' | 'masterDocId'>,
): Promise<Verification | undefined> {
  return db
    .selectFrom('verifications')
    .selectAll()
    .where('finished_at', 'is', null)
    .where('replica_id', 'is not distinct from', like.replicaId)
    .where('scope', '=', like.scope)
    .where('depth', '=', like.depth)
    .where('master_doc_id', 'is not distinct from', like.masterDocId ?? null)
    .orderBy('id')
    .executeTakeFirst();
}

/** Those that have not ended; the children of one end with it. */
export function openVerifications(db: Db): Promise<Verification[]> {
  return db
    .selectFrom('verifications')
    .selectAll()
    .where('finished_at', 'is', null)
    .where('parent_id', 'is', null)
    .orderBy('id')
    .execute();
}

export function childrenOfVerification(db: Db, parentId: number): Promise<Verification[]> {
  return db.selectFrom('verifications').selectAll().where('parent_id', '=', parentId).orderBy('id').execute();
}

/** Newest first, of one replica or (null) of all. */
export function listVerifications(
  db: Db,
  replicaId: number | null,
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<Verification[]> {
  return db
    .selectFrom('verifications')
    .selectAll()
    .$if(replicaId !== null, (query) => query.where('replica_id', '=', replicaId as number))
    .$if(page.before !== undefined, (query) => query.where('id', '<', page.before as number))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
}

/** Takes it for one job; null if it has ended, or a living process holds it. */
export async function takeVerification(db: Db, id: number, worker: string): Promise<Verification | null> {
  const { rows } = await sql<Verification>`
    update verifications v set lease_worker = ${worker}, lease_epoch = lease_epoch + 1, state = 'running',
      started_at = coalesce(started_at, now())
    where id = ${id} and finished_at is null and replica_id is not null
      and (lease_worker is null or exists (select 1 from workers w where w.id = v.lease_worker and w.dead))
      and exists (select 1 from workers w where w.id = ${worker} and not w.dead for share)
    returning *`.execute(db);
  return rows[0] ?? null;
}

/** Null: somebody else has it, or it was cancelled; the caller stops at once. */
export async function updateVerification(
  db: Db,
  lease: VerificationLease,
  patch: VerificationPatch,
): Promise<Verification | null> {
  const rows = await db
    .updateTable('verifications')
    .set(patch)
    .where('id', '=', lease.id)
    .where('lease_epoch', '=', lease.epoch)
    .where('lease_worker', '=', lease.worker)
    .where('finished_at', 'is', null)
    .returningAll()
    .execute();
  return rows[0] ?? null;
}

export async function releaseVerification(db: Db, lease: VerificationLease, patch: VerificationPatch): Promise<void> {
  await db
    .updateTable('verifications')
    .set({ ...patch, lease_worker: null })
    .where('id', '=', lease.id)
    .where('lease_epoch', '=', lease.epoch)
    .where('lease_worker', '=', lease.worker)
    .execute();
}

/** As releaseVerification; nobody takes it up before the tick takes its job for lost. */
export async function releaseForLater(db: Db, lease: VerificationLease, faults: number): Promise<void> {
  await releaseVerification(db, lease, { faults, dispatched_at: sql`now()` as never });
}

/** What a process holds without working on it, or all that it holds when it stops in order. */
export async function releaseForgottenVerifications(
  db: Db,
  worker: string,
  isBusy: (id: number) => boolean,
): Promise<void> {
  const held = await db
    .selectFrom('verifications')
    .select(['id', 'lease_epoch'])
    .where('lease_worker', '=', worker)
    .where('finished_at', 'is', null)
    .execute();
  for (const { id, lease_epoch } of held.filter((row) => !isBusy(row.id)))
    await releaseVerification(db, { id, worker, epoch: lease_epoch }, { dispatched_at: null });
}

/** Those that nobody works on and that have no job, or whose job is lost: marked as dispatched anew. */
export async function takeLostVerifications(db: Db, by: DispatchBy): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    update verifications v set dispatched_at = now(), dispatched_by = ${by.worker}
    where v.finished_at is null and v.replica_id is not null
      and ((v.lease_worker is null and (v.dispatched_at is null or v.dispatched_at < now() - make_interval(secs => ${by.lostAfterMs / 1000})
          or exists (select 1 from workers w where w.id = v.dispatched_by and w.dead)))
        or exists (select 1 from workers w where w.id = v.lease_worker and w.dead))
    returning v.id`.execute(db);
  return rows.map((row) => row.id);
}

/** Of these verifications, those that have ended. */
export async function endedAmong(db: Db, ids: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from verifications where id = any(${ids}::bigint[]) and finished_at is not null`.execute(db);
  return rows.map((row) => row.id);
}

/** Its job is in the queue. Until then the row stands as never dispatched, for whoever opened it may die in between. */
export async function noteDispatched(db: Db, id: number): Promise<void> {
  await sql`update verifications set dispatched_at = now() where id = ${id} and dispatched_at is null`.execute(db);
}

export interface Closing {
  readonly state: 'done' | 'stopped' | 'failed' | 'cancelled';
  readonly digest?: string | null;
  readonly errorCode?: string | null;
  readonly errorMsg?: string | null;
}

/** Ends it once; null if it has ended already. */
export async function closeVerification(db: Db, id: number, closing: Closing): Promise<Verification | null> {
  const rows = await db
    .updateTable('verifications')
    .set({
      state: closing.state,
      finished_at: sql`now()`,
      digest: closing.digest ?? null,
      error_code: closing.errorCode ?? null,
      error_msg: closing.errorMsg ?? null,
      lease_worker: null,
    })
    .where('id', '=', id)
    .where('finished_at', 'is', null)
    .returningAll()
    .execute();
  return rows[0] ?? null;
}

/** A verification of everything ends with its last child, and adds up what they did. */
export async function closeParents(db: Db): Promise<void> {
  await sql`
    update verifications p set finished_at = now(), started_at = c.started_at, state = c.state, compared = c.compared,
      equal = c.equal, derived = c.derived, findings = c.findings, skipped = c.skipped, bytes_read = c.bytes_read
    from (
      select parent_id, min(started_at) as started_at, sum(compared) as compared, sum(equal) as equal, sum(derived) as derived,
        sum(findings) as findings, sum(skipped) as skipped, sum(bytes_read) as bytes_read,
        case when bool_or(state = 'failed') then 'failed' when bool_or(state = 'cancelled') then 'cancelled'
          when bool_or(state = 'stopped') then 'stopped' else 'done' end as state
      from verifications
      where parent_id in (select id from verifications where scope = 'everything' and finished_at is null)
      group by parent_id having bool_and(finished_at is not null)) as c
    where p.id = c.parent_id and p.finished_at is null`.execute(db);
}

/** Claims the night that is due and sets the next one; false if it is not due or another process took it. */
export async function claimNight(db: Db, next: Date): Promise<boolean> {
  const { rows } = await sql<{ due: boolean }>`
    update master_state m set next_verify_at = ${next} from (select next_verify_at from master_state for update) as was
    where m.next_verify_at is null or m.next_verify_at <= now()
    returning was.next_verify_at is not null as due`.execute(db);
  return rows[0]?.due ?? false;
}

/** Links to look at next, in the order of their ids: what a document, a replica or a set of repairs consists of. */
export function linksAfter(
  db: Db,
  of: { readonly replicaId: number; readonly masterDocId: number | null; readonly repairsOf: Depth | null },
  after: number,
  limit: number,
): Promise<Link[]> {
  return db
    .selectFrom('sync_map')
    .selectAll()
    .where('replica_id', '=', of.replicaId)
    .where('id', '>', after)
    .$if(of.masterDocId !== null, (query) => query.where('master_doc_id', '=', of.masterDocId as number))
    .$if(of.repairsOf !== null, (query) =>
      query.where('id', 'in', (sub) =>
        sub
          .selectFrom('findings')
          .select('link_id')
          .where('replica_id', '=', of.replicaId)
          .where('state', '=', 'repairing')
          .where('depth', '=', of.repairsOf as Depth)
          .where('link_id', 'is not', null)
          .$narrowType<{ link_id: number }>(),
      ),
    )
    .orderBy('id')
    .limit(limit)
    .execute();
}

/**
 * The next of a nightly slice: those that changed since they were last verified (`fresh`), or those whose bytes were read
 * longest ago. What this verification has seen is left out, so a resumed one goes on where it stopped.
 */
export async function linksOfSlice(
  db: Db,
  of: { readonly replicaId: number; readonly verificationId: number; readonly fresh: boolean },
  limit: number,
): Promise<Link[]> {
  const order = of.fresh ? sql`s.id` : sql`s.bytes_at nulls first, s.id`;
  const { rows } = await sql<Link>`
    select s.* from sync_map s
    where s.replica_id = ${of.replicaId} and s.replica_doc_id is not null and ${EXPECTED}
      and ${of.fresh ? sql`s.checksum_at is null` : sql`true`}
      and not exists (select 1 from verification_ledger l where l.verification_id = ${of.verificationId} and l.link_id = s.id)
    order by ${order} limit ${limit}`.execute(db);
  return rows;
}

/** Links this verification put off: busy or moved when their turn came. */
export function linksPutOff(db: Db, verificationId: number, limit: number): Promise<Link[]> {
  return db
    .selectFrom('sync_map')
    .innerJoin('verification_ledger as l', 'l.link_id', 'sync_map.id')
    .selectAll('sync_map')
    .where('l.verification_id', '=', verificationId)
    .where('l.outcome', '=', 'again')
    .orderBy('l.link_id')
    .limit(limit)
    .execute();
}
