import { sql, type Kysely } from 'kysely';

/**
 * Sums over a large library without reading it: of most documents there is nothing to say but that they are in step, so those
 * are counted as they come and go, and only the others are read. Measured with `npm run bench -- ui`.
 */
export const sums = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { rows } = await sql<{ schema: string }>`select quote_ident(current_schema()) as schema`.execute(db);
    for (const statement of statementsIn(rows[0]?.schema ?? 'public')) await sql.raw(statement).execute(db);
  },
};

const statementsIn = (schema: string) => [
  // How many links ("links") a replica has, whatever their state: kept by the triggers below, in the transaction that adds or
  // takes them, so it is exact at any moment. Links are added by the one process that reads the master's list, and go with
  // their replica alone: nobody waits for anybody here. The triggers write as their owner, so that nobody else has to be able to.
  `create table link_totals (
    replica_id bigint primary key references replicas (id) on delete cascade,
    links bigint not null
  )`,
  `create function count_new_links() returns trigger language plpgsql security definer set search_path = ${schema}, pg_temp as $$
    begin
      insert into link_totals as t (replica_id, links)
        select replica_id, count(*) from added group by replica_id order by replica_id
        on conflict (replica_id) do update set links = t.links + excluded.links;
      return null;
    end $$`,
  `create function count_lost_links() returns trigger language plpgsql security definer set search_path = ${schema}, pg_temp as $$
    begin
      update link_totals t set links = t.links - lost.links
        from (select replica_id, count(*) as links from taken group by replica_id) as lost
        where t.replica_id = lost.replica_id;
      return null;
    end $$`,
  `create trigger sync_map_added after insert on sync_map referencing new table as added
    for each statement execute function count_new_links()`,
  `create trigger sync_map_taken after delete on sync_map referencing old table as taken
    for each statement execute function count_lost_links()`,
  `insert into link_totals (replica_id, links) select replica_id, count(*) from sync_map group by replica_id`,

  // Documents that are not simply in step, by what they are; those in step are the rest of the total. In place of an index
  // over all of them: a document at rest is in none, so that there is less to write, too.
  `create index sync_map_unsettled on sync_map (replica_id, status, phase, checksum_at) where status <> 'ok' or phase <> 'ok'`,
  `drop index sync_map_state`,

  // Proofs of documents that the replica has to have; a document that is gone needs none, and would stand in front for ever.
  `drop index sync_map_checksum_at`,
  `drop index sync_map_bytes_at`,
  `create index sync_map_checksum_at on sync_map (replica_id, checksum_at nulls first, id) where phase <> 'gone'`,
  `create index sync_map_bytes_at on sync_map (replica_id, bytes_at nulls first, id) where phase <> 'gone'`,
  // Read back by the work itself, and not verified since.
  `create index sync_map_read_back on sync_map (replica_id, last_synced)
    where checksum_at is null and status = 'ok' and phase <> 'gone' and dirty_seq = applied_seq`,

  // Open work, in words of which the planner knows how rarely they are true ("dirty_seq <> applied_seq" it takes for the rule).
  `create index sync_map_owed on sync_map (replica_id, dirty_since) where dirty_since is not null`,
  // Documents by the reason that they wait for; in place of an index of one of the reasons.
  `create index sync_map_reason on sync_map (replica_id, error_code, master_doc_id) where error_code is not null`,
  `drop index sync_map_waiting`,
  // Documents by the field of which something is said.
  `create index sync_map_report on sync_map using gin (report jsonb_path_ops) where report <> '[]'`,
  // Runs that did not simply end well, whatever their number by then.
  `create index sync_runs_trouble on sync_runs (outcome, id desc) where outcome <> 'ok'`,
];
