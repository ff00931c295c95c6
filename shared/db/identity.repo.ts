/** Whether instances are still the ones that links were made for (E26, H2, H10). */
import { sql } from 'kysely';
import { sameIdentity } from './same-identity.ts';
import type { Db } from './tables.ts';

export interface KnownCopy {
  readonly id: number;
  readonly replica_doc_id: number;
  readonly replica_added: string;
}

/** Linked copies of a replica, some at random. */
export async function sampleOfCopies(
  db: Db,
  replicaId: number,
  limit: number,
  unconfirmed: boolean,
): Promise<KnownCopy[]> {
  const { rows } = await sql<KnownCopy>`select id, replica_doc_id, replica_added from sync_map
    where replica_id = ${replicaId} and replica_doc_id is not null and replica_added is not null
      and (not ${unconfirmed}::boolean or unconfirmed)
    order by random() limit ${limit}`.execute(db);
  return rows;
}

/** All linked copies, in order of the links' ids. */
export async function copiesAfter(db: Db, replicaId: number, after: number, limit: number): Promise<KnownCopy[]> {
  const { rows } = await sql<KnownCopy>`select id, replica_doc_id, replica_added from sync_map
    where replica_id = ${replicaId} and replica_doc_id is not null and replica_added is not null and id > ${after}
    order by id limit ${limit}`.execute(db);
  return rows;
}

/** Another document bears the copy's id: nothing is written until a reconcile has matched the link anew. */
export async function quarantine(db: Db, linkIds: readonly number[], message: string): Promise<void> {
  if (linkIds.length === 0) return;
  await sql`update sync_map set status = 'error', phase = 'blocked', error_code = 'identity_changed',
      error_msg = ${message}, failed_at = now(), next_due_at = null, applied_seq = dirty_seq
    where id = any(${linkIds}::bigint[]) and lease_worker is null`.execute(db);
}

export async function countQuarantined(db: Db, replicaId: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from sync_map
    where replica_id = ${replicaId} and error_code = 'identity_changed'`.execute(db);
  return rows[0]?.n ?? 0;
}

export interface Identity {
  readonly id: number;
  readonly added: string;
}

/** Which other instances of ours know all of these documents, too: `master`, or the name of a replica. */
export async function alsoKnownAt(
  db: Db,
  documents: readonly Identity[],
  except: { master: boolean; replicaId: number | null },
): Promise<string[]> {
  if (documents.length === 0) return [];
  const { rows } = await sql<{ instance: string }>`with d as (
      select id, added from jsonb_to_recordset(${JSON.stringify(documents)}::jsonb) as d (id bigint, added text)),
    known as (
      select 'master' as instance, d.id from d join sync_map s on s.master_doc_id = d.id
        and ${sameIdentity('s.master_added', 'd.added')} where not ${except.master}::boolean
      union
      select r.name, d.id from d join sync_map s on s.replica_doc_id = d.id and ${sameIdentity('s.replica_added', 'd.added')}
        join replicas r on r.id = s.replica_id where r.id is distinct from ${except.replicaId}::bigint)
    select instance from known group by instance having count(distinct id) = ${documents.length}::int order by instance`.execute(
    db,
  );
  return rows.map((row) => row.instance);
}

export interface MarkedDocument {
  readonly id: number;
  readonly masterId: number;
  readonly title: string;
}

/** Documents that bear the marker of an upload which no attempt of this database is: it was lost, or set back (H10). */
export async function unknownMarks(db: Db, replicaId: number, marked: readonly MarkedDocument[]): Promise<number[]> {
  if (marked.length === 0) return [];
  const { rows } = await sql<{ id: number }>`select d.id
    from jsonb_to_recordset(${JSON.stringify(marked)}::jsonb) as d (id bigint, "masterId" bigint, title text)
    where not exists (select 1 from sync_map s where s.replica_id = ${replicaId} and s.replica_doc_id = d.id)
      and not exists (select 1 from sync_map s join upload_attempts a on a.link_id = s.id
        where s.replica_id = ${replicaId} and s.master_doc_id = d."masterId" and a.marker = d.title)
      and not exists (select 1 from replicas r where r.id = ${replicaId} and r.known_marks @> to_jsonb(d.id))`.execute(
    db,
  );
  return rows.map((row) => row.id);
}

/** Links of a replica that hold a copy. */
export async function copyCounts(db: Db, replicaId: number): Promise<{ linked: number }> {
  const { rows } = await sql<{ linked: number }>`select count(*)::int as linked from sync_map
    where replica_id = ${replicaId} and replica_doc_id is not null`.execute(db);
  return rows[0] ?? { linked: 0 };
}

/** The highest id ever known: as remembered, or of a copy that was claimed since. */
export async function highWaterOf(db: Db, replicaId: number): Promise<Identity | null> {
  const { rows } =
    await sql<Identity>`select max(id) as id, (array_agg(added order by added::timestamptz desc))[1] as added from (
      select high_water_id as id, high_water_added as added from replicas where id = ${replicaId}
      union all (select replica_doc_id, replica_added from sync_map
        where replica_id = ${replicaId} and replica_doc_id is not null and replica_added is not null
        order by replica_doc_id desc limit 1)) as known
    where id is not null and added is not null having count(*) > 0`.execute(db);
  return rows[0] ?? null;
}

export async function noteHighWater(db: Db, replicaId: number, highest: Identity): Promise<void> {
  await db
    .updateTable('replicas')
    .set({ high_water_id: highest.id, high_water_added: highest.added })
    .where('id', '=', replicaId)
    .execute();
}

/** Copies that came back are not "accepted as missing" any more. */
export async function capAcceptedMissing(db: Db, replicaId: number, missing: number): Promise<void> {
  await db
    .updateTable('replicas')
    .set({ missing_accepted: missing })
    .where('id', '=', replicaId)
    .where('missing_accepted', '>', missing)
    .execute();
}

/** A person has looked: the missing copies are missing, and are made again. */
export async function acceptMissing(db: Db, replicaId: number, missing: number): Promise<void> {
  await sql`update replicas set missing_accepted = ${missing}, suspended_at = null, suspended_reason = null,
    paused_at = null, pause_reason = null, consecutive_failures = 0, error_code = null, error_msg = null
    where id = ${replicaId}`.execute(db);
}

/** A person has looked: this is the instance. Its copies are matched anew before anything is written or sent. */
export async function acceptIdentities(db: Db, replicaId: number, why: string): Promise<void> {
  await sql`update replicas set high_water_id = null, high_water_added = null, reconcile_required = ${why},
    suspended_at = null, suspended_reason = null, paused_at = null, pause_reason = null, consecutive_failures = 0,
    error_code = null, error_msg = null where id = ${replicaId}`.execute(db);
}
