import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe } from 'vitest';
import { type BackendOptions, openQueueBackend, type QueueBackend } from '../../shared/queue/backend.ts';
import { type JobLog } from '../../shared/queue/runner.ts';
import { sql } from 'kysely';
import { QUEUES } from '../../shared/queue/catalog.ts';
import { createTestDatabase, type TestDatabase } from './postgres.ts';
import { hasRedis, startRedis, type TestRedis } from './redis.ts';

export interface QueueFixture {
  readonly kind: 'postgres' | 'redis';
  database(): TestDatabase;
  /** Only on Redis. */
  redis(): TestRedis;
  /** Removes every job, as its owner may: the product never does. */
  empty(backend: QueueBackend): Promise<void>;
  /** Closed by the test that opened it. */
  open(options?: Partial<BackendOptions>): Promise<QueueBackend>;
}

export const silent: JobLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The same tests on both backends (R1), each test with keys of its own. */
export function describeOnBothBackends(title: string, tests: (fixture: QueueFixture) => void): void {
  for (const kind of ['postgres', 'redis'] as const)
    describe.skipIf(kind === 'redis' && !hasRedis)(`${title} [${kind}]`, () => {
      let database: TestDatabase;
      let redis: TestRedis | undefined;
      beforeAll(async () => {
        database = await createTestDatabase();
        if (kind === 'redis') redis = await startRedis();
      });
      afterAll(async () => {
        await redis?.close();
        await database.drop();
      });
      const needRedis = () => {
        if (redis === undefined) throw new Error('this fixture has no Redis');
        return redis;
      };
      tests({
        kind,
        database: () => database,
        redis: needRedis,
        empty: async (backend) => {
          if (kind === 'postgres') return emptyTables(database);
          for (const name of QUEUES) await backend.queue(name).obliterate({ force: true });
        },
        open: (options = {}) =>
          openQueueBackend({
            databaseUrl: database.url,
            redisUrl: kind === 'redis' ? needRedis().url : undefined,
            workers: 5,
            prefix: randomBytes(4).toString('hex'),
            ...options,
          }),
      });
    });
}

/** Without BullMQ's own list of migrations; its counters of ids stay, which only an owner could make anew. */
async function emptyTables({ owner }: TestDatabase): Promise<void> {
  const { rows } = await sql<{ name: string }>`select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname = 'bullmq' and tablename not like '%migration%'`.execute(owner);
  await sql`truncate ${sql.raw(rows.map(({ name }) => name).join(', '))}`.execute(owner);
}
