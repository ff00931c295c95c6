import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noteRefused } from '../../../shared/db/pace.repo.ts';
import { DatabasePace } from '../../../shared/db/pacing.ts';
import { insertReplica } from '../../../shared/db/replicas.repo.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { waitFor } from '../../support/wait.ts';

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase();
});
afterAll(() => test.drop());

async function replica(limits: { requests_per_minute?: number; max_bytes_per_second?: number }): Promise<number> {
  const name = `r${Math.random()}`;
  const row = await insertReplica(test.db, { name, url: `http://${name}.test`, api_token: 'sealed', ...limits });
  return row?.id ?? 0;
}

/** Three processes as far as the pace can tell: they share nothing but the database. */
const parties = () => [1, 2, 3].map(() => new DatabasePace(test.db));

describe('the pace of requests', () => {
  it('is one over all processes: never more in a stretch of time than the cap allows, and all get their turn', async () => {
    const id = await replica({ requests_per_minute: 1200 });
    const at: number[] = [];
    const started = performance.now();
    const counts = await Promise.all(
      parties().map(async (pace) => {
        let own = 0;
        await Promise.all(
          Array.from({ length: 12 }, async () => {
            await pace.request(id);
            at.push(performance.now());
            own += 1;
          }),
        );
        return own;
      }),
    );
    expect(counts).toEqual([12, 12, 12]);
    at.sort((a, b) => a - b);
    // 51 ms apart; a timer that fires late makes a crowd after it, but never more than were due by then.
    for (const [index, time] of at.entries()) expect(time - started).toBeGreaterThanOrEqual(index * 51 - 5);
  });

  it('asks the database once for many requests', async () => {
    const id = await replica({ requests_per_minute: 60_000 });
    const statements: string[] = [];
    const pace = new DatabasePace(
      test.db.withPlugin({
        transformQuery: ({ node }) => {
          statements.push(node.kind);
          return node;
        },
        transformResult: async ({ result }) => result,
      }),
    );
    await Promise.all(Array.from({ length: 300 }, () => pace.request(id)));
    expect(statements.length).toBeLessThan(20);
  });

  it('lets everything pass where there is no cap, and for an address that is only tried', async () => {
    const pace = new DatabasePace(test.db);
    const id = await replica({});
    await Promise.all(Array.from({ length: 500 }, () => pace.request(id)));
    await pace.request(-1);
    expect(pace.waitMs(id)).toBe(0);
  });
});

describe('the pace of file bytes', () => {
  it('is one over all processes and streams', async () => {
    const rate = 1_000_000;
    const id = await replica({ max_bytes_per_second: rate });
    const started = performance.now();
    const chunk = 64 * 1024;
    await Promise.all(
      parties().map(async (pace) => {
        for (let sent = 0; sent < 8; sent += 1) await pace.bytes(id, chunk);
      }),
    );
    const seconds = (performance.now() - started) / 1000;
    // What each process was granted last may still be unused, and its first grant was free.
    const sent = 3 * 8 * chunk;
    expect(sent).toBeLessThanOrEqual(rate * seconds + 3 * (rate / 2));
    expect(seconds).toBeGreaterThan(0.05);
  });

  it('is none for the master', async () => {
    const [pace] = parties();
    await pace?.bytes(0, 1e12);
    expect(pace?.waitMs(0)).toBe(0);
  });
});

describe('an instance that asked to be left alone', () => {
  it('is not asked by another process either', async () => {
    const id = await replica({});
    const [first, second] = parties();
    first?.refused(id, 60_000);
    await waitFor('the refusal to be stored', async () => {
      const row = await test.db.selectFrom('request_pace').select('target').where('target', '=', id).executeTakeFirst();
      return row !== undefined;
    });
    await expect(second?.request(id)).rejects.toMatchObject({ code: 'rate_limited', class: 'rate-limited' });
    expect(second?.waitMs(id)).toBeGreaterThan(50_000);
  });

  it('is waited for where that takes seconds only', async () => {
    const id = await replica({});
    await noteRefused(test.db, id, 700);
    const started = performance.now();
    await parties()[0]?.request(id);
    expect(performance.now() - started).toBeGreaterThan(400);
  });
});
