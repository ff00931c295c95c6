/** The two roles of infra/postgres/roles.sql, as the tests use them. */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import pg from 'pg';

export const ROLES_FILE = new URL('../../infra/postgres/roles.sql', import.meta.url);

/** `npm run setup:test` installs it; everything else puts the variables in by itself. */
export const hasPsql = spawnSync('psql', ['--version']).status === 0;

export interface RoleNames {
  readonly migrator: string;
  readonly runtime: string;
}

/** Roles belong to the server, not to a database: all tests share these two. */
export const TEST_ROLES: RoleNames = { migrator: 'pngx_migrator', runtime: 'pngx_runtime' };

export const passwordOf = (role: string): string => `password of ${role}`;

/** What psql makes of the file: without its own commands, and with the variables put in. */
export async function rolesScript(roles: RoleNames): Promise<string> {
  const values: Record<string, string> = {
    ...roles,
    migrator_password: passwordOf(roles.migrator),
    runtime_password: passwordOf(roles.runtime),
  };
  const text = await readFile(ROLES_FILE, 'utf8');
  return text
    .split('\n')
    .filter((line) => !line.startsWith('\\'))
    .join('\n')
    .replace(/:'(\w+)'/g, (_, name: string) => pg.escapeLiteral(values[name] ?? ''))
    .replace(/:"(\w+)"/g, (_, name: string) => pg.escapeIdentifier(values[name] ?? ''));
}

/** Runs the file as an administrator on one database. */
export async function applyRoles(adminUrl: string, roles: RoleNames = TEST_ROLES): Promise<void> {
  const script = await rolesScript(roles);
  const admin = new pg.Client(adminUrl);
  await admin.connect();
  try {
    await admin.query(script);
  } finally {
    await admin.end();
  }
}

/** The same database as another role. */
export function urlAs(url: string, role: string): string {
  const other = new URL(url);
  other.username = role;
  other.password = encodeURIComponent(passwordOf(role));
  return other.href;
}
