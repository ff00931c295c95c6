/** Tombstones: one row for every copy that is taken from a replica, written before anything is done to it (H15). */
import { sql, type Updateable } from 'kysely';
import type { TombstoneReason, TombstonesTable, TombstoneState, Tombstone } from './deletion-tables.ts';
import { durably } from './durably.ts';
import { updateLeased, type LeaseRef, type LinkPatch } from './links.repo.ts';
import type { Db, Link } from './tables.ts';

export type TombstonePatch = Omit<Updateable<TombstonesTable>, 'id' | 'replica_id' | 'link_id'>;

/** Everything that decides whether a copy goes, of one link whose document is missing on the master. */
export interface DeletionCandidateRow {
  readonly link_id: number;
  readonly master_doc_id: number;
  readonly master_added: string | null;
  readonly replica_doc_id: number;
  readonly phase: string;
  readonly unconfirmed: boolean;
  readonly replacing: boolean;
  readonly error_code: string | null;
  readonly kept_at: Date | null;
  readonly absence: 'trashed' | 'absent';
  readonly newest: boolean;
  readonly confirmed: boolean;
  readonly trashed_sweeps: number;
  readonly absent_sweeps: number;
  readonly last_sweep_run: number | null;
  readonly tombstone_id: number | null;
  readonly tombstone_state: TombstoneState | null;
  readonly trashed_at: Date | null;
  readonly trashed_run: number | null;
}

/** Claimed copies of one replica, or one of them, whose document is missing on the master. */
export async function deletionCandidates(
  db: Db,
  replicaId: number,
  linkId: number | null,
): Promise<DeletionCandidateRow[]> {
  const { rows } = await sql<DeletionCandidateRow>`
    select s.id as link_id, s.master_doc_id, s.master_added, s.replica_doc_id, s.phase,
      s.unconfirmed, s.replacing, s.error_code, s.kept_at,
      a.state as absence, a.newest, a.trashed_sweeps, a.absent_sweeps, a.last_sweep_run,
      exists (select 1 from master_suspects p where p.kind = 'missing' and p.master_doc_id = s.master_doc_id
        and p.confirmed_at is not null) as confirmed,
      t.id as tombstone_id, t.state as tombstone_state, t.trashed_at, t.trashed_run
    from sync_map s
      join master_absences a on a.master_doc_id = s.master_doc_id
      left join tombstones t on t.id = s.tombstone_id
    where s.replica_id = ${replicaId} and s.replica_doc_id is not null and s.excluded_at is null
      and (${linkId}::bigint is null or s.id = ${linkId}::bigint)
    order by s.master_doc_id`.execute(db);
  return rows;
}

/** Copies of a replica, and how many deletions were planned since: what the guard counts (E20). */
export async function deletionCounts(
  db: Db,
  replicaId: number,
  since: Date,
): Promise<{ copies: number; recent: number }> {
  const { rows } = await sql<{ copies: number; recent: number }>`
    select (select count(*)::int from sync_map where replica_id = ${replicaId} and replica_doc_id is not null) as copies,
      (select count(*)::int from tombstones where replica_id = ${replicaId} and planned_at > ${since}
        and reason in ('trashed_on_master', 'absent_on_master') and state <> 'released') as recent`.execute(db);
  return rows[0] ?? { copies: 0, recent: 0 };
}

/**
 * The intent: a tombstone for each of these copies, named by its link, which becomes due. A link that changed since it was
 * looked at is left out. Returns the links.
 */
export async function planTombstones(
  db: Db,
  replicaId: number,
  runId: number,
  planned: readonly { readonly linkId: number; readonly reason: TombstoneReason }[],
): Promise<number[]> {
  if (planned.length === 0) return [];
  const { rows } = await sql<{ id: number }>`
    with made as (
      insert into tombstones (replica_id, link_id, master_doc_id, master_added, replica_doc_id, replica_added, checksum,
        reason, planned_run)
      select s.replica_id, s.id, s.master_doc_id, s.master_added, s.replica_doc_id, s.replica_added, s.stored_checksum,
        p.reason, ${runId}
      from unnest(${planned.map((one) => one.linkId)}::bigint[], ${planned.map((one) => one.reason)}::text[]) as p (id, reason)
        join sync_map s on s.id = p.id
      where s.replica_id = ${replicaId} and s.replica_doc_id is not null and s.tombstone_id is null and s.kept_at is null
        and s.excluded_at is null
      for update of s
      returning id, link_id)
    update sync_map s set tombstone_id = made.id, dirty_seq = nextval('dirty_seq'), next_due_at = null
    from made where s.id = made.link_id returning s.id`.execute(db);
  return rows.map((row) => row.id);
}

