/** Hints of the master: what came in, what was looked at, what became of it (E24). */
import { sql } from 'kysely';
import type { Db } from './tables.ts';
import type { WebhookBody, WebhookEvent, WebhookKind, WebhookOutcome, WebhookState } from './webhook-tables.ts';

export interface NewHint {
  readonly documentId: number;
  readonly kind: WebhookKind;
  readonly body: WebhookBody;
  readonly fields: Readonly<Record<string, string>>;
}
export interface TakenHint {
  readonly id: number;
  /** 1: this row is new; more: the hint joined one that waits. */
  readonly received_count: number;
}

/**
 * One row a document while it waits: repeats of paperless' own, and further changes, join it. A joined hint is looked at anew
 * from the beginning, no earlier than the debounce says and no later than the first one was to be.
 */
export async function takeHint(db: Db, hint: NewHint, debounceMs: number): Promise<TakenHint> {
  const due = sql`now() + make_interval(secs => ${debounceMs / 1000})`;
  const { rows } = await sql<TakenHint>`
    insert into webhook_events as e (master_doc_id, kind, body, fields, next_look_at)
    values (${hint.documentId}, ${hint.kind}, ${hint.body}, ${JSON.stringify(hint.fields)}::jsonb, ${due})
    on conflict (master_doc_id) where state = 'pending' do update set
      received_count = e.received_count + 1, last_received_at = now(), body = excluded.body, fields = excluded.fields,
      kind = case when excluded.kind = 'changed' then e.kind else excluded.kind end,
      looks = 0, next_look_at = least(e.next_look_at, ${due})
    returning id, received_count`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new Error('an insert that returns its row returned none');
  return row;
}

/** Counts a request in this minute, over all processes; returns how many there are by now. */
export async function countRequest(db: Db): Promise<number> {
  const { rows } = await sql<{ requests: number }>`update webhook_rate set
      requests = case when minute = date_trunc('minute', now()) then requests + 1 else 1 end, minute = date_trunc('minute', now())
    returning requests`.execute(db);
  return rows[0]?.requests ?? 1;
}

export type DueHint = Pick<WebhookEvent, 'id' | 'master_doc_id' | 'received_count' | 'looks'>;

/** The first to be looked at; `known`: a link names this document. */
export async function dueHints(db: Db, limit: number): Promise<(DueHint & { readonly known: boolean })[]> {
  const { rows } = await sql<DueHint & { known: boolean }>`
    select e.id, e.master_doc_id, e.received_count, e.looks,
      exists (select 1 from sync_map s where s.master_doc_id = e.master_doc_id) as known
    from webhook_events e where e.state = 'pending' and e.next_look_at <= now()
    order by e.next_look_at, e.id limit ${limit}`.execute(db);
  return rows;
}

