/** What is missing on the master, as its census and its trash tell; and what makes the master look restored (H2, H4, E20). */
import { sql } from 'kysely';
import type { SuspectKind } from './deletion-tables.ts';
import type { Db } from './tables.ts';
import { forgetCopies, WITHOUT_COPY } from './tombstones.repo.ts';

export interface MissingDocument {
  readonly id: number;
  readonly added: string | null;
  readonly modified: string | null;
  /** Nothing to be alarmed about: known to be deleted, or a person has confirmed that it is gone. */
  readonly explained: boolean;
  /** Observed as missing by an earlier cycle. */
  readonly noted: boolean;
}

/** Linked documents that a census of the master does not show. */
export async function missingFromCensus(db: Db, ids: readonly number[]): Promise<MissingDocument[]> {
  const { rows } = await sql<MissingDocument>`
    select s.master_doc_id as id, max(s.master_added) as added,
      (array_agg(coalesce(s.feed_modified, s.master_modified) order by s.id))[1] as modified,
      bool_and(s.phase = 'gone') or coalesce(bool_or(a.seen_in_trash or a.absent_sweeps >= 2), false)
        or bool_or(p.confirmed_at is not null) as explained,
      bool_or(a.master_doc_id is not null) as noted
    from sync_map s
      left join master_absences a on a.master_doc_id = s.master_doc_id
      left join master_suspects p on p.kind = 'missing' and p.master_doc_id = s.master_doc_id
    where not exists (select 1 from unnest(${ids}::bigint[]) as c (id) where c.id = s.master_doc_id)
    group by s.master_doc_id order by s.master_doc_id`.execute(db);
  return rows.map((row) => ({ ...row, explained: row.explained ?? false }));
}

/** How many different documents of the master have a link. */
export async function countKnownDocuments(db: Db): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(distinct master_doc_id)::int as n from sync_map`.execute(db);
  return rows[0]?.n ?? 0;
}

/** Ids at or below `mark` that no link ever named. */
export async function unknownUpTo(db: Db, ids: readonly number[], mark: number): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select c.id from unnest(${ids}::bigint[]) as c (id)
    where c.id <= ${mark} and not exists (select 1 from sync_map s where s.master_doc_id = c.id) order by c.id`.execute(
    db,
  );
  return rows.map((row) => row.id);
}

/**
 * Documents that are there (again): their absence is over, and links whose copy was deleted, kept or given up because of it
 * are due. Returns how many links became dirty.
 */
export async function noteReturned(db: Db, ids: readonly number[]): Promise<number> {
  const there = sql`select 1 from unnest(${ids}::bigint[]) as c (id) where c.id =`;
  await sql`delete from master_absences a where exists (${there} a.master_doc_id)`.execute(db);
  await sql`delete from master_suspects p where p.kind = 'missing' and exists (${there} p.master_doc_id)`.execute(db);
  const result = await sql`update sync_map s set kept_at = null,
      dirty_seq = case when s.dirty_seq = s.applied_seq then nextval('dirty_seq') else s.dirty_seq end
    where (s.phase = 'gone' or s.tombstone_id is not null or s.kept_at is not null)
      and (s.dirty_seq = s.applied_seq or s.kept_at is not null) and exists (${there} s.master_doc_id)`.execute(db);
  return Number(result.numAffectedRows ?? 0);
}

export interface AbsenceObservation {
  readonly id: number;
  readonly state: 'trashed' | 'absent';
  readonly newest: boolean;
}

