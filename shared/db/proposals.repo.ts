/** Matches that only a person can judge: equal number, or equal title and date, but other bytes (E17). */
import { sql } from 'kysely';
import type { Db } from './tables.ts';
import type { MatchProposal } from './tables-reconcile.ts';

export interface NewProposal {
  readonly masterId: number;
  readonly copyId: number;
  readonly rule: 'asn' | 'title_created';
  readonly shown: Readonly<Record<string, unknown>>;
}

/** Documents of one number on both sides, which only one document of an instance can have. */
export async function equalNumbers(db: Db, scanId: number): Promise<{ masterId: number; copyId: number }[]> {
  const { rows } = await sql<{ masterId: number; copyId: number }>`select m.doc_id as "masterId", r.doc_id as "copyId"
    from reconcile_rows m join reconcile_rows r
      on r.scan_id = m.scan_id and r.side = 'replica' and r.rule is null and r.asn = m.asn
    where m.scan_id = ${scanId} and m.side = 'master' and m.rule is null order by m.doc_id`.execute(db);
  return rows;
}

/**
 * Proposes pairs of a scan. One that was decided stays decided; one that is proposed again stays open.
 */
export async function propose(
  db: Db,
  scanId: number,
  replicaId: number,
  proposals: readonly NewProposal[],
): Promise<void> {
  if (proposals.length === 0) return;
  await sql`insert into match_proposals
      (replica_id, link_id, master_doc_id, master_added, replica_doc_id, replica_added, rule, shown)
    select ${replicaId}, m.link_id, m.doc_id, m.added, r.doc_id, r.added, p.rule, p.shown
    from jsonb_to_recordset(${JSON.stringify(proposals)}::jsonb)
        as p ("masterId" bigint, "copyId" bigint, rule text, shown jsonb)
      join reconcile_rows m on m.scan_id = ${scanId} and m.side = 'master' and m.doc_id = p."masterId"
      join reconcile_rows r on r.scan_id = ${scanId} and r.side = 'replica' and r.doc_id = p."copyId"
    where m.link_id is not null
    on conflict (replica_id, master_doc_id, master_added, replica_doc_id, replica_added) do update
      set shown = excluded.shown, state = case when match_proposals.state = 'stale' then 'open' else match_proposals.state end`.execute(
    db,
  );
}

/** Which of these pairs were decided already: rejected ones are never proposed again. */
export async function rejectedAmong(db: Db, scanId: number, replicaId: number): Promise<Set<string>> {
  const { rows } = await sql<{ pair: string }>`select p.master_doc_id || ':' || p.replica_doc_id as pair
    from match_proposals p
      join reconcile_rows m on m.scan_id = ${scanId} and m.side = 'master' and m.doc_id = p.master_doc_id
        and m.added = p.master_added
      join reconcile_rows r on r.scan_id = ${scanId} and r.side = 'replica' and r.doc_id = p.replica_doc_id
        and r.added = p.replica_added
    where p.replica_id = ${replicaId} and p.state = 'rejected'`.execute(db);
  return new Set(rows.map((row) => row.pair));
}

/** Open ones whose documents were matched otherwise, or are not there any more. */
export async function closeStale(db: Db, scanId: number, replicaId: number): Promise<void> {
  await sql`update match_proposals p set state = 'stale' where p.replica_id = ${replicaId} and p.state = 'open'
    and not exists (select 1 from reconcile_rows m, reconcile_rows r
      where m.scan_id = ${scanId} and m.side = 'master' and m.rule is null and m.doc_id = p.master_doc_id
        and r.scan_id = ${scanId} and r.side = 'replica' and r.rule is null and r.doc_id = p.replica_doc_id)`.execute(
    db,
  );
}

/** The document waits: uploaded now, it would be there twice should the person say yes. */
export async function noteProposedLinks(db: Db, replicaId: number): Promise<void> {
  await sql`update sync_map s set error_code = 'match_proposed',
      error_msg = 'A document of the replica may be its copy; a person decides before anything is uploaded.'
    where s.replica_id = ${replicaId} and s.replica_doc_id is null and s.error_code is distinct from 'match_proposed'
      and exists (select 1 from match_proposals p where p.link_id = s.id and p.state = 'open')`.execute(db);
}

/** Of one replica, or (null) of all. */
export function listProposals(
  db: Db,
  replicaId: number | null,
  { state, after, limit }: { state: MatchProposal['state'] | undefined; after: number | undefined; limit: number },
): Promise<MatchProposal[]> {
  let query = db.selectFrom('match_proposals').selectAll();
  if (replicaId !== null) query = query.where('replica_id', '=', replicaId);
  if (state !== undefined) query = query.where('state', '=', state);
  if (after !== undefined) query = query.where('id', '>', after);
  return query.orderBy('id').limit(limit).execute();
}

export function findProposal(db: Db, replicaId: number, id: number): Promise<MatchProposal | undefined> {
  return db
    .selectFrom('match_proposals')
    .selectAll()
    .where('replica_id', '=', replicaId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Once: null if somebody decided before. Of an accepted one, the other proposals for both documents are moot. */
export async function decideProposal(
  db: Db,
  proposal: Pick<MatchProposal, 'id' | 'replica_id' | 'link_id' | 'replica_doc_id'>,
  state: 'accepted' | 'rejected',
): Promise<MatchProposal | null> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('match_proposals')
      .set({ state, decided_at: sql`now()` as never })
      .where('id', '=', proposal.id)
      .where('state', '=', 'open')
      .returningAll()
      .executeTakeFirst();
    if (!row) return null;
    if (state === 'accepted')
      await trx
        .updateTable('match_proposals')
        .set({ state: 'stale' })
        .where('replica_id', '=', proposal.replica_id)
        .where('state', '=', 'open')
        .where((eb) => eb.or([eb('link_id', '=', row.link_id), eb('replica_doc_id', '=', row.replica_doc_id)]))
        .execute();
    await sql`update sync_map s set error_code = null, error_msg = null, next_due_at = null, locate = true,
        dirty_seq = nextval('dirty_seq')
      where s.replica_id = ${proposal.replica_id} and s.replica_doc_id is null and s.error_code = 'match_proposed'
        and not exists (select 1 from match_proposals p where p.link_id = s.id and p.state = 'open')`.execute(trx);
    return row;
  });
}

/** What a person accepted for this link and nobody carried out yet. */
export function acceptedProposal(db: Db, linkId: number): Promise<MatchProposal | undefined> {
  return db
    .selectFrom('match_proposals')
    .selectAll()
    .where('link_id', '=', linkId)
    .where('state', '=', 'accepted')
    .executeTakeFirst();
}

export async function closeProposal(db: Db, id: number, state: 'linked' | 'stale'): Promise<void> {
  await db.updateTable('match_proposals').set({ state }).where('id', '=', id).execute();
}

/** Documents of this replica that wait for a person's word. */
export async function countOpenProposals(db: Db, replicaId: number): Promise<number> {
  const row = await db
    .selectFrom('match_proposals')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('replica_id', '=', replicaId)
    .where('state', '=', 'open')
    .executeTakeFirstOrThrow();
  return Number(row.n);
}
