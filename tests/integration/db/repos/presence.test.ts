/** replication/presence.ts against a real database, with short times: who is declared dead, and who is not. */
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Db } from '../../../../shared/db/tables.ts';
import { systemClock, type Clock } from '../../../../shared/kernel/clock.ts';
import { startPresence, type Presence, type PresenceOptions } from '../../../../shared/replication/presence.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { waitFor } from '../../../support/wait.ts';
import { addWorker, bury } from './support.ts';

const TIMES = { beatMs: 20, deadAfterMs: 200, writeGraceMs: 150 };

let database: TestDatabase;
let db: Db;
let deaths: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());
beforeEach(() => {
  deaths = [];
});

function start(options: Partial<PresenceOptions> = {}): Promise<Presence> {
  return startPresence(db, {
    role: 'worker',
    version: '1.0.0',
    clock: systemClock,
    ...TIMES,
    onDeclaredDead: () => undefined,
    onDeath: (id) => deaths.push(id),
    ...options,
  });
}

async function beats(worker: Presence): Promise<number> {
  const row = await db.selectFrom('workers').select('beat').where('id', '=', worker.workerId).executeTakeFirstOrThrow();
  return row.beat;
}

async function beatsMore(worker: Presence, more: number): Promise<void> {
  const until = (await beats(worker)) + more;
  await waitFor(`${more} more beats`, async () => (await beats(worker)) >= until);
}

/** Nobody can read or write a beat until the returned function is called. */
async function pauseBeats(): Promise<() => Promise<void>> {
  const session = new pg.Client(database.url);
  await session.connect();
  await session.query('begin');
  await session.query('lock table workers in access exclusive mode');
  return async () => {
    await session.query('rollback');
    await session.end();
  };
}

describe('an observer', () => {
  test('declares a process dead that does not beat any more, and nobody that does', async () => {
    const [observer, other] = [await start(), await start({ onDeath: () => undefined })];
    const silent = await addWorker(db);
    await waitFor('the death of the silent one', async () => {
      const row = await db.selectFrom('workers').select('dead').where('id', '=', silent).executeTakeFirst();
      return row?.dead;
    });
    await beatsMore(observer, 15);
    expect(await beats(other)).toBeGreaterThan(0);
    expect(deaths.filter((id) => id !== silent)).toEqual([]);
    await observer.stop();
    await other.stop();
  });

  test('kills nobody for a time in which the database was away', async () => {
    const fenced: string[] = [];
    const options = { onDeclaredDead: () => fenced.push('fenced') };
    const [first, second] = [await start(options), await start(options)];
    await beatsMore(first, 3);
    const resume = await pauseBeats();
    // Three times the time after which a silent process counts as dead.
    const until = performance.now() + 3 * TIMES.deadAfterMs;
    await waitFor('the pause to be long enough', () => performance.now() > until);
    await resume();
    await beatsMore(first, 15);
    await beatsMore(second, 15);
    expect([deaths, fenced]).toEqual([[], []]);
    await first.stop();
    await second.stop();
  });

  test('does not mind a wall clock that jumps', async () => {
    let jump = 0;
    const clock: Clock = { now: () => new Date(Date.now() + jump), monotonic: systemClock.monotonic };
    const [observer, other] = [await start({ clock }), await start()];
    await beatsMore(observer, 3);
    jump = 3_600_000;
    await beatsMore(observer, 15);
    expect(deaths).toEqual([]);
    await observer.stop();
    await other.stop();
  });
});

describe('the guard of writes', () => {
  test('lets a process write that beats', async () => {
    const worker = await start();
    await beatsMore(worker, 2);
    expect(() => worker.guard.assertAlive()).not.toThrow();
    await worker.stop();
  });

  test('refuses a process that was declared dead, for good, and tells it', async () => {
    let told = false;
    const worker = await start({
      onDeclaredDead: () => {
        told = true;
      },
    });
    await bury(db, worker.workerId);
    await waitFor('the process to learn it', () => told);
    expect(worker.guard.fenced.aborted).toBe(true);
    expect(() => worker.guard.assertAlive()).toThrow(expect.objectContaining({ code: 'worker_fenced' }));
    await worker.stop();
  });

  test('refuses while the last beat is too long ago, and lets go on after the next', async () => {
    const worker = await start();
    const resume = await pauseBeats();
    await waitFor('the guard to refuse', () => refuses(worker));
    await resume();
    await waitFor('the guard to let go on', () => !refuses(worker));
    expect(worker.guard.fenced.aborted).toBe(false);
    await worker.stop();
  });

  test('refuses when only the wall clock shows that time has passed, as after a pause of the machine', async () => {
    let jump = 0;
    const clock: Clock = { now: () => new Date(Date.now() + jump), monotonic: systemClock.monotonic };
    const worker = await start({ clock, beatMs: 60_000 });
    expect(refuses(worker)).toBe(false);
    jump = 10_000;
    expect(refuses(worker)).toBe(true);
    await worker.stop();
  });

  function refuses(worker: Presence): boolean {
    try {
      worker.guard.assertAlive();
      return false;
    } catch {
      return true;
    }
  }
});

test('a process that stops in order is dead at once, so that its leases are free', async () => {
  const worker = await start();
  await worker.stop();
  const row = await db.selectFrom('workers').select('dead').where('id', '=', worker.workerId).executeTakeFirst();
  expect(row?.dead).toBe(true);
});

describe('a beat', () => {
  test('is as old as its question: whose answer is slow to come does not write on its strength', async () => {
    let monotonic = 0;
    const clock: Clock = { now: () => new Date(0), monotonic: () => monotonic };
    // Every beat takes longer than a process may write after its last one.
    const slow = new Proxy(db, {
      get: (target, name) => {
        if (name === 'updateTable') monotonic += TIMES.writeGraceMs;
        const member: unknown = Reflect.get(target, name, target);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    const worker = await startPresence(slow, {
      role: 'worker',
      version: '1.0.0',
      clock,
      ...TIMES,
      onDeclaredDead: () => undefined,
    });
    await beatsMore(worker, 3);
    expect(() => worker.guard.assertAlive()).toThrow();
    await worker.stop();
  });

  test("brings the database's time along, whatever the process's own clock says", async () => {
    const hour = 3_600_000;
    const wrong: Clock = { now: () => new Date(Date.now() + hour), monotonic: systemClock.monotonic };
    const worker = await start({ clock: wrong });
    const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(db);
    expect(Math.abs(worker.clock.now().getTime() - (rows[0]?.now.getTime() ?? 0))).toBeLessThan(hour / 2);
    await worker.stop();
  });
});
