/**
 * What a reconcile reads of both libraries, and which document it found to be whose copy (E17, E18). A scan only looks; the
 * statements that change links are in reconcile-claims.repo.ts.
 */
import { sql } from 'kysely';
import type { MatchRule, Pair } from '../domain/match.ts';
import { sameIdentity } from './same-identity.ts';
import type { ReconcileRowsTable } from './tables-reconcile.ts';
import type { Db } from './tables.ts';
import type { Reconciliation } from './tables-reconcile.ts';

export type Side = 'master' | 'replica';
export type ReconcileMode = 'reconcile' | 'resync';

export interface ScanRow {
  readonly doc_id: number;
  readonly added: string;
  readonly asn: number | null;
  readonly title_key: string;
  readonly name_key: string | null;
  readonly content_key: string | null;
  readonly root_hex: string | null;
  readonly newest_hex: string | null;
  readonly marked_for: number | null;
  readonly bears_reserved: boolean;
}

/** Of a run that begins anew, the earlier scan is forgotten: the instances may have moved since. */
export async function openScan(
  db: Db,
  scan: { replicaId: number; runId: number | null; mode: ReconcileMode },
): Promise<number> {
  if (scan.runId !== null) await db.deleteFrom('reconciliations').where('run_id', '=', scan.runId).execute();
  const row = await db
    .insertInto('reconciliations')
    .values({ replica_id: scan.replicaId, run_id: scan.runId, mode: scan.mode })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

export async function dropScan(db: Db, scanId: number): Promise<void> {
  await db.deleteFrom('reconciliations').where('id', '=', scanId).execute();
}

/** The result stays, the rows go. */
export async function finishScan(db: Db, scanId: number, summary: object): Promise<void> {
  await sql`update reconciliations set finished_at = now(), summary = ${JSON.stringify(summary)} where id = ${scanId}`.execute(
    db,
  );
  await db.deleteFrom('reconcile_rows').where('scan_id', '=', scanId).execute();
}

export async function addScanRows(db: Db, scanId: number, side: Side, rows: readonly ScanRow[]): Promise<void> {
  if (rows.length === 0) return;
  await db
    .insertInto('reconcile_rows')
    .values(rows.map((row) => ({ ...row, scan_id: scanId, side })))
    .execute();
}

/**
 * Tens of thousands of rows came in one go, and autovacuum is a minute away: without knowing of them PostgreSQL plans for a
 * handful, in nested loops that take minutes at a few thousand documents. A role that may not analyze is only warned.
 */
export async function analyzeScan(db: Db): Promise<void> {
  await sql`analyze reconcile_rows, sync_map`.execute(db);
}

/** Ties the master's rows to their links, and to the document that is or was their copy if it still is that document. */
export async function attachLinks(db: Db, scanId: number, replicaId: number): Promise<void> {
  await sql`update reconcile_rows m set link_id = s.id, former_id = (
      select r.doc_id from reconcile_rows r
      where r.scan_id = m.scan_id and r.side = 'replica'
        and r.doc_id = coalesce(s.replica_doc_id, s.former_doc_id)
        and case when s.replica_doc_id is not null then ${sameIdentity('s.replica_added', 'r.added')}
          else ${sameIdentity('s.former_added', 'r.added')} end
        and (s.master_added is null or ${sameIdentity('s.master_added', 'm.added')}))
    from sync_map s
    where m.scan_id = ${scanId} and m.side = 'master' and s.replica_id = ${replicaId} and s.master_doc_id = m.doc_id`.execute(
    db,
  );
}

/** Files under way end in the state table; whatever is matched meanwhile would be a second copy. */
export async function leaveInFlight(db: Db, scanId: number): Promise<void> {
  await sql`update reconcile_rows m set rule = 'in_flight' from sync_map s
    where m.scan_id = ${scanId} and m.side = 'master' and s.id = m.link_id and (s.replacing
      or exists (select 1 from version_attempts v where v.link_id = s.id and v.closed_at is null)
      or (s.replica_doc_id is null
        and exists (select 1 from upload_attempts a where a.link_id = s.id and a.closed_at is null)))`.execute(db);
}

/** Links that are not in question: their copy is the document it was. A resync puts all of them in question (E18). */
export async function keepLinks(db: Db, scanId: number): Promise<void> {
  await sql`with kept as (
      update reconcile_rows m set rule = 'kept', matched_to = m.former_id from sync_map s
      where m.scan_id = ${scanId} and m.side = 'master' and s.id = m.link_id and m.rule is null
        and s.replica_doc_id = m.former_id and not s.unconfirmed
      returning m.former_id, m.doc_id)
    update reconcile_rows r set rule = 'kept', matched_to = kept.doc_id from kept
    where r.scan_id = ${scanId} and r.side = 'replica' and r.doc_id = kept.former_id`.execute(db);
}

/** H3: what another link owns is nobody else's copy, though its master document is not live, or its file under way. */
export async function reserveOwned(db: Db, scanId: number, replicaId: number): Promise<void> {
  await sql`update reconcile_rows r set rule = 'owned' from sync_map s
    where r.scan_id = ${scanId} and r.side = 'replica' and r.rule is null
      and s.replica_id = ${replicaId} and s.replica_doc_id = r.doc_id and ${sameIdentity('s.replica_added', 'r.added')}
      and not exists (select 1 from reconcile_rows m
        where m.scan_id = r.scan_id and m.side = 'master' and m.link_id = s.id and m.rule is distinct from 'in_flight')`.execute(
    db,
  );
}

/** Own uploads first: a reserved number or marker, and the bytes. What bears a mark and is not matched is left alone (H3). */
export async function matchMarked(db: Db, scanId: number): Promise<void> {
  await sql`with pick as (
      select distinct on (m.doc_id) m.doc_id as master_id, r.doc_id as copy_id
      from reconcile_rows r join reconcile_rows m
        on m.scan_id = r.scan_id and m.side = 'master' and m.doc_id = r.marked_for and m.rule is null
      where r.scan_id = ${scanId} and r.side = 'replica' and r.rule is null
        and (r.content_key = m.content_key or r.root_hex in (m.root_hex, m.newest_hex, m.sha256, m.md5))
      order by m.doc_id, r.bears_reserved desc, r.doc_id),
    masters as (
      update reconcile_rows m set rule = 'mark', matched_to = pick.copy_id from pick
      where m.scan_id = ${scanId} and m.side = 'master' and m.doc_id = pick.master_id)
    update reconcile_rows r set rule = case when pick.copy_id is null then 'marked' else 'mark' end,
      matched_to = pick.master_id
    from reconcile_rows o left join pick on pick.copy_id = o.doc_id
    where o.scan_id = ${scanId} and o.side = 'replica' and o.rule is null and o.marked_for is not null
      and r.scan_id = o.scan_id and r.side = o.side and r.doc_id = o.doc_id`.execute(db);
}

export type UnhashedRow = Pick<ReconcileRowsTable, 'doc_id' | 'newest_hex'> & {
  /** Both hashes of the file as it was last sent, to tell a file without fetching it. */
  readonly known_sha256: string | null;
  readonly known_md5: string | null;
  /** Something on the other side may be its copy. */
  readonly nominated: boolean;
};

/** A free document of the replica with this value: each by its own index, since an "or" of them would read all rows. */
const anyWith = (column: 'asn' | 'title_key' | 'name_key' | 'marked_for', of: string) =>
  sql<boolean>`exists (select 1 from reconcile_rows r where r.scan_id = m.scan_id and r.side = 'replica'
    and r.rule is null and ${sql.ref(`r.${column}`)} = ${sql.ref(`m.${of}`)})`;

/** Free rows of a side whose bytes are not comparable yet. */
export async function unhashedRows(
  db: Db,
  scanId: number,
  side: Side,
  after: number,
  limit: number,
): Promise<UnhashedRow[]> {
  const { rows } = await sql<UnhashedRow>`select m.doc_id, m.newest_hex,
      s.file_checksum as known_sha256, s.file_md5 as known_md5,
      (m.former_id is not null or ${anyWith('asn', 'asn')} or ${anyWith('title_key', 'title_key')}
        or ${anyWith('name_key', 'name_key')} or ${anyWith('marked_for', 'doc_id')}) as nominated
    from reconcile_rows m left join sync_map s on s.id = m.link_id
    where m.scan_id = ${scanId} and m.side = ${side} and m.rule is null and m.content_key is null and m.doc_id > ${after}
    order by m.doc_id limit ${limit}`.execute(db);
  return rows;
}

export interface HashedRow {
  readonly docId: number;
  readonly contentKey: string | null;
  readonly newestHex: string | null;
  readonly sha256: string | null;
  readonly md5: string | null;
}

export async function setHashes(db: Db, scanId: number, side: Side, rows: readonly HashedRow[]): Promise<void> {
  if (rows.length === 0) return;
  await sql`update reconcile_rows r set content_key = h."contentKey", newest_hex = coalesce(h."newestHex", r.newest_hex),
      root_hex = coalesce(r.root_hex, h."newestHex"), sha256 = h.sha256, md5 = h.md5
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as h ("docId" bigint, "contentKey" text, "newestHex" text, sha256 text, md5 text)
    where r.scan_id = ${scanId} and r.side = ${side} and r.doc_id = h."docId"`.execute(db);
}

export interface FreeRow {
  readonly side: Side;
  readonly id: number;
  readonly asn: number | null;
  readonly titleKey: string;
  readonly nameKey: string | null;
  readonly formerId: number | null;
  readonly contentKey: string | null;
  readonly group: string;
}
export type GroupKey = 'content_key' | 'root_hex' | 'title_key';

/** Free rows of both sides in groups of one key, whole groups only, for keys of the master beyond `after`. */
export async function freeGroups(
  db: Db,
  scanId: number,
  key: GroupKey,
  after: string,
  groups: number,
): Promise<FreeRow[]> {
  const column = sql.ref(key);
  const { rows } = await sql<FreeRow>`with keys as materialized (
      select distinct ${column} as key from reconcile_rows
      where scan_id = ${scanId} and side = 'master' and rule is null and ${column} > ${after}
      order by ${column} limit ${groups})
    select side, doc_id as id, asn, title_key as "titleKey", name_key as "nameKey", former_id as "formerId",
      content_key as "contentKey", ${column} as "group"
    from reconcile_rows join keys on keys.key = ${column}
    where scan_id = ${scanId} and rule is null order by ${column}, side, doc_id`.execute(db);
  return rows;
}

/** Both rows of each pair are taken from here on. */
export async function setPairs(db: Db, scanId: number, pairs: readonly Pair[]): Promise<void> {
  if (pairs.length === 0) return;
  await sql`with p as materialized (select * from jsonb_to_recordset(${JSON.stringify(pairs)}::jsonb)
        as p ("masterId" bigint, "copyId" bigint, rule text)),
    masters as (update reconcile_rows m set rule = p.rule, matched_to = p."copyId" from p
      where m.scan_id = ${scanId} and m.side = 'master' and m.doc_id = p."masterId")
    update reconcile_rows r set rule = p.rule, matched_to = p."masterId" from p
    where r.scan_id = ${scanId} and r.side = 'replica' and r.doc_id = p."copyId"`.execute(db);
}

/**
 * What is left of a former copy: the same document by (id, added), with other bytes than the master has now. After a change
 * of address its stored checksum must match as well (E26).
 */
export async function matchIdentities(db: Db, scanId: number): Promise<void> {
  await sql`with pick as (
      select distinct on (r.doc_id) m.doc_id as master_id, r.doc_id as copy_id
      from reconcile_rows m join sync_map s on s.id = m.link_id
        join reconcile_rows r on r.scan_id = m.scan_id and r.side = 'replica' and r.doc_id = m.former_id and r.rule is null
      where m.scan_id = ${scanId} and m.side = 'master' and m.rule is null
        and (not s.unconfirmed or r.root_hex = s.stored_checksum)
      order by r.doc_id, m.doc_id),
    masters as (update reconcile_rows m set rule = 'identity', matched_to = pick.copy_id from pick
      where m.scan_id = ${scanId} and m.side = 'master' and m.doc_id = pick.master_id)
    update reconcile_rows r set rule = 'identity', matched_to = pick.master_id from pick
    where r.scan_id = ${scanId} and r.side = 'replica' and r.doc_id = pick.copy_id`.execute(db);
}

export interface RuleCount {
  readonly side: Side;
  readonly rule: MatchRule | 'in_flight' | 'owned' | 'marked' | null;
  readonly n: number;
}

export async function countRules(db: Db, scanId: number): Promise<RuleCount[]> {
  const { rows } = await sql<RuleCount>`select side, rule, count(*)::int as n from reconcile_rows
    where scan_id = ${scanId} group by side, rule order by side, rule`.execute(db);
  return rows;
}

/** Free copies with the bytes of a matched one: more copies than the master has documents of them. */
export async function countExtras(db: Db, scanId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from reconcile_rows r
    where r.scan_id = ${scanId} and r.side = 'replica' and r.rule is null and exists (
      select 1 from reconcile_rows m where m.scan_id = r.scan_id and m.side = 'master' and m.content_key = r.content_key)`.execute(
    db,
  );
  return rows[0]?.n ?? 0;
}

export interface MatchedRow {
  readonly master_doc_id: number;
  readonly replica_doc_id: number | null;
  readonly rule: string | null;
}

/** The plan row by row: what would be linked to what, and what has no copy; links that are kept are left out. */
export async function scanResults(db: Db, scanId: number, limit: number): Promise<MatchedRow[]> {
  const { rows } = await sql<MatchedRow>`select doc_id as master_doc_id, matched_to as replica_doc_id, rule
    from reconcile_rows where scan_id = ${scanId} and side = 'master' and rule is distinct from 'kept'
    order by doc_id limit ${limit}`.execute(db);
  return rows;
}

/** Newest first. `before` is the id of the last one that the caller has. */
export function reconciliationsOf(
  db: Db,
  replicaId: number,
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<Reconciliation[]> {
  return db
    .selectFrom('reconciliations')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .where('run_id', 'is not', null)
    .$if(page.before !== undefined, (query) => query.where('id', '<', page.before as number))
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
}
