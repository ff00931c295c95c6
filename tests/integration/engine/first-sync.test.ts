import { afterAll, beforeAll, expect, it } from 'vitest';
import { compareInstances, type Comparison } from '../../../services/demo/compare.ts';
import { makeLibrary } from '../../../services/demo/library/index.ts';
import { seedLibrary } from '../../../services/demo/seed.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { Controller } from '../../support/controller.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';

const PAIRS = [
  ['v3', 'v3'],
  ['v3', 'v2'],
  ['v2', 'v3'],
  ['v2', 'v2'],
] as const;

for (const [from, to] of PAIRS)
  onBothQueues(`the first sync of a rich library, ${from} master to ${to} replica`, (redisUrl) => {
    let master: Simulator;
    let replica: Simulator;
    let controller: Controller;

    beforeAll(async () => {
      master = await simulator(from);
      replica = await simulator(to);
      await seedLibrary(master, makeLibrary({ ordinary: 10, heavyBytes: 300_000 }));
      await master.idle();
      master.clearRequests();
      controller = await Controller.start({ master, replicas: { copy: replica }, redisUrl: redisUrl() });
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
      expect(run.outcome).toBe(links.some((link) => link.phase === 'blocked') ? 'partial' : 'ok');
      const comparison = await compare();
      expect(comparison.equal).toBe(true);
      expect(links.filter((link) => link.status !== 'ok' && link.phase !== 'blocked')).toEqual([]);
    });

    it('finds nothing to do in the next cycle, and writes nothing', async () => {
      replica.clearRequests();
      const run = await controller.cycle();
      expect(run.outcome).toMatch(/ok|partial/);
      expect(replica.requests().filter((request) => request.method !== 'GET')).toEqual([]);
    });

    it('has sent nothing but reads to the master', () => {
      const methods = new Set(master.requests().map((request) => request.method));
      expect([...methods].filter((method) => method !== 'GET' && method !== 'HEAD')).toEqual([]);
    });
  });
