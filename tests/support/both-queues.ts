import { afterAll, beforeAll, describe } from 'vitest';
import { hasRedis, startRedis, type TestRedis } from './redis.ts';

/** The same tests with the queue on PostgreSQL and on Redis (R1); `redisUrl` is undefined for the former. */
export function onBothQueues(title: string, tests: (redisUrl: () => string | undefined) => void): void {
  describe(`${title} [queue on postgres]`, () => tests(() => undefined));
  describe.skipIf(!hasRedis)(`${title} [queue on redis]`, () => {
    let redis: TestRedis;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis?.close());
    tests(() => redis.url);
  });
}
