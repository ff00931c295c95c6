/**
 * The scaled-out topology as local processes: apis and workers as production starts them, on a real PostgreSQL and, for
 * the queue, a real Redis. Nothing is restarted by itself: whoever opened it decides what happens to whom.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../shared/db/embedded-process.ts';
import { formatFernetKey } from '../../shared/kernel/fernet.ts';
import { leash } from './leash.ts';
import { answersWell, type Member, type MemberEnd, ProcessMember } from './member.ts';
import { postgresMember, redisMember, type ServerPlace } from './servers.ts';

export type { Member, MemberEnd } from './member.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface ClusterAddresses {
  readonly databaseUrl: string;
  /** Undefined: the queue is on PostgreSQL. */
  readonly redisUrl: string | undefined;
}

export interface ClusterOptions {
  readonly api: number;
  readonly workers: number;
  readonly backend: 'redis' | 'postgres';
  /** Kept afterwards; otherwise everything is in a temporary directory. */
  readonly dir?: string | undefined;
  /** Servers that run already, and the key that belongs to that database. */
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly secretKey?: string | undefined;
  /** The first api's port; any free one otherwise. */
  readonly port?: number;
  /**
   * More environment of apis and workers, asked for at each start. It may put another address in the place of a server's,
   * such as that of a proxy which cuts connections.
   */
  readonly environment?: (name: string, at: ClusterAddresses) => Readonly<Record<string, string>>;
  /** PostgreSQL without waiting for the disk: a crash of the machine costs a test nothing. */
  readonly fast?: boolean;
  readonly onAccident?: (name: string, end: MemberEnd) => void;
}

export interface Cluster extends ClusterAddresses {
  readonly dir: string;
  readonly secretKey: string;
  /** Servers first, then apis, then workers. */
  readonly members: readonly Member[];
  readonly apis: readonly Member[];
  readonly workers: readonly Member[];
  /** By name: `api-1`, `worker-3`, `redis`, `postgres`. */
  member(name: string): Member;
  /** One more, of the next number; started by the caller. */
  add(kind: 'api' | 'worker'): Promise<Member>;
  /** Workers, apis, then the servers. */
  close(): Promise<void>;
}

/** Everybody ready, or nobody left. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const cluster = await LocalCluster.open(options);
  try {
    for (const server of cluster.servers) await server.start();
    for (const kind of ['api', 'worker'] as const)
      for (let count = kind === 'api' ? options.api : options.workers; count > 0; count--) await cluster.add(kind);
    await Promise.all([...cluster.apis, ...cluster.workers].map((member) => member.start()));
    return cluster;
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

class LocalCluster implements Cluster {
  readonly servers: Member[] = [];
  readonly apis: Member[] = [];
  readonly workers: Member[] = [];
  readonly dir: string;
  readonly secretKey: string;
  readonly #options: ClusterOptions;

  private constructor(options: ClusterOptions, dir: string, secretKey: string) {
    this.#options = options;
    this.dir = dir;
    this.secretKey = secretKey;
  }

  static async open(options: ClusterOptions): Promise<LocalCluster> {
    const dir = await makeDirectory(options.dir);
    leash(join(dir, 'pids'), options.dir === undefined ? dir : null);
    const cluster = new LocalCluster(options, dir, options.secretKey ?? (await keepKey(join(dir, 'secret.key'))));
    await cluster.#planServers();
    return cluster;
  }

  get databaseUrl(): string {
    return this.#options.databaseUrl ?? this.member('postgres').url;
  }
  get redisUrl(): string | undefined {
    return this.#options.backend === 'postgres' ? undefined : (this.#options.redisUrl ?? this.member('redis').url);
  }
  get members(): readonly Member[] {
    return [...this.servers, ...this.apis, ...this.workers];
  }

  member(name: string): Member {
    const found = this.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`The cluster has no ${name}.`);
    return found;
  }

  async #planServers(): Promise<void> {
    const { databaseUrl, redisUrl, backend, api, workers, fast = false } = this.#options;
    // Some more than were asked for, since members may be added.
    if (databaseUrl === undefined)
      this.servers.push(await postgresMember(this.#place('postgres'), 60 + 40 * (api + workers + 4), fast));
    if (backend === 'redis' && redisUrl === undefined)
      this.servers.push(await redisMember(this.#place('redis'), { onAccident: this.#onAccident }));
  }

  readonly #onAccident = (name: string, end: MemberEnd): void => this.#options.onAccident?.(name, end);

  #place(name: string): ServerPlace {
    return {
      dir: this.dir,
      logFile: join(this.dir, 'logs', `${name}.log`),
      pidFile: join(this.dir, 'pids', name),
    };
  }

  async add(kind: 'api' | 'worker'): Promise<Member> {
    const peers = kind === 'api' ? this.apis : this.workers;
    const name = `${kind}-${peers.length + 1}`;
    const first = kind === 'api' && peers.length === 0;
    const port = (first ? this.#options.port : undefined) || (await freePort());
    const url = `http://127.0.0.1:${port}`;
    const dataDir = join(this.dir, name);
    await mkdir(dataDir, { recursive: true });
    const member = new ProcessMember({
      ...this.#place(name),
      name,
      kind,
      url,
      command: process.execPath,
      args: ['--import', 'tsx', `${ROOT}services/${kind}/main.ts`],
      cwd: ROOT,
      environment: () => ({
        ...plainEnvironment(),
        ...this.#addresses(),
        SECRET_KEY: this.secretKey,
        DATA_DIR: dataDir,
        HOST: '127.0.0.1',
        [kind === 'api' ? 'PORT' : 'WORKER_PORT']: String(port),
        ...this.#options.environment?.(name, this),
      }),
      ready: () => answersWell(`${url}/readyz`),
      onAccident: this.#onAccident,
    });
    peers.push(member);
    return member;
  }

  #addresses(): Record<string, string> {
    return { DATABASE_URL: this.databaseUrl, ...(this.redisUrl === undefined ? {} : { REDIS_URL: this.redisUrl }) };
  }

  async close(): Promise<void> {
    // They hand back what they hold through the database, so it goes last.
    await Promise.allSettled(this.workers.map((member) => member.stop()));
    await Promise.allSettled(this.apis.map((member) => member.stop()));
    await Promise.allSettled(this.servers.map((member) => member.stop()));
    if (this.#options.dir === undefined) await rm(this.dir, { recursive: true, force: true });
  }
}

async function makeDirectory(given: string | undefined): Promise<string> {
  const dir = given === undefined ? await mkdtemp(join(tmpdir(), 'pngx-cluster-')) : resolve(given);
  await mkdir(dir, { recursive: true });
  // As root PostgreSQL runs under another identity, which has to get through to its data.
  if (given === undefined) await chmod(dir, 0o711);
  for (const name of ['logs', 'pids']) await mkdir(join(dir, name), { recursive: true, mode: 0o700 });
  return dir;
}

/** A directory that is used again holds tokens that only its own key opens. */
async function keepKey(file: string): Promise<string> {
  const known = await readFile(file, 'utf8').catch(() => null);
  if (known !== null) return known.trim();
  const key = formatFernetKey(randomBytes(32));
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  return key;
}

/** Nothing of this process' own environment: what happens to be set there is not meant for a cluster. */
function plainEnvironment(): Record<string, string> {
  const path = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
  return { PATH: path, HOME: homedir(), TMPDIR: tmpdir() };
}
