import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  PostgresDialect,
  PostgresDriver,
  type PostgresDialectConfig,
  type Transaction,
  type TransactionSettings,
} from 'kysely';
import pg from 'pg';
import { delay, MINUTE, SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';

const INT8 = 20;
const DATE = 1082;

function parseInt8(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value))
    throw new AppError({
      code: 'internal_error',
      class: 'internal',
      message: 'A bigint of the database exceeds 2^53.',
    });
  return value;
}

/**
 * Per pool, not through `pg.types`: BullMQ shares the driver and expects its defaults. Ids are numbers (always below
 * 2^53), and a plain date stays the text it is instead of becoming midnight in some time zone.
 */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (format !== 'binary' && oid === INT8) return parseInt8;
    if (format !== 'binary' && oid === DATE) return (text: string) => text;
    return pg.types.getTypeParser(oid, format as 'text');
  }) as typeof pg.types.getTypeParser,
};

/** What a process calls its database sessions by, so that they can be ended with it; PostgreSQL cuts names at 63 bytes. */
export function sessionName(what: string, worker: string): string {
  return `pngx-controller ${what} ${worker}`;
}

export interface DatabaseOptions {
  readonly max?: number;
  readonly applicationName?: string;
  /** Ends statements that run longer; 0 means never. */
  readonly statementTimeoutMs?: number;
  /** Told about lost connections; they are no error of any caller. */
  readonly onConnectionError?: (error: Error) => void;
}

export interface Database<DB> {
  readonly db: Kysely<DB>;
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/**
 * Both error handlers are needed: an idle client reports through the pool, a checked-out one only through itself, and an
 * error event without a listener ends the process. Restarting PostgreSQL must never do that.
 */
export function guardPool(pool: pg.Pool, onError: (error: Error) => void = () => undefined): pg.Pool {
  pool.on('error', onError);
  pool.on('connect', (client) => client.on('error', onError));
  return pool;
}

/**
 * A transaction whose process froze or whose line was cut holds its rows until PostgreSQL misses the client, which takes hours;
 * nobody could go on with them (R3). So each transaction says how long it may stand idle. With it, not with the session: a
 * transaction pooler hands sessions to others.
 */
const BOUNDED = `set local idle_in_transaction_session_timeout = '15s'`;
/** Whatever the server's default: an intent that a crash of the database forgets is no intent (H22). */
const DURABLE = 'set local synchronous_commit = on';

class BoundedDriver extends PostgresDriver {
  override async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const { isolationLevel: level, accessMode: mode } = settings;
    const begin = ['begin', level && `isolation level ${level}`, mode].filter(Boolean).join(' ');
    // One message, one way there and back.
    await connection.executeQuery(CompiledQuery.raw(`${begin}; ${BOUNDED}; ${DURABLE}`));
  }
}

class BoundedDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;

  constructor(config: PostgresDialectConfig) {
    super(config);
    this.#config = config;
  }

  override createDriver(): Driver {
    return new BoundedDriver(this.#config);
  }
}

export function openDatabase<DB>(url: string, options: DatabaseOptions = {}): Database<DB> {
  const statementTimeout = options.statementTimeoutMs ?? 30 * SECOND;
  const pool = guardPool(
    new pg.Pool({
      connectionString: url,
      max: options.max ?? 10,
      application_name: options.applicationName ?? 'pngx-controller',
      connectionTimeoutMillis: 10 * SECOND,
      keepAlive: true,
      types: typeParsers,
      // On the client's side, since a transaction pooler refuses the server's setting as a start-up parameter.
      ...(statementTimeout > 0 ? { query_timeout: statementTimeout } : {}),
    }),
    options.onConnectionError,
  );
  const db = new Kysely<DB>({ dialect: new BoundedDialect({ pool }) });
  return { db, pool, close: () => db.destroy() };
}

const SERIALIZATION_FAILURE = '40001';
const DEADLOCK = '40P01';

export function sqlState(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * One transaction, repeated when PostgreSQL asks for it. `work` must have no effect outside of the database, since it may
 * run several times. A transaction whose connection is lost at commit is not repeated: whether it took effect is unknown.
 */
export async function inTransaction<DB, T>(
  db: Kysely<DB>,
  work: (trx: Transaction<DB>) => Promise<T>,
  options: { attempts?: number; isolation?: 'read committed' | 'repeatable read' | 'serializable' } = {},
): Promise<T> {
  const attempts = options.attempts ?? 5;
  for (let attempt = 1; ; attempt++) {
    try {
      return await db
        .transaction()
        .setIsolationLevel(options.isolation ?? 'read committed')
        .execute(work);
    } catch (error) {
      const state = sqlState(error);
      if (attempt >= attempts || (state !== SERIALIZATION_FAILURE && state !== DEADLOCK)) throw error;
      await delay(Math.random() * 20 * 2 ** attempt);
    }
  }
}

/** States in which waiting cannot help: wrong password, unknown role or database, no right to connect. */
const REFUSED = new Set(['28P01', '28000', '3D000', '42501']);

async function ping(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5 * SECOND,
    query_timeout: 5 * SECOND,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** The host and database of a URL, for messages; never its user or password. */
export function describeUrl(url: string): string {
  if (!URL.canParse(url)) return 'the database';
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port === '' ? 5432 : port}${pathname}`;
}

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Called once, when the first try failed. */
  readonly onWait?: (where: string) => void;
}

/** Waits up to 60 s for a database that is still starting (R4). */
export async function waitForDatabase(url: string, options: WaitOptions = {}): Promise<void> {
  const deadline = performance.now() + (options.timeoutMs ?? MINUTE);
  for (let tries = 1; ; tries++) {
    try {
      return await ping(url);
    } catch (error) {
      const state = sqlState(error);
      const refused = state !== undefined && REFUSED.has(state);
      if (refused || performance.now() >= deadline) throw unreachable(url, refused, error);
      if (tries === 1) options.onWait?.(describeUrl(url));
      await delay(Math.min(2000, 100 * tries), options.signal);
    }
  }
}

function unreachable(url: string, refused: boolean, cause: unknown): AppError {
  const reason = sqlState(cause) ?? 'no answer';
  return new AppError({
    code: refused ? 'database_refused' : 'database_unreachable',
    class: 'config',
    message: `The database at ${describeUrl(url)} ${refused ? 'refused the connection' : 'cannot be reached'} (${reason}).`,
    hint: refused
      ? 'Check user, password and database name in DATABASE_URL.'
      : 'Check DATABASE_URL and that PostgreSQL runs.',
    cause,
  });
}
