-- shared/db/note-links.repo.ts

-- notePairsOf
select * from "note_links" where "link_id" in ($1) order by "master_note_id";

-- saveNotePairs
with now as (
  select * from unnest($1::bigint[],
  $2::bigint[], $3::text[]) as n (m, r, h)),
  old as (delete from note_links where link_id = $4 and master_note_id not in (select m from now))
  insert into note_links (link_id, master_note_id, replica_note_id, text_hash) select $5, m, r, h from now
  on conflict (link_id, master_note_id) do update set replica_note_id = excluded.replica_note_id, text_hash = excluded.text_hash;
