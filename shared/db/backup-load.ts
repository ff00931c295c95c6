/** Writes a backup into a database (C2): all of it happens in the caller's one transaction. */
import { sql } from 'kysely';
import { ALL_TABLES, EMPTIED_TABLES, KEPT_TABLES, type TableName } from './backup-tables.ts';
import type { Migrations } from './migrate.ts';
import type { Db } from './tables.ts';

/** Where the rows of an older release are brought up to date before they move in. */
const OLD_SCHEMA = 'pngx_restore';

/** Empties every table of ours, and the queue's where it lives here: its jobs are about rows that are gone. */
export async function emptyDatabase(trx: Db): Promise<void> {
  await sql`truncate ${sql.join(EMPTIED_TABLES.map((name) => sql.table(name)))} restart identity`.execute(trx);
  const { rows } = await sql<{ name: string }>`select tablename as name from pg_tables
    where schemaname = 'bullmq' and tablename <> 'migration'`.execute(trx);
  if (rows.length === 0) return;
  await sql`truncate ${sql.join(rows.map((row) => sql.table(`bullmq.${row.name}`)))} cascade`.execute(trx);
}

/** Runs end, and no process of before counts: what the queue still holds is about rows that mean something else by now. */
export async function forgetProcesses(trx: Db): Promise<void> {
  await sql`update sync_runs set finished_at = now(), outcome = 'cancelled', phase = 'closed' where finished_at is null`.execute(
    trx,
  );
  // Whatever it waited for is of another time; asked for again, it is looked at anew.
  await sql`update promotions set finished_at = now(), phase = case when switched_at is null then 'cancelled' else 'done' end
    where finished_at is null`.execute(trx);
  await sql`truncate workers`.execute(trx);
}

/** Links and tombstones name each other, so the references are checked when everything is there. */
export async function deferReferences(trx: Db, work: () => Promise<void>): Promise<void> {
  const { rows } = await sql<{ on_table: string; name: string }>`
    select conrelid::regclass::text as on_table, conname as name from pg_constraint
    where contype = 'f' and not condeferrable and connamespace = current_schema()::regnamespace`.execute(trx);
  for (const row of rows)
    await sql`alter table ${sql.table(row.on_table)} alter constraint ${sql.id(row.name)} deferrable initially deferred`.execute(
      trx,
    );
  await work();
  await sql`set constraints all immediate`.execute(trx);
  for (const row of rows)
    await sql`alter table ${sql.table(row.on_table)} alter constraint ${sql.id(row.name)} not deferrable`.execute(trx);
}

/** Runs `load` on tables as they were after `names`, then brings those up to date and moves their rows in. */
export async function viaOlderSchema(
  trx: Db,
  known: Migrations,
  names: readonly string[],
  load: () => Promise<void>,
): Promise<void> {
  const {
    rows: [home],
  } = await sql<{ name: string }>`select current_schema() as name`.execute(trx);
  await sql`create schema ${sql.id(OLD_SCHEMA)}`.execute(trx);
  await sql`select set_config('search_path', ${OLD_SCHEMA}, true)`.execute(trx);
  const inOrder = Object.keys(known).sort();
  const up = async (wanted: readonly string[]): Promise<void> => {
    for (const name of wanted) await known[name]?.up(trx);
  };
  await up(inOrder.filter((name) => names.includes(name)));
  await emptySeeded(trx);
  await deferReferences(trx, load);
  await up(inOrder.filter((name) => !names.includes(name)));
  await sql`select set_config('search_path', ${home?.name ?? 'public'}, true)`.execute(trx);
  await moveIn(trx);
  await sql`drop schema ${sql.id(OLD_SCHEMA)} cascade`.execute(trx);
}

/** Migrations put rows of their own into new tables; those of the backup take their place. */
async function emptySeeded(trx: Db): Promise<void> {
  const { rows } = await sql<{ name: string }>`select tablename as name from pg_tables
    where schemaname = current_schema()`.execute(trx);
  await sql`truncate ${sql.join(rows.map((row) => sql.table(row.name)))}`.execute(trx);
}

