import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import pg from 'pg';
import { inject } from 'vitest';
import { openDatabase } from '../../shared/db/client.ts';
import type { Tables } from '../../shared/db/tables.ts';
import { TEMPLATE } from './postgres-server.ts';
import { applyRoles, TEST_ROLES, urlAs } from './roles.ts';

export interface TestDatabase {
  /** As the runtime role, like the product's processes: what it may not do fails in the tests too (S6). */
  readonly url: string;
  readonly db: Kysely<Tables>;
  /** For scenes that the product never makes itself, such as rows that vanish or times that lie in the past. */
  readonly owner: Kysely<Tables>;
  readonly ownerUrl: string;
  drop(): Promise<void>;
}

async function asAdmin(statement: string): Promise<void> {
  const admin = new pg.Client(inject('postgresUrl'));
  await admin.connect();
  try {
    await admin.query(statement);
  } finally {
    await admin.end();
  }
}

/** A migrated database of its own, a copy of the template by files (a third of the time that the default takes). `drop` it at the end. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = newName();
  // Rights on a database itself are not cloned.
  await asAdmin(`create database ${name} template ${TEMPLATE} strategy file_copy owner ${TEST_ROLES.migrator}`);
  return opened(name);
}

/** A database without a schema; `prepared` with the two roles and their rights, else as an administrator makes it. */
export async function createEmptyDatabase(prepared = true): Promise<TestDatabase & { readonly adminUrl: string }> {
  const name = newName();
  await asAdmin(`create database ${name}`);
  const adminUrl = addressOf(name);
  if (prepared) await applyRoles(adminUrl);
  return { ...opened(name), adminUrl };
}

const newName = (): string => `test_${randomBytes(6).toString('hex')}`;

function addressOf(name: string): string {
  const at = new URL(inject('postgresUrl'));
  at.pathname = `/${name}`;
  return at.href;
}

function opened(name: string): TestDatabase {
  const url = urlAs(addressOf(name), TEST_ROLES.runtime);
  const ownerUrl = urlAs(addressOf(name), TEST_ROLES.migrator);
  const runtime = openDatabase<Tables>(url, { applicationName: name });
  // Connects at its first query.
  const owner = openDatabase<Tables>(ownerUrl, { applicationName: `${name} owner`, max: 2 });
  const drop = async () => {
    await runtime.close();
    await owner.close();
    await asAdmin(`drop database ${name} with (force)`);
  };
  return { url, db: runtime.db, ownerUrl, owner: owner.db, drop };
}
