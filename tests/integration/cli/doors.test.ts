/** The commands for who may come in, and the program with a door: what an operator does at a console. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { COMMANDS } from '../../../services/cli/commands.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { endPrograms, startProgram } from '../../support/program.ts';
import { waitFor } from '../../support/wait.ts';
import { cookiesOf, knock, submit } from '../api/visitor.ts';
import { fastFolder } from '../../support/fast-folder.ts';

vi.setConfig({ testTimeout: 180_000 });

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
let dir: string;
let database: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  dir = await mkdtemp(join(fastFolder(), 'pngx-cli-doors-'));
  database = await createTestDatabase();
  env = { DATA_DIR: join(dir, 'data'), SECRET_KEY: KEY, DATABASE_URL: database.url, PORT: '0', AUTH_MODE: 'password' };
});
afterAll(async () => {
  await endPrograms();
  await database?.drop();
  await rm(dir, { recursive: true, force: true });
});

async function pngx(...args: string[]) {
  const program = startProgram('services/cli/main.ts', env, args);
  return { code: await program.ended, stdout: program.stdout(), stderr: program.stderr() };
}

/** As in `echo ... | pngx-controller passwd`. */
function piped(text: string): Promise<{ code: number | null; output: string }> {
  const { PATH = '' } = process.env;
  const command = ['--import', 'tsx', 'services/cli/main.ts', 'passwd', '--json'];
  const child = spawn(process.execPath, command, { env: { PATH, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stdin.end(text);
  return new Promise((resolve) => void child.once('close', (code) => resolve({ code, output })));
}

/** At a terminal, which `script` of util-linux makes; each answer is typed when the one before was taken. */
async function typed(answers: readonly string[]): Promise<{ code: number | null; screen: string }> {
  const { PATH = '' } = process.env;
  const command = `${process.execPath} --import tsx services/cli/main.ts passwd`;
  const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let screen = '';
  child.stdout.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => void child.once('close', resolve));
  for (const [at, answer] of answers.entries()) {
    await waitFor('the question', () => screen.split(': ').length > at + 1, 60_000);
    child.stdin.write(`${answer}\r`);
  }
  const code = await ended;
  child.stdin.end();
  return { code, screen: screen.replaceAll('\r', '') };
}

describe('an API that asks for a password', () => {
  it('shows its one-time code on the console and nowhere else, and lets its reader in', async () => {
    const program = startProgram('services/api/main.ts', { ...env, LOG_LEVEL: 'debug' });
    const url = await program.url();
    const code = await waitFor('the code', () => /enter this code: (\S+)/.exec(program.stderr())?.[1]);
    expect(program.stderr()).toContain(`Open ${url}/setup`);
    expect(program.stdout()).not.toContain(code);
    expect((await knock(url, 'GET', '/api/status')).status).toBe(401);
    const set = await submit(url, '/setup', { code, password: 'tulip-42-onion', again: 'tulip-42-onion' });
    const cookie = ['Cookie', cookiesOf(set)];
    expect((await knock(url, 'GET', '/api/status', { headers: cookie })).status).toBe(200);

    const reset = await piped('garden-17-salt\n');
    expect(reset).toEqual({ code: 0, output: '{"sessions_ended":1}\n' });
    expect((await knock(url, 'GET', '/api/status', { headers: cookie })).status).toBe(401);
    expect((await submit(url, '/login', { password: 'tulip-42-onion' })).status).toBe(401);
    expect((await submit(url, '/login', { password: 'garden-17-salt' })).status).toBe(303);

    const slip = await typed(['window-8-river', 'widow-8-river']);
    expect(slip).toMatchObject({ code: 1, screen: expect.stringContaining('The two passwords differ.') });
    const changed = await typed(['window-8-river', 'window-8-river']);
    expect(changed).toEqual({
      code: 0,
      screen: 'New password: \nThe same again: \nThe password is set. Sessions that ended with it: 1.\n',
    });
    expect((await submit(url, '/login', { password: 'window-8-river' })).status).toBe(303);

    const made = await pngx('keys', 'add', '--name', 'monitor', '--read-only', '--json');
    const { secret, key } = JSON.parse(made.stdout) as { secret: string; key: { id: number } };
    const bearer = ['Authorization', `Bearer ${secret}`];
    expect((await knock(url, 'GET', '/api/status', { headers: bearer })).status).toBe(200);
    expect((await knock(url, 'POST', '/api/sync', { headers: bearer })).status).toBe(403);
    expect((await pngx('keys', 'list')).stdout).toMatch(/monitor +read +pngxk_\w/);
    expect((await pngx('keys', 'revoke', '--id', String(key.id))).code).toBe(0);
    expect((await knock(url, 'GET', '/api/status', { headers: bearer })).status).toBe(401);

    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    for (const private_ of [code, secret, 'tulip-42-onion', 'garden-17-salt', cookie[1] ?? ''])
      expect(program.stdout()).not.toContain(private_);
  });

  it('takes ADMIN_PASSWORD when there is no password yet', async () => {
    await database.owner.deleteFrom('admin_account').execute();
    const again = startProgram('services/api/main.ts', { ...env, ADMIN_PASSWORD: 'window-93-rope' });
    expect((await submit(await again.url(), '/login', { password: 'window-93-rope' })).status).toBe(303);
    again.signal('SIGTERM');
    expect(await again.ended).toBe(0);
    expect(again.stderr()).toBe('');
  });
});

describe('the commands', () => {
  it('refuse what cannot be, in one line', async () => {
    expect(await piped('short\n')).toMatchObject({ code: 1, output: expect.stringContaining('at least 8 characters') });
    const run = (...args: string[]) => COMMANDS.find(({ name }) => name === 'keys')?.run(args);
    for (const wrong of [[], ['lose'], ['add'], ['revoke'], ['revoke', '--id', 'x'], ['add', 'me', '--name', 'x']])
      await expect(run(...wrong)).rejects.toMatchObject({ code: 'usage' });
  });
});
