/** What must happen once happens once, whoever asks and however many processes run (R3, H12). */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase, sessionName } from '../../../shared/db/client.ts';
import { currentLeader } from '../../../shared/db/leader.repo.ts';
import { lockOpening } from '../../../shared/db/master.repo.ts';
import { startChildren, takeLostRuns } from '../../../shared/db/runs.repo.ts';
import type { Db, Tables } from '../../../shared/db/tables.ts';
import { beat, declareDead, livingWorkers, registerWorker, signOff } from '../../../shared/db/workers.repo.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { ENGINE_TIMINGS, type EngineLog, type EngineQueue } from '../../../shared/replication/deps.ts';
import { createLeadership, type Leadership } from '../../../shared/replication/lead.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { maintain } from '../../../shared/replication/maintain.ts';
import { openCycle, openDueCycle } from '../../../shared/replication/open-cycle.ts';
import { sendRuns } from '../../../shared/replication/send-runs.ts';
import { verifyTick } from '../../../shared/replication/verify-tick.ts';
import { Controller } from '../../support/controller.ts';
import { gate } from '../../support/wait.ts';

const NOWHERE = { url: 'http://nowhere.test', token: 'x'.repeat(40) };
const silent: EngineLog = { info: () => undefined, warning: () => undefined, error: () => undefined };
const guard = { assertAlive: () => undefined, fenced: new AbortController().signal };

let controller: Controller;
let db: Db;
/** Connections of processes of their own. */
const opened: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  controller = await Controller.start({ master: NOWHERE, replicas: { attic: NOWHERE, cellar: NOWHERE }, idle: true });
  db = controller.db;
});
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
  await controller.stop();
});

interface Process {
  readonly id: string;
  readonly db: Db;
  readonly leadership: Leadership;
}

async function startProcess(): Promise<Process> {
  const id = randomUUID();
  const database = openDatabase<Tables>(controller.database.url, { max: 2, applicationName: sessionName('test', id) });
  opened.push(database);
  await registerWorker(database.db, { id, role: 'worker', version: '1.0.0' });
  const leadership = createLeadership({ db: database.db, workerId: id, guard, log: silent });
  return { id, db: database.db, leadership };
}

async function bury(id: string): Promise<void> {
  const seen = (await livingWorkers(db)).find((worker) => worker.id === id);
  expect(await declareDead(db, id, seen?.beat ?? -1)).toBe(true);
}

function recordingQueue(): EngineQueue & { cycles: number[]; verifications: number[] } {
  const cycles: number[] = [];
  const verifications: number[] = [];
  return {
    cycles,
    verifications,
    cycle: async (runId) => void cycles.push(runId),
    replica: async () => undefined,
    chunks: async () => undefined,
    documents: async () => undefined,
    verify: async (id) => void verifications.push(id),
  };
}

const engine = ({ id, db: own, leadership }: Process, queue = recordingQueue()) => ({
  db: own,
  workerId: id,
  leader: leadership,
  queue,
  log: silent,
  clock: systemClock,
  timings: ENGINE_TIMINGS,
  settings: () => loadSettings({ db, secrets: controller.secrets }),
});

const openCycles = () =>
  db.selectFrom('sync_runs').selectAll().where('kind', '=', 'cycle').where('finished_at', 'is', null).execute();

