/**
 * Reads a backup out of the database (C2): one snapshot of all kept tables, row by row as JSON arrays of the text form of
 * each value, which every type of PostgreSQL reads back exactly. No program such as pg_dump is needed, a cursor bounds memory.
 */
import { createHash } from 'node:crypto';
import { type ControlledTransaction, sql } from 'kysely';
import { KEPT_TABLES, type TableName, volatileColumns } from './backup-tables.ts';
import { appliedMigrations } from './schema-level.ts';
import type { Db, Tables } from './tables.ts';

const ROWS_A_FETCH = 500;

export interface DumpedTable {
  readonly name: TableName;
  readonly columns: readonly string[];
  readonly rows: number;
}
export interface Snapshot {
  /** Names of the applied migrations, oldest first. */
  readonly schema: readonly string[];
  readonly tables: readonly DumpedTable[];
  /** Where the counters of ids stood. */
  readonly sequences: Readonly<Record<string, number>>;
  /** Equal for equal content; bookkeeping times do not count. */
  readonly digest: string;
  /** Rows of one table, a batch at a time; each is one line of JSON. */
  rows(table: DumpedTable): AsyncGenerator<readonly string[]>;
  close(): Promise<void>;
}

type Trx = ControlledTransaction<Tables>;

export async function openSnapshot(db: Db): Promise<Snapshot> {
  const trx = await db.startTransaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute();
  const close = async (): Promise<void> => {
    if (!trx.isCommitted && !trx.isRolledBack) await trx.rollback().execute();
  };
  try {
    await plainTexts(trx);
    const columns = await columnsOf(trx);
    const tables: DumpedTable[] = [];
    const hash = createHash('sha256');
    for (const name of KEPT_TABLES) {
      const own = columns.get(name) ?? [];
      const { rows, sum } = await contentOf(trx, name, own);
      hash.update(`${name} ${rows} ${sum}\n`);
      tables.push({ name, columns: own, rows });
    }
    const sequences = await sequencesOf(trx);
    const schema = await appliedMigrations(trx);
    return { schema, tables, sequences, digest: hash.digest('hex'), rows: (table) => rowsOf(trx, table), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Times and floats in a form that does not depend on the server's settings. */
export async function plainTexts(trx: Db): Promise<void> {
  await sql`select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true),
    set_config('intervalstyle', 'iso_8601', true), set_config('extra_float_digits', '1', true)`.execute(trx);
}

/** Generated columns are left out: the server makes them again. */
async function columnsOf(trx: Trx): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ table_name: string; column_name: string }>`
    select table_name, column_name from information_schema.columns
    where table_schema = current_schema() and is_generated = 'NEVER' order by table_name, ordinal_position`.execute(
    trx,
  );
  const columns = new Map<string, string[]>();
  for (const row of rows) {
    const own = columns.get(row.table_name) ?? [];
    own.push(row.column_name);
    columns.set(row.table_name, own);
  }
  return columns;
}

function line(columns: readonly string[]) {
  const texts = sql.join(columns.map((column) => sql`${sql.ref(column)}::text`));
  return sql<string>`to_json(array[${texts}]::text[])::text`;
}

/** A sum, so that the order of rows does not matter and nothing has to be sorted. */
async function contentOf(trx: Trx, name: TableName, columns: readonly string[]) {
  const passing = volatileColumns(name);
  const lasting = columns.filter((column) => !passing.includes(column));
  const { rows } = await sql<{ rows: number; sum: string }>`
    select count(*) as rows, coalesce(sum(hashtextextended(${line(lasting)}, 0)::numeric), 0)::text as sum
    from ${sql.table(name)}`.execute(trx);
  return rows[0] ?? { rows: 0, sum: '0' };
}

async function sequencesOf(trx: Trx): Promise<Record<string, number>> {
  const { rows } = await sql<{ name: string; at: number | null }>`
    select sequencename as name, last_value as at from pg_sequences where schemaname = current_schema()
    order by 1`.execute(trx);
  return Object.fromEntries(rows.map(({ name, at }) => [name, at ?? 0]));
}

async function* rowsOf(trx: Trx, { name, columns }: DumpedTable): AsyncGenerator<readonly string[]> {
  await sql`declare dump no scroll cursor for select ${line(columns)} as line from ${sql.table(name)}`.execute(trx);
  for (;;) {
    const { rows } = await sql<{ line: string }>`fetch ${sql.lit(ROWS_A_FETCH)} from dump`.execute(trx);
    if (rows.length > 0) yield rows.map((row) => row.line);
    if (rows.length < ROWS_A_FETCH) break;
  }
  await sql`close dump`.execute(trx);
}
