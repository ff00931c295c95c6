/**
 * The switch of a promotion: links, taxonomy and what hangs on them are numbered by the new master. All statements run in one
 * transaction, in the order in which they stand here (E27, H5; docs/decisions/promotion.md says what becomes of which table).
 */
import { sql } from 'kysely';
import type { Db, PromotionCounts, RemappedReplica } from './tables.ts';

/** A copy on the replica that becomes the master which can be trusted to be that document. */
const IS_COPY = sql`(s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed')`;
const IS_BEHIND = sql`(s.dirty_seq <> s.applied_seq or s.status <> 'ok')`;
const IS_EXPECTED = sql`s.phase <> 'gone'`;
const IS_PAIR = sql`(t.state = 'linked' and t.replica_obj_id is not null)`;

/** What a switch would do, or would have done, counted by the same conditions. */
export async function countSwitch(db: Db, replicaId: number): Promise<PromotionCounts> {
  const { rows } = await sql<Omit<PromotionCounts, 'replicas'>>`select
      (select count(*)::int from sync_map s where s.replica_id = ${replicaId} and ${IS_COPY}) as documents,
      (select count(*)::int from taxonomy_links t where t.replica_id = ${replicaId} and ${IS_PAIR}) as taxonomy,
      (select count(*)::int from sync_map s where s.replica_id = ${replicaId} and not ${IS_COPY} and ${IS_EXPECTED}) as absent,
      (select count(*)::int from sync_map s where s.replica_id = ${replicaId} and ${IS_COPY} and ${IS_BEHIND}
        and ${IS_EXPECTED}) as behind`.execute(db);
  const replicas = await sql<RemappedReplica>`select r.id as replica_id, r.name as replica,
      (count(o.id) filter (where s.id is not null))::int as mapped, (count(o.id) filter (where s.id is null))::int as dropped
    from replicas r left join sync_map o on o.replica_id = r.id
      left join sync_map s on s.replica_id = ${replicaId} and s.master_doc_id = o.master_doc_id and ${IS_COPY}
    where r.id <> ${replicaId} group by r.id, r.name order by r.id`.execute(db);
  return { ...(rows[0] ?? { documents: 0, taxonomy: 0, absent: 0, behind: 0 }), replicas: replicas.rows };
}

/** Documents of the old master that the new one lacks, or has without the last changes, with what is known of the reason. */
export async function listLacking(db: Db, replicaId: number, limit: number) {
  const { rows } = await sql<{ kind: 'absent' | 'behind'; old_doc_id: number; detail: string | null }>`
    select l.kind, l.old_doc_id, l.detail from (${LACKING(replicaId)}) as l order by l.kind, l.old_doc_id limit ${limit}`.execute(
    db,
  );
  return rows;
}

const LACKING = (replicaId: number) => sql`select case when ${IS_COPY} then 'behind' else 'absent' end as kind,
      s.master_doc_id as old_doc_id, case when ${IS_COPY} then s.replica_doc_id end as new_doc_id,
      nullif(concat_ws(' ', s.error_msg, case when s.excluded_at is not null then 'Excluded: ' || s.excluded_reason end,
        'A copy is on ' || (select string_agg(format('"%s" (#%s)', r.name, o.replica_doc_id), ', ' order by r.name)
          from sync_map o join replicas r on r.id = o.replica_id
          where o.master_doc_id = s.master_doc_id and o.replica_id <> s.replica_id and o.replica_doc_id is not null
            and o.tombstone_id is null) || '.'), '') as detail
    from sync_map s where s.replica_id = ${replicaId} and ${IS_EXPECTED} and (not ${IS_COPY} or ${IS_BEHIND})`;

/** Writes down which document and which object of the old master is which of the new one, and where the two part. */
export async function recordPairs(trx: Db, promotionId: number, replicaId: number): Promise<void> {
  await sql`insert into promotion_links (promotion_id, old_doc_id, old_added, old_modified, new_doc_id, new_added,
      file_checksum, file_md5, file_size)
    select ${promotionId}, s.master_doc_id, s.master_added, s.master_modified, s.replica_doc_id, s.replica_added,
      s.file_checksum, s.file_md5, s.file_size
    from sync_map s where s.replica_id = ${replicaId} and ${IS_COPY}`.execute(trx);
  await sql`insert into promotion_taxonomy (promotion_id, kind, old_id, new_id, name)
    select ${promotionId}, t.kind, t.master_id, t.replica_obj_id, t.name
    from taxonomy_links t where t.replica_id = ${replicaId} and ${IS_PAIR}`.execute(trx);
  await sql`insert into promotion_documents (promotion_id, kind, old_doc_id, new_doc_id, detail)
    select ${promotionId}, l.kind, l.old_doc_id, l.new_doc_id, l.detail from (${LACKING(replicaId)}) as l`.execute(trx);
}

