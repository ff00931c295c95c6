-- shared/db/proposals.repo.ts

-- equalNumbers
select m.doc_id as "masterId", r.doc_id as "copyId"
  from reconcile_rows m join reconcile_rows r
  on r.scan_id = m.scan_id and r.side = 'replica' and r.rule is null and r.asn = m.asn
  where m.scan_id = $1 and m.side = 'master' and m.rule is null order by m.doc_id;

-- propose
insert into match_proposals
  (replica_id, link_id, master_doc_id, master_added, replica_doc_id, replica_added, rule, shown)
  select $1, m.link_id, m.doc_id, m.added, r.doc_id, r.added, p.rule, p.shown
  from jsonb_to_recordset($2::jsonb)
  as p ("masterId" bigint, "copyId" bigint, rule text, shown jsonb)
  join reconcile_rows m on m.scan_id = $3 and m.side = 'master' and m.doc_id = p."masterId"
  join reconcile_rows r on r.scan_id = $4 and r.side = 'replica' and r.doc_id = p."copyId"
  where m.link_id is not null
  on conflict (replica_id, master_doc_id, master_added, replica_doc_id, replica_added) do update
  set shown = excluded.shown, state = case when match_proposals.state = 'stale' then 'open' else match_proposals.state end;

-- rejectedAmong
select p.master_doc_id || ':' || p.replica_doc_id as pair
  from match_proposals p
  join reconcile_rows m on m.scan_id = $1 and m.side = 'master' and m.doc_id = p.master_doc_id
  and m.added = p.master_added
  join reconcile_rows r on r.scan_id = $2 and r.side = 'replica' and r.doc_id = p.replica_doc_id
  and r.added = p.replica_added
  where p.replica_id = $3 and p.state = 'rejected';

-- closeStale
update match_proposals p set state = 'stale' where p.replica_id = $1 and p.state = 'open'
  and not exists (select 1 from reconcile_rows m, reconcile_rows r
  where m.scan_id = $2 and m.side = 'master' and m.rule is null and m.doc_id = p.master_doc_id
  and r.scan_id = $3 and r.side = 'replica' and r.rule is null and r.doc_id = p.replica_doc_id);

-- noteProposedLinks
update sync_map s set error_code = 'match_proposed',
  error_msg = 'A document of the replica may be its copy; a person decides before anything is uploaded.'
  where s.replica_id = $1 and s.replica_doc_id is null and s.error_code is distinct from 'match_proposed'
  and exists (select 1 from match_proposals p where p.link_id = s.id and p.state = 'open');

-- listProposals
select * from "match_proposals" where "replica_id" = $1 order by "id" limit $2;
select *
  from "match_proposals"
  where "replica_id" = $1
  and "state" = $2
  and "id" > $3
  order by "id"
  limit $4;

-- findProposal
select * from "match_proposals" where "replica_id" = $1 and "id" = $2;

-- decideProposal
insert into "match_proposals" ("replica_id", "link_id", "master_doc_id", "master_added", "replica_doc_id", "replica_added", "rule")
  values ($1, $2, $3, $4, $5, $6, $7)
  returning *;
begin;
update "match_proposals"
  set "state" = $1, "decided_at" = now()
  where "id" = $2
  and "state" = $3
  returning *;
update "match_proposals"
  set "state" = $1
  where "replica_id" = $2
  and "state" = $3
  and ("link_id" = $4 or "replica_doc_id" = $5);
update sync_map s set error_code = null, error_msg = null, next_due_at = null, locate = true,
  dirty_seq = nextval('dirty_seq')
  where s.replica_id = $1 and s.replica_doc_id is null and s.error_code = 'match_proposed'
  and not exists (select 1 from match_proposals p where p.link_id = s.id and p.state = 'open');
commit;

-- acceptedProposal
select * from "match_proposals" where "link_id" = $1 and "state" = $2;

-- closeProposal
update "match_proposals" set "state" = $1 where "id" = $2;

-- countOpenProposals
select count(*) as "n" from "match_proposals" where "replica_id" = $1 and "state" = $2;