/** One clean look at the master. A sweep counts once a run, however often the run's job is repeated. */
export async function noteAbsences(
  db: Db,
  observed: readonly AbsenceObservation[],
  run: { readonly id: number; readonly sweep: boolean },
): Promise<void> {
  if (observed.length === 0) return;
  const one = run.sweep ? 1 : 0;
  await sql`
    insert into master_absences as a
      (master_doc_id, state, newest, seen_in_trash, trashed_sweeps, absent_sweeps, last_sweep_run, last_run)
    select o.id, o.state, o.newest, o.state = 'trashed',
      case when o.state = 'trashed' then ${one}::int else 0 end, case when o.state = 'absent' then ${one}::int else 0 end,
      case when ${run.sweep} then ${run.id}::bigint end, ${run.id}
    from unnest(${observed.map((row) => row.id)}::bigint[], ${observed.map((row) => row.state)}::text[],
      ${observed.map((row) => row.newest)}::boolean[]) as o (id, state, newest)
    on conflict (master_doc_id) do update set
      since = case when a.state = excluded.state then a.since else now() end,
      state = excluded.state, newest = excluded.newest,
      seen_in_trash = a.seen_in_trash or excluded.seen_in_trash,
      trashed_sweeps = a.trashed_sweeps
        + case when a.last_sweep_run is distinct from excluded.last_run then excluded.trashed_sweeps else 0 end,
      absent_sweeps = case when excluded.state = 'trashed' then 0 else a.absent_sweeps
        + case when a.last_sweep_run is distinct from excluded.last_run then excluded.absent_sweeps else 0 end end,
      last_sweep_run = coalesce(excluded.last_sweep_run, a.last_sweep_run), last_run = excluded.last_run`.execute(db);
}

/** A sweep cycle looked at the whole master; `clean` if its answers can be trusted for deletions. Counts once a run. */
export async function noteMasterSweep(db: Db, runId: number, clean: boolean): Promise<void> {
  await sql`update master_state set last_sweep_at = now(), last_sweep_run = ${runId},
      sweep_count = sweep_count + ${clean ? 1 : 0}
    where last_sweep_run is distinct from ${runId}`.execute(db);
}

/** E20: what was counted before our own database was restored says nothing; two complete sweeps come first. */
export async function holdDeletionsAfterRestore(db: Db): Promise<void> {
  await db.deleteFrom('master_absences').execute();
  await sql`update master_state set deletions_from_sweep = sweep_count + 2`.execute(db);
}

export interface Suspect {
  readonly id: number;
  readonly known: string | null;
  readonly seen: string | null;
}

export async function noteSuspects(
  db: Db,
  kind: SuspectKind,
  found: readonly Suspect[],
  runId: number | null,
): Promise<void> {
  if (found.length === 0) return;
  await sql`insert into master_suspects (kind, master_doc_id, known, seen, run_id)
    select ${kind}, f.id, f.known, f.seen, ${runId}::bigint
    from unnest(${found.map((row) => row.id)}::bigint[], ${found.map((row) => row.known)}::text[],
      ${found.map((row) => row.seen)}::text[]) as f (id, known, seen)
    on conflict (kind, master_doc_id) do update set known = excluded.known, seen = excluded.seen, run_id = excluded.run_id,
      confirmed_at = case when master_suspects.seen is not distinct from excluded.seen then master_suspects.confirmed_at end`.execute(
    db,
  );
}

/** Seen as they were known: the suspicion is over, confirmed or not. */
export async function clearSuspects(db: Db, kind: SuspectKind, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await sql`delete from master_suspects where kind = ${kind} and master_doc_id = any(${ids}::bigint[])`.execute(db);
}

/** What is `missing` now, and nothing else; what was confirmed stays so. */
export async function replaceMissing(db: Db, found: readonly Suspect[], runId: number): Promise<void> {
  await sql`delete from master_suspects where kind = 'missing' and confirmed_at is null
    and not (master_doc_id = any(${found.map((row) => row.id)}::bigint[]))`.execute(db);
  await noteSuspects(db, 'missing', found, runId);
}

export async function countSuspects(db: Db): Promise<Record<SuspectKind, number>> {
  const rows = await db
    .selectFrom('master_suspects')
    .select((eb) => ['kind', eb.fn.countAll<number>().as('n')])
    .where('confirmed_at', 'is', null)
    .groupBy('kind')
    .execute();
  const counts = { missing: 0, identity: 0, reused: 0, rollback: 0 };
  for (const row of rows) counts[row.kind] = Number(row.n);
  return counts;
}

