/** A real pgbouncer in front of the PostgreSQL of the test run. */
import { spawn, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { freePort } from '../../shared/db/embedded-process.ts';
import { waitForDatabase } from '../../shared/db/client.ts';
import { afterOurEnd } from './watchdog.ts';
import { fastFolder } from './fast-folder.ts';

// Debian's place for it is not on everybody's path.
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`;

/** `npm run setup:test` installs it; without it the tests on a pooler are skipped by name. */
export const hasPgbouncer = spawnSync('pgbouncer', ['--version'], { env: { PATH } }).status === 0;

export interface Pooler {
  /** The same database and role, through the pooler. */
  through(url: string): string;
  /** Connections of our processes to the pooler, by what they are for. */
  clients(): Promise<Record<string, number>>;
  close(): Promise<void>;
}

export interface PoolerOptions {
  readonly mode: 'transaction' | 'session';
  readonly maxClients?: number;
  /** Server sessions for a database and role. */
  readonly poolSize?: number;
}

/** For roles whose password is in the URL of `users`. */
export async function startPgbouncer(users: readonly string[], options: PoolerOptions): Promise<Pooler> {
  const server = new URL(users[0] ?? '');
  const dir = await mkdtemp(join(fastFolder(), 'pngx-test-pgbouncer-'));
  await chmod(dir, 0o755);
  const port = await freePort();
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: port,
    unix_socket_dir: '',
    auth_type: 'scram-sha-256',
    auth_file: join(dir, 'users'),
    pool_mode: options.mode,
    max_client_conn: options.maxClients ?? 100,
    default_pool_size: options.poolSize ?? 20,
    stats_users: [...new Set(users.map((user) => new URL(user).username))].join(', '),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const file = join(dir, 'pgbouncer.ini');
  await writeFile(
    file,
    `[databases]\n* = host=${server.hostname} port=${server.port}\n\n[pgbouncer]\n${lines.join('\n')}\n`,
  );
  const quoted = (text: string) => `"${decodeURIComponent(text).replaceAll('"', '""')}"`;
  const logins = users
    .map((user) => new URL(user))
    .map(({ username, password }) => `${quoted(username)} ${quoted(password)}`);
  await writeFile(join(dir, 'users'), `${[...new Set(logins)].join('\n')}\n`);
  // It refuses to run as root.
  const identity = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const child = spawn('pgbouncer', ['-q', file], { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH }, ...identity });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await writeFile(join(dir, 'pid'), `${child.pid}`);
  afterOurEnd('[ -e "$1/pid" ] && kill -9 "$(cat "$1/pid")"; rm -rf "$1"', dir);
  const through = (url: string): string => {
    const pooled = new URL(url);
    pooled.port = String(port);
    return pooled.href;
  };
  const clients = async () => {
    const console = new URL(through(users[0] ?? ''));
    console.pathname = '/pgbouncer';
    const client = new pg.Client(console.href);
    await client.connect();
    const { rows } = await client.query<{ application_name: string }>('show clients');
    await client.end();
    const counts: Record<string, number> = {};
    for (const { application_name: name } of rows) {
      const what = name.split(' ')[1] ?? '';
      if (name.startsWith('pngx-controller ')) counts[what] = (counts[what] ?? 0) + 1;
    }
    return counts;
  };
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  await Promise.race([waitForDatabase(through(users[0] ?? '')), ended]);
  if (child.exitCode !== null) throw new Error(`pgbouncer ended at once: ${said}`);
  return { through, clients, close };
}
