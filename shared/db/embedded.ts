import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import pg from 'pg';
import { delay, SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import { findBinaries, type Identity, othersMayEnter, SHARED_HOME, serverIdentity } from './embedded-binaries.ts';
import {
  embeddedFailed,
  findRunning,
  type RunningServer,
  runToEnd,
  type ServerPlan,
  startServer,
  stopServer,
} from './embedded-process.ts';

const MAJOR = '18';
const USER = 'postgres';
const DATABASE = 'pngx';
/** Advisory lock (in the database `postgres`) that says which controller owns the directory; it dies with its process. */
const OWNER_LOCK = [0x706e6778, 1] as const;

export interface EmbeddedOptions {
  /** More `-c` settings; tests switch fsync off. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder of the platform package, and where to copy it if it cannot be run in place; tests give their own. */
  readonly packageDir?: string;
  readonly sharedHome?: string;
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

async function readPassword(file: string): Promise<string | null> {
  return readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}

async function ensurePassword(file: string): Promise<string> {
  const known = await readPassword(file);
  if (known !== null) return known;
  // Complete before it gets its name: of two first starts at once one decides, and the other never reads half of it.
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(temporary);
  return (await readPassword(file)) ?? '';
}

function urlOf(port: number, password: string, database: string): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
}

interface Layout {
  readonly home: string;
  readonly dataDir: string;
  readonly passwordFile: string;
  readonly identity: Identity | undefined;
}

/** The server's files lie in DATA_DIR/postgres, unless root keeps DATA_DIR where the lent identity cannot go. */
async function layoutOf(dir: string, sharedHome: string): Promise<Layout> {
  const home = join(resolve(dir), 'postgres');
  const lent = await serverIdentity();
  const reachable = lent === undefined || (await othersMayEnter(home));
  const dataDir = reachable
    ? join(home, 'data')
    : join(sharedHome, createHash('sha256').update(home).digest('hex').slice(0, 12), 'data');
  // PostgreSQL insists that its own user owns the directory, which an earlier start by another user may have made.
  const owner = await stat(dataDir).catch(() => null);
  const identity = lent !== undefined && owner !== null && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : lent;
  return { home, dataDir, passwordFile: join(home, 'password'), identity };
}

async function checkExisting(dataDir: string): Promise<boolean> {
  try {
    const version = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
    if (version === MAJOR) return true;
    throw embeddedFailed(
      `${dataDir} was made by PostgreSQL ${version}; this release brings ${MAJOR}. See docs/upgrading.md.`,
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    if ((error as NodeJS.ErrnoException).code === 'EACCES')
      throw embeddedFailed(`${dataDir} belongs to another user.`, error);
    throw error;
  }
}

async function makeEnterable(...dirs: readonly string[]): Promise<void> {
  for (const path of dirs) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o755);
  }
}

/** Into a directory of its own, then renamed: an initdb that was killed half-way leaves what looks like a database. */
async function createCluster(plan: ServerPlan, password: string): Promise<void> {
  const temporary = `${plan.dataDir}.${randomBytes(6).toString('hex')}.tmp`;
  const passwordCopy = `${temporary}.pw`;
  await mkdir(temporary, { mode: 0o700 });
  await writeFile(passwordCopy, password, { mode: 0o600 });
  if (plan.identity !== undefined)
    for (const path of [temporary, passwordCopy]) await chown(path, plan.identity.uid, plan.identity.gid);
  try {
    await runToEnd(plan, plan.binaries.initdb, [
      `--pgdata=${temporary}`,
      `--username=${USER}`,
      `--pwfile=${passwordCopy}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Neither depends on which locales the host happens to have.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      ...(plan.settings['fsync'] === 'off' ? ['--no-sync'] : []),
    ]);
    await rename(temporary, plan.dataDir).catch((error: NodeJS.ErrnoException) => {
      // Another first start was faster; its cluster is as good as ours, since the password file is shared.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
    await rm(passwordCopy, { force: true });
  }
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
  throw new AppError({
    code: 'data_dir_busy',
    class: 'config',
    message: `${dir} is in use by ${who === undefined ? 'another controller' : `${who.name}, since ${who.since} UTC`}.`,
    hint: 'Stop that one, or give this one a DATA_DIR of its own.',
  });
}

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

async function preparePlan(dir: string, options: EmbeddedOptions): Promise<{ plan: ServerPlan; password: string }> {
  const sharedHome = options.sharedHome ?? SHARED_HOME;
  // Before looking at it, since what a strict umask makes of it decides whether the server can use it.
  await mkdir(join(resolve(dir), 'postgres'), { recursive: true });
  const layout = await layoutOf(dir, sharedHome);
  if (!layout.dataDir.startsWith(layout.home)) await makeEnterable(sharedHome, dirname(layout.dataDir));
  const plan: ServerPlan = {
    binaries: await findBinaries(layout.identity, options.packageDir, sharedHome),
    identity: layout.identity,
    dataDir: layout.dataDir,
    logFile: join(layout.home, 'server.log'),
    settings: options.settings ?? {},
  };
  const password = await ensurePassword(layout.passwordFile);
  if (!(await checkExisting(plan.dataDir))) await createCluster(plan, password);
  await writeFile(join(layout.home, 'location'), `${plan.dataDir}\n`);
  return { plan, password };
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
    // One that we started must not stay behind; one that we found belongs to somebody.
    if (!adopted) await stopServer(server, plan.dataDir);
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
