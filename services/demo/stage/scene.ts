import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { connect, type Instance } from '../http.ts';
import type { Library } from '../library/index.ts';
import { makePeople } from '../seeding/people.ts';
import { type Child, type ChildOptions, firstUrl, type Household } from './children.ts';
import { type Controller, controllerAt, untilReady } from './controller.ts';

export interface SceneOptions {
  readonly folder: string;
  readonly port: number;
  /** What one consumption takes on each simulator. */
  readonly ocrMs: number;
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
}

export interface SimulatedInstance extends Instance {
  readonly name: string;
  readonly profile: 'v2' | 'v3';
}

export interface Instances {
  readonly master: SimulatedInstance;
  readonly replicas: readonly SimulatedInstance[];
}

export async function startSimulated(
  household: Household,
  name: string,
  profile: 'v2' | 'v3',
  ocrMs: number,
): Promise<SimulatedInstance> {
  const token = randomBytes(20).toString('hex');
  const args = ['--profile', profile, '--port', '0', '--token', token, '--ocr-ms', String(ocrMs)];
  const { url } = await household.start({
    name: `The simulator "${name}"`,
    script: 'services/simulator/main.ts',
    args,
  });
  return { name, profile, token, url };
}

export async function startInstances(household: Household, { ocrMs }: Pick<SceneOptions, 'ocrMs'>): Promise<Instances> {
  const start = (name: string, profile: 'v2' | 'v3') => startSimulated(household, name, profile, ocrMs);
  const [master, attic, cellar] = await Promise.all([
    start('master', 'v3'),
    start('attic', 'v3'),
    start('cellar', 'v2'),
  ]);
  return { master, replicas: [attic, cellar] };
}

/**
 * Users and groups are never created by the controller (E11). One replica gets them all beforehand, the other one lacks
 * some, so that both ways of the policy are seen.
 */
export async function preparePeople({ replicas }: Instances, library: Library): Promise<void> {
  const [complete, partial] = replicas;
  if (complete) await makePeople(connect(complete), library);
  if (partial) await makePeople(connect(partial), { ...library, users: library.users.slice(0, 1) });
}

export interface LiveController extends Controller {
  /** Of its one process, which is another one after each death. */
  pid(): number;
  /** From now on, whoever kills it sees it started again, at the same address and on the same data. */
  keepAlive(say: (text: string) => void): void;
}

/** The controller standalone, as `npm start` runs it, in a folder of its own. */
export async function startController(
  household: Household,
  master: Instance,
  options: SceneOptions,
): Promise<LiveController> {
  let say: ((text: string) => void) | null = null;
  const onDeath = (fail: () => void) => {
    if (say === null) return fail();
    say('  The controller was killed. It is started again, as a container or systemd would ...');
    startProcess(household, master, { ...options, port: Number(new URL(child.url).port) }, onDeath).then((again) => {
      child = again;
      say?.(`  It is back, as process ${again.pid}, and goes on where it was.`);
    }, fail);
  };
  let child = await startProcess(household, master, options, onDeath);
  return { ...controllerAt(child.url), pid: () => child.pid, keepAlive: (told) => void (say = told) };
}

async function startProcess(
  household: Household,
  master: Instance,
  options: SceneOptions,
  onDeath: NonNullable<ChildOptions['onDeath']>,
): Promise<Child> {
  const dataDir = join(options.folder, 'data');
  await mkdir(dataDir, { recursive: true });
  const child = await household.start({
    name: 'The controller',
    script: 'services/standalone/main.ts',
    environment: {
      DATA_DIR: dataDir,
      PORT: String(options.port),
      // The demo watches the API; a second door would only take a second port.
      WORKER_PORT: '0',
      MASTER_URL: master.url,
      MASTER_TOKEN: master.token,
      // It makes a key of its own only beside a database of its own.
      ...(options.databaseUrl !== undefined && { DATABASE_URL: options.databaseUrl, SECRET_KEY: newKey() }),
      ...(options.redisUrl !== undefined && { REDIS_URL: options.redisUrl }),
    },
    findUrl: (line) => (line.includes(master.url) ? null : firstUrl(line)),
    onDeath,
  });
  await untilReady(child.url);
  return child;
}

/** 32 bytes, as Fernet writes them. */
const newKey = (): string => randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_');

const countersShape = z.object({ total: z.number() });

/** All requests that an instance was ever asked, by whomever; only a simulator can tell. */
export async function requestCount({ url }: Instance): Promise<number> {
  const answer = await fetch(`${url}/simulator/counters`, { signal: AbortSignal.timeout(30_000) });
  return countersShape.parse(await answer.json()).total;
}
