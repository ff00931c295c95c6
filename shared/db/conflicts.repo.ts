/** Edits, deletions and foreign versions that somebody made on a replica (E21). */
import { sql, type Selectable } from 'kysely';
import type { ConflictsTable, Db, Link } from './tables.ts';

export type Conflict = Selectable<ConflictsTable>;
export type KeptConflict = Pick<Conflict, 'link_id' | 'field' | 'replica_hash' | 'master_hash'>;

export interface ConflictInput {
  readonly replicaId: number;
  readonly linkId: number;
  readonly masterDocId: number;
  readonly replicaDocId: number | null;
  readonly field: string;
  readonly baseHash: string | null;
  readonly replicaHash: string | null;
  readonly masterHash: string | null;
  /** {master, replica}: short values, never document text. */
  readonly shown: Readonly<Record<string, unknown>>;
}

/** Found, or found again: an undecided one of the same field is brought up to date, and asked anew if the values moved. */
export async function saveConflict(db: Db, conflict: ConflictInput): Promise<Conflict> {
  const { rows } = await sql<Conflict>`
    insert into conflicts as c (replica_id, link_id, master_doc_id, replica_doc_id, field, base_hash, replica_hash, master_hash, shown)
    values (${conflict.replicaId}, ${conflict.linkId}, ${conflict.masterDocId}, ${conflict.replicaDocId}, ${conflict.field},
      ${conflict.baseHash}, ${conflict.replicaHash}, ${conflict.masterHash}, ${JSON.stringify(conflict.shown)}::jsonb)
    on conflict (link_id, field) where state in ('open', 'keep_master', 'keep_replica') do update set
      replica_doc_id = excluded.replica_doc_id, replica_hash = excluded.replica_hash, master_hash = excluded.master_hash,
      shown = excluded.shown,
      state = case when c.state = 'keep_replica' and (c.replica_hash is distinct from excluded.replica_hash
        or c.master_hash is distinct from excluded.master_hash) then 'open' else c.state end
    returning c.*`.execute(db);
  const [row] = rows;
  if (!row) throw new Error('an upsert returned no row');
  return row;
}

export function undecidedOf(db: Db, linkId: number): Promise<Conflict[]> {
  return db
    .selectFrom('conflicts')
    .selectAll()
    .where('link_id', '=', linkId)
    .where('state', 'in', ['open', 'keep_master', 'keep_replica'])
    .orderBy('id')
    .execute();
}

/** Fields of these links in which a person kept the replica's value, by link. */
export async function keptConflicts(db: Db, linkIds: readonly number[]): Promise<Map<number, KeptConflict[]>> {
  const kept = new Map<number, KeptConflict[]>();
  if (linkIds.length === 0) return kept;
  const rows = await db
    .selectFrom('conflicts')
    .select(['link_id', 'field', 'replica_hash', 'master_hash'])
    .where('link_id', 'in', [...linkIds])
    .where('state', '=', 'keep_replica')
    .execute();
  for (const row of rows) kept.set(row.link_id, [...(kept.get(row.link_id) ?? []), row]);
  return kept;
}

/** The copy reads back as desired: what was undecided about these fields (all if null) is over. */
export async function closeConflicts(
  db: Db,
  linkId: number,
  state: 'overwritten' | 'gone',
  exceptFields: readonly string[],
): Promise<void> {
  await sql`update conflicts set state = ${state}, decided_at = now()
    where link_id = ${linkId} and state in ('open', 'keep_master', 'keep_replica')
      and not (field = any(${exceptFields}::text[]))`.execute(db);
}

export interface ConflictFilter {
  readonly replicaId?: number | undefined;
  readonly state?: Conflict['state'] | undefined;
  readonly masterDocId?: number | undefined;
}

/** Newest first. */
export function listConflicts(
  db: Db,
  filter: ConflictFilter,
  page: { before?: number | undefined; limit: number },
): Promise<Conflict[]> {
  let query = db.selectFrom('conflicts').selectAll().orderBy('id', 'desc').limit(page.limit);
  if (filter.replicaId !== undefined) query = query.where('replica_id', '=', filter.replicaId);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.masterDocId !== undefined) query = query.where('master_doc_id', '=', filter.masterDocId);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return query.execute();
}

export function findConflict(db: Db, id: number): Promise<Conflict | undefined> {
  return db.selectFrom('conflicts').selectAll().where('id', '=', id).executeTakeFirst();
}

/** A person's word on an undecided conflict; the document is looked at again. Null: there is none such, or it is over. */
export async function decideConflict(
  db: Db,
  id: number,
  state: 'keep_master' | 'keep_replica',
): Promise<Conflict | null> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<Conflict>`update conflicts set state = ${state}, decided_at = now()
      where id = ${id} and state in ('open', 'keep_master', 'keep_replica') returning *`.execute(trx);
    const [row] = rows;
    if (!row) return null;
    await sql`update sync_map set dirty_seq = nextval('dirty_seq'), next_due_at = null where id = ${row.link_id}`.execute(
      trx,
    );
    return row;
  });
}

export type DecidedField = Pick<ConflictInput, 'field' | 'replicaHash' | 'masterHash' | 'shown'>;

/**
 * The master's value is written in these fields, whatever the policy: decided before the edit was even noticed by a run, which
 * then finds the decision.
 */
export async function keepMasterIn(
  db: Db,
  link: Pick<Link, 'id' | 'replica_id' | 'master_doc_id' | 'replica_doc_id'>,
  fields: readonly DecidedField[],
): Promise<void> {
  for (const { field, replicaHash, masterHash, shown } of fields)
    await sql`
      insert into conflicts as c (replica_id, link_id, master_doc_id, replica_doc_id, field, replica_hash, master_hash, shown,
        state, decided_at)
      values (${link.replica_id}, ${link.id}, ${link.master_doc_id}, ${link.replica_doc_id}, ${field}, ${replicaHash},
        ${masterHash}, ${JSON.stringify(shown)}::jsonb, 'keep_master', now())
      on conflict (link_id, field) where state in ('open', 'keep_master', 'keep_replica') do update set
        state = 'keep_master', decided_at = now()`.execute(db);
}

export async function countOpenConflicts(db: Db): Promise<{ replica_id: number; open: number }[]> {
  const { rows } = await sql<{ replica_id: number; open: number }>`
    select replica_id, count(*)::int as open from conflicts where state = 'open' group by replica_id`.execute(db);
  return rows;
}
