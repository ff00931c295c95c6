import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { onBothQueues } from '../../support/both-queues.ts';
import { Controller } from '../../support/controller.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';

const SCRIPT = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));
const LIMIT = 3;
const DOCUMENTS = 45;
/** Dead after three seconds of silence, so that a busy machine kills nobody. */
const PRESENCE = { beatMs: 200, deadAfterMs: 3000, writeGraceMs: 2000 };

/** What the instances counted themselves, while processes that share nothing but database and queue work on them. */
onBothQueues('three worker processes', (redisUrl) => {
  let master: Simulator;
  let replica: Simulator;
  let controller: Controller;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    master = await simulator('v3', { docs: DOCUMENTS, latency: 25 });
    replica = await simulator('v3', { latency: 25, consumers: 4 });
    controller = await Controller.start({
      master,
      replicas: { copy: replica },
      redisUrl: redisUrl(),
      settings: { max_concurrent_requests: String(LIMIT) },
      idle: true,
    });
    for (let n = 0; n < 3; n += 1) children.push(startWorker());
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    for (const child of children) if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await controller?.stop();
    await master?.stop();
    await replica?.stop();
  });

  function startWorker(): ChildProcess {
    const child = spawn(process.execPath, [SCRIPT], { stdio: ['pipe', 'ignore', 'inherit'] });
    const { database, key } = controller;
    child.stdin.on('error', () => undefined);
    const job = {
      databaseUrl: database.url,
      redisUrl: redisUrl(),
      key,
      killAt: null,
      concurrency: 8,
      presence: PRESENCE,
    };
    child.stdin.write(`${JSON.stringify(job)}\n`);
    return child;
  }
  const lives = () =>
    controller.db.selectFrom('workers').select(['id', 'lock_pid']).where('dead', '=', false).execute();
  const done = async () => (await controller.links()).filter((link) => link.status === 'ok').length;
  const kill = async (child: ChildProcess | undefined, signal: NodeJS.Signals) => {
    child?.kill(signal);
    if (child && signal === 'SIGKILL') await once(child, 'exit');
  };

  /** The most that was open at either instance since the last call; from a moment on at which it was within the limit. */
  const mostOpen = (): Promise<number> =>
    waitFor('an instance with no more open requests than allowed', () => {
      const instances = [master, replica];
      if (instances.some((instance) => instance.counters().open > LIMIT)) return null;
      const most = Math.max(...instances.map((instance) => instance.counters().maxOpen));
      for (const instance of instances) instance.clearRequests();
      return most;
    });

  it('never have more requests open at an instance than the limit, and go on in the slots of one that dies or freezes', async () => {
    await waitFor('three processes', async () => (await lives()).length === 3, 60_000);
    const { runId } = await controller.openCycle();
    await waitFor('some documents to be done', async () => (await done()) >= 3, 60_000);
    // Reached, or the limit would not have been what held them back.
    expect(await mostOpen()).toBe(LIMIT);
    await kill(children[0], 'SIGKILL');
    const afterKill = await done();
    await waitFor('work to go on after a death', async () => (await done()) > afterKill + 2, 60_000);
    // What the dead one had sent is still open when it is gone: its slots rest for so long (H12).
    expect(await mostOpen()).toBeLessThanOrEqual(LIMIT);
    const frozen = children[1];
    await kill(frozen, 'SIGSTOP');
    await waitFor('the frozen one to be declared dead', async () => (await lives()).length === 1, 60_000);
    expect(await mostOpen()).toBeLessThanOrEqual(LIMIT);
    const afterFreeze = await done();
    await waitFor('work to go on in its slots', async () => (await done()) > afterFreeze, 60_000);
    // Thawed, it may send what it was about to before it learns that it is dead: only the living are counted (H12).
    const ended = frozen === undefined ? undefined : once(frozen, 'exit');
    await kill(frozen, 'SIGCONT');
    await ended;
    await mostOpen();
    expect((await controller.ended(runId, 120_000)).outcome).toBe('ok');
    expect(await mostOpen()).toBeLessThanOrEqual(LIMIT);
    // What died with its process in the middle of a write may rest beyond the end of the run; each document gets there, once.
    for (let more = 0; more < 5 && replica.store.documents.size < DOCUMENTS; more += 1) await controller.cycle();
    expect(replica.store.documents.size).toBe(DOCUMENTS);
  }, 240_000);
});
