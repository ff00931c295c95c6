import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Controller } from '../../support/controller.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';

describe('the first sync of a v3 master to a v3 replica', () => {
  let master: Simulator;
  let replica: Simulator;
  let controller: Controller;

  beforeAll(async () => {
    master = await simulator('v3', { docs: 12, seed: 'first' });
    replica = await simulator('v3');
    controller = await Controller.start({ master, replicas: { attic: replica } });
  });
  afterAll(async () => {
    await controller?.stop();
    await master?.stop();
    await replica?.stop();
  });

  it('ends with every document on the replica, linked and ok', async () => {
    const run = await controller.cycle();
    const links = await controller.links('attic');
    console.log(run, links.map((l) => [l.master_doc_id, l.replica_doc_id, l.status, l.phase, l.error_code, l.error_msg]), controller.logs);
    expect(run.outcome).toBe('ok');
    expect(links).toHaveLength(12);
    expect(links.every((link) => link.status === 'ok')).toBe(true);
    expect(replica.store.documents.size).toBe(12);
  });
});
