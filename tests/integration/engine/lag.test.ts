/** The true lag (E23), as /api/status tells it at some later moment: no test waits for time to pass. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadStatus, type Status } from '../../../services/api/presenters/status.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';

const HOUR = 3600;
let master: Simulator;
let replica: Simulator;
let controller: Controller;

beforeAll(async () => {
  master = await simulator('v3');
  replica = await simulator('v3');
  for (const name of ['one', 'two', 'three']) await uploadText(master, name);
  await master.idle();
  const settings = { sync_interval_seconds: '86400', replica_suspend_threshold: '50' };
  controller = await Controller.start({ master, replicas: { copy: replica }, settings });
});
afterAll(async () => {
  await controller?.stop();
  await master?.stop();
  await replica?.stop();
});

async function statusIn(seconds: number): Promise<Status['replicas'][number]> {
  const clock = { now: () => new Date(Date.now() + seconds * 1000), monotonic: () => performance.now() };
  const { db, secrets } = controller;
  const { replicas } = await loadStatus({ db, secrets, clock, version: 'test' });
  const [copy] = replicas;
  if (copy === undefined) throw new Error('there is no replica');
  return copy;
}
const rpoIn = async (seconds: number) => (await statusIn(seconds)).rpo_seconds;

describe('the lag', () => {
  it('is unknown before the first cycle, and nothing after it', async () => {
    expect(await rpoIn(0)).toBeNull();
    expect((await controller.cycle()).outcome).toBe('ok');
    expect(await rpoIn(HOUR)).toBe(0);
  });

  it('is the age of the oldest change that a replica could not take, and nothing again once it could', async () => {
    await ask(master, 'PATCH', '/api/documents/1/', { title: 'First change' });
    await master.idle();
    replica.setFault('unauthorized');
    expect((await controller.cycle()).outcome).toBe('failed');
    expect(await rpoIn(HOUR)).toBeGreaterThanOrEqual(HOUR);
    // A newer change of another document makes it no younger, and one of the same document neither.
    for (const id of [1, 2]) await ask(master, 'PATCH', `/api/documents/${id}/`, { title: 'Second change' });
    await master.idle();
    const before = await rpoIn(HOUR);
    expect((await controller.cycle()).outcome).toBe('failed');
    expect(await rpoIn(HOUR)).toBeGreaterThanOrEqual((before ?? 0) - 1);
    replica.clearFaults();
    expect((await controller.cycle()).outcome).toBe('ok');
    expect(await rpoIn(HOUR)).toBe(0);
  });

  it('grows from the last contact while the master cannot be read', async () => {
    const known = await controller.db.selectFrom('master_state').select('last_contact_at').executeTakeFirstOrThrow();
    master.setFault('unauthorized');
    expect((await controller.cycle()).outcome).toBe('failed');
    const lag = await rpoIn(2 * HOUR);
    master.clearFaults();
    expect(lag).toBeGreaterThanOrEqual(2 * HOUR);
    const contact = (known.last_contact_at as Date).getTime();
    expect(lag).toBeLessThanOrEqual(2 * HOUR + (Date.now() - contact) / 1000);
    expect((await controller.cycle()).outcome).toBe('ok');
    expect(await rpoIn(HOUR)).toBe(0);
  });

  it('leaves out what was given up, is blocked or is held, and counts it', async () => {
    const links = await controller.links();
    const states = [
      { status: 'error', phase: 'dlq', error_code: 'field_rejected', applied_seq: 7, dirty_seq: 7 },
      { status: 'error', phase: 'blocked', error_code: 'duplicate_content', applied_seq: 8, dirty_seq: 8 },
      { status: 'pending', phase: 'linking', error_code: 'link_target_missing', applied_seq: 8, dirty_seq: 9 },
    ] as const;
    for (const [at, state] of states.entries())
      await controller.db
        .updateTable('sync_map')
        .set(state)
        .where('id', '=', links[at]?.id ?? 0)
        .execute();
    const { documents, rpo_seconds: rpo } = await statusIn(HOUR);
    expect(documents).toMatchObject({ given_up: 1, blocked: 1, held: 1, ok: 0 });
    expect(rpo).toBe(0);
  });
});
