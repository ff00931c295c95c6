import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { ensureWritable } from '../../../shared/config/directories.ts';
import type { Role } from '../../../shared/config/env.ts';
import { exitCodeFor } from '../../../shared/config/exit-codes.ts';
import { adoptNextKey, createSecretBox, nextKey, resolveSecretKeys } from '../../../shared/config/secret-key.ts';
import { AppError } from '../../../shared/kernel/errors.ts';

const KEY = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=';
const OTHER = Buffer.alloc(32, 5).toString('base64');
const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

function dataDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'pngx-key-'));
  dirs.push(dir);
  return dir;
}

function resolve(
  dir: string,
  more: { secretKey?: string; oldSecretKey?: string; role?: Role; databaseUrl?: string } = {},
) {
  return resolveSecretKeys({
    dataDir: dir,
    secretKey: undefined,
    oldSecretKey: undefined,
    role: 'standalone',
    databaseUrl: undefined,
    ...more,
  });
}

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as AppError).code;
  }
  return 'no error';
}

describe('the secret key', () => {
  it('is made once, readable by its owner alone, in an empty DATA_DIR', () => {
    const dir = dataDir();
    mkdirSync(join(dir, 'lost+found'));
    const first = resolve(dir);
    expect(first.createdFile).toBe(join(dir, 'secret.key'));
    expect(statSync(join(dir, 'secret.key')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dir, 'secret.key'), 'utf8').trim()).toBe(first.current);
    expect(resolve(dir)).toEqual({ current: first.current, old: undefined, createdFile: undefined });
  });

  it('is not made in a DATA_DIR that holds data already', () => {
    const dir = dataDir();
    writeFileSync(join(dir, 'something'), '');
    expect(codeOf(() => resolve(dir))).toBe('secret_key_missing');
    expect(existsSync(join(dir, 'secret.key'))).toBe(false);
  });

  it('is not made for a database of somebody else, nor by a worker or a command', () => {
    const dir = dataDir();
    expect(codeOf(() => resolve(dir, { databaseUrl: 'postgres://h/d' }))).toBe('secret_key_missing');
    expect(codeOf(() => resolve(dir, { role: 'worker', databaseUrl: 'postgres://h/d' }))).toBe('secret_key_missing');
    expect(codeOf(() => resolve(dir, { role: 'cli' }))).toBe('secret_key_missing');
  });

  it('must be a Fernet key, wherever it comes from', () => {
    const dir = dataDir();
    expect(codeOf(() => resolve(dir, { secretKey: 'change-me' }))).toBe('secret_key_invalid');
    expect(codeOf(() => resolve(dir, { secretKey: KEY, oldSecretKey: 'old' }))).toBe('secret_key_invalid');
    writeFileSync(join(dir, 'secret.key'), 'broken');
    expect(codeOf(() => resolve(dir))).toBe('secret_key_invalid');
  });

  it('opens what the old key sealed while it is being rotated, and seals with the new one', () => {
    const sealed = createSecretBox({ current: KEY, old: undefined }).seal('token 1');
    const rotating = createSecretBox({ current: OTHER, old: KEY });
    expect(rotating.open(sealed)).toBe('token 1');
    expect(createSecretBox({ current: OTHER, old: undefined }).open(rotating.seal('token 2'))).toBe('token 2');
    expect(() => createSecretBox({ current: OTHER, old: undefined }).open(sealed)).toThrow(/another key/);
  });
});

describe('a rotation of the key file', () => {
  it('is safe at every point: until the new key has its name both open everything, and the old one is kept', () => {
    const dir = dataDir();
    const first = resolve(dir).current;
    const next = nextKey(dir);
    expect(nextKey(dir)).toBe(next);
    expect(resolve(dir)).toMatchObject({ current: first, old: next });
    adoptNextKey(dir);
    expect(resolve(dir)).toMatchObject({ current: next, old: undefined });
    expect(readFileSync(join(dir, 'secret.key.before'), 'utf8').trim()).toBe(first);
    expect(existsSync(join(dir, 'secret.key.next'))).toBe(false);
  });
});

describe('start-up faults', () => {
  it('names a directory that cannot be written', async () => {
    const path = join(dataDir(), 'file');
    writeFileSync(path, '');
    await expect(ensureWritable('DATA_DIR', join(path, 'below'))).rejects.toMatchObject({
      code: 'data_dir_unwritable',
      message: expect.stringContaining('ENOTDIR') as string,
    });
  });

  it('end with the exit code of their kind', () => {
    const of = (code: string, cls: 'config' | 'internal' | 'cancelled') =>
      exitCodeFor(new AppError({ code, class: cls, message: '' }));
    expect([
      of('env_invalid', 'config'),
      of('data_dir_busy', 'config'),
      of('port_taken', 'config'),
      of('worker_fenced', 'cancelled'),
      of('internal_error', 'internal'),
    ]).toEqual([64, 68, 69, 70, 1]);
  });
});
