/** `npm run api`: the HTTP side alone, on a database that somebody else runs. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareDatabase, embeddedDatabase } from '../../../shared/replication/prepare-database.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { endPrograms, startProgram } from '../../support/program.ts';

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await endPrograms();
  await database.drop();
});

describe('the API program', () => {
  it('starts runs without a worker of its own, and stops with 0', async () => {
    const program = startProgram('services/api/main.ts', {
      DATABASE_URL: database.url,
      SECRET_KEY: KEY,
      PORT: '0',
      BASE_PATH: '/pngx',
    });
    const url = await program.url();
    expect(url).toMatch(/\/pngx$/);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const started = await fetch(`${url}/api/sync`, { method: 'POST' });
    expect(started.status).toBe(202);
    const { run_id: runId } = (await started.json()) as { run_id: number };
    const run = await database.db
      .selectFrom('sync_runs')
      .select(['triggered_by', 'phase'])
      .where('id', '=', runId)
      .executeTakeFirst();
    expect(run).toEqual({ triggered_by: 'manual', phase: 'opening' });
    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(program.stderr()).toBe('');
  });

  it('leaves a canary of its key, so that another key is refused from then on', async () => {
    const program = startProgram('services/api/main.ts', {
      DATABASE_URL: database.url,
      SECRET_KEY: `B${KEY.slice(1)}`,
      PORT: '0',
    });
    expect(await program.ended).toBe(64);
    expect(program.stderr()).toContain('SECRET_KEY is not the key that this database was written with.');
  });
});

describe('a database that does not answer at the start', () => {
  it('is waited for, then named with host and port and without its password', async () => {
    const unused = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => unused.once('listening', resolve));
    const { port } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));
    const waited: string[] = [];
    const attempt = prepareDatabase(embeddedDatabase(`postgres://pngx:very-secret@127.0.0.1:${port}/pngx`), {
      env: { masterUrl: undefined, masterToken: undefined, webhookSecret: undefined, redisUrl: undefined },
      keys: { current: KEY, old: undefined, createdFile: undefined },
      applicationName: 'test',
      waitMs: 300,
      onWait: (where) => waited.push(where),
    });
    const error = await attempt.then(
      () => null,
      (thrown: Error & { code?: string }) => thrown,
    );
    expect(error?.code).toBe('database_unreachable');
    expect(error?.message).toContain(`127.0.0.1:${port}/pngx`);
    expect(error?.message).not.toContain('very-secret');
    expect(waited).toEqual([`127.0.0.1:${port}/pngx`]);
  });
});
