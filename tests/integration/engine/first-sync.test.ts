import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareInstances, type Comparison } from '../../../services/demo/compare.ts';
import { makeLibrary } from '../../../services/demo/library/index.ts';
import { seedLibrary } from '../../../services/demo/seed.ts';
import { Controller } from '../../support/controller.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';

const PAIRS = [
  ['v3', 'v3'],
  ['v3', 'v2'],
  ['v2', 'v3'],
  ['v2', 'v2'],
] as const;

describe.each(PAIRS)('the first sync of a rich library, %s master to %s replica', (from, to) => {
  let master: Simulator;
  let replica: Simulator;
  let controller: Controller;

  beforeAll(async () => {
    master = await simulator(from);
    replica = await simulator(to);
    await seedLibrary(master, makeLibrary({ ordinary: 10, heavyBytes: 300_000 }));
    await master.idle();
    controller = await Controller.start({ master, replicas: { copy: replica } });
  });
  afterAll(async () => {
    await controller?.stop();
    await master?.stop();
    await replica?.stop();
  });

  const compare = async (): Promise<Comparison> => {
    const links = await controller.links();
    const blocked = links
      .filter((link) => link.phase === 'blocked')
      .map((link) => ({ masterId: link.master_doc_id, reason: link.error_msg ?? '' }));
    return compareInstances({ master, replica, blocked });
  };

  it('ends equal by an independent comparison, twins and links included', async () => {
    const run = await controller.cycle();
    const links = await controller.links();
    console.log(
      run.outcome,
      controller.logs.filter((l) => l.level !== 'info'),
      links.filter((l) => l.status !== 'ok').map((l) => [l.master_doc_id, l.phase, l.error_code, l.error_msg]),
    );
    const comparison = await compare();
    console.log(
      JSON.stringify({ ...comparison, notReplicable: comparison.notReplicable.length }, null, 1).slice(0, 3000),
    );
    expect(comparison.equal).toBe(true);
    expect(links.filter((link) => link.status !== 'ok' && link.phase !== 'blocked')).toEqual([]);
  });

  it('finds nothing to do in the next cycle, and writes nothing', async () => {
    replica.clearRequests();
    const run = await controller.cycle();
    expect(run.outcome).toMatch(/ok|partial/);
    expect(replica.requests().filter((request) => request.method !== 'GET')).toEqual([]);
  });

  it('has sent no write to the master', () => {
    // The seeding wrote; the controller's requests came after it.
    expect(controller.logs.filter((line) => line.code === 'same_library')).toEqual([]);
  });
});
