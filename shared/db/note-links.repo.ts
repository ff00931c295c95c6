/** Which note of a copy stands for which of the master's (H17). */
import { sql } from 'kysely';
import type { NotePair } from '../domain/provenance.ts';
import type { Db } from './tables.ts';

/** By link. */
export async function notePairsOf(db: Db, linkIds: readonly number[]): Promise<Map<number, NotePair[]>> {
  const pairs = new Map<number, NotePair[]>();
  if (linkIds.length === 0) return pairs;
  const rows = await db
    .selectFrom('note_links')
    .selectAll()
    .where('link_id', 'in', [...linkIds])
    .orderBy('master_note_id')
    .execute();
  for (const row of rows) {
    const pair = { masterNoteId: row.master_note_id, replicaNoteId: row.replica_note_id, textHash: row.text_hash };
    pairs.set(row.link_id, [...(pairs.get(row.link_id) ?? []), pair]);
  }
  return pairs;
}

/** The pairs of a link as just read: what is no pair any more is forgotten in the same statement. */
export async function saveNotePairs(db: Db, linkId: number, pairs: readonly NotePair[]): Promise<void> {
  await sql`
    with now as (
      select * from unnest(${pairs.map((pair) => pair.masterNoteId)}::bigint[],
        ${pairs.map((pair) => pair.replicaNoteId)}::bigint[], ${pairs.map((pair) => pair.textHash)}::text[]) as n (m, r, h)),
    old as (delete from note_links where link_id = ${linkId} and master_note_id not in (select m from now))
    insert into note_links (link_id, master_note_id, replica_note_id, text_hash) select ${linkId}, m, r, h from now
    on conflict (link_id, master_note_id) do update set replica_note_id = excluded.replica_note_id, text_hash = excluded.text_hash`.execute(
    db,
  );
}