describe('the lead', () => {
  it('is taken by exactly one of many, and kept', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, startProcess));
    const taken = await Promise.all(all.map(({ leadership }) => leadership.tick()));
    expect(taken.filter(Boolean)).toHaveLength(1);
    await Promise.all(all.map(({ leadership }) => leadership.tick()));
    expect(all.filter(({ leadership }) => leadership.isLeader())).toHaveLength(1);
    const leading = all.find(({ leadership }) => leadership.isLeader());
    expect(await currentLeader(db)).toMatchObject({ worker_id: leading?.id, epoch: 1, role: 'worker' });
  });

  it('goes to another process when its own was declared dead, at the next tick and under the next epoch', async () => {
    const [first, second] = [await startProcess(), await startProcess()];
    await first.leadership.tick();
    expect(await second.leadership.tick()).toBe(false);
    await bury(first.id);
    expect(await currentLeader(db)).toBeUndefined();
    expect(await second.leadership.tick()).toBe(true);
    expect(second.leadership.epoch()).toBe(2);
  });

  it('goes at once to another process when its own ends in order', async () => {
    const [first, second] = [await startProcess(), await startProcess()];
    await first.leadership.tick();
    await first.leadership.resign();
    await signOff(db, first.id);
    expect(await first.leadership.tick()).toBe(false);
    expect(await second.leadership.tick()).toBe(true);
  });

  it('is not believed by a process that was frozen over its loss: what it then does as leader is not done', async () => {
    const [frozen, next] = [await startProcess(), await startProcess()];
    await frozen.leadership.tick();
    await bury(frozen.id);
    await next.leadership.tick();
    expect(frozen.leadership.isLeader()).toBe(true);
    expect(await frozen.leadership.asLeader(async () => 'done')).toBeUndefined();
    expect(frozen.leadership.isLeader()).toBe(false);
  });

  it('changes hands although its holder froze in the middle of a transaction, which is undone', async () => {
    const [frozen, next] = [await startProcess(), await startProcess()];
    await frozen.leadership.tick();
    const [inside, thawed] = [gate(), gate()];
    const acting = frozen.leadership.asLeader(async (trx) => {
      // It also holds its own row, as every statement under a lease does.
      await beat(trx, frozen.id);
      await trx.updateTable('master_state').set({ version: 'of the frozen one' }).execute();
      inside.open();
      await thawed.opened;
    });
    acting.catch(() => undefined);
    await inside.opened;
    await bury(frozen.id);
    expect(await next.leadership.tick()).toBe(true);
    thawed.open();
    await expect(acting).rejects.toThrow();
    expect((await db.selectFrom('master_state').select('version').executeTakeFirstOrThrow()).version).toBeNull();
  });

  it("is nobody's while the process cannot prove that it is alive", async () => {
    const one = await startProcess();
    let isAlive = true;
    const leadership = createLeadership({
      db,
      workerId: one.id,
      guard: {
        ...guard,
        assertAlive: () => {
          if (!isAlive) throw new Error('no beat');
        },
      },
      log: silent,
    });
    await leadership.tick();
    expect(leadership.isLeader()).toBe(true);
    isAlive = false;
    expect(leadership.isLeader()).toBe(false);
    expect(await leadership.asLeader(async () => 'done')).toBeUndefined();
  });
});

