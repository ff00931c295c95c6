-- shared/db/planning.repo.ts

-- linksToPlan
select * from sync_map
  where replica_id = $1 and master_doc_id > $2 and replica_doc_id is not null and excluded_at is null
  and (dirty_seq <> applied_seq and (next_due_at is null or next_due_at <= now())
  or $3 and phase = 'ok' or master_doc_id = any($4::bigint[]))
  order by master_doc_id limit $5;

-- mastersWithoutCopy
select m.id from unnest($1::bigint[]) as m (id)
  left join sync_map s on s.replica_id = $2 and s.master_doc_id = m.id
  where s.id is null or s.replica_doc_id is null and s.dirty_seq <> s.applied_seq
  and (s.next_due_at is null or s.next_due_at <= now())
  order by m.id;

-- movedSince
select distinct f.id
  from unnest($1::bigint[], $2::text[]) as f (id, modified)
  join sync_map s on s.master_doc_id = f.id
  where s.feed_modified is distinct from f.modified and s.master_modified is distinct from f.modified;