export function listSuspects(db: Db, limit: number) {
  return db
    .selectFrom('master_suspects')
    .select(['kind', 'master_doc_id', 'known', 'seen', 'found_at'])
    .where('confirmed_at', 'is', null)
    .orderBy('kind')
    .orderBy('master_doc_id')
    .limit(limit)
    .execute();
}

/** A person says that it is as it should be; returns the ids. */
export async function confirmSuspects(db: Db, kinds: readonly SuspectKind[]): Promise<number[]> {
  const rows = await db
    .updateTable('master_suspects')
    .set({ confirmed_at: sql`now()` as never })
    .where('kind', 'in', [...kinds])
    .where('confirmed_at', 'is', null)
    .returning('master_doc_id')
    .execute();
  return rows.map((row) => row.master_doc_id);
}

/** A person says that documents which vanished from the top of the list are gone, and not only out of a restored backup. */
export async function confirmNewest(db: Db): Promise<number[]> {
  const { rows } = await sql<{ master_doc_id: number }>`
    insert into master_suspects (kind, master_doc_id, run_id, confirmed_at)
    select 'missing', master_doc_id, last_run, now() from master_absences where newest and state = 'absent'
    on conflict (kind, master_doc_id) do update set confirmed_at = now() where master_suspects.confirmed_at is null
    returning master_doc_id`.execute(db);
  return rows.map((row) => row.master_doc_id);
}

/**
 * A person says that these ids name new documents now. Their links begin anew, and the copies of the old ones are nobody's:
 * they stay. False, and nothing done, while a living process holds one of them.
 */
export async function renewLinks(db: Db, ids: readonly number[]): Promise<boolean> {
  const { rows } = await sql<{ id: number; busy: boolean }>`
    select s.id, s.lease_worker is not null and not coalesce(w.dead, false) as busy
    from sync_map s left join workers w on w.id = s.lease_worker
    where s.master_doc_id = any(${ids}::bigint[]) order by s.id for update of s`.execute(db);
  if (rows.some((row) => row.busy)) return false;
  const linkIds = rows.map((row) => row.id);
  await forgetCopies(db, linkIds);
  await sql`update tombstones set state = 'released', closed_at = now(), detail = 'The id names another document of the master now.'
    where id in (select tombstone_id from sync_map where id = any(${linkIds}::bigint[]))`.execute(db);
  await db
    .updateTable('sync_map')
    .set({
      ...WITHOUT_COPY,
      // A person left out the document of before.
      excluded_at: null,
      excluded_reason: null,
      excluded_by: null,
      master_added: null,
      master_modified: null,
      feed_modified: null,
      phase: 'pending',
      status: 'pending',
      error_code: null,
      error_msg: null,
      retry_count: 0,
      next_due_at: null,
      dirty_seq: sql`nextval('dirty_seq')`,
    })
    .where('id', 'in', linkIds.length > 0 ? linkIds : [-1])
    .execute();
  return true;
}

/** `added` as remembered for these documents, by any link. */
export async function knownIdentities(db: Db, ids: readonly number[]): Promise<Map<number, string>> {
  const { rows } = await sql<{ id: number; added: string }>`
    select distinct on (master_doc_id) master_doc_id as id, master_added as added from sync_map
    where master_doc_id = any(${ids}::bigint[]) and master_added is not null order by master_doc_id, id`.execute(db);
  return new Map(rows.map((row) => [row.id, row.added]));
}

/** Documents applied last, with the `modified` they had then: a restored backup shows older ones. */
export async function recentlyApplied(db: Db, limit: number): Promise<{ id: number; modified: string }[]> {
  const { rows } = await sql<{ id: number; modified: string }>`
    select master_doc_id as id, master_modified as modified from sync_map
    where master_modified is not null and phase = 'ok' order by last_synced desc nulls last limit ${limit}`.execute(db);
  return rows;
}