describe('a cycle', () => {
  it('is opened once, however many processes are asked to at the same moment', async () => {
    const all = await Promise.all(Array.from({ length: 6 }, startProcess));
    const asked = Array.from({ length: 36 }, (_, n) => engine(all[n % all.length] as Process));
    const answers = await Promise.all(asked.map((deps) => openCycle(deps, { trigger: 'manual' })));
    expect(await openCycles()).toHaveLength(1);
    expect(new Set(answers.map(({ runId }) => runId)).size).toBe(1);
    expect(answers.filter(({ alreadyRunning }) => !alreadyRunning)).toHaveLength(1);
  });

  it('is opened once also when no replica is eligible, and only the master would be read', async () => {
    await db.updateTable('replicas').set({ enabled: false }).execute();
    const all = await Promise.all(Array.from({ length: 6 }, startProcess));
    await Promise.all(all.map((one) => openCycle(engine(one), { trigger: 'manual' })));
    expect(await openCycles()).toHaveLength(1);
  });

  it('that is due is opened once, by the leader alone', async () => {
    const all = await Promise.all(Array.from({ length: 5 }, startProcess));
    await Promise.all(all.map(({ leadership }) => leadership.tick()));
    await db
      .updateTable('master_state')
      .set({ next_cycle_at: new Date(0) })
      .execute();
    const opening = await Promise.all(all.flatMap((one) => [openDueCycle(engine(one)), openDueCycle(engine(one))]));
    expect(opening.filter((one) => one !== null)).toHaveLength(1);
    expect(await openCycles()).toHaveLength(1);
  });

  it('that is due is still due when its leader is fenced between the claim and the opening', async () => {
    const [frozen, next] = [await startProcess(), await startProcess()];
    await frozen.leadership.tick();
    await db
      .updateTable('master_state')
      .set({ next_cycle_at: new Date(0) })
      .execute();
    const [held, hold] = [gate(), gate()];
    const holding = db.transaction().execute(async (trx) => {
      await trx.selectFrom('replicas').selectAll().forUpdate().execute();
      held.open();
      await hold.opened;
    });
    await held.opened;
    const stuck = openDueCycle(engine(frozen)).catch((error: Error) => error);
    await bury(frozen.id);
    hold.open();
    await holding;
    await next.leadership.tick();
    const first = await stuck;
    const second = await openDueCycle(engine(next));
    expect([first, second].filter((one) => one !== null && !(one instanceof Error))).toHaveLength(1);
    expect(await openCycles()).toHaveLength(1);
  });

  it('whose opener died before its job was in the queue is taken up by the next look of any process', async () => {
    const one = await startProcess();
    const never = { ...recordingQueue(), cycle: () => new Promise<void>(() => undefined) };
    void openCycle(engine(one, never as ReturnType<typeof recordingQueue>), { trigger: 'manual' });
    const other = { worker: randomUUID(), lostAfterMs: 40_000 };
    await expect.poll(async () => (await takeLostRuns(db, other)).map(({ kind }) => kind)).toEqual(['cycle']);
  });

  it('whose job, or those of its replicas, the queue does not take is free for the next look of any process', async () => {
    const one = await startProcess();
    const refusing = { ...recordingQueue(), replica: () => Promise.reject(new Error('the line is cut')) };
    const { runId } = await openCycle(engine(one), { trigger: 'manual' });
    await db.updateTable('sync_runs').set({ phase: 'replicas' }).where('id', '=', runId).execute();
    const children = await startChildren(db, runId, one.id);
    const other = { worker: randomUUID(), lostAfterMs: 40_000 };
    expect(await takeLostRuns(db, other)).toEqual([]);
    await sendRuns(engine(one, refusing as ReturnType<typeof recordingQueue>), children);
    expect((await takeLostRuns(db, other)).map(({ id }) => id).sort()).toEqual(children.map(({ id }) => id).sort());
    expect(await openCycles()).toHaveLength(1);
  });

  it('waits for nobody who froze while opening one', async () => {
    const frozen = await startProcess();
    const [inside, thawed] = [gate(), gate()];
    const acting = frozen.db.transaction().execute(async (trx) => {
      await lockOpening(trx);
      inside.open();
      await thawed.opened;
    });
    acting.catch(() => undefined);
    await inside.opened;
    await bury(frozen.id);
    const other = await startProcess();
    expect(await openCycle(engine(other), { trigger: 'manual' })).toMatchObject({ alreadyRunning: false });
    thawed.open();
    await acting.catch(() => undefined);
  });
});

describe('what else must happen once', () => {
  it('the night is opened by the leader alone, once a replica', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, startProcess));
    await Promise.all(all.map(({ leadership }) => leadership.tick()));
    await db
      .updateTable('master_state')
      .set({ next_verify_at: new Date(0) })
      .execute();
    const queues = all.map(() => recordingQueue());
    await Promise.all(all.map((one, n) => verifyTick(engine(one, queues[n]))));
    const slices = await db.selectFrom('verifications').select('replica_id').where('scope', '=', 'slice').execute();
    expect(slices).toHaveLength(2);
    expect(queues.flatMap(({ verifications }) => verifications)).toHaveLength(2);
  });

  it('retention is carried out under the epoch that asked for it, and under no other', async () => {
    const [first, second] = [await startProcess(), await startProcess()];
    await first.leadership.tick();
    await bury(first.id);
    await second.leadership.tick();
    const old = { level: 'info' as const, message: 'Long ago.', created_at: new Date(0) };
    await db.insertInto('logs').values(old).execute();
    const logs = () => db.selectFrom('logs').selectAll().where('message', '=', old.message).execute();
    await maintain(engine(second), 'prune', 1);
    expect(await logs()).toHaveLength(1);
    await maintain(engine(second), 'prune', 2);
    expect(await logs()).toHaveLength(0);
  });
});
