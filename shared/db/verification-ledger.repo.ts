/** The ledger: a row for each document that a verification looked at, and what follows from it for the link. */
import { sql, type RawBuilder } from 'kysely';
import { FINDING_KINDS, type Depth, type FindingKind } from '../domain/verification.ts';
import { EXPECTED, UNSETTLED } from './link-conditions.ts';
import type { Db, LedgerRow, Link } from './tables.ts';

export type NewLedgerRow = Omit<LedgerRow, 'verification_id' | 'compared_at'>;

/** A link that was put off gets its final row in place of that one. */
export async function saveLedger(
  db: Db,
  verificationId: number,
  comparedAt: Date,
  rows: readonly NewLedgerRow[],
): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insertInto('verification_ledger')
    .values(rows.map((row) => ({ ...row, verification_id: verificationId, compared_at: comparedAt })))
    .onConflict((conflict) =>
      conflict.columns(['verification_id', 'link_id']).doUpdateSet((eb) => ({
        replica_doc_id: eb.ref('excluded.replica_doc_id'),
        depth: eb.ref('excluded.depth'),
        compared_at: eb.ref('excluded.compared_at'),
        outcome: eb.ref('excluded.outcome'),
        reason: eb.ref('excluded.reason'),
        master_file: eb.ref('excluded.master_file'),
        copy_file: eb.ref('excluded.copy_file'),
        master_fields: eb.ref('excluded.master_fields'),
        copy_fields: eb.ref('excluded.copy_fields'),
        derived: eb.ref('excluded.derived'),
      })),
    )
    .execute();
}

/** What is still put off when a verification ends was never compared. */
export async function skipPutOff(db: Db, verificationId: number, reason: string): Promise<number> {
  const result = await db
    .updateTable('verification_ledger')
    .set({ outcome: 'skipped', reason })
    .where('verification_id', '=', verificationId)
    .where('outcome', '=', 'again')
    .executeTakeFirst();
  return Number(result.numUpdatedRows);
}

export interface VerifiedLink {
  readonly linkId: number;
  /** dirty_seq as it was before anything was read: a link that moved meanwhile is not verified (protocol section 3). */
  readonly seq: number;
  readonly depth: Depth;
}

const RANK = (depth: unknown) => sql`array_position(array['list', 'metadata', 'checksum', 'bytes'], ${depth})`;

/** The deeper comparison stays until the link becomes dirty; a shallower one does not replace it. */
export async function markVerified(db: Db, at: Date, verified: readonly VerifiedLink[]): Promise<void> {
  if (verified.length === 0) return;
  await sql`
    update sync_map s set
      verified_at = case when ${RANK(sql`v.depth`)} >= coalesce(${RANK(sql`s.verified_depth`)}, 0) then ${at} else s.verified_at end,
      verified_depth = case when ${RANK(sql`v.depth`)} >= coalesce(${RANK(sql`s.verified_depth`)}, 0) then v.depth else s.verified_depth end,
      checksum_at = case when v.depth in ('checksum', 'bytes') then ${at} else s.checksum_at end,
      bytes_at = case when v.depth = 'bytes' then ${at} else s.bytes_at end
    from unnest(${verified.map((one) => one.linkId)}::bigint[], ${verified.map((one) => one.seq)}::bigint[],
      ${verified.map((one) => one.depth)}::text[]) as v (id, seq, depth)
    where s.id = v.id and s.dirty_seq = v.seq and s.applied_seq = v.seq and s.lease_worker is null and s.status = 'ok'`.execute(
    db,
  );
}

/** What was proven holds no more, although the link has no open work. */
export async function forgetVerified(db: Db, linkIds: readonly number[]): Promise<void> {
  await sql`update sync_map set verified_at = null, verified_depth = null, checksum_at = null, bytes_at = null
    where id = any(${linkIds}::bigint[])`.execute(db);
}

export type LinkState = Pick<Link, 'id' | 'dirty_seq' | 'lease_epoch' | 'replica_doc_id'>;

/** By what one sees that a link moved since it was read. */
export function linkStates(db: Db, ids: readonly number[]): Promise<LinkState[]> {
  return db
    .selectFrom('sync_map')
    .select(['id', 'dirty_seq', 'lease_epoch', 'replica_doc_id'])
    .where('id', '=', sql<number>`any(${ids}::bigint[])`)
    .execute();
}

