import pg from 'pg';
import { delay, SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import { SHARED_HOME } from './embedded-binaries.ts';
import { type DirectoryOptions, layoutOf, preparePlan, readPassword, USER } from './embedded-directory.ts';
import {
  embeddedFailed,
  findRunning,
  killServer,
  type RunningServer,
  type ServerPlan,
  startServer,
  stopServer,
} from './embedded-process.ts';

const DATABASE = 'pngx';
/** Advisory lock (in the database `postgres`) that says which controller owns the directory; it dies with its process. */
const OWNER_LOCK = [0x706e6778, 1] as const;

export interface EmbeddedOptions extends DirectoryOptions {
  /** Told in words when the server died and was started again, or could not be. */
  readonly onEvent?: (text: string, failure?: AppError) => void;
}

export interface Embedded {
  /** Stays the same when the server is started again. */
  readonly url: string;
  /** The server had survived an earlier controller and was taken over. */
  readonly adopted: boolean;
  pid(): number;
  stop(): Promise<void>;
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `pngx-controller, process ${process.pid}`,
    keepAlive: true,
    connectionTimeoutMillis: 10 * SECOND,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Takes ownership of the directory, or says who has it. */
async function takeOwnership(client: pg.Client, dir: string): Promise<void> {
  const taken = await client.query<{ ok: boolean }>('select pg_try_advisory_lock($1, $2) as ok', [...OWNER_LOCK]);
  if (taken.rows[0]?.ok === true) return;
  const holder = await client.query<{ name: string; since: string }>(
    `select a.application_name as name, to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since
       from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.classid = $1 and l.objid = $2 and l.granted`,
    [...OWNER_LOCK],
  );
  const who = holder.rows[0];
  await client.end().catch(() => undefined);
  throw busy(dir, who === undefined ? 'another controller' : `${who.name}, since ${who.since} UTC`);
}

function busy(dir: string, who: string): AppError {
  return new AppError({
    code: 'data_dir_busy',
    class: 'config',
    message: `${dir} is in use by ${who}.`,
    hint: 'Stop that one, or give this one a DATA_DIR of its own.',
  });
}

const isBusy = (error: unknown): boolean => error instanceof AppError && error.code === 'data_dir_busy';

async function ensureDatabase(client: pg.Client): Promise<void> {
  const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
  if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
}

/** Holds the owner's connection, and starts the server again whenever it went away without our asking. */
class Supervisor {
  #stopping = false;
  #restarting: Promise<void> = Promise.resolve();
  #server: RunningServer;
  #owner: pg.Client;
  readonly #plan: ServerPlan;
  readonly #dir: string;
  readonly #password: string;
  readonly #onEvent: NonNullable<EmbeddedOptions['onEvent']>;

  constructor(
    plan: ServerPlan,
    dir: string,
    password: string,
    server: RunningServer,
    owner: pg.Client,
    onEvent: EmbeddedOptions['onEvent'],
  ) {
    this.#plan = plan;
    this.#dir = dir;
    this.#password = password;
    this.#server = server;
    this.#owner = owner;
    this.#onEvent = onEvent ?? (() => undefined);
    this.#watch();
  }

  get pid(): number {
    return this.#server.pid;
  }

  #watch(): void {
    this.#owner.once('end', () => {
      if (!this.#stopping) this.#restarting = this.#restart();
    });
  }

  async #restart(): Promise<void> {
    this.#onEvent('The embedded PostgreSQL went away; starting it again.');
    for (let wait = 200; !this.#stopping; wait = Math.min(wait * 2, 10 * SECOND)) {
      try {
        // The same port, because every pool knows the URL.
        const { server } = await startServer(this.#plan, this.#server.port);
        const owner = await connect(urlOf(server.port, this.#password, 'postgres'));
        await takeOwnership(owner, this.#dir);
        this.#server = server;
        this.#owner = owner;
        this.#watch();
        this.#onEvent('The embedded PostgreSQL runs again.');
        return;
      } catch (error) {
        const failure =
          error instanceof AppError
            ? error
            : embeddedFailed(`No connection to the embedded PostgreSQL: ${(error as Error).message}`, error);
        this.#onEvent(failure.message, failure);
        await delay(wait);
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#restarting;
    await stopServer(this.#server, this.#plan.dataDir);
    await this.#owner.end().catch(() => undefined);
  }
}

async function claim(server: RunningServer, password: string, dir: string): Promise<pg.Client> {
  const owner = await connect(urlOf(server.port, password, 'postgres'));
  await takeOwnership(owner, dir);
  await ensureDatabase(owner);
  return owner;
}

/**
 * Starts the PostgreSQL server of a standalone controller, makes it ours alone, and keeps it running until `stop()`.
 * A server that survived a killed controller is adopted as it is.
 */
export async function startEmbedded(dir: string, options: EmbeddedOptions = {}): Promise<Embedded> {
  const { plan, password } = await preparePlan(dir, options);
  const { server, adopted } = await startServer(plan);
  const owner = await claim(server, password, dir).catch(async (error: unknown) => {
    // One that we started must not stay behind, unless another start has found it and made it its own before us.
    if (!adopted && !isBusy(error)) await stopServer(server, plan.dataDir);
    throw error;
  });
  const supervisor = new Supervisor(plan, dir, password, server, owner, options.onEvent);
  return {
    url: urlOf(server.port, password, DATABASE),
    adopted,
    pid: () => supervisor.pid,
    stop: () => supervisor.stop(),
  };
}

/** URL of the server that a controller runs on this directory right now, or null; for commands that attach to it (C1). */
export async function runningEmbedded(dir: string): Promise<string | null> {
  const layout = await layoutOf(dir, SHARED_HOME);
  const [found, password] = await Promise.all([findRunning(layout.dataDir), readPassword(layout.passwordFile)]);
  return found?.ready === true && password !== null ? urlOf(found.server.port, password, DATABASE) : null;
}

/** A server that nobody watches: whoever opened it starts, stops and kills it. For programs that play with failure. */
export interface BareServer {
  /** Stays the same over restarts. */
  readonly url: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  start(): Promise<void>;
  /** In order: every session is ended, nothing has to be recovered. */
  stop(): Promise<void>;
  /** As a crash of the machine would; the next start recovers. */
  kill(): Promise<void>;
}

export async function openBareServer(
  dir: string,
  port: number,
  settings: Readonly<Record<string, string>> = {},
): Promise<BareServer> {
  const { plan, password } = await preparePlan(dir, { settings });
  let running: RunningServer | null = null;
  const end = async (how: (server: RunningServer) => Promise<void>) => {
    const server = running;
    running = null;
    if (server !== null) await how(server);
  };
  return {
    url: urlOf(port, password, DATABASE),
    get pid() {
      return running?.pid ?? null;
    },
    async start() {
      const { server } = await startServer(plan, port);
      // Found running at another address: somebody else's.
      if (server.port !== port) throw busy(dir, 'another program');
      running = server;
      const owner = await connect(urlOf(server.port, password, 'postgres'));
      try {
        await ensureDatabase(owner);
      } finally {
        await owner.end();
      }
    },
    stop: () => end((server) => stopServer(server, plan.dataDir)),
    kill: () => end((server) => killServer(server)),
  };
}
