import { LATEST_SCHEMA_VERSION, runMigrations } from 'bullmq';
import { type Migration, type MigrationResult, Migrator } from 'kysely/migration';
import pg from 'pg';
import { AppError } from '../kernel/errors.ts';
import { openDatabase, sqlState } from './client.ts';
import { BREAKING, migrations } from './migrations/index.ts';
import { breaking, SCHEMA_BREAKING } from './schema-level.ts';

export type Migrations = Readonly<Record<string, Migration>>;

export interface MigrateOptions {
  /** Also brings the queue's own schema up to date; wanted where the queue lives in PostgreSQL. */
  readonly queue: boolean;
  /** Whose counters are made here too: the queue would make them at its first job, which a runtime role may not. */
  readonly queues?: readonly string[];
  /** Tests give their own. */
  readonly migrations?: Migrations;
  readonly breaking?: readonly string[];
}

export interface SchemaState {
  readonly applied: readonly string[];
  readonly pending: readonly string[];
  /** Applied by a newer release; this one does not know them. */
  readonly unknown: readonly string[];
  /** The newest migration that a program has to know to work with this schema. */
  readonly breaking: string | null;
}

const UNDEFINED_TABLE = '42P01';
const INSUFFICIENT_PRIVILEGE = '42501';
const TABLE = 'kysely_migration';

async function appliedNames(client: pg.Client): Promise<string[]> {
  try {
    const result = await client.query<{ name: string }>(`select name from ${TABLE} order by name`);
    return result.rows.map((row) => row.name);
  } catch (error) {
    if (sqlState(error) === UNDEFINED_TABLE) return [];
    throw error;
  }
}

async function newestBreaking(client: pg.Client): Promise<string | null> {
  const result = await client.query<{ value: string }>('select value from app_meta where key = $1', [SCHEMA_BREAKING]);
  return result.rows[0]?.value ?? null;
}

async function withClient<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, application_name: 'pngx-controller migrate' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

export function schemaState(url: string, known: Migrations = migrations): Promise<SchemaState> {
  return withClient(url, async (client) => {
    const applied = await appliedNames(client);
    return {
      breaking: applied.length === 0 ? null : await newestBreaking(client),
      applied,
      pending: Object.keys(known)
        .filter((name) => !applied.includes(name))
        .sort(),
      unknown: applied.filter((name) => !Object.hasOwn(known, name)),
    };
  });
}

/**
 * R4: a schema that is newer and still fits is worked with, so that a release can be rolled out, and back, process by process.
 * Without a mark, or with own migrations still to come, nothing is known about the fit.
 */
function fits(state: SchemaState): boolean {
  if (state.unknown.length === 0) return true;
  return state.pending.length === 0 && state.breaking !== null && !state.unknown.includes(state.breaking);
}

function refuseNewer(state: SchemaState): void {
  if (fits(state)) return;
  throw new AppError({
    code: 'schema_newer',
    class: 'config',
    message: `The database was set up by a newer release: this one does not know ${state.unknown.join(', ')}.`,
    hint: 'There is no way back down: start the newer release again, or restore the backup made before the upgrade.',
  });
}

/** For processes that may not change the schema: says in words what is wrong with it, if anything. */
export async function assertSchema(url: string): Promise<void> {
  const state = await schemaState(url);
  refuseNewer(state);
  if (state.pending.length > 0)
    throw new AppError({
      code: 'schema_missing',
      class: 'config',
      message: `The database lacks ${state.pending.join(', ')}.`,
      hint: 'Run "pngx-controller migrate" first, with MIGRATION_DATABASE_URL of a role that may change the schema.',
    });
}

function migrationFailed(failed: MigrationResult | undefined, cause: unknown): AppError {
  const forbidden = sqlState(cause) === INSUFFICIENT_PRIVILEGE;
  const what =
    failed === undefined ? 'The schema could not be prepared' : `The migration ${failed.migrationName} failed`;
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new AppError({
    code: forbidden ? 'schema_forbidden' : 'migration_failed',
    class: 'config',
    message: `${what}: ${detail}`,
    hint: forbidden
      ? 'This role may not change the schema: run "pngx-controller migrate" with MIGRATION_DATABASE_URL first.'
      : undefined,
    cause,
  });
}

/**
 * Brings our schema, and the queue's where it lives here, up to date. Any number of processes may call this at once: the
 * migrators take PostgreSQL locks of their own and the late ones find nothing left to do. Returns what was applied.
 */
export async function migrate(url: string, options: MigrateOptions = { queue: true }): Promise<readonly string[]> {
  const known = options.migrations ?? migrations;
  const before = await schemaState(url, known);
  refuseNewer(before);
  // Kysely's migrator takes a migration it does not know for damage.
  if (before.unknown.length > 0) return [];
  // Looks first: a role without DDL may start once the schema is there.
  const applied = before.pending.length === 0 ? [] : await applyPending(url, known, options.breaking);
  if (options.queue) await migrateQueue(url, options.queues ?? []);
  await grantRuntime(url);
  return applied;
}

async function applyPending(url: string, known: Migrations, names: readonly string[] | undefined): Promise<string[]> {
  const database = openDatabase<unknown>(url, {
    max: 2,
    applicationName: 'pngx-controller migrate',
    statementTimeoutMs: 0,
  });
  try {
    const migrator = new Migrator({
      db: database.db,
      provider: { getMigrations: () => Promise.resolve(marked(known, names)) },
    });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined)
      throw migrationFailed(
        results?.find((result) => result.status === 'Error'),
        error,
      );
    return (results ?? []).filter((result) => result.status === 'Success').map((result) => result.migrationName);
  } finally {
    await database.close();
  }
}

/** As they are run: those that break earlier programs leave their name. */
export function marked(known: Migrations, names: readonly string[] = BREAKING): Record<string, Migration> {
  return Object.fromEntries(
    Object.entries(known).map(([name, one]) => [name, names.includes(name) ? breaking(name, one) : one]),
  );
}

const QUEUE_VERSION = `select coalesce(max(version), 0)::int as version from bullmq.migration`;
const QUEUE_COUNTERS = `select bullmq.next_job_id(name) from unnest($1::text[]) name
  where to_regclass('bullmq.' || bullmq.job_id_seq_name(name)) is null`;

async function migrateQueue(url: string, queues: readonly string[]): Promise<void> {
  await withClient(url, async (client) => {
    const found = await client.query<{ version: number }>(QUEUE_VERSION).catch(() => ({ rows: [] }));
    try {
      if (found.rows[0]?.version !== LATEST_SCHEMA_VERSION) await runMigrations(client);
      await client.query(QUEUE_COUNTERS, [queues]);
    } catch (error) {
      throw migrationFailed(undefined, error);
    }
  });
}

/** Rights on tables that were just made; only where infra/postgres/roles.sql was run, and for a role that may. */
async function grantRuntime(url: string): Promise<void> {
  await withClient(url, async (client) => {
    const found = await client.query<{ allowed: boolean }>(
      `select has_function_privilege(to_regprocedure('public.pngx_grant_runtime(text)'), 'execute') as allowed`,
    );
    if (found.rows[0]?.allowed === true) await client.query('select public.pngx_grant_runtime()');
  });
}