/** In the order of the receipt. */
export function ledgerPage(db: Db, verificationId: number, afterLink: number, limit: number): Promise<LedgerRow[]> {
  return db
    .selectFrom('verification_ledger')
    .selectAll()
    .where('verification_id', '=', verificationId)
    .where('link_id', '>', afterLink)
    .orderBy('link_id')
    .limit(limit)
    .execute();
}

/** Who verified these links, when and how deep: the newest row of each depth. */
export function lastOfLinks(db: Db, linkIds: readonly number[]): Promise<LedgerRow[]> {
  return db
    .selectFrom('verification_ledger')
    .selectAll()
    .distinctOn(['link_id', 'depth'])
    .where('link_id', '=', sql<number>`any(${[...linkIds]}::bigint[])`)
    .where('outcome', 'in', ['equal', 'different'])
    .orderBy('link_id')
    .orderBy('depth')
    .orderBy('compared_at', 'desc')
    .execute();
}

/** Copies whose bytes nobody read since `before`; new ones have as long as all others. */
export async function countWindowMissed(db: Db, replicaId: number, before: Date): Promise<number> {
  const row = await db
    .selectFrom('sync_map')
    .select(sql<number>`count(*)::int`.as('documents'))
    .where('replica_id', '=', replicaId)
    .where('replica_doc_id', 'is not', null)
    .where(EXPECTED)
    .where(sql<boolean>`coalesce(bytes_at, created_at) < ${before}`)
    .executeTakeFirstOrThrow();
  return row.documents;
}

/** Documents of a replica whose checksums, or bytes, were not compared since then. */
const unproven = (proof: 'checksum_at' | 'bytes_at', replicaId: RawBuilder<unknown>, since: Date) => {
  const those = sql`from sync_map s where s.replica_id = ${replicaId} and ${EXPECTED} and s.${sql.ref(proof)}`;
  return sql`((select count(*) ${those} is null) + (select count(*) ${those} < ${since}))`;
};

export interface DepthCoverage {
  readonly documents: number;
  readonly metadata: number;
  readonly checksum: number;
  readonly bytes: number;
}

/** Of the documents that this replica has to have: how many were compared since then, at each depth or deeper. */
export async function depthCoverage(db: Db, replicaId: number, since: Date): Promise<DepthCoverage> {
  const { rows } = await sql<DepthCoverage>`
    with library as (
      select t.links - (select count(*) from sync_map where replica_id = ${replicaId} and phase in ('gone', 'excluded')) as documents
      from link_totals t where t.replica_id = ${replicaId}),
    covered as materialized (
      select documents, documents - ${unproven('checksum_at', sql`${replicaId}`, since)} as checksum from library)
    select documents::int, checksum::int,
      (checksum + (select count(*) from sync_map s where s.replica_id = ${replicaId} and ${EXPECTED}
        and (s.checksum_at is null or s.checksum_at < ${since}) and s.verified_at >= ${since}
        and s.verified_depth in ('metadata', 'checksum', 'bytes')))::int as metadata,
      (documents - ${unproven('bytes_at', sql`${replicaId}`, since)})::int as bytes
    from covered`.execute(db);
  return rows[0] ?? { documents: 0, metadata: 0, checksum: 0, bytes: 0 };
}

export interface ReplicaVerification {
  readonly replica_id: number;
  readonly documents: number;
  readonly verified: number;
  readonly read_back: number;
  readonly given_up: number;
  readonly blocked: number;
  readonly excluded: number;
  /** The oldest comparison at depth checksum or deeper; null where some document has none. */
  readonly oldest_checksum_at: Date | null;
  readonly oldest_bytes_at: Date | null;
  readonly findings: Partial<Record<FindingKind, number>>;
}

/**
 * What `judgeVerification` and the metrics ask of each replica. What was proven is what is left when all that was not is taken
 * from the total: of a library in good order hardly a row is read.
 */