async function moveIn(trx: Db): Promise<void> {
  const columns = await tablesOf(trx);
  await deferReferences(trx, async () => {
    for (const name of KEPT_TABLES) {
      const own = sql.join((columns.get(name) ?? []).map((column) => sql.ref(column.name)));
      await sql`insert into ${sql.table(name)} (${own}) overriding system value
        select ${own} from ${sql.table(`${OLD_SCHEMA}.${name}`)}`.execute(trx);
    }
  });
}

export interface Column {
  readonly name: string;
  readonly type: string;
}

/** Tables and columns that can be written, of the schema that statements reach now. */
export async function tablesOf(trx: Db): Promise<Map<string, Column[]>> {
  const { rows } = await sql<{ on_table: string; name: string; type: string }>`
    select c.relname as on_table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
      and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by 1, a.attnum`.execute(trx);
  const tables = new Map<string, Column[]>();
  for (const { on_table, name, type } of rows) {
    const own = tables.get(on_table) ?? [];
    own.push({ name, type });
    tables.set(on_table, own);
  }
  return tables;
}

/** `lines`: JSON arrays of texts, in the order of `columns`. */
export async function insertLines(
  trx: Db,
  table: string,
  columns: readonly Column[],
  lines: readonly string[],
): Promise<void> {
  const names = sql.join(columns.map((column) => sql.ref(column.name)));
  const values = sql.join(columns.map((column, at) => sql`(e ->> ${sql.lit(at)})::${sql.raw(column.type)}`));
  await sql`insert into ${sql.table(table)} (${names}) overriding system value
    select ${values} from json_array_elements(${`[${lines.join(',')}]`}::json) as e`.execute(trx);
}

/**
 * Ids go on behind those of the backup. `leap`: what was given out after the backup is unknown, and a job that still waits
 * in a queue must never mean another row than it did; ids of replicas are also numbers of locks and stay small.
 */
export async function setSequences(trx: Db, saved: Readonly<Record<string, number>>, leap: number): Promise<void> {
  for (const name of ALL_TABLES) await setIdentity(trx, name, saved, leap);
  const { rows } = await sql<{ top: number }>`select coalesce(max(dirty_seq), 0) as top from sync_map`.execute(trx);
  await setTo(trx, 'dirty_seq', Math.max(rows[0]?.top ?? 0, saved['dirty_seq'] ?? 0) + leap);
}

async function setIdentity(trx: Db, table: TableName, saved: Readonly<Record<string, number>>, leap: number) {
  const {
    rows: [found],
  } = await sql<{ name: string }>`select s.relname as name from pg_class s
    join pg_depend d on d.objid = s.oid and d.deptype = 'i' join pg_class t on t.oid = d.refobjid
    where s.relkind = 'S' and t.relname = ${table} and t.relnamespace = current_schema()::regnamespace`.execute(trx);
  if (found === undefined) return;
  const { rows } = await sql<{ top: number }>`select coalesce(max(id), 0) as top from ${sql.table(table)}`.execute(trx);
  await setTo(trx, found.name, Math.max(rows[0]?.top ?? 0, saved[found.name] ?? 0) + (table === 'replicas' ? 0 : leap));
}

async function setTo(trx: Db, sequence: string, at: number): Promise<void> {
  if (at > 0) await sql`select setval(${sequence}::regclass, ${at})`.execute(trx);
}

/** Programs of ours that have this database open. */
export async function programsAtWork(db: Db): Promise<string[]> {
  const { rows } = await sql<{
    name: string;
  }>`select distinct substring(application_name from '^pngx.*(?:api|worker|standalone|cli)') as name
    from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and application_name ~ '^pngx(-controller)? (api|worker|standalone|cli)( |$)' order by 1`.execute(db);
  return rows.map((row) => row.name);
}

/** Whether somebody has set up anything here: a first start alone leaves nothing that would be missed. */
export async function holdsData(db: Db): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`select exists (select from replicas) or exists (select from settings)
    or exists (select from sync_map) as found`.execute(db);
  return rows[0]?.found === true;
}
