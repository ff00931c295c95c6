/** A large installation as rows: links on three replicas with their troubles, two months of runs, and their log. */
import { sql, type Kysely } from 'kysely';
import type { Db, Tables } from '../../../shared/db/tables.ts';
import type { Samples } from '../../support/site.ts';

export interface Scale {
  /** In all, over three replicas. */
  readonly links: number;
  readonly logs: number;
}

const REPLICAS = 3;
/** One every quarter of an hour for about a month. */
const CYCLES = 3000;

export async function fillRows(db: Kysely<Tables>, { links, logs }: Scale, token: string): Promise<Samples> {
  // Of a database that was kept only the token is of another key.
  const kept = await db.updateTable('replicas').set({ api_token: token }).executeTakeFirst();
  if (kept.numUpdatedRows > 0n) return samplesOf(db);
  await db
    .insertInto('replicas')
    .values(
      ['attic', 'cellar', 'office'].map((name) => ({
        ...{ name, url: `http://127.0.0.1:9/${name}`, api_token: token, generation: 'v3', version: '3.0.0' },
        ...{ last_sync_ts: new Date(), last_contact_at: new Date(), last_sweep_at: new Date() },
      })),
    )
    .execute();
  await fillRuns(db);
  const documents = Math.ceil(links / REPLICAS);
  await fillLinks(db, documents);
  await fillTroubles(db);
  await fillVerifications(db);
  await fillLogs(db, logs, documents);
  // As autovacuum would have by then.
  await sql`vacuum`.execute(db);
  await sql`analyze`.execute(db);
  return samplesOf(db);
}

async function fillRuns(db: Db): Promise<void> {
  await sql`insert into sync_runs (kind, triggered_by, phase, started_at, finished_at, outcome)
    select 'cycle', case when n % 50 = 0 then 'manual' else 'schedule' end, 'done',
      now() - (${CYCLES} - n) * interval '15 minutes', now() - (${CYCLES} - n) * interval '15 minutes' + interval '40 s',
      case when n % 97 = 0 then 'partial' else 'ok' end
    from generate_series(1, ${CYCLES}::int) n`.execute(db);
  await sql`insert into sync_runs (kind, parent_run_id, replica_id, triggered_by, phase, started_at, finished_at, outcome,
      docs_total, docs_synced, docs_failed, bytes, error_code, error_msg, error_side)
    select 'replica', c.id, r.id, c.triggered_by, 'done', c.started_at + interval '2 s', c.finished_at,
      case when (c.id + r.id) % 211 = 0 then 'failed' else c.outcome end, 7, 6, 1, 1000000,
      case when (c.id + r.id) % 211 = 0 then 'connection_refused' end,
      case when (c.id + r.id) % 211 = 0 then 'The instance does not answer.' end,
      case when (c.id + r.id) % 211 = 0 then 'replica' end
    from sync_runs c cross join replicas r where c.kind = 'cycle' order by c.id, r.id`.execute(db);
}

