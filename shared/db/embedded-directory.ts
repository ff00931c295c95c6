/** What of an embedded PostgreSQL lies on disk: where its files go, who owns them, how the cluster is made. */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, link, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { findBinaries, type Identity, othersMayEnter, SHARED_HOME, serverIdentity } from './embedded-binaries.ts';
import { embeddedFailed, runToEnd, type ServerPlan } from './embedded-process.ts';

const MAJOR = '18';
export const USER = 'postgres';

export interface DirectoryOptions {
  /** More `-c` settings; tests switch fsync off. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Folder of the platform package, and where to copy it if it cannot be run in place; tests give their own. */
  readonly packageDir?: string;
  readonly sharedHome?: string;
}

export async function readPassword(file: string): Promise<string | null> {
  return readFile(file, 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}

async function ensurePassword(file: string): Promise<string> {
  const known = await readPassword(file);
  if (known !== null) return known;
  // Complete before it gets its name: of two first starts at once one decides, and the other never reads half of it.
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(temporary, `${randomBytes(24).toString('hex')}\n`, { mode: 0o600 });
  await link(temporary, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(temporary);
  return (await readPassword(file)) ?? '';
}

interface Layout {
  readonly home: string;
  readonly dataDir: string;
  readonly passwordFile: string;
  readonly identity: Identity | undefined;
}

/** The server's files lie in DATA_DIR/postgres, unless root keeps DATA_DIR where the lent identity cannot go. */
export async function layoutOf(dir: string, sharedHome: string): Promise<Layout> {
  const home = join(resolve(dir), 'postgres');
  const lent = await serverIdentity();
  const reachable = lent === undefined || (await othersMayEnter(home));
  const dataDir = reachable
    ? join(home, 'data')
    : join(sharedHome, createHash('sha256').update(home).digest('hex').slice(0, 12), 'data');
  // PostgreSQL insists that its own user owns the directory, which an earlier start by another user may have made.
  const owner = await stat(dataDir).catch(() => null);
  const identity = lent !== undefined && owner !== null && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : lent;
  return { home, dataDir, passwordFile: join(home, 'password'), identity };
}

async function checkExisting(dataDir: string): Promise<boolean> {
  try {
    const version = (await readFile(join(dataDir, 'PG_VERSION'), 'utf8')).trim();
    if (version === MAJOR) return true;
    throw embeddedFailed(
      `${dataDir} was made by PostgreSQL ${version}; this release brings ${MAJOR}. See docs/upgrading.md.`,
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    if ((error as NodeJS.ErrnoException).code === 'EACCES')
      throw embeddedFailed(`${dataDir} belongs to another user.`, error);
    throw error;
  }
}

async function makeEnterable(...dirs: readonly string[]): Promise<void> {
  for (const path of dirs) {
    await mkdir(path, { recursive: true });
    await chmod(path, 0o755);
  }
}

/** Into a directory of its own, then renamed: an initdb that was killed half-way leaves what looks like a database. */
async function createCluster(plan: ServerPlan, password: string): Promise<void> {
  const temporary = `${plan.dataDir}.${randomBytes(6).toString('hex')}.tmp`;
  const passwordCopy = `${temporary}.pw`;
  await mkdir(temporary, { mode: 0o700 });
  await writeFile(passwordCopy, password, { mode: 0o600 });
  if (plan.identity !== undefined)
    for (const path of [temporary, passwordCopy]) await chown(path, plan.identity.uid, plan.identity.gid);
  try {
    await runToEnd(plan, plan.binaries.initdb, [
      `--pgdata=${temporary}`,
      `--username=${USER}`,
      `--pwfile=${passwordCopy}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Neither depends on which locales the host happens to have.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      ...(plan.settings['fsync'] === 'off' ? ['--no-sync'] : []),
    ]);
    await rename(temporary, plan.dataDir).catch((error: NodeJS.ErrnoException) => {
      // Another first start was faster; its cluster is as good as ours, since the password file is shared.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(temporary, { recursive: true, force: true });
    await rm(passwordCopy, { force: true });
  }
}

/** A cluster on this directory, made if there is none, and how its server is to be run. */
export async function preparePlan(
  dir: string,
  options: DirectoryOptions,
): Promise<{ plan: ServerPlan; password: string }> {
  const sharedHome = options.sharedHome ?? SHARED_HOME;
  // Before looking at it, since what a strict umask makes of it decides whether the server can use it.
  await mkdir(join(resolve(dir), 'postgres'), { recursive: true });
  const layout = await layoutOf(dir, sharedHome);
  if (!layout.dataDir.startsWith(layout.home)) await makeEnterable(sharedHome, dirname(layout.dataDir));
  const plan: ServerPlan = {
    binaries: await findBinaries(layout.identity, options.packageDir, sharedHome),
    identity: layout.identity,
    dataDir: layout.dataDir,
    logFile: join(layout.home, 'server.log'),
    settings: options.settings ?? {},
  };
  const password = await ensurePassword(layout.passwordFile);
  if (!(await checkExisting(plan.dataDir))) await createCluster(plan, password);
  await writeFile(join(layout.home, 'location'), `${plan.dataDir}\n`);
  return { plan, password };
}
