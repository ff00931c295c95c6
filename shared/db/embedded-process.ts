import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile, rm, stat, truncate } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { delay, SECOND } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import type { Binaries, Identity } from './embedded-binaries.ts';

/** Everything that starting the server again after a crash needs. */
export interface ServerPlan {
  readonly binaries: Binaries;
  readonly identity: Identity | undefined;
  readonly dataDir: string;
  readonly logFile: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** A server found or started: what postmaster.pid says. */
export interface RunningServer {
  readonly pid: number;
  readonly port: number;
}

const LOG_LIMIT = 5 * 1024 * 1024;
const START_LIMIT = 60 * SECOND;

/** Below those that systems give to outgoing connections: one of these could take the port while its server restarts. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const PORT_TRIES = 50;

export async function freePort(): Promise<number> {
  for (let tries = 0; tries < PORT_TRIES; tries += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await canListen(port)) return port;
  }
  throw new Error(`no port from ${FIRST_PORT} to ${LAST_PORT} is free`);
}

function canListen(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** A dead process whose parent has not collected it yet still has a pid; it counts as gone. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) Z /.test(status);
}

/** Guards against a pid that was given to another program after a crash or a reboot. */
async function runsOn(pid: number, dataDir: string): Promise<boolean> {
  if (!(await isAlive(pid))) return false;
  if (process.platform !== 'linux') return true;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(dataDir);
}

async function readPidFile(dataDir: string): Promise<{ server: RunningServer; ready: boolean } | null> {
  const text = await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => null);
  if (text === null) return null;
  const lines = text.split('\n');
  const server = { pid: Number(lines[0]), port: Number(lines[3]) };
  return Number.isInteger(server.pid) && server.pid > 0 ? { server, ready: lines[7]?.trim() === 'ready' } : null;
}

/** The server that already runs on this directory, ready or not; a killed controller leaves one behind. */
export async function findRunning(dataDir: string): Promise<{ server: RunningServer; ready: boolean } | null> {
  const found = await readPidFile(dataDir);
  return found !== null && (await runsOn(found.server.pid, dataDir)) ? found : null;
}

function openLog(plan: ServerPlan): number {
  return openSync(plan.logFile, 'a', 0o600);
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-3).join(' | ');
}

function spawnOptions(plan: ServerPlan, log: number) {
  return {
    // A session of its own: Ctrl-C must reach us alone, since the drain still needs the database.
    detached: true,
    cwd: '/',
    stdio: ['ignore', log, log] as ['ignore', number, number],
    // No secret of ours goes into the environment of a long-lived child.
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    ...(plan.identity === undefined ? {} : { uid: plan.identity.uid, gid: plan.identity.gid }),
  };
}

/** Runs a program to its end; the error says what its log says. */
export async function runToEnd(plan: ServerPlan, program: string, args: readonly string[]): Promise<void> {
  const log = openLog(plan);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      const child = spawn(program, args, spawnOptions(plan, log));
      child.once('error', reject).once('exit', resolve);
    });
    if (code !== 0) throw new Error(`exit code ${code}: ${await lastLines(plan.logFile)}`);
  } catch (error) {
    throw embeddedFailed(`Preparing the embedded PostgreSQL failed: ${(error as Error).message}`, error);
  } finally {
    closeSync(log);
  }
}

export function embeddedFailed(message: string, cause?: unknown): AppError {
  return new AppError({
    code: 'embedded_failed',
    class: 'config',
    message,
    hint: 'See postgres/server.log in DATA_DIR, or set DATABASE_URL to a server of your own.',
    cause,
  });
}

function serverArguments(plan: ServerPlan, port: number): string[] {
  const settings = {
    port: String(port),
    // TCP on loopback with a password: a socket path may be at most 107 bytes long, which a DATA_DIR easily exceeds.
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    log_checkpoints: 'off',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...plan.settings,
  };
  return ['-D', plan.dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

async function spawnServer(plan: ServerPlan, port: number): Promise<RunningServer | null> {
  const size = await stat(plan.logFile).then(
    (found) => found.size,
    () => 0,
  );
  if (size > LOG_LIMIT) await truncate(plan.logFile);
  const log = openLog(plan);
  const child = spawn(plan.binaries.postgres, serverArguments(plan, port), spawnOptions(plan, log));
  closeSync(log);
  let ended = false;
  child.once('exit', () => {
    ended = true;
  });
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject)).catch(
    (error: Error) => {
      throw embeddedFailed(`The embedded PostgreSQL cannot be run: ${error.message}`, error);
    },
  );
  child.unref();
  const deadline = performance.now() + START_LIMIT;
  while (!ended && performance.now() < deadline) {
    const found = await readPidFile(plan.dataDir);
    if (found?.ready === true && found.server.pid === child.pid) return found.server;
    await delay(10);
  }
  if (!ended) child.kill('SIGQUIT');
  return null;
}

/**
 * A pid file may name a pid that now belongs to another program (after a reboot, or in a new container), or a dead
 * postmaster that its parent never collects (Node as process 1). PostgreSQL refuses to start in both cases. Only where
 * /proc proves it is the file removed: of a living server it is the only protection.
 */
async function clearStalePidFile(dataDir: string, tries: number): Promise<void> {
  const found = await readPidFile(dataDir);
  if (found === null || process.platform !== 'linux' || (await runsOn(found.server.pid, dataDir))) return;
  const uncollected = existsSync(`/proc/${found.server.pid}`) && !(await isAlive(found.server.pid));
  if (uncollected ? tries >= 6 : await isAlive(found.server.pid))
    await rm(join(dataDir, 'postmaster.pid'), { force: true });
}

/**
 * Starts the server, or takes over the one that already runs. A killed postmaster that nobody has collected yet (Node as
 * process 1 of a container) makes the first tries fail, hence the repetition.
 */
export async function startServer(
  plan: ServerPlan,
  preferredPort?: number,
): Promise<{ server: RunningServer; adopted: boolean }> {
  const deadline = performance.now() + START_LIMIT;
  for (let tries = 0; performance.now() < deadline; tries++) {
    const found = await findRunning(plan.dataDir);
    if (found?.ready) return { server: found.server, adopted: true };
    if (found === null) {
      await clearStalePidFile(plan.dataDir, tries);
      const port = preferredPort ?? (await freePort());
      const server = await spawnServer(plan, port);
      if (server !== null) return { server, adopted: false };
      if (tries >= 4 && (await readPidFile(plan.dataDir)) === null) break;
    }
    await delay(500);
  }
  throw embeddedFailed(`The embedded PostgreSQL did not start: ${await lastLines(plan.logFile)}`);
}

/** Fast shutdown: open sessions are ended, nothing is lost. Immediate shutdown, with recovery at next start, as last resort. */
export async function stopServer(server: RunningServer, dataDir: string): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (!(await runsOn(server.pid, dataDir))) return;
    process.kill(server.pid, signal);
    const deadline = performance.now() + 10 * SECOND;
    while (performance.now() < deadline) {
      if (!(await isAlive(server.pid))) return;
      await delay(5);
    }
  }
}

/** No warning, no flush: what a power cut leaves. Its children notice and end by themselves. */
export async function killServer(server: RunningServer): Promise<void> {
  process.kill(server.pid, 'SIGKILL');
  while (await isAlive(server.pid)) await delay(5);
}