/** Of each thousand: two given up, one blocked, three that failed, five that wait. */
async function fillLinks(db: Db, documents: number): Promise<void> {
  await sql`insert into sync_map (replica_id, master_doc_id, replica_doc_id, status, phase, error_code, error_msg,
      retry_count, failed_at, last_synced, dirty_seq, applied_seq, dirty_since, file_checksum, file_size, stored_checksum,
      master_added, master_modified, feed_modified, replica_added, replica_modified, verified_at, verified_depth,
      checksum_at, bytes_at, report, applied)
    select r.id, n, case when n % 1000 in (1, 2, 3) then null else n + 7 end,
      case when n % 1000 < 7 then 'error' when n % 1000 < 12 then 'pending' else 'ok' end,
      case when n % 1000 in (1, 2) then 'dlq' when n % 1000 = 3 then 'blocked' when n % 1000 in (4, 5, 6) then 'failed'
        when n % 1000 < 12 then 'pending' else 'ok' end,
      case when n % 1000 in (1, 2) then 'task_failed' when n % 1000 = 3 then 'duplicate_content'
        when n % 1000 in (4, 5, 6) then 'connection_lost' end,
      case when n % 1000 < 7 then 'The replica could not consume the file: ocrmypdf ended with an error on page ' || n end,
      case when n % 1000 < 7 then 10 else 0 end, case when n % 1000 < 7 then now() - interval '1 day' end,
      now() - n * interval '5 s', n, case when n % 1000 between 4 and 11 then 0 else n end,
      case when n % 1000 between 4 and 11 then now() - interval '10 minutes' end,
      md5(n::text) || md5((n + 1)::text), 200000 + n, md5(n::text), '2026-01-01T00:00:00.000000Z',
      '2026-06-01T00:00:00.000000Z', to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
      '2026-01-02T00:00:00Z', '2026-06-02T00:00:00Z', now() - n * interval '10 s', 'checksum', now() - n * interval '10 s',
      now() - n * interval '10 s',
      case when n % 20 = 0 then '[{"field": "content", "kind": "derived", "reason": "The replica reads the file itself."}]'
        else '[]' end::jsonb,
      jsonb_build_object('title', md5('t' || n), 'tags', md5('g' || n), 'content', md5('c' || n), 'created', md5('d' || n))
    from generate_series(1, ${documents}::int) n cross join replicas r`.execute(db);
  await sql`update master_state set last_contact_at = now(), document_count = ${documents}, version = '3.0.0',
    generation = 'v3', is_superuser = true, next_cycle_at = now() + interval '10 minutes'`.execute(db);
}

/** Uploads, edits that wait, and what operators did. */
async function fillTroubles(db: Db): Promise<void> {
  await sql`insert into upload_attempts (link_id, k, state, marker, sha256, md5, size, file_name, worker, lease_epoch,
      posted_at, closed_at, task_id)
    select id, 1, case when status = 'error' then 'failure' else 'success' end, 'pngx.m' || master_doc_id, file_checksum,
      stored_checksum, file_size, 'document.pdf', gen_random_uuid(), 1, now() - interval '20 days',
      now() - interval '20 days', gen_random_uuid()::text
    from sync_map`.execute(db);
  await sql`insert into conflicts (replica_id, link_id, master_doc_id, replica_doc_id, field, shown, state, found_at)
    select replica_id, id, master_doc_id, replica_doc_id, 'title', '{"before": "Invoice", "master": "Bill", "replica": "Bil"}',
      case when master_doc_id % 400 = 20 then 'open' else 'overwritten' end, now() - interval '1 hour'
    from sync_map where master_doc_id % 100 = 20`.execute(db);
  await sql`insert into audit_log (at, actor, via, action, target, status, source, before, after)
    select now() - n * interval '20 minutes', 'admin', 'session', 'PUT /api/settings', 'settings', 200, '127.0.0.1',
      '{"max_attempts": 10}', '{"max_attempts": 7}'
    from generate_series(1, 20000) n`.execute(db);
  await sql`insert into taxonomy_links (replica_id, kind, master_id, replica_obj_id, name, state, created_by_us)
    select r.id, k.kind, n, n + 3, k.kind || ' ' || n, 'linked', true
    from generate_series(1, 300) n cross join replicas r
    cross join (values ('tag'), ('correspondent'), ('document_type')) k(kind)`.execute(db);
}

