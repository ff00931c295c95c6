/** The password of AUTH_MODE=password: where it comes from, how it is judged, how it is replaced (S1). */
import { randomBytes, randomInt } from 'node:crypto';
import { passwordFault } from '../../config/env-values.ts';
import type { SecretBox } from '../../config/secret-key.ts';
import * as admin from '../../db/admin.repo.ts';
import { insertMeta, readMeta, deleteMeta, SETUP_CODE } from '../../db/app-meta.repo.ts';
import { insertAudit } from '../../db/audit.repo.ts';
import type { Db } from '../../db/tables.ts';
import { AppError } from '../../kernel/errors.ts';
import { hashPassword, hashToken, isPassword, isSameSecret } from '../../kernel/passwords.ts';

export const ADMIN = 'admin';

const HOUR_SECONDS = 3600;
/** A browser that is left alone logs itself out; none stays in for ever. */
export const SESSION = { idleSeconds: 12 * HOUR_SECONDS, absoluteSeconds: 7 * 24 * HOUR_SECONDS } as const;
/** Two people who mistype may; at five guesses in five minutes a password of eight letters lasts for ages. */
const GUESSES: admin.GuessLimits = { windowSeconds: 300, perSource: 5, overall: 50 };

export interface DoorDeps {
  readonly db: Db;
  readonly secrets: SecretBox;
}

/** From whom: who guesses is counted by address, over all processes. */
export interface Guest {
  readonly source: string;
  readonly requestId?: string;
}

/** Before the API listens. Answers the one-time code while nobody has set a password; the same in every process. */
export async function prepareAdmin(deps: DoorDeps, given: string | undefined): Promise<string | null> {
  if ((await admin.passwordHash(deps.db)) !== undefined) return null;
  if (given === undefined) return setupCode(deps);
  await admin.setFirstPassword(deps.db, await hashPassword(given, randomBytes(16)), SETUP_CODE);
  return null;
}

export async function hasPassword({ db }: Pick<DoorDeps, 'db'>): Promise<boolean> {
  return (await admin.passwordHash(db)) !== undefined;
}

/** Kept sealed like a token, so that every process and every restart prints the same one until it is used. */
async function setupCode({ db, secrets }: DoorDeps): Promise<string | null> {
  await insertMeta(db, SETUP_CODE, secrets.seal(newCode()));
  const code = await storedCode({ db, secrets });
  if (code !== null) return code;
  // Sealed with a key that is no more.
  await deleteMeta(db, SETUP_CODE);
  await insertMeta(db, SETUP_CODE, secrets.seal(newCode()));
  return storedCode({ db, secrets });
}

async function storedCode({ db, secrets }: DoorDeps): Promise<string | null> {
  const stored = await readMeta(db, SETUP_CODE);
  try {
    return stored === undefined ? null : secrets.open(stored);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/** Without characters that look alike; 75 bits. */
const LETTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

function newCode(): string {
  const group = () => Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return `${group()}-${group()}-${group()}`;
}

/** The first password, by whoever can read the console. */
export async function setUpAdmin(
  deps: DoorDeps,
  given: { readonly code: string; readonly password: string },
  guest: Guest,
): Promise<string> {
  await countGuess(deps, guest);
  const wanted = await storedCode(deps);
  if (wanted === null || !isSameSecret(plainCode(given.code), plainCode(wanted))) {
    await note(deps, guest, 'setup', 401);
    throw refused(
      'setup_code_wrong',
      'This is not the code.',
      'It stands in the output of the API; see docs/operations.md.',
    );
  }
  const fault = passwordFault(given.password);
  if (fault !== null) throw passwordRefused(fault);
  const hash = await hashPassword(given.password, randomBytes(16));
  if (!(await admin.setFirstPassword(deps.db, hash, SETUP_CODE)))
    throw refused(
      'setup_code_wrong',
      'A password is set already.',
      'Log in, or set another one with "pngx-controller passwd".',
    );
  await admin.forgetGuesses(deps.db, guest.source);
  await note(deps, guest, 'setup', 200);
  return openSession(deps, hash, null);
}

const plainCode = (code: string) => code.toUpperCase().replace(/[^A-Z0-9]/g, '');

/** A session for the right password; a new one each time, and the one the browser brought ends (fixation). */
export async function login(
  deps: DoorDeps,
  given: { readonly password: string; readonly earlier: string | null },
  guest: Guest,
): Promise<string> {
  await countGuess(deps, guest);
  const hash = await admin.passwordHash(deps.db);
  if (hash === undefined || !(await isPassword(given.password, hash))) {
    await note(deps, guest, 'login', 401);
    throw refused('login_failed', 'This is not the password.', 'A lost one is replaced by "pngx-controller passwd".');
  }
  const token = await openSession(deps, hash, given.earlier);
  await admin.forgetGuesses(deps.db, guest.source);
  await note(deps, guest, 'login', 200);
  return token;
}

export async function logout(deps: DoorDeps, token: string): Promise<void> {
  await admin.endSession(deps.db, hashToken(token));
}

async function openSession(deps: DoorDeps, passwordHash: string, earlier: string | null): Promise<string> {
  const token = `pngxs_${randomBytes(32).toString('base64url')}`;
  const opened = await admin.openSession(deps.db, {
    tokenHash: hashToken(token),
    earlier: earlier === null ? null : hashToken(earlier),
    passwordHash,
    seconds: SESSION.absoluteSeconds,
  });
  if (!opened) throw refused('login_failed', 'The password was changed just now.', 'Log in with the new one.');
  return token;
}

/** Whoever can run commands on the database is the operator: no old password is asked for. Answers the sessions that ended. */
export async function resetPassword(db: Db, password: string): Promise<number> {
  const fault = passwordFault(password);
  if (fault !== null) throw passwordRefused(fault);
  const ended = await admin.resetPassword(db, await hashPassword(password, randomBytes(16)), SETUP_CODE);
  await insertAudit(db, { actor: 'command line', via: 'command', action: 'passwd', after: { sessions_ended: ended } });
  return ended;
}

async function countGuess({ db }: DoorDeps, guest: Guest): Promise<void> {
  const wait = await admin.countGuess(db, guest.source, GUESSES);
  if (wait === null) return;
  throw new AppError({
    code: 'login_limited',
    class: 'rate-limited',
    message: 'There were too many wrong tries.',
    hint: `Wait ${Math.ceil(wait / 60)} min and try again, or set a password with "pngx-controller passwd".`,
    retryAfterMs: wait * 1000,
  });
}

const note = async ({ db }: DoorDeps, guest: Guest, action: string, status: number): Promise<void> =>
  void (await insertAudit(db, { actor: ADMIN, via: 'password', action, status, ...guest }));

function refused(code: string, message: string, hint: string): AppError {
  return new AppError({ code, class: 'auth', message, hint });
}

function passwordRefused(fault: string): AppError {
  return new AppError({ code: 'password_refused', class: 'invalid', message: `The password ${fault}` });
}