/**
 * old -> R and old -> S give R -> S. Every link is negative first, since numbers of the old master are numbers of the new one,
 * too; those without a counterpart stay so, and go when the switch is noted. All are due: each is compared with its new master.
 */
export async function remapLinks(trx: Db, promotionId: number, replicaId: number): Promise<void> {
  await sql`update sync_map set master_doc_id = -master_doc_id, lease_worker = null where replica_id <> ${replicaId}`.execute(
    trx,
  );
  await sql`update sync_map s set master_doc_id = p.new_doc_id, master_added = p.new_added, master_modified = null,
      feed_modified = null, master_hash = null, tombstone_id = null, kept_at = null, report = '[]', task_id = null,
      locate = false, former_doc_id = null, former_added = null, replacing = false, version_k = 0, crash_count = 0,
      dispatched_at = null, status = 'pending', phase = 'pending', error_code = null, error_msg = null, retry_count = 0,
      failed_at = null, next_due_at = hold_until, clean_read_at = null, dirty_seq = nextval('dirty_seq')
    from promotion_links p
    where p.promotion_id = ${promotionId} and s.replica_id <> ${replicaId} and s.master_doc_id = -p.old_doc_id`.execute(
    trx,
  );
}

/** What hangs on links: work of the old direction ends, what people decided stays, histories follow their documents. */
export async function remapBelongings(trx: Db, replicaId: number): Promise<void> {
  const others = sql`(select id from sync_map where replica_id <> ${replicaId})`;
  await sql`delete from upload_attempts where link_id in ${others}`.execute(trx);
  await sql`delete from version_attempts where link_id in ${others}`.execute(trx);
  await sql`delete from version_links where link_id in ${others}`.execute(trx);
  await sql`delete from note_links where link_id in ${others}`.execute(trx);
  await sql`delete from verification_ledger where link_id in ${others}`.execute(trx);
  await sql`update replacements set step = 'abandoned', finished_at = now()
    where replica_id <> ${replicaId} and finished_at is null`.execute(trx);
  await sql`update match_proposals set state = 'stale', decided_at = now()
    where replica_id <> ${replicaId} and state in ('open', 'accepted')`.execute(trx);
  await sql`update conflicts c set master_doc_id = s.master_doc_id,
      state = case when c.state in ('open', 'keep_master') then 'gone' else c.state end,
      decided_at = case when c.state in ('open', 'keep_master') then now() else c.decided_at end
    from sync_map s where s.id = c.link_id and s.replica_id <> ${replicaId} and s.master_doc_id > 0`.execute(trx);
  await sql`update findings set state = 'repaired', repaired_at = now(), reason = ${COMPARED_BEFORE}
    where replica_id <> ${replicaId} and state <> 'repaired'`.execute(trx);
  await sql`update findings f set master_doc_id = s.master_doc_id
    from sync_map s where s.id = f.link_id and s.replica_id <> ${replicaId} and s.master_doc_id > 0`.execute(trx);
  await sql`update tombstones set state = case when state in ('planned', 'asn_cleared') then 'cancelled' else 'released' end,
      closed_at = now(), detail = ${COMPARED_BEFORE}
    where replica_id <> ${replicaId} and state in ('planned', 'asn_cleared', 'trashed', 'purge_due')`.execute(trx);
  await sql`update tombstones t set master_doc_id = s.master_doc_id
    from sync_map s where s.id = t.link_id and s.replica_id <> ${replicaId} and s.master_doc_id > 0`.execute(trx);
}

const COMPARED_BEFORE = 'It was about the master before a promotion.';

/** The same of tags and the like. What has no counterpart is paired by name, as on the first day. */
export async function remapTaxonomy(trx: Db, promotionId: number, replicaId: number): Promise<void> {
  await sql`delete from taxonomy_links t where t.replica_id <> ${replicaId} and (not ${IS_PAIR} or not exists (
    select 1 from promotion_taxonomy p where p.promotion_id = ${promotionId} and p.kind = t.kind and p.old_id = t.master_id))`.execute(
    trx,
  );
  await sql`update taxonomy_links set master_id = -master_id where replica_id <> ${replicaId}`.execute(trx);
  await sql`update taxonomy_links t set master_id = p.new_id, detail = null, error_msg = null, updated_at = now()
    from promotion_taxonomy p where p.promotion_id = ${promotionId} and t.replica_id <> ${replicaId}
      and p.kind = t.kind and t.master_id = -p.old_id`.execute(trx);
}