async function fillVerifications(db: Db): Promise<void> {
  await sql`insert into verifications (replica_id, scope, depth, trigger, asked_by, state, phase, requested_at, started_at,
      finished_at, compared, equal, digest)
    select r.id, 'slice', 'checksum', 'scheduler', 'scheduler', 'done', 'done', now() - n * interval '1 day',
      now() - n * interval '1 day', now() - n * interval '1 day' + interval '1 hour', 2000, 1998, md5(n::text)
    from generate_series(60, 0, -1) n cross join replicas r`.execute(db);
  await sql`insert into findings (replica_id, link_id, master_doc_id, replica_doc_id, kind, depth, message, state,
      verification_id, last_verification_id)
    select s.replica_id, s.id, s.master_doc_id, s.replica_doc_id, 'field_differs', 'metadata', 'The title differs.',
      case when s.master_doc_id % 800 = 40 then 'open' else 'repaired' end, v.id, v.id
    from sync_map s join lateral (select max(id) as id from verifications where replica_id = s.replica_id) v on true
    where s.master_doc_id % 200 = 40`.execute(db);
}

/** Two months of lines; one in a hundred is a warning, one in two hundred an error. */
async function fillLogs(db: Db, logs: number, documents: number): Promise<void> {
  const [first] = (await sql<{ id: number }>`select min(id) as id from sync_runs where kind = 'replica'`.execute(db))
    .rows;
  const insert = async (from: number) =>
    await sql`insert into logs (created_at, level, message, run_id, replica_id, doc_id, code)
      select now() - (${logs}::int - n) * (interval '60 days' / ${logs}::int),
        case when n % 200 = 0 then 'error' when n % 100 = 1 then 'warning' else 'info' end,
        case when n % 200 = 0 then 'The replica could not consume document ' || n % ${documents}::int || ': ocrmypdf failed'
          when n % 100 = 1 then 'The answer took ' || n % 17 || ' s; the instance is slow'
          when n % 99991 = 0 then 'Quicksilver was seen' else 'Run finished: ' || n % 7 || ' done, 0 failed, 0 waiting.' end,
        ${first?.id ?? 1}::bigint + ((n - 1)::bigint * ${CYCLES * REPLICAS} / ${logs}), 1 + n % 3,
        case when n % 5 = 0 then n % ${documents}::int + 1 end,
        case when n % 200 = 0 then 'task_failed' when n % 100 = 1 then 'slow_answer' end
      from generate_series(${from + 1}::int, ${Math.min(from + 100_000, logs)}::int) n`.execute(db);
  await withoutIndexes(db, 'logs', async () => {
    for (let from = 0; from < logs; from += 100_000) await insert(from);
  });
}

/** Built at the end in one go, as a restore does: a fifth of the time. */
async function withoutIndexes(db: Db, table: string, work: () => Promise<void>): Promise<void> {
  const { rows } = await sql<{ name: string; definition: string }>`select indexname as name, indexdef as definition
    from pg_indexes where tablename = ${table} and indexname not in (select conname from pg_constraint)`.execute(db);
  for (const { name } of rows) await sql`drop index ${sql.id(name)}`.execute(db);
  await work();
  for (const { definition } of rows) await sql.raw(definition).execute(db);
}

/** Of each kind one that has something to show: a document with trouble, the latest run. */
export async function samplesOf(db: Db): Promise<Samples> {
  const { rows } = await sql<Record<string, number | null>>`select
    coalesce((select min(id) from replicas), 0)::int as replica,
    coalesce((select max(id) from sync_runs where kind = 'replica'), 0)::int as run,
    coalesce((select min(master_doc_id) from sync_map), 0)::int as document,
    coalesce((select max(id) from verifications), 0)::int as verification,
    coalesce((select greatest(min(id), max(id) - 1000) from logs), 0)::int as logs,
    coalesce((select max(id) from conflicts), 0)::int as conflicts,
    coalesce((select max(id) from findings), 0)::int as findings,
    (select max(id) from promotions)::int as promotions,
    coalesce((select max(id) from audit_log), 0)::int as audit,
    (select min(id) from notification_channels)::int as notifications,
    (select min(master_id) from taxonomy_links where state = 'ambiguous')::int as ambiguous`.execute(db);
  // The queue is empty.
  return { ...rows[0], jobs: null, kind: 'tag', new: 'email' } as unknown as Samples;
}
