/** A deletion that is interrupted at any of its points, or whose writes are never answered, ends as one that is not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultArgument } from '../../../services/simulator/faults.ts';
import { AppError } from '../../../shared/kernel/errors.ts';
import { addDocument } from '../faults/library.ts';
import { expectUnwritten, IMPATIENT, letTimePass, live, MINUTES, type Stage, writes } from '../faults/stage.ts';
import { letDaysPass, openScene, purgeOn, restoreOn, sweep, tombstones, trashOn, uploads, NO_LIMITS } from './scene.ts';

/** The process stops at this point: what it had written is there, nothing else. */
const stops = new Map<string, number>();
const stopAt = (point: string) => stops.set(point, (stops.get(point) ?? 0) + 1);
async function racePoint(point: string): Promise<void> {
  const left = stops.get(point) ?? 0;
  if (left === 0) return;
  stops.set(point, left - 1);
  throw new AppError({ code: 'shutdown', class: 'cancelled', message: `Stopped at ${point}.` });
}

const documents = Array.from({ length: 40 }, () => ({}));
let stage: Stage;
let next = 0;
const takeDocument = () => (next += 1);

async function untilGone(id: number, state: string): Promise<void> {
  for (let cycles = 0; cycles < 6; cycles += 1) {
    if ((await tombstones(stage)).some((row) => row.master_doc_id === id && row.state === state)) return;
    await letTimePass(stage.db, 20 * MINUTES);
    await stage.cycle();
  }
  throw new Error(`#${id} never became ${state}: ${JSON.stringify(await stage.link(id))}`);
}

async function untilBack(id: number): Promise<void> {
  for (let cycles = 0; (await stage.link(id)).phase !== 'ok'; cycles += 1) {
    if (cycles === 6) throw new Error(`#${id} never came back: ${JSON.stringify(await stage.link(id))}`);
    await letTimePass(stage.db, 20 * MINUTES);
    await stage.cycle();
  }
}

async function trashedCopy(): Promise<number> {
  const id = takeDocument();
  await trashOn(stage.master, id);
  await sweep(stage);
  await untilGone(id, 'trashed');
  return id;
}

const copyOf = (id: number) =>
  [...stage.copy.store.documents.values()].find((row) => row.originalFileName === `letter-${id}.txt`);

/** One tombstone, and everything about it as if nothing had happened. */
async function expectTrashed(id: number): Promise<void> {
  const rows = (await tombstones(stage)).filter((row) => row.master_doc_id === id);
  expect(rows).toMatchObject([{ state: 'trashed', asn: 100 + id, replica_doc_id: copyOf(id)?.id }]);
  expect(copyOf(id)).toMatchObject({ archiveSerialNumber: null, deletedAt: expect.any(Number) });
  expect(await stage.link(id)).toMatchObject({ phase: 'gone', plan: null, hold_until: null, lease_worker: null });
}

async function expectPurged(id: number): Promise<void> {
  expect(copyOf(id)).toBeUndefined();
  expect(await stage.link(id)).toMatchObject({ phase: 'gone', replica_doc_id: null, tombstone_id: null, plan: null });
}

async function expectRestored(id: number): Promise<void> {
  expect(copyOf(id)).toMatchObject({ archiveSerialNumber: 100 + id, deletedAt: null, title: `Letter ${id}` });
  expect(await stage.link(id)).toMatchObject({ phase: 'ok', tombstone_id: null, plan: null });
}

beforeAll(async () => {
  next = 0;
  stage = await openScene({ mode: 'delete', documents, settings: NO_LIMITS, racePoint, timeouts: IMPATIENT });
  // The newest is never deleted here: that would wait for a newer one.
  addDocument(stage.master);
  await stage.cycle();
  stage.copy.clearRequests();
}, 120_000);
afterAll(() => stage?.close());

describe('a process that stops', () => {
  it.each([
    'unnumber.before',
    'unnumber.after',
    'tombstone.noted',
    'tombstone.asn_cleared',
    'trash.before',
    'trash.after',
    'tombstone.trashed',
  ])('at %s leaves a deletion that goes on', { timeout: 90_000 }, async (point) => {
    const id = takeDocument();
    await trashOn(stage.master, id);
    stopAt(point);
    await sweep(stage);
    expect(stops.get(point)).toBe(0);
    await untilGone(id, 'trashed');
    await expectTrashed(id);
  });

  it.each(['restore.before', 'restore.after', 'tombstone.restored'])(
    'at %s leaves a restore that goes on, without an upload',
    { timeout: 90_000 },
    async (point) => {
      const id = await trashedCopy();
      await restoreOn(stage.master, id);
      stopAt(point);
      await stage.cycle();
      expect(stops.get(point)).toBe(0);
      await untilBack(id);
      await expectRestored(id);
      expect(uploads(stage.copy)).toBe(0);
    },
  );

  it.each(['purge.before', 'purge.after', 'tombstone.purged'])(
    'at %s leaves a purge that goes on',
    { timeout: 90_000 },
    async (point) => {
      const id = await trashedCopy();
      await purgeOn(stage.master, id);
      await letDaysPass(stage, 2);
      await sweep(stage);
      stopAt(point);
      await sweep(stage);
      expect(stops.get(point)).toBe(0);
      await untilGone(id, 'purged');
      await expectPurged(id);
    },
  );
});

describe('a write that is never answered', () => {
  const ways = ['all', 'none'] as const;
  const DELETE: FaultArgument = { match: { method: 'DELETE' }, times: 1 };
  const PATCH: FaultArgument = { match: { method: 'PATCH' }, times: 1 };
  const TRASH: FaultArgument = { match: { method: 'POST', pathPrefix: '/api/trash/' }, times: 1 };

  it.each(ways.flatMap((way) => [[way, 'PATCH', PATCH] as const, [way, 'DELETE', DELETE] as const]))(
    'and applied: %s (%s) is looked for after a while, and nothing is sent to the copy before',
    { timeout: 90_000 },
    async (way, _method, fault) => {
      const id = takeDocument();
      await trashOn(stage.master, id);
      stage.copy.setFault('never-answer', { ...fault, value: way });
      await sweep(stage);
      expect(await stage.link(id)).toMatchObject({ error_code: 'write_unanswered', hold_until: expect.any(Date) });
      const sent = writes(stage.copy).length;
      await stage.cycle();
      expect(writes(stage.copy)).toHaveLength(sent);
      await untilGone(id, 'trashed');
      await expectTrashed(id);
    },
  );

  it.each(ways)('and applied: %s, when a copy comes back', { timeout: 90_000 }, async (way) => {
    const id = await trashedCopy();
    await restoreOn(stage.master, id);
    stage.copy.setFault('never-answer', { ...TRASH, value: way });
    await stage.cycle();
    await untilBack(id);
    await expectRestored(id);
    expect(uploads(stage.copy)).toBe(0);
  });

  it.each(ways)('and applied: %s, when a copy is purged', { timeout: 90_000 }, async (way) => {
    const id = await trashedCopy();
    await purgeOn(stage.master, id);
    await letDaysPass(stage, 2);
    await sweep(stage);
    stage.copy.setFault('never-answer', { ...TRASH, value: way });
    await sweep(stage);
    await untilGone(id, 'purged');
    await expectPurged(id);
    expectUnwritten(stage.master);
    expect(live(stage.copy).length).toBeGreaterThan(0);
  });
});
