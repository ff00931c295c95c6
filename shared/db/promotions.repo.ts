/** Promotions: one row each, and what the processes have to have seen before the next phase (E27, H5). */
import { sql, type Updateable } from 'kysely';
import type { PromotionPhase } from '../domain/promotion.ts';
import type { Db, LeftOpen, PartedDocument, PartedKind, PromotedLink, Promotion, PromotionsTable } from './tables.ts';

export type PromotionPatch = Omit<Updateable<PromotionsTable>, 'id'>;

/** The one that is under way. */
export function openPromotion(db: Db): Promise<Promotion | undefined> {
  return db.selectFrom('promotions').selectAll().where('finished_at', 'is', null).executeTakeFirst();
}

export function findPromotion(db: Db, id: number): Promise<Promotion | undefined> {
  return db.selectFrom('promotions').selectAll().where('id', '=', id).executeTakeFirst();
}

export function listPromotions(db: Db, limit: number): Promise<Promotion[]> {
  return db.selectFrom('promotions').selectAll().orderBy('id', 'desc').limit(limit).execute();
}

/** The switches whose old master was not taken back, the newest first. */
export function formerMasters(db: Db): Promise<Promotion[]> {
  return db
    .selectFrom('promotions')
    .selectAll()
    .where('switched_at', 'is not', null)
    .where('readmitted_at', 'is', null)
    .orderBy('id', 'desc')
    .execute();
}

export interface NewPromotion {
  readonly replica_id: number;
  readonly replica_name: string;
  readonly asked_by: string;
  readonly old_master_url: string;
  readonly old_master_token: string;
  readonly new_master_url: string;
}
export function insertPromotion(db: Db, promotion: NewPromotion): Promise<Promotion> {
  return db.insertInto('promotions').values(promotion).returningAll().executeTakeFirstOrThrow();
}

