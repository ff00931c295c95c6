import { randomBytes } from 'node:crypto';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';
import { fernetDecrypt, fernetEncrypt, type FernetKey, formatFernetKey, parseFernetKey } from '../kernel/fernet.ts';
import type { Env } from './env.ts';

export const KEY_FILE = 'secret.key';
/** There while a rotation is under way: until it has the name of the other, values may be sealed with either. */
const NEXT_FILE = 'secret.key.next';
/** Backups made before a rotation need it. */
const BEFORE_FILE = 'secret.key.before';

export interface SecretKeys {
  /** Text form of the key that new values are written with. */
  readonly current: string;
  readonly old: string | undefined;
  /** The file a fresh key was just written to; the program tells its owner once. */
  readonly createdFile: string | undefined;
}

function keyError(code: string, message: string, hint: string): AppError {
  return new AppError({ code, class: 'config', message, hint });
}

const HOW_TO_MAKE = 'Make one with: openssl rand 32 | base64 | tr +/ -_';

function checkKey(name: string, key: string): string {
  if (parseFernetKey(key) === null)
    throw keyError('secret_key_invalid', `${name} is not a Fernet key (32 bytes as url-safe base64).`, HOW_TO_MAKE);
  return key;
}

function readKeyFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw keyError('secret_key_unreadable', `The key file ${path} cannot be read.`, 'Check its owner and mode (0600).');
  }
}

/** `lost+found` is what a freshly made volume holds. */
function isEmpty(dir: string): boolean {
  return readdirSync(dir).every((name) => name === 'lost+found');
}

/** With data present a new key could only lose what the old one locked, so it is made in an empty directory alone (R5). */
function createKeyFile(dataDir: string, path: string): SecretKeys {
  mkdirSync(dataDir, { recursive: true });
  if (!isEmpty(dataDir))
    throw keyError(
      'secret_key_missing',
      `SECRET_KEY is missing, and ${dataDir} already holds data that an earlier key locked.`,
      `Set SECRET_KEY to that key, or put it back into ${path}.`,
    );
  const key = formatFernetKey(randomBytes(32));
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(temporary, `${key}\n`, { mode: 0o600 });
  try {
    // Complete before it gets its name, so that nobody reads half a key.
    linkSync(temporary, path);
  } catch (error) {
    // Another start was faster by a moment: its key is the one.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return { current: checkKey(path, readKeyFile(path) ?? ''), old: undefined, createdFile: undefined };
  } finally {
    rmSync(temporary);
  }
  return { current: key, old: undefined, createdFile: path };
}

/** The key(s) this process works with. Only a standalone controller may keep its key in a file of its DATA_DIR. */
export function resolveSecretKeys(
  env: Pick<Env, 'secretKey' | 'oldSecretKey' | 'dataDir' | 'role' | 'databaseUrl'>,
): SecretKeys {
  const path = join(env.dataDir, KEY_FILE);
  const old = env.oldSecretKey === undefined ? undefined : checkKey('OLD_SECRET_KEY', env.oldSecretKey);
  if (env.secretKey !== undefined)
    return { current: checkKey('SECRET_KEY', env.secretKey), old, createdFile: undefined };
  const ownsDataDir = env.databaseUrl === undefined && (env.role === 'standalone' || env.role === 'cli');
  const stored = ownsDataDir ? readKeyFile(path) : undefined;
  const next = ownsDataDir ? readKeyFile(join(env.dataDir, NEXT_FILE)) : undefined;
  if (stored !== undefined) return { current: checkKey(path, stored), old: old ?? next, createdFile: undefined };
  if (!ownsDataDir || env.role !== 'standalone')
    throw keyError('secret_key_missing', 'SECRET_KEY is missing.', HOW_TO_MAKE);
  return { ...createKeyFile(env.dataDir, path), old };
}

/** A key to rotate to, for a standalone controller that keeps its key in DATA_DIR; the one of an interrupted rotation if there is one. */
export function nextKey(dataDir: string): string {
  const path = join(dataDir, NEXT_FILE);
  const begun = readKeyFile(path);
  if (begun !== undefined && parseFernetKey(begun) !== null) return begun;
  const key = formatFernetKey(randomBytes(32));
  writeFileSync(`${path}.part`, `${key}\n`, { mode: 0o600, flush: true });
  renameSync(`${path}.part`, path);
  return key;
}

/** Once everything is sealed with it. The one before is kept beside it. */
export function adoptNextKey(dataDir: string): string {
  const path = join(dataDir, KEY_FILE);
  copyFileSync(path, join(dataDir, BEFORE_FILE));
  renameSync(join(dataDir, NEXT_FILE), path);
  return path;
}

/** Locks and opens what is stored encrypted (S3). */
export interface SecretBox {
  seal(text: string): string;
  open(token: string): string;
}

export function createSecretBox(keys: Pick<SecretKeys, 'current' | 'old'>): SecretBox {
  const parsed = [keys.current, keys.old].filter((key) => key !== undefined).map((key) => parseFernetKey(key));
  const known = parsed.filter((key): key is FernetKey => key !== null);
  const [current] = known;
  if (current === undefined || known.length !== parsed.length)
    throw keyError('secret_key_invalid', 'SECRET_KEY is not a Fernet key.', HOW_TO_MAKE);
  return {
    seal: (text) => fernetEncrypt(current, text, new Date(), randomBytes(16)),
    open: (token) => fernetDecrypt(known, token),
  };
}
