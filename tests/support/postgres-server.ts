import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../shared/db/embedded.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { QUEUES } from '../../shared/queue/catalog.ts';
import { FAST, openDirectory } from './embedded.ts';
import { applyRoles, TEST_ROLES, urlAs } from './roles.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of the database `postgres` on the server of this test run. */
    postgresUrl: string;
  }
}

export const TEMPLATE = 'pngx_template';

async function buildTemplate(adminUrl: string): Promise<void> {
  const admin = new pg.Client(adminUrl);
  await admin.connect();
  await admin.query(`create database ${TEMPLATE}`);
  const url = new URL(adminUrl);
  url.pathname = `/${TEMPLATE}`;
  await applyRoles(url.href);
  await migrate(urlAs(url.href, TEST_ROLES.migrator), { queue: true, queues: QUEUES });
  // Nobody may be connected to a database that is cloned.
  await admin.query(`alter database ${TEMPLATE} with allow_connections false`);
  await admin.end();
}

/** One server for the whole run, migrated once by the role that may; every test file gets a clone (support/postgres.ts). */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dir = await openDirectory();
  const server = await startEmbedded(dir.path, { settings: FAST });
  const url = new URL(server.url);
  url.pathname = '/postgres';
  await buildTemplate(url.href);
  project.provide('postgresUrl', url.href);
  return async () => {
    await server.stop();
    await dir.remove();
  };
}