export async function verificationByReplica(
  db: Db,
  window: { readonly since: Date; readonly readBackSince: Date },
): Promise<ReplicaVerification[]> {
  const { rows } = await sql<Omit<ReplicaVerification, 'findings'>>`
    with unsettled as (
      select replica_id, status, phase, count(*) as links, count(*) filter (where checksum_at >= ${window.since}) as proven
      from sync_map where ${UNSETTLED} group by 1, 2, 3),
    library as (
      select t.replica_id, t.links - coalesce(sum(u.links) filter (where u.phase in ('gone', 'excluded')), 0) as documents,
        coalesce(sum(u.links) filter (where u.phase = 'dlq'), 0)::int as given_up,
        coalesce(sum(u.links) filter (where u.phase = 'blocked'), 0)::int as blocked,
        coalesce(sum(u.links) filter (where u.phase = 'excluded'), 0)::int as excluded,
        coalesce(sum(u.proven) filter (where u.status <> 'ok' and u.phase not in ('gone', 'excluded')), 0) as proven_before
      from link_totals t left join unsettled u on u.replica_id = t.replica_id group by t.replica_id)
    select l.replica_id, l.documents::int, l.given_up, l.blocked, l.excluded,
      (l.documents - l.proven_before - ${unproven('checksum_at', sql`l.replica_id`, window.since)})::int as verified,
      (select count(*) from sync_map s where s.replica_id = l.replica_id and s.checksum_at is null and s.status = 'ok'
        and s.phase <> 'gone' and s.dirty_seq = s.applied_seq and s.last_synced >= ${window.readBackSince})::int as read_back,
      (select s.checksum_at from sync_map s where s.replica_id = l.replica_id and ${EXPECTED}
        order by s.checksum_at nulls first, s.id limit 1) as oldest_checksum_at,
      (select s.bytes_at from sync_map s where s.replica_id = l.replica_id and ${EXPECTED}
        order by s.bytes_at nulls first, s.id limit 1) as oldest_bytes_at
    from library l where l.documents > 0 or l.excluded > 0`.execute(db);
  const counts = await openFindingCounts(db);
  return rows.map((row) => ({
    ...row,
    findings: Object.fromEntries(
      FINDING_KINDS.flatMap((kind) => {
        const found = counts.find((count) => count.replica_id === row.replica_id && count.kind === kind);
        return found ? [[kind, found.findings]] : [];
      }),
    ),
  }));
}

/** Findings that are open or under repair; accepted ones are somebody's decision. */
export function openFindingCounts(db: Db): Promise<{ replica_id: number; kind: FindingKind; findings: number }[]> {
  return db
    .selectFrom('findings')
    .select(['replica_id', 'kind', sql<number>`count(*)::int`.as('findings')])
    .where('state', 'in', ['open', 'repairing'])
    .groupBy(['replica_id', 'kind'])
    .execute();
}

/** Receipts older than this lose their rows, but for the newest row of each link and depth: the ledger proper. */
export async function pruneLedger(db: Db, before: Date, limit: number): Promise<number> {
  const result = await sql`
    delete from verification_ledger where (verification_id, link_id) in (
      select l.verification_id, l.link_id from verification_ledger l
      where l.compared_at < ${before} and exists (
        select 1 from verification_ledger newer
        where newer.link_id = l.link_id and newer.depth = l.depth and newer.compared_at > l.compared_at)
      limit ${limit})`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

/** Of these documents of a replica, those that no link owns. */
export async function unlinkedAmong(db: Db, replicaId: number, ids: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select c.id from unnest(${ids}::bigint[]) as c (id)
    where not exists (select 1 from sync_map s where s.replica_id = ${replicaId} and s.replica_doc_id = c.id)
    order by c.id`.execute(db);
  return rows.map((row) => row.id);
}

export interface AbsentLink {
  readonly id: number;
  readonly master_doc_id: number;
  readonly replica_doc_id: number;
}

/** Links whose copy is not among these documents. */
export async function linksNotAmong(db: Db, replicaId: number, ids: readonly number[]): Promise<AbsentLink[]> {
  const { rows } = await sql<AbsentLink>`
    select s.id, s.master_doc_id, s.replica_doc_id from sync_map s
    where s.replica_id = ${replicaId} and s.replica_doc_id is not null and ${EXPECTED}
      and not exists (select 1 from unnest(${ids}::bigint[]) as c (id) where c.id = s.replica_doc_id)
    order by s.id`.execute(db);
  return rows;
}

/** Finished copies of these master documents: what else bears their mark is a surplus. */
export function restingCopies(db: Db, replicaId: number, masterIds: readonly number[]): Promise<AbsentLink[]> {
  return db
    .selectFrom('sync_map')
    .select(['id', 'master_doc_id', 'replica_doc_id'])
    .where('replica_id', '=', replicaId)
    .where('master_doc_id', '=', sql<number>`any(${masterIds}::bigint[])`)
    .where('replica_doc_id', 'is not', null)
    .where('status', '<>', 'pending')
    .whereRef('dirty_seq', '=', 'applied_seq')
    .$narrowType<{ replica_doc_id: number }>()
    .execute();
}
