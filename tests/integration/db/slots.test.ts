import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { AdvisorySlots, type SlotOptions, type SlotSession } from '../../../shared/db/slots.ts';
import { delay } from '../../../shared/kernel/clock.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { gate, waitFor } from '../../support/wait.ts';

let test: TestDatabase;
let opened: AdvisorySlots[] = [];
beforeAll(async () => {
  test = await createTestDatabase();
});
afterEach(async () => {
  for (const slots of opened) await slots.close();
  opened = [];
});
afterAll(() => test.drop());

function open(options: Partial<SlotOptions> = {}): AdvisorySlots {
  const slots = new AdvisorySlots({ url: test.url, ...options });
  opened.push(slots);
  return slots;
}

/** Requests of several processes, with the highest number that was ever open at once. */
class Meter {
  now = 0;
  max = 0;
  total = 0;
  async request(ms: number): Promise<void> {
    this.max = Math.max(this.max, ++this.now);
    await delay(ms);
    this.now--;
    this.total++;
  }
}

describe('request slots', () => {
  it('never exceed the limit over several sessions, and reach it', async () => {
    const meter = new Meter();
    const parties = [open(), open(), open()];
    for (const slots of parties) slots.setLimit(1, 3);
    await Promise.all(
      parties.flatMap((slots) => Array.from({ length: 30 }, () => slots.run(1, () => meter.request(5)))),
    );
    expect(meter).toMatchObject({ max: 3, total: 90, now: 0 });
  });

  it('count each target apart', async () => {
    const slots = open({ defaultLimit: 1 });
    const hold = gate();
    const first = slots.run(0, () => hold.opened);
    await slots.run(5, async () => undefined);
    expect(slots.held(0)).toBe(1);
    hold.open();
    await first;
  });

  it('serve the callers of one process in the order of their coming', async () => {
    const slots = open({ defaultLimit: 1 });
    const order: number[] = [];
    await Promise.all(Array.from({ length: 20 }, (_, index) => slots.run(2, async () => void order.push(index))));
    expect(order).toEqual(Array.from({ length: 20 }, (_, index) => index));
  });

  it('come to every process in turn: a busy one does not keep them for itself', async () => {
    const [busy, other] = [open({ defaultLimit: 1, handOffMs: 50 }), open({ defaultLimit: 1 })];
    const stop = new AbortController();
    const load = Array.from({ length: 4 }, async () => {
      while (!stop.signal.aborted) await busy.run(3, () => delay(5));
    });
    await waitFor('the busy process to hold the slot', () => busy.held(3) === 1);
    const started = performance.now();
    for (let i = 0; i < 5; i++) await other.run(3, async () => undefined);
    expect(performance.now() - started).toBeLessThan(5_000);
    stop.abort();
    await Promise.all(load);
  });

  it('follow a limit that is raised or lowered while requests run', async () => {
    const slots = open({ defaultLimit: 1 });
    const meter = new Meter();
    const work = Promise.all(Array.from({ length: 60 }, () => slots.run(4, () => meter.request(5))));
    await waitFor('a start', () => meter.total > 3);
    expect(meter.max).toBe(1);
    slots.setLimit(4, 4);
    await waitFor('four at once', () => meter.max === 4);
    slots.setLimit(4, 2);
    await waitFor('the surplus to end', () => slots.held(4) <= 2);
    meter.max = 0;
    await work;
    expect(meter.max).toBeLessThanOrEqual(2);
  });

  it('let a waiting caller go when its signal aborts, and keep its place for the next', async () => {
    const slots = open({ defaultLimit: 1 });
    const hold = gate();
    const first = slots.run(6, () => hold.opened);
    await waitFor('the slot to be held', () => slots.held(6) === 1);
    const stop = new AbortController();
    const second = slots.run(6, async () => 'second', stop.signal);
    const third = slots.run(6, async () => 'third');
    stop.abort(new Error('no longer wanted'));
    await expect(second).rejects.toThrow('no longer wanted');
    hold.open();
    expect(await third).toBe('third');
    await first;
  });

  it('refuse callers beyond the bound instead of collecting them', async () => {
    const slots = open({ defaultLimit: 1, maxWaiting: 2 });
    const hold = gate();
    const waiting = [slots.run(7, () => hold.opened)];
    await waitFor('the slot to be held', () => slots.held(7) === 1);
    waiting.push(
      slots.run(7, async () => undefined),
      slots.run(7, async () => undefined),
    );
    await expect(slots.run(7, async () => undefined)).rejects.toMatchObject({
      code: 'slots_exhausted',
      class: 'transient',
    });
    hold.open();
    await Promise.all(waiting);
  });

  it('abort the requests of a session that is ended from outside, and go on in a new one that is announced first', async () => {
    const sessions: SlotSession[] = [];
    const slots = open({ defaultLimit: 2, graceMs: 100, onSession: (session) => void sessions.push(session) });
    const other = open({ defaultLimit: 2, graceMs: 100 });
    const meter = new Meter();
    let lostCode = '';
    const request = slots.run(8, async (lost) => {
      await delay(60_000, lost).catch((error: { code: string }) => {
        lostCode = error.code;
      });
    });
    await waitFor('the slot to be held', () => slots.held(8) === 1);
    const session = sessions[0];
    // What the others do to a process that they declared dead (protocol H12); the start time guards against a re-used pid.
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where pid = ${session?.pid} and backend_start = ${session?.backendStart}::timestamptz`.execute(
      test.db,
    );
    await request;
    expect(lostCode).toBe('slot_lost');
    await Promise.all(
      [slots, other].flatMap((party) => Array.from({ length: 20 }, () => party.run(8, () => meter.request(5)))),
    );
    expect(meter.max).toBe(2);
    expect(sessions).toHaveLength(2);
  });

  it('rest for the grace when the process that held them is killed, while those it did not hold are free', async () => {
    const module = fileURLToPath(new URL('../../../shared/db/slots.ts', import.meta.url));
    const program = `import { AdvisorySlots } from ${JSON.stringify(module)};
      const slots = new AdvisorySlots({ url: ${JSON.stringify(test.url)}, defaultLimit: 2 });
      for (let i = 0; i < 2; i++) void slots.run(9, async () => { console.log('held'); await new Promise(() => setInterval(() => undefined, 1000)); });`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let held = 0;
    createInterface(child.stdout).on('line', () => held++);
    await waitFor('the other process to hold both', () => held === 2);
    const slots = open({ defaultLimit: 2, graceMs: 1500 });
    const request = slots.run(9, () => Promise.resolve(performance.now()));
    let got = false;
    void request.then(() => {
      got = true;
    });
    // Several rounds of asking must all be in vain while the other process lives.
    await waitFor('an attempt that found nothing free', async () => {
      const { rows } = await sql<{
        n: number;
      }>`select count(*) as n from pg_stat_activity where application_name = 'pngx-controller slots' and query like '%pg_try_advisory_lock%'`.execute(
        test.db,
      );
      return (rows[0]?.n ?? 0) >= 2;
    });
    expect(got).toBe(false);
    const killed = performance.now();
    child.kill('SIGKILL');
    await once(child, 'exit');
    const raised = open({ defaultLimit: 3, graceMs: 1500 });
    const beside = await raised.run(9, () => Promise.resolve(performance.now()));
    const after = await request;
    expect(after - killed).toBeGreaterThanOrEqual(1500);
    expect(beside).toBeLessThan(after);
    // Given back in order: nothing rests any more.
    const again = performance.now();
    await Promise.all([1, 2, 3].map(() => slots.run(9, async () => undefined)));
    expect(performance.now() - again).toBeLessThan(1500);
  });
});