/** Their links are marked in the same transaction. One that another hint joined since it was read stays for another look. */
export async function startHints(db: Db, hints: readonly (DueHint & { readonly known: boolean })[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`update webhook_events e set state = 'syncing', marked_at = now(),
      kind = case when e.kind <> 'changed' then e.kind when h.known then 'updated' else 'added' end
    from unnest(${hints.map((hint) => hint.id)}::bigint[], ${hints.map((hint) => hint.received_count)}::int[],
      ${hints.map((hint) => hint.known)}::boolean[]) as h (id, received_count, known)
    where e.id = h.id and e.state = 'pending' and e.received_count = h.received_count returning e.id`.execute(db);
  return rows.map((row) => row.id);
}

export interface LookAgain {
  readonly id: number;
  readonly received_count: number;
  readonly seconds: number;
}

export async function lookAgain(db: Db, { id, received_count: count, seconds }: LookAgain): Promise<void> {
  await sql`update webhook_events set looks = looks + 1, next_look_at = now() + make_interval(secs => ${seconds}),
      detail = 'The master does not show this document yet.'
    where id = ${id} and state = 'pending' and received_count = ${count}`.execute(db);
}

export interface HintEnd {
  readonly state: Extract<WebhookState, 'done' | 'left'>;
  readonly outcome: WebhookOutcome;
  readonly detail: string;
}

/** `count`: only if no other hint joined it since. */
export async function endHint(db: Db, id: number, end: HintEnd, count: number | null): Promise<boolean> {
  const { rows } =
    await sql`update webhook_events set state = ${end.state}, outcome = ${end.outcome}, detail = ${end.detail}, ended_at = now()
    where id = ${id} and state in ('pending', 'syncing') and (${count}::int is null or received_count = ${count}::int)
    returning id`.execute(db);
  return rows.length > 0;
}

/** Links that are at rest become due, whether "modified" moved or not. What failed or was deleted waits for a change of its own. */
export async function markHinted(db: Db, masterIds: readonly number[]): Promise<void> {
  await sql`update sync_map set dirty_seq = nextval('dirty_seq')
    where master_doc_id = any(${masterIds}::bigint[]) and status <> 'error' and phase <> 'gone' and tombstone_id is null
      and excluded_at is null`.execute(db);
}

/**
 * A link that hints may carry: open work, not given up to the cycles (failed before, or set aside by the last run that had it),
 * no choice of a person open. `s` is the link.
 */
const isCarried = sql`s.dirty_seq <> s.applied_seq and s.phase <> 'failed'
  and (s.replica_doc_id is not null or not exists (select 1 from match_proposals p where p.link_id = s.id and p.state = 'open'))
  and coalesce((select i.state from run_items i where i.link_id = s.id order by i.run_id desc limit 1), 'done') <> 'held'`;
const isDue = sql`(s.next_due_at is null or s.next_due_at <= now())`;

export interface WaitingLink {
  readonly event_id: number;
  readonly replica_id: number;
}

/** What hints wait for, link by link. */
export async function waitingLinks(db: Db): Promise<WaitingLink[]> {
  const { rows } = await sql<WaitingLink>`select e.id as event_id, s.replica_id from webhook_events e
    join sync_map s on s.master_doc_id = e.master_doc_id
    where e.state = 'syncing' and ${isCarried} order by e.id, s.replica_id`.execute(db);
  return rows;
}

/** Replicas with work of hints that could be done now and is in no open run. */
export async function replicasInNeed(db: Db): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select distinct s.replica_id as id from webhook_events e
    join sync_map s on s.master_doc_id = e.master_doc_id
    where e.state = 'syncing' and ${isCarried} and ${isDue} and not exists (
      select 1 from run_items i join sync_runs r on r.id = i.run_id
      where i.link_id = s.id and i.state in ('open', 'planned') and r.finished_at is null)
    order by s.replica_id`.execute(db);
  return rows.map((row) => row.id);
}

/** Replicas whose last run failed or was stopped by a person: the next cycle finds out whether they are well again. */
export async function replicasInTrouble(db: Db): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select r.id from replicas r
    where coalesce((select x.outcome = 'failed' or x.outcome = 'cancelled' and x.error_msg is null from sync_runs x
      where x.replica_id = r.id and x.kind = 'replica' and x.finished_at is not null order by x.id desc limit 1), false)`.execute(
    db,
  );
  return rows.map((row) => row.id);
}

/** The change set of a run that a hint opened. May be written again. */
export async function planHinted(db: Db, runId: number, replicaId: number): Promise<{ total: number; chunks: number }> {
  await addItems(db, runId, replicaId, 'planned');
  const row = await db
    .selectFrom('run_items')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .where('run_id', '=', runId)
    .executeTakeFirst();
  await noteRun(db, runId);
  const total = Number(row?.total ?? 0);
  return { total, chunks: total === 0 ? 0 : 1 };
}

/**
 * Hinted documents join a run that is at its documents already: before those that wait, and counted like them. Its row is held,
 * so that it does not end in between. Returns how many joined.
 */
export async function joinRun(db: Db, runId: number, replicaId: number): Promise<number> {
  const { rows: open } = await sql`select 1 from sync_runs
    where id = ${runId} and finished_at is null and phase = 'documents' for update`.execute(db);
  if (open.length === 0) return 0;
  const joined = await addItems(db, runId, replicaId, 'open');
  if (joined === 0) return 0;
  await sql`update sync_runs set docs_total = docs_total + ${joined}::int where id = ${runId}`.execute(db);
  await noteRun(db, runId);
  return joined;
}

/** What this run has brought to its end before is opened again if it has open work since. */
async function addItems(db: Db, runId: number, replicaId: number, state: 'planned' | 'open'): Promise<number> {
  const { rows } = await sql`insert into run_items as i (run_id, link_id, chunk, kind, state)
    select ${runId}, s.id, ${state === 'open' ? -1 : 0}::int,
      case when s.replica_doc_id is null then 'upload' else 'update' end, ${state}
    from sync_map s where s.replica_id = ${replicaId} and ${isCarried} and ${isDue}
      and exists (select 1 from webhook_events e where e.state = 'syncing' and e.master_doc_id = s.master_doc_id)
    order by s.id
    on conflict (run_id, link_id) do update set state = excluded.state, chunk = excluded.chunk
      where i.state in ('done', 'failed') and excluded.state = 'open'
    returning 1`.execute(db);
  return rows.length;
}

/** The cycle is what people find all its runs under. */
async function noteRun(db: Db, runId: number): Promise<void> {
  await sql`update webhook_events e set run_id = coalesce(r.parent_run_id, r.id)
    from sync_runs r where r.id = ${runId} and e.state = 'syncing' and exists (
      select 1 from run_items i join sync_map s on s.id = i.link_id
      where i.run_id = r.id and s.master_doc_id = e.master_doc_id)`.execute(db);
}

