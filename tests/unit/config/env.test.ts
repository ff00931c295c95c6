import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadEnv, type Role } from '../../../shared/config/env.ts';
import { AppError } from '../../../shared/kernel/errors.ts';

const dir = mkdtempSync(join(tmpdir(), 'pngx-env-'));
afterAll(() => rmSync(dir, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(dir, name);
  writeFileSync(path, text);
  return path;
}

/** The lines that a start with this environment would print. */
function faults(source: Record<string, string>, role: Role = 'standalone'): string[] {
  try {
    loadEnv(source, role);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).class).toBe('config');
    return (error as AppError).message.split('\n');
  }
}

describe('loadEnv', () => {
  it('starts with nothing set, on loopback, with the embedded database', () => {
    expect(loadEnv({})).toMatchObject({
      host: '127.0.0.1',
      port: 8000,
      workerPort: 8001,
      databaseUrl: undefined,
      redisUrl: undefined,
      logLevel: 'info',
      timeZone: 'UTC',
      basePath: '',
    });
    expect(loadEnv({}).scratchDir).toBe(`${loadEnv({}).dataDir}/scratch`);
  });

  it('uses the direct and the migration connection where they are set, and the plain one where not', () => {
    const url = 'postgres://u:p@db/pngx';
    expect(loadEnv({ DATABASE_URL: url })).toMatchObject({ databaseDirectUrl: url, migrationDatabaseUrl: url });
    const direct = 'postgres://u:p@db:6432/pngx';
    expect(loadEnv({ DATABASE_URL: url, DATABASE_DIRECT_URL: direct })).toMatchObject({
      databaseUrl: url,
      databaseDirectUrl: direct,
      migrationDatabaseUrl: direct,
    });
  });

  it('takes a value from the file that NAME_FILE names, without the line end', () => {
    expect(loadEnv({ MASTER_TOKEN_FILE: file('token', 'abc def\n') }).masterToken).toBe('abc def');
  });

  it('takes the names of the reference as aliases', () => {
    const env = loadEnv({
      PNGX_SECRET_KEY: 'k',
      PNGX_MASTER_URL: 'https://m.example/',
      PNGX_MASTER_TOKEN_FILE: file('alias', 't0ken'),
    });
    expect(env).toMatchObject({ secretKey: 'k', masterUrl: 'https://m.example', masterToken: 't0ken' });
  });

  it('treats an empty text as not set, as compose files pass it', () => {
    expect(loadEnv({ PORT: '', REDIS_URL: '', LOG_LEVEL: '' })).toMatchObject({
      port: 8000,
      redisUrl: undefined,
      logLevel: 'info',
    });
  });

  it('knows LOG_FILE as a variable of its own', () => {
    expect(loadEnv({ LOG_FILE: '/var/log/pngx.log' }).logFile).toBe('/var/log/pngx.log');
  });

  it.each([
    [{ SECRET_KEY: 'a', SECRET_KEY_FILE: '/x' }, 'SECRET_KEY and SECRET_KEY_FILE are both set. Keep one of them.'],
    [
      { MASTER_URL: 'https://a.example', PNGX_MASTER_URL: 'https://b.example' },
      'MASTER_URL and PNGX_MASTER_URL are both set. Keep one of them.',
    ],
    [{ SECRET_KEY_FILE: '/no/such/file' }, 'SECRET_KEY_FILE names a file that cannot be read (ENOENT).'],
    [{ DATABSE_URL: 'x' }, 'DATABSE_URL is not known. Did you mean DATABASE_URL?'],
    [{ REDIS_URI: 'x' }, 'REDIS_URI is not known. Did you mean REDIS_URL?'],
    [{ datadir: 'x' }, 'datadir is not known. Did you mean DATA_DIR?'],
    [{ PROT: '1' }, 'PROT is not known. Did you mean PORT?'],
    [{ PNGX_CONCURRENCY: '1' }, 'PNGX_CONCURRENCY is not known. The nearest name is WORKER_CONCURRENCY.'],
    [{ PORT: '80000' }, 'PORT must be a whole number from 0 to 65535. The nearest valid value is 65535.'],
    [{ PORT: '80.4' }, 'PORT must be a whole number from 0 to 65535. The nearest valid value is 80.'],
    [{ PORT: 'http' }, 'PORT must be a whole number from 0 to 65535. The nearest valid value is 0.'],
    [
      { WORKER_CONCURRENCY: '0' },
      'WORKER_CONCURRENCY must be a whole number from 1 to 256. The nearest valid value is 1.',
    ],
    [
      { WORKER_PORT: 'tcp://10.0.0.7:80' },
      'WORKER_PORT holds a service address. Set it yourself, or set enableServiceLinks: false on the pod.',
    ],
    [
      { LOG_LEVEL: 'warn' },
      'LOG_LEVEL must be one of debug, info, warning, error. The nearest valid value is warning.',
    ],
    [{ TZ: 'Europe/Berln' }, 'TZ is not a time zone. The nearest valid value is Europe/Berlin.'],
    [
      { BASE_PATH: 'pngx/' },
      'BASE_PATH must start with a slash and not end with one. The nearest valid value is /pngx.',
    ],
    [
      { REDIS_URL: 'reds://h' },
      'REDIS_URL must look like redis://:password@host:6379/0. The nearest valid scheme is redis.',
    ],
    [{ MASTER_URL: 'ftp://m' }, 'MASTER_URL must be a full address such as https://paperless.example.org.'],
    [{ MASTER_URL: 'https://u:p@m.example' }, 'MASTER_URL must not contain a user name or password.'],
    [{ MASTER_URL: 'http://169.254.169.254/' }, 'MASTER_URL must not be a link-local or metadata address.'],
    [{ MIGRATION_DATABASE_URL: 'postgres://u@h/d' }, 'MIGRATION_DATABASE_URL is set but DATABASE_URL is not.'],
  ] as [Record<string, string>, string][])('refuses %j', (source, text) => {
    expect(faults(source)).toEqual([text]);
  });

  it('refuses a SQLite database in words', () => {
    expect(faults({ DATABASE_URL: 'sqlite:///data/pngx.db' })[0]).toMatch(
      /^DATABASE_URL names a SQLite file\. This program keeps its data in PostgreSQL/,
    );
  });

  it('asks for no login on loopback unless told to', () => {
    for (const HOST of ['localhost', '::1', '127.1.2.3'])
      expect(loadEnv({ HOST })).toMatchObject({ host: HOST, door: { mode: 'none', loopback: true } });
    expect(loadEnv({ AUTH_MODE: 'password' }).door.mode).toBe('password');
  });

  it('never listens on a network without a word on who may come in', () => {
    for (const HOST of ['0.0.0.0', '::', '10.0.0.5', 'box.lan'])
      expect(faults({ HOST })).toEqual([
        expect.stringMatching(/^HOST \S+ can be reached from a network, so AUTH_MODE/),
      ]);
    expect(faults({ HOST: '0.0.0.0', AUTH_MODE: 'none' })).toEqual([expect.stringMatching(/I_KNOW_THIS_IS_OPEN=1/)]);
    expect(faults({ HOST: '0.0.0.0', AUTH_MODE: 'none', I_KNOW_THIS_IS_OPEN: '0' })).toHaveLength(1);
    expect(faults({ HOST: '0.0.0.0', AUTH_MODE: 'non' })).toEqual([expect.stringMatching(/^AUTH_MODE must be one of/)]);
    expect(loadEnv({ HOST: '0.0.0.0', AUTH_MODE: 'none', I_KNOW_THIS_IS_OPEN: '1' }).door.loopback).toBe(false);
    expect(loadEnv({ HOST: '0.0.0.0', AUTH_MODE: 'password' }).door.mode).toBe('password');
  });

  it('asks nothing of a worker, whose port tells its health alone', () => {
    const apart = { HOST: '0.0.0.0', DATABASE_URL: 'postgres://a@b/c' };
    expect(loadEnv(apart, 'worker').door.mode).toBe('password');
    expect(faults(apart, 'api')).toHaveLength(1);
  });

  it('believes a header of named proxies only', () => {
    expect(faults({ AUTH_MODE: 'forward' })).toEqual([expect.stringMatching(/^TRUSTED_PROXIES is missing/)]);
    for (const TRUSTED_PROXIES of ['0.0.0.0/0', '::/0', '10.0.0.0/33', 'traefik', '10.0.0.1/8/8', '10.0.0.1,x'])
      expect(faults({ AUTH_MODE: 'forward', TRUSTED_PROXIES })).toEqual([
        expect.stringMatching(/^TRUSTED_PROXIES must/),
      ]);
    const { door } = loadEnv({
      AUTH_MODE: 'forward',
      TRUSTED_PROXIES: '10.0.0.0/8, fd00::/8',
      AUTH_HEADER: 'Remote-User',
    });
    expect(door.header).toBe('remote-user');
    expect(['10.1.2.3', '::ffff:10.1.2.3', 'fd12::1'].map(door.proxies.has)).toEqual([true, true, true]);
    expect(['11.1.2.3', '::ffff:11.1.2.3', 'fe80::1', '', '10.1.2.3, 1.1.1.1'].some(door.proxies.has)).toBe(false);
  });

  it('refuses a short ADMIN_PASSWORD without repeating it', () => {
    expect(faults({ ADMIN_PASSWORD: 'hunter2' })).toEqual(['ADMIN_PASSWORD must have at least 8 characters.']);
  });

  it('wants a database of their own for the parts that run apart', () => {
    expect(faults({}, 'worker')[0]).toMatch(/DATABASE_URL is missing/);
    expect(faults({}, 'api')[0]).toMatch(/DATABASE_URL is missing/);
  });

  it('names every fault at once, each in a line', () => {
    expect(faults({ PORT: 'x', LOG_LEVEL: 'loud', DATABSE_URL: 'x' })).toHaveLength(3);
  });

  it('never repeats a value that may be secret', () => {
    const lines = faults({ DATABASE_URL: 'mysql://root:hunter22@h/d', MASTER_URL: 'https://u:hunter22@m' }).join();
    expect(lines).not.toContain('hunter22');
  });

  it('leaves the variables of other programs alone', () => {
    const others = {
      HOME: '/root',
      PATH: '/bin',
      HOSTNAME: 'box',
      TERM: 'xterm',
      PWD: '/',
      USER: 'me',
      LANG: 'C',
      SHELL: '/bin/sh',
      PGHOST: 'h',
      REDIS_PORT: 'tcp://1',
      npm_config_cache: 'x',
      NODE_ENV: 'test',
      LOGNAME: 'me',
      TMPDIR: '/t',
      PORTAGE: 'x',
      BASEPATHS_X: 'y',
      DATABASE: 'z',
    };
    expect(faults(others)).toEqual([]);
  });
});