/** Planned by an earlier run and not carried out: the look at the master that this run made confirms them. */
export async function confirmPlanned(db: Db, tombstoneIds: readonly number[], runId: number): Promise<void> {
  if (tombstoneIds.length === 0) return;
  await sql`
    with due as (
      update tombstones set planned_run = ${runId}
      where id = any(${tombstoneIds}::bigint[]) and state in ('planned', 'asn_cleared', 'purge_due') returning id)
    update sync_map s set dirty_seq = nextval('dirty_seq') from due
    where s.tombstone_id = due.id and s.dirty_seq = s.applied_seq`.execute(db);
}

/** Copies in the trash whose time has come. */
export async function markPurgeDue(db: Db, tombstoneIds: readonly number[], runId: number): Promise<void> {
  if (tombstoneIds.length === 0) return;
  await sql`
    with due as (
      update tombstones set state = 'purge_due', purge_due_at = now(), planned_run = ${runId}
      where id = any(${tombstoneIds}::bigint[]) and state = 'trashed' returning id)
    update sync_map s set dirty_seq = nextval('dirty_seq'), next_due_at = null from due where s.tombstone_id = due.id`.execute(
    db,
  );
}

/** Links of documents that are proven to be deleted, to be looked at once more: their job says what they rest as. */
export async function markGoneDue(db: Db, linkIds: readonly number[]): Promise<void> {
  if (linkIds.length === 0) return;
  await sql`update sync_map set dirty_seq = nextval('dirty_seq')
    where id = any(${linkIds}::bigint[]) and dirty_seq = applied_seq`.execute(db);
}

