/** `npm run cluster`: what docker-compose.yml's profile `scaled` starts, as processes on this machine. */
import { loadEnv, type Env } from '../../shared/config/env.ts';
import { exitCodeFor } from '../../shared/config/exit-codes.ts';
import { faultLines } from '../../shared/config/process-life.ts';
import { describeUrl } from '../../shared/db/client.ts';
import { AppError, toAppError } from '../../shared/kernel/errors.ts';
import { type Cluster, startCluster } from './cluster.ts';
import type { Demo } from './demo.ts';
import { type CommandOptions, readOptions, USAGE } from './options.ts';

/** npm and tsx may pass on the Ctrl-C that the terminal has sent to everybody: that is one wish, not three. */
const SAME_WISH_MS = 2_000;

const options = readOptions(process.argv.slice(2));
if (options === null) {
  console.error(USAGE);
  process.exitCode = 2;
} else process.exit(await main(options));

async function main(chosen: CommandOptions): Promise<number> {
  const asked = untilAsked();
  const ends: (() => Promise<void>)[] = [];
  const up = start(chosen, ends);
  try {
    await Promise.race([up, asked]);
    await asked;
    return 0;
  } catch (error) {
    for (const line of faultLines(toAppError(error))) console.error(line);
    return exitCodeFor(toAppError(error));
  } finally {
    say('Ending everything ...');
    // Asked to end before everybody is ready: what is being started has to end too.
    await up.catch(() => undefined);
    for (let end = ends.pop(); end !== undefined; end = ends.pop()) await end();
  }
}

function untilAsked(): Promise<void> {
  return new Promise((resolve) => {
    let first: number | null = null;
    const heard = () => {
      const now = performance.now();
      first ??= now;
      // In a hurry: the leash of the cluster ends everybody.
      if (now - first > SAME_WISH_MS) process.exit(130);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, heard);
  });
}

async function start(chosen: CommandOptions, ends: (() => Promise<void>)[]): Promise<void> {
  const env = loadEnv(undefined, 'cli');
  if (env.databaseUrl !== undefined && env.secretKey === undefined)
    throw new AppError({
      code: 'secret_key_missing',
      class: 'config',
      message: 'DATABASE_URL is set but SECRET_KEY is not: the key belongs to the database.',
    });
  // Loaded only where it is wanted: the simulated library is larger than the rest.
  const demo = chosen.demo ? await (await import('./demo.ts')).openDemo(say) : null;
  if (demo !== null) ends.push(() => demo.close());
  const cluster = await startCluster({
    api: chosen.api,
    workers: chosen.workers,
    backend: chosen.backend,
    port: chosen.port,
    dir: chosen.dataDir,
    databaseUrl: env.databaseUrl,
    redisUrl: env.redisUrl,
    secretKey: env.secretKey,
    environment: () => environmentOf(env, demo),
    onAccident: (name, end) => say(`${name} ended with ${end}. Nothing starts it again.`),
  });
  ends.push(() => cluster.close());
  announce(cluster);
  if (demo !== null) await demo.fill(cluster.apis[0]?.url ?? '');
  say('\nCtrl-C ends everything.');
}

function environmentOf(env: Env, demo: Demo | null): Record<string, string> {
  return {
    ...(env.masterUrl === undefined ? {} : { MASTER_URL: env.masterUrl }),
    ...(env.masterToken === undefined ? {} : { MASTER_TOKEN: env.masterToken }),
    ...demo?.environment,
    LOG_LEVEL: env.logLevel,
    TZ: env.timeZone,
  };
}

function announce(cluster: Cluster): void {
  say(`\nRunning, with logs in ${cluster.dir}/logs:`);
  for (const { name, kind, url, pid } of cluster.members) {
    const where = kind === 'postgres' || kind === 'redis' ? describeUrl(url) : url;
    say(`  ${name.padEnd(9)} pid ${String(pid).padEnd(8)} ${where}`);
  }
  const [worker] = cluster.workers;
  if (worker !== undefined)
    say(`\nWhat one leaves, the others finish: try kill -9 ${worker.pid} in the middle of a sync.`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