/** Only out of the phase that the caller saw; undefined: somebody was faster. */
export function movePromotion(
  db: Db,
  { id, phase }: Pick<Promotion, 'id' | 'phase'>,
  to: PromotionPhase,
  patch: PromotionPatch = {},
): Promise<Promotion | undefined> {
  return db
    .updateTable('promotions')
    .set({ waits_code: null, waits_for: null, ...patch, phase: to })
    .where('id', '=', id)
    .where('phase', '=', phase)
    .where('finished_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Whoever reads it before the statement that changes it holds it until then. */
export function lockPromotion(trx: Db, id: number): Promise<Promotion | undefined> {
  return trx.selectFrom('promotions').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

export async function notePromotion(db: Db, id: number, patch: PromotionPatch): Promise<void> {
  await db.updateTable('promotions').set(patch).where('id', '=', id).where('finished_at', 'is', null).execute();
}

/** A person decided; false: it is over, or beyond the point where that means anything. */
export async function acceptLeftOpen(db: Db, id: number, by: string): Promise<boolean> {
  const { rows } =
    await sql`update promotions set accepted_at = coalesce(accepted_at, now()), accepted_by = coalesce(accepted_by, ${by})
    where id = ${id} and finished_at is null and switched_at is null returning id`.execute(db);
  return rows.length > 0;
}

export async function noteReadmitted(db: Db, id: number, replicaId: number): Promise<boolean> {
  const { rows } = await sql`update promotions set readmitted_as = ${replicaId}, readmitted_at = now()
    where id = ${id} and readmitted_at is null returning id`.execute(db);
  return rows.length > 0;
}

/** From here on no statement under an earlier lease changes a link (protocol section 2, point 4). */
export async function raiseTopology(trx: Db): Promise<number> {
  const { rows } = await sql<{ epoch: number }>`
    update master_state set topology_epoch = topology_epoch + 1 returning topology_epoch as epoch`.execute(trx);
  return rows[0]?.epoch ?? 0;
}

export async function topologyNow(db: Db): Promise<number> {
  const row = await db.selectFrom('master_state').select('topology_epoch').executeTakeFirstOrThrow();
  return row.topology_epoch;
}

/** This process works on nothing that began before that topology. */
export async function noteTopology(db: Db, worker: string, epoch: number): Promise<void> {
  await sql`update workers set topology_epoch = ${epoch} where id = ${worker} and topology_epoch < ${epoch}`.execute(
    db,
  );
}

/** Living processes that may still work on something of an earlier one; an api process works on no document. */
export function processesBehind(db: Db, epoch: number): Promise<{ id: string; role: string; version: string }[]> {
  return db
    .selectFrom('workers')
    .select(['id', 'role', 'version'])
    .where('dead', '=', false)
    .where('role', '<>', 'api')
    .where('topology_epoch', '<', epoch)
    .orderBy('started_at')
    .execute();
}

/** Links whose document may bear a reserved number or a marker, as literals for the partial index over them. */
const UNFINISHED = sql`s.phase in ('sending', 'unknown', 'awaiting', 'finalising', 'releasing')`;
const UNANSWERED = sql`(s.plan is not null or s.hold_until > now())`;

/** By replica, what was begun and not brought to its end; replicas with nothing of the kind are left out. */
export async function leftOpen(db: Db): Promise<LeftOpen[]> {
  const { rows } = await sql<LeftOpen>`
    with per as (select r.id as replica_id, r.name as replica,
      (select count(*)::int from upload_attempts a join sync_map s on s.id = a.link_id
        where s.replica_id = r.id and a.closed_at is null) as uploads,
      (select count(*)::int from version_attempts v join sync_map s on s.id = v.link_id
        where s.replica_id = r.id and v.closed_at is null) as versions,
      (select count(*)::int from replacements p where p.replica_id = r.id and p.finished_at is null) as replacements,
      (select count(*)::int from sync_map s where s.replica_id = r.id and ${UNFINISHED}) as documents,
      (select count(*)::int from sync_map s where s.replica_id = r.id and ${UNANSWERED}) as unanswered
      from replicas r)
    select * from per where uploads + versions + replacements + documents + unanswered > 0 order by replica_id`.execute(
    db,
  );
  return rows;
}

/** The change set of a run that only ends what had begun; `marked`: master ids whose reserved number or marker is there. */
export async function planBegun(
  db: Db,
  runId: number,
  replicaId: number,
  { marked, chunkSize }: { readonly marked: readonly number[]; readonly chunkSize: number },
): Promise<void> {
  await sql`insert into run_items (run_id, link_id, chunk, kind)
    select ${runId}, s.id, ((row_number() over (order by s.id) - 1) / ${chunkSize}::int)::int,
      case when s.replica_doc_id is null then 'upload' else 'update' end
    from sync_map s where s.replica_id = ${replicaId} and s.excluded_at is null
      and (s.hold_until is null or s.hold_until <= now())
      and (${UNFINISHED} or ${UNANSWERED} or s.replacing or s.master_doc_id = any(${marked}::bigint[])
        or exists (select 1 from upload_attempts a where a.link_id = s.id and a.closed_at is null)
        or exists (select 1 from version_attempts v where v.link_id = s.id and v.closed_at is null))
    on conflict do nothing`.execute(db);
}

export interface UnfinishedUpload {
  readonly link_id: number;
  readonly master_doc_id: number;
  readonly replica_doc_id: number | null;
  readonly file_name: string | null;
  readonly sha256: string | null;
  readonly md5: string | null;
}

/** What is known of the uploads of these master documents to a replica: the newest attempt of each. */
export async function uploadsOf(
  db: Db,
  replicaId: number,
  masterIds: readonly number[],
): Promise<Map<number, UnfinishedUpload>> {
  const { rows } = await sql<UnfinishedUpload>`
    select s.id as link_id, s.master_doc_id, s.replica_doc_id, a.file_name, a.sha256, a.md5 from sync_map s
      left join lateral (select * from upload_attempts a where a.link_id = s.id order by a.k desc limit 1) a on true
    where s.replica_id = ${replicaId} and s.master_doc_id = any(${masterIds}::bigint[])`.execute(db);
  return new Map(rows.map((row) => [row.master_doc_id, row]));
}

/** An upload that arrived and was not taken for the copy before the topology ended; false: it is one already, or another's. */
export async function takeArrived(
  db: Db,
  linkId: number,
  copy: { readonly id: number; readonly added: string; readonly checksum: string },
): Promise<boolean> {
  const { rows } = await sql`update sync_map s set replica_doc_id = ${copy.id}, replica_added = ${copy.added},
      stored_checksum = ${copy.checksum}, status = 'pending', phase = 'pending'
    where s.id = ${linkId} and s.replica_doc_id is null
      and not exists (select 1 from sync_map o where o.replica_id = s.replica_id and o.replica_doc_id = ${copy.id})
    returning s.id`.execute(db);
  return rows.length > 0;
}

/** Documents on which the masters part, in order of the old one's numbers. */
export function partedDocuments(
  db: Db,
  promotionId: number,
  { kind, after, limit }: { readonly kind?: PartedKind | undefined; readonly after: number; readonly limit: number },
): Promise<PartedDocument[]> {
  return db
    .selectFrom('promotion_documents')
    .selectAll()
    .where('promotion_id', '=', promotionId)
    .where('old_doc_id', '>', after)
    .$if(kind !== undefined, (query) => query.where('kind', '=', kind as PartedKind))
    .orderBy('old_doc_id')
    .orderBy('kind')
    .limit(limit)
    .execute();
}

export function countParted(db: Db, promotionId: number): Promise<{ kind: PartedKind; documents: number }[]> {
  return db
    .selectFrom('promotion_documents')
    .select(['kind', sql<number>`count(*)::int`.as('documents')])
    .where('promotion_id', '=', promotionId)
    .groupBy('kind')
    .orderBy('kind')
    .execute();
}

export function promotedLinks(db: Db, promotionId: number, after: number, limit: number): Promise<PromotedLink[]> {
  return db
    .selectFrom('promotion_links')
    .selectAll()
    .where('promotion_id', '=', promotionId)
    .where('old_doc_id', '>', after)
    .orderBy('old_doc_id')
    .limit(limit)
    .execute();
}

/** Some of the old master's documents, to know it again. */
export async function sampleOfFormer(
  db: Db,
  promotionId: number,
  limit: number,
): Promise<{ old_doc_id: number; old_added: string }[]> {
  const { rows } = await sql<{
    old_doc_id: number;
    old_added: string;
  }>`select old_doc_id, old_added from promotion_links
    where promotion_id = ${promotionId} order by random() limit ${limit}`.execute(db);
  return rows;
}