export interface SyncingHint {
  readonly id: number;
  readonly master_doc_id: number;
  readonly received_count: number;
  readonly overdue: boolean;
  /** Names of the replicas by how the document stands there. */
  readonly applied: readonly string[];
  readonly failed: readonly string[];
  readonly open: readonly string[];
}

export async function syncingHints(db: Db, limitSeconds: number): Promise<SyncingHint[]> {
  const names = (which: ReturnType<typeof sql>) =>
    sql`coalesce(array_agg(r.name order by r.name) filter (where ${which}), '{}')`;
  const { rows } = await sql<SyncingHint>`select e.id, e.master_doc_id, e.received_count,
      e.marked_at < now() - make_interval(secs => ${limitSeconds}) as overdue,
      ${names(sql`s.dirty_seq = s.applied_seq and s.status <> 'error' and s.excluded_at is null`)} as applied,
      ${names(sql`s.status = 'error'`)} as failed,
      ${names(sql`s.dirty_seq <> s.applied_seq and s.status <> 'error'`)} as open
    from webhook_events e left join sync_map s on s.master_doc_id = e.master_doc_id left join replicas r on r.id = s.replica_id
    where e.state = 'syncing' group by e.id order by e.id`.execute(db);
  return rows;
}

/** Runs that hints opened end at once for a cycle, unless somebody works in them: what is open is due for the cycle as well. */
export async function endIdleHintRuns(db: Db, replicaIds: readonly number[]): Promise<void> {
  const isLeftOpen = sql`exists (select 1 from run_items i where i.run_id = r.id and i.state in ('open', 'planned'))`;
  await sql`update sync_runs r set finished_at = now(), phase = 'closed', lease_worker = null, context = null,
      outcome = case when ${isLeftOpen} then 'cancelled' when docs_failed > 0 then 'partial' else 'ok' end,
      error_msg = case when ${isLeftOpen} then 'A cycle goes on with its documents.' end
    where r.replica_id = any(${replicaIds}::bigint[]) and r.finished_at is null and r.triggered_by = 'webhook'
      and r.phase = 'documents' and r.lease_worker is null and not exists (
        select 1 from run_items i join sync_map s on s.id = i.link_id
        where i.run_id = r.id and i.state = 'open' and s.lease_worker is not null)`.execute(db);
  await sql`update sync_runs c set finished_at = now(), phase = 'closed', lease_worker = null, context = null,
      outcome = case when exists (select 1 from sync_runs r where r.parent_run_id = c.id and r.outcome = 'cancelled')
        then 'cancelled' else 'ok' end
    where c.kind = 'cycle' and c.triggered_by = 'webhook' and c.finished_at is null and not exists (
      select 1 from sync_runs r where r.parent_run_id = c.id and r.finished_at is null)`.execute(db);
}

export async function hintRunsOpen(db: Db, replicaIds: readonly number[]): Promise<boolean> {
  const { rows } = await sql`select 1 from sync_runs where replica_id = any(${replicaIds}::bigint[])
    and finished_at is null and triggered_by = 'webhook' limit 1`.execute(db);
  return rows.length > 0;
}

export interface HintFilter {
  readonly state?: WebhookState | undefined;
  readonly document?: number | undefined;
}

/** The newest first. */
export function listHints(
  db: Db,
  filter: HintFilter,
  page: { before?: number | undefined; limit: number },
): Promise<WebhookEvent[]> {
  let query = db.selectFrom('webhook_events').selectAll().orderBy('id', 'desc').limit(page.limit);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.document !== undefined) query = query.where('master_doc_id', '=', filter.document);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return query.execute();
}

export function findHint(db: Db, id: number): Promise<WebhookEvent | undefined> {
  return db.selectFrom('webhook_events').selectAll().where('id', '=', id).executeTakeFirst();
}

export interface HintSummary {
  readonly last_received_at: Date | null;
  readonly pending: number;
  readonly syncing: number;
  readonly done: number;
  readonly left: number;
}

export async function hintSummary(db: Db): Promise<HintSummary> {
  const { rows } =
    await sql<HintSummary>`select max(last_received_at) filter (where body <> 'replay') as last_received_at,
      count(*) filter (where state = 'pending')::int as pending, count(*) filter (where state = 'syncing')::int as syncing,
      count(*) filter (where state = 'done')::int as done, count(*) filter (where state = 'left')::int as "left"
    from webhook_events`.execute(db);
  return rows[0] ?? { last_received_at: null, pending: 0, syncing: 0, done: 0, left: 0 };
}

/** What is over and was last heard of before; returns how many went. */
export async function pruneHints(db: Db, before: Date, limit: number): Promise<number> {
  const { rows } = await sql`delete from webhook_events where id in (
      select id from webhook_events where state in ('done', 'left') and last_received_at < ${before} order by id limit ${limit})
    returning 1`.execute(db);
  return rows.length;
}