export function tombstoneById(db: Db, id: number): Promise<Tombstone | undefined> {
  return db.selectFrom('tombstones').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The tombstone's next state together with its link's, under the link's lease; null if the lease was lost. */
export async function settleTombstone(
  db: Db,
  lease: LeaseRef,
  id: number,
  patch: TombstonePatch,
  link: LinkPatch = {},
): Promise<Link | null> {
  return durably(db, async (trx) => {
    const held = await updateLeased(trx, lease, { ...link, lease_epoch: lease.epoch } as LinkPatch);
    if (!held) return null;
    await trx.updateTable('tombstones').set(patch).where('id', '=', id).execute();
    return held;
  });
}

/**
 * The link gives its copy up: the document is purged, or released for adoption (H24). Its attempts go too, all of them long
 * closed, or the next look would claim the copy again by them. `tombstone` null: a row is made of the link as it was.
 */
export async function giveUpCopy(
  db: Db,
  lease: LeaseRef,
  tombstone: number | null,
  patch: TombstonePatch & { readonly state: 'purged' | 'released' },
): Promise<Link | null> {
  return durably(db, async (trx) => {
    const was = await trx.selectFrom('sync_map').selectAll().where('id', '=', lease.linkId).executeTakeFirst();
    const held = await updateLeased(trx, lease, { ...WITHOUT_COPY, lease_epoch: lease.epoch } as LinkPatch);
    if (!held || !was || was.replica_doc_id === null) return null;
    if (tombstone !== null) await trx.updateTable('tombstones').set(patch).where('id', '=', tombstone).execute();
    else
      await trx
        .insertInto('tombstones')
        .values({
          replica_id: was.replica_id,
          link_id: was.id,
          master_doc_id: was.master_doc_id,
          master_added: was.master_added,
          replica_doc_id: was.replica_doc_id,
          replica_added: was.replica_added,
          asn: patch.asn ?? null,
          checksum: was.stored_checksum,
          reason: 'absent_on_master',
          state: patch.state,
          detail: patch.detail ?? null,
          closed_at: sql`now()` as never,
        })
        .execute();
    await forgetCopies(trx, [lease.linkId]);
    return held;
  });
}

/** What was remembered of copies that these links do not own any more. */
export async function forgetCopies(db: Db, linkIds: readonly number[]): Promise<void> {
  for (const table of ['upload_attempts', 'version_attempts', 'version_links', 'note_links'] as const)
    await sql`delete from ${sql.table(table)} where link_id = any(${linkIds}::bigint[])`.execute(db);
}

/** A link that owns nothing on its replica. */
export const WITHOUT_COPY = {
  replica_doc_id: null,
  replica_added: null,
  replica_modified: null,
  tombstone_id: null,
  kept_at: null,
  task_id: null,
  file_checksum: null,
  file_md5: null,
  file_size: null,
  stored_checksum: null,
  plan: null,
  applied: null,
  hold_until: null,
  clean_read_at: null,
  held_plan: null,
  locate: false,
  version_k: 0,
  recheck_file: false,
  last_synced: null,
} as const;

/** A copy that goes for another reason than a deletion on the master (E6, H14): recorded before it is done. */
export async function recordTombstone(
  db: Db,
  row: {
    readonly replicaId: number;
    readonly linkId: number;
    readonly masterDocId: number;
    readonly replicaDocId: number;
    readonly replicaAdded: string;
    readonly asn: number | null;
    readonly checksum: string | null;
    readonly reason: 'surplus' | 'replaced';
    readonly runId: number;
  },
): Promise<number> {
  const made = await db
    .insertInto('tombstones')
    .values({
      replica_id: row.replicaId,
      link_id: row.linkId,
      master_doc_id: row.masterDocId,
      replica_doc_id: row.replicaDocId,
      replica_added: row.replicaAdded,
      asn: row.asn,
      checksum: row.checksum,
      reason: row.reason,
      planned_run: row.runId,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return made.id;
}

export async function updateTombstone(db: Db, id: number, patch: TombstonePatch): Promise<void> {
  await db.updateTable('tombstones').set(patch).where('id', '=', id).execute();
}

export function listTombstones(
  db: Db,
  filter: { readonly replicaId: number; readonly states?: readonly TombstoneState[] | undefined },
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<Tombstone[]> {
  let query = db.selectFrom('tombstones').selectAll().where('replica_id', '=', filter.replicaId);
  if (filter.states) query = query.where('state', 'in', [...filter.states]);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return query.orderBy('id', 'desc').limit(page.limit).execute();
}

/** A person wants the copy back: noted, and its link is due. Null if it is not one that can come back any more. */
export async function askUndo(db: Db, replicaId: number, id: number): Promise<Tombstone | null> {
  const { rows } = await sql<Tombstone>`
    with asked as (
      update tombstones t set undo_asked_at = coalesce(undo_asked_at, now())
      where t.id = ${id} and t.replica_id = ${replicaId} and t.state in ('planned', 'asn_cleared', 'trashed', 'purge_due')
        and exists (select 1 from sync_map s where s.tombstone_id = t.id)
      returning t.*),
    due as (update sync_map s set dirty_seq = nextval('dirty_seq'), next_due_at = null from asked where s.tombstone_id = asked.id)
    select * from asked`.execute(db);
  return rows[0] ?? null;
}

/** The guard has tripped: nothing is deleted on this replica until a person acknowledges. True if that is news. */
export async function holdDeletions(db: Db, replicaId: number, why: string, count: number): Promise<boolean> {
  const { rows } = await sql<{ news: boolean }>`
    update replicas r set deletions_held = ${why}, deletions_held_count = ${count},
      deletions_held_at = coalesce(r.deletions_held_at, now())
    from (select id, deletions_held_at from replicas where id = ${replicaId} for update) as was
    where r.id = was.id returning was.deletions_held_at is null as news`.execute(db);
  return rows[0]?.news ?? false;
}

/** A person lets the deletions go that were held; returns how many, or null if none are. */
export async function acknowledgeDeletions(db: Db, replicaId: number): Promise<number | null> {
  const row = await db
    .updateTable('replicas')
    .set({
      deletions_held: null,
      deletions_held_at: null,
      deletions_approved: sql`deletions_held_count`,
      deletions_acknowledged_at: sql`now()`,
    })
    .where('id', '=', replicaId)
    .where('deletions_held', 'is not', null)
    .returning('deletions_approved')
    .executeTakeFirst();
  return row?.deletions_approved ?? null;
}

export interface ThrownAway {
  readonly replica_doc_id: number;
  readonly replica_added: string | null;
}

/** Documents of the replica that went to its trash because they were one copy of this link too many. */
export async function surplusOf(db: Db, linkId: number): Promise<ThrownAway[]> {
  return db
    .selectFrom('tombstones')
    .select(['replica_doc_id', 'replica_added'])
    .where('link_id', '=', linkId)
    .where('reason', '=', 'surplus')
    .orderBy('replica_doc_id')
    .execute();
}
