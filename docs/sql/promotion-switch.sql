-- shared/db/promotion-switch.repo.ts

-- countSwitch
select
  (select count(*)::int from sync_map s where s.replica_id = $1 and (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed')) as documents,
  (select count(*)::int from taxonomy_links t where t.replica_id = $2 and (t.state = 'linked' and t.replica_obj_id is not null)) as taxonomy,
  (select count(*)::int from sync_map s where s.replica_id = $3 and not (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed') and s.phase <> 'gone') as absent,
  (select count(*)::int from sync_map s where s.replica_id = $4 and (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed') and (s.dirty_seq <> s.applied_seq or s.status <> 'ok')
  and s.phase <> 'gone') as behind;
select r.id as replica_id, r.name as replica,
  (count(o.id) filter (where s.id is not null))::int as mapped, (count(o.id) filter (where s.id is null))::int as dropped
  from replicas r left join sync_map o on o.replica_id = r.id
  left join sync_map s on s.replica_id = $1 and s.master_doc_id = o.master_doc_id and (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed')
  where r.id <> $2 group by r.id, r.name order by r.id;

-- listLacking
select l.kind, l.old_doc_id, l.detail from (select case when (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed') then 'behind' else 'absent' end as kind,
  s.master_doc_id as old_doc_id, case when (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed') then s.replica_doc_id end as new_doc_id,
  nullif(concat_ws(' ', s.error_msg, case when s.excluded_at is not null then 'Excluded: ' || s.excluded_reason end,
  'A copy is on ' || (select string_agg(format('"%s" (#%s)', r.name, o.replica_doc_id), ', ' order by r.name)
  from sync_map o join replicas r on r.id = o.replica_id
  where o.master_doc_id = s.master_doc_id and o.replica_id <> s.replica_id and o.replica_doc_id is not null
  and o.tombstone_id is null) || '.'), '') as detail
  from sync_map s where s.replica_id = $1 and s.phase <> 'gone' and (not (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed') or (s.dirty_seq <> s.applied_seq or s.status <> 'ok'))) as l order by l.kind, l.old_doc_id limit $2;

-- recordPairs
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
insert into promotion_links (promotion_id, old_doc_id, old_added, old_modified, new_doc_id, new_added,
  file_checksum, file_md5, file_size)
  select $1, s.master_doc_id, s.master_added, s.master_modified, s.replica_doc_id, s.replica_added,
  s.file_checksum, s.file_md5, s.file_size
  from sync_map s where s.replica_id = $2 and (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed');
insert into promotion_taxonomy (promotion_id, kind, old_id, new_id, name)
  select $1, t.kind, t.master_id, t.replica_obj_id, t.name
  from taxonomy_links t where t.replica_id = $2 and (t.state = 'linked' and t.replica_obj_id is not null);
insert into promotion_documents (promotion_id, kind, old_doc_id, new_doc_id, detail)
  select $1, l.kind, l.old_doc_id, l.new_doc_id, l.detail from (select case when (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed') then 'behind' else 'absent' end as kind,
  s.master_doc_id as old_doc_id, case when (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed') then s.replica_doc_id end as new_doc_id,
  nullif(concat_ws(' ', s.error_msg, case when s.excluded_at is not null then 'Excluded: ' || s.excluded_reason end,
  'A copy is on ' || (select string_agg(format('"%s" (#%s)', r.name, o.replica_doc_id), ', ' order by r.name)
  from sync_map o join replicas r on r.id = o.replica_id
  where o.master_doc_id = s.master_doc_id and o.replica_id <> s.replica_id and o.replica_doc_id is not null
  and o.tombstone_id is null) || '.'), '') as detail
  from sync_map s where s.replica_id = $2 and s.phase <> 'gone' and (not (s.replica_doc_id is not null and s.replica_added is not null and s.master_added is not null
  and s.tombstone_id is null and s.error_code is distinct from 'identity_changed') or (s.dirty_seq <> s.applied_seq or s.status <> 'ok'))) as l;

-- remapLinks
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
update sync_map set master_doc_id = -master_doc_id, lease_worker = null where replica_id <> $1;
update sync_map s set master_doc_id = p.new_doc_id, master_added = p.new_added, master_modified = null,
  feed_modified = null, master_hash = null, tombstone_id = null, kept_at = null, report = '[]', task_id = null,
  locate = false, former_doc_id = null, former_added = null, replacing = false, version_k = 0, crash_count = 0,
  dispatched_at = null, status = 'pending', phase = 'pending', error_code = null, error_msg = null, retry_count = 0,
  failed_at = null, next_due_at = hold_until, clean_read_at = null, dirty_seq = nextval('dirty_seq')
  from promotion_links p
  where p.promotion_id = $1 and s.replica_id <> $2 and s.master_doc_id = -p.old_doc_id;

-- remapBelongings
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
delete from upload_attempts where link_id in (select id from sync_map where replica_id <> $1);
delete from version_attempts where link_id in (select id from sync_map where replica_id <> $1);
delete from version_links where link_id in (select id from sync_map where replica_id <> $1);
delete from note_links where link_id in (select id from sync_map where replica_id <> $1);
delete from verification_ledger where link_id in (select id from sync_map where replica_id <> $1);
update replacements set step = 'abandoned', finished_at = now()
  where replica_id <> $1 and finished_at is null;
update match_proposals set state = 'stale', decided_at = now()
  where replica_id <> $1 and state in ('open', 'accepted');
update conflicts c set master_doc_id = s.master_doc_id,
  state = case when c.state in ('open', 'keep_master') then 'gone' else c.state end,
  decided_at = case when c.state in ('open', 'keep_master') then now() else c.decided_at end
  from sync_map s where s.id = c.link_id and s.replica_id <> $1 and s.master_doc_id > 0;
update findings set state = 'repaired', repaired_at = now(), reason = $1
  where replica_id <> $2 and state <> 'repaired';
update findings f set master_doc_id = s.master_doc_id
  from sync_map s where s.id = f.link_id and s.replica_id <> $1 and s.master_doc_id > 0;
update tombstones set state = case when state in ('planned', 'asn_cleared') then 'cancelled' else 'released' end,
  closed_at = now(), detail = $1
  where replica_id <> $2 and state in ('planned', 'asn_cleared', 'trashed', 'purge_due');
update tombstones t set master_doc_id = s.master_doc_id
  from sync_map s where s.id = t.link_id and s.replica_id <> $1 and s.master_doc_id > 0;

-- remapTaxonomy
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
delete from taxonomy_links t where t.replica_id <> $1 and (not (t.state = 'linked' and t.replica_obj_id is not null) or not exists (
  select 1 from promotion_taxonomy p where p.promotion_id = $2 and p.kind = t.kind and p.old_id = t.master_id));
update taxonomy_links set master_id = -master_id where replica_id <> $1;
update taxonomy_links t set master_id = p.new_id, detail = null, error_msg = null, updated_at = now()
  from promotion_taxonomy p where p.promotion_id = $1 and t.replica_id <> $2
  and p.kind = t.kind and t.master_id = -p.old_id;

-- reorderReplicas
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
update replicas set reconcile_required = $1, library_proven = false, last_sweep_at = null,
  sweep_started_at = null, sweep_position = null, deletions_held = null, deletions_held_at = null,
  deletions_held_count = 0, deletions_approved = 0, missing_accepted = 0, consecutive_failures = 0
  where id <> $2;

-- pauseUndrained
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
update replicas set paused_at = coalesce(paused_at, now()), pause_reason = coalesce(pause_reason, $1)
  where id = any($2::bigint[]);

-- forgetMaster
delete from master_absences;
delete from master_suspects;
update webhook_events set state = 'left', outcome = 'deferred', ended_at = now(),
  detail = 'Another instance became the master before it was followed.'
  where state in ('pending', 'syncing');
update master_state set cursor_us = null, generation = null, version = null, is_superuser = null,
  last_contact_at = null, document_count = null, high_water_id = null, high_water_added = null, error_code = null,
  error_msg = null, unconfirmed = false, suspended_code = null, suspended_reason = null, suspended_at = null,
  last_sweep_at = null, last_sweep_run = null, deletions_from_sweep = sweep_count + 2, hygiene = null, hygiene_at = null;

-- linkFormer
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
with made as (
  insert into sync_map (replica_id, master_doc_id, master_added, replica_doc_id, replica_added, file_checksum, file_md5,
  file_size, stored_checksum)
  select $1, p.new_doc_id, p.new_added, p.old_doc_id, p.old_added, p.file_checksum, p.file_md5, p.file_size,
  case when $2 = 'v2' then p.file_md5 else p.file_checksum end
  from promotion_links p where p.promotion_id = $3 order by p.new_doc_id
  on conflict do nothing returning 1)
  select count(*)::int as n from made;
insert into taxonomy_links (replica_id, kind, master_id, replica_obj_id, name, state)
  select $1, p.kind, p.new_id, p.old_id, p.name, 'linked' from promotion_taxonomy p
  where p.promotion_id = $2 on conflict do nothing;

-- noteDiverged
update "promotions" set "finished_at" = $1, "switched_at" = $2;
insert into "promotions" ("replica_id", "replica_name", "asked_by", "old_master_url", "old_master_token", "new_master_url")
  values ($1, $2, $3, $4, $5, $6)
  returning *;
insert into promotion_documents (promotion_id, kind, old_doc_id, new_doc_id, detail)
  select $1, d.kind, d.old_doc_id, d.new_doc_id, d.detail from jsonb_to_recordset($2::jsonb) as d (kind text, old_doc_id bigint, new_doc_id bigint,
  detail text) on conflict do nothing;
update sync_map s set excluded_at = now(), excluded_reason = $1, excluded_by = 'promotion' from jsonb_to_recordset($2::jsonb) as d (kind text, old_doc_id bigint, new_doc_id bigint,
  detail text)
  where s.replica_id = $3 and s.replica_doc_id = d.old_doc_id and d.kind = 'changed';