/** The other replicas: nothing is sent before a reconcile has looked at both sides of every link (E26). */
export async function reorderReplicas(trx: Db, replicaId: number, why: string): Promise<void> {
  await sql`update replicas set reconcile_required = ${why}, library_proven = false, last_sweep_at = null,
      sweep_started_at = null, sweep_position = null, deletions_held = null, deletions_held_at = null,
      deletions_held_count = 0, deletions_approved = 0, missing_accepted = 0, consecutive_failures = 0
    where id <> ${replicaId}`.execute(trx);
}

/** Uploads of the old direction may still come out of their queues: they wait until a person has looked. */
export async function pauseUndrained(trx: Db, replicaIds: readonly number[], why: string): Promise<void> {
  await sql`update replicas set paused_at = coalesce(paused_at, now()), pause_reason = coalesce(pause_reason, ${why})
    where id = any(${replicaIds}::bigint[])`.execute(trx);
}

/** Nothing that is known of the old master holds for the new one; nothing is deleted before it was looked at twice. */
export async function forgetMaster(trx: Db): Promise<void> {
  await sql`delete from master_absences`.execute(trx);
  await sql`delete from master_suspects`.execute(trx);
  await sql`update webhook_events set state = 'left', outcome = 'deferred', ended_at = now(),
      detail = 'Another instance became the master before it was followed.'
    where state in ('pending', 'syncing')`.execute(trx);
  await sql`update master_state set cursor_us = null, generation = null, version = null, is_superuser = null,
    last_contact_at = null, document_count = null, high_water_id = null, high_water_added = null, error_code = null,
    error_msg = null, unconfirmed = false, suspended_code = null, suspended_reason = null, suspended_at = null,
    last_sweep_at = null, last_sweep_run = null, deletions_from_sweep = sweep_count + 2, hygiene = null, hygiene_at = null`.execute(
    trx,
  );
}

/** The old master comes back as a replica: its documents are the copies of those they were. */
export async function linkFormer(
  trx: Db,
  promotionId: number,
  { id: replicaId, generation }: { readonly id: number; readonly generation: 'v2' | 'v3' },
): Promise<number> {
  const { rows } = await sql<{ n: number }>`with made as (
      insert into sync_map (replica_id, master_doc_id, master_added, replica_doc_id, replica_added, file_checksum, file_md5,
        file_size, stored_checksum)
      select ${replicaId}, p.new_doc_id, p.new_added, p.old_doc_id, p.old_added, p.file_checksum, p.file_md5, p.file_size,
        case when ${generation} = 'v2' then p.file_md5 else p.file_checksum end
      from promotion_links p where p.promotion_id = ${promotionId} order by p.new_doc_id
      on conflict do nothing returning 1)
    select count(*)::int as n from made`.execute(trx);
  await sql`insert into taxonomy_links (replica_id, kind, master_id, replica_obj_id, name, state)
    select ${replicaId}, p.kind, p.new_id, p.old_id, p.name, 'linked' from promotion_taxonomy p
    where p.promotion_id = ${promotionId} on conflict do nothing`.execute(trx);
  return rows[0]?.n ?? 0;
}

export interface Diverged {
  readonly kind: 'changed' | 'added' | 'deleted';
  readonly old_doc_id: number;
  readonly new_doc_id: number | null;
  readonly detail: string | null;
}

/** What the old master shows otherwise than at the switch. What was changed there is left alone until a person includes it. */
export async function noteDiverged(
  trx: Db,
  promotionId: number,
  replicaId: number,
  diverged: readonly Diverged[],
  reason: string,
): Promise<void> {
  const rows = sql`jsonb_to_recordset(${JSON.stringify(diverged)}::jsonb) as d (kind text, old_doc_id bigint, new_doc_id bigint,
    detail text)`;
  await sql`insert into promotion_documents (promotion_id, kind, old_doc_id, new_doc_id, detail)
    select ${promotionId}, d.kind, d.old_doc_id, d.new_doc_id, d.detail from ${rows} on conflict do nothing`.execute(
    trx,
  );
  await sql`update sync_map s set excluded_at = now(), excluded_reason = ${reason}, excluded_by = 'promotion' from ${rows}
    where s.replica_id = ${replicaId} and s.replica_doc_id = d.old_doc_id and d.kind = 'changed'`.execute(trx);
}
