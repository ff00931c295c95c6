import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import pg from 'pg';
import { inject } from 'vitest';
import { openDatabase } from '../../shared/db/client.ts';
import type { Tables } from '../../shared/db/tables.ts';
import { TEMPLATE } from './postgres-server.ts';

export interface TestDatabase {
  readonly url: string;
  readonly db: Kysely<Tables>;
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

/** A migrated database of its own, a clone of the template (some 50 ms). Call `drop` when the file is done. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(`create database ${name} template ${TEMPLATE}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  const { db, close } = openDatabase<Tables>(url.href, { applicationName: name });
  const drop = async () => {
    await close();
    await asAdmin(`drop database ${name} with (force)`);
  };
  return { url: url.href, db, drop };
}
