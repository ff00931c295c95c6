import { afterEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/kernel/errors.ts';
import { IMPATIENT, letTimePass, live, MINUTES, posts, Stage, writes } from '../faults/stage.ts';
import { trashOn } from './scene.ts';

let stage: Stage;
afterEach(() => stage?.close());

const stop = (point: string) => new AppError({ code: 'shutdown', class: 'cancelled', message: `Stopped at ${point}.` });

/**
 * A master document that is deleted right after its file was uploaded, while the process that did so stops: the copy bears
 * marker and reserved number.
 */
async function deletedAfterUpload(arm: () => void, stopAt?: string): Promise<void> {
  const stops = ['claim.after', stopAt];
  stage = await Stage.open({
    documents: [{}],
    timeouts: IMPATIENT,
    racePoint: async (point) => {
      if (!stops.includes(point)) return;
      stops.splice(stops.indexOf(point), 1);
      if (point === 'claim.after') {
        await trashOn(stage.master, 1);
        arm();
      }
      throw stop(point);
    },
  });
  await stage.cycle();
  expect(stops.filter(Boolean)).toEqual([]);
}

describe('a copy whose document was deleted before it was finished', () => {
  it('is freed of marker and reserved number, and rests as gone', async () => {
    await deletedAfterUpload(() => undefined);
    expect(live(stage.copy)).toMatchObject([{ title: 'letter-1.txt', archiveSerialNumber: null }]);
    expect(await stage.link(1)).toMatchObject({ phase: 'gone', error_code: 'deleted_on_master' });
  });

  it.each(['all', 'none'])(
    'rests as gone only after it was read back twice when that write got no answer (applied: %s)',
    async (way) => {
      await deletedAfterUpload(() =>
        stage.copy.setFault('never-answer', { match: { method: 'PATCH' }, times: 1, value: way }),
      );
      expect(await stage.link(1)).toMatchObject({ error_code: 'write_unanswered', hold_until: expect.any(Date) });
      const sent = writes(stage.copy).length;
      await stage.cycle();
      expect(writes(stage.copy)).toHaveLength(sent);
      expect((await stage.link(1)).phase).not.toBe('gone');
      await letTimePass(stage.db, 16 * MINUTES);
      await stage.cycle();
      expect(await stage.link(1)).toMatchObject({ clean_read_at: expect.any(Date) });
      expect((await stage.link(1)).phase).not.toBe('gone');
      await letTimePass(stage.db, 11 * MINUTES);
      await stage.cycle();
      expect(await stage.link(1)).toMatchObject({ phase: 'gone', hold_until: null });
      expect(live(stage.copy)).toMatchObject([{ title: 'letter-1.txt', archiveSerialNumber: null }]);
    },
  );

  it('has its write on record when the process stops in the middle of it, and is held then', async () => {
    await deletedAfterUpload(() => undefined, 'leftovers.after');
    expect(await stage.link(1)).toMatchObject({ error_code: 'write_unanswered', hold_until: expect.any(Date) });
    for (let cycles = 0; cycles < 4; cycles += 1) {
      await letTimePass(stage.db, 16 * MINUTES);
      await stage.cycle();
    }
    expect(await stage.link(1)).toMatchObject({ phase: 'gone', plan: null });
    expect(live(stage.copy)).toMatchObject([{ title: 'letter-1.txt', archiveSerialNumber: null }]);
  });
});

describe.each(['v3', 'v2'] as const)(
  'an upload of unknown outcome to %s, of a document that is deleted meanwhile',
  (generation) => {
    it.each(['none', 'all'])('is looked for, and the link rests as gone (arrived: %s)', async (arrived) => {
      let struck = false;
      stage = await Stage.open({
        documents: [{}],
        replica: generation,
        timeouts: IMPATIENT,
        racePoint: async (point) => {
          if (point !== 'intent.after' || struck) return;
          struck = true;
          stage.copy.setFault('never-answer', {
            match: { method: 'POST', pathPrefix: '/api/documents/post_document/' },
            times: 1,
            value: arrived,
          });
          await trashOn(stage.master, 1);
        },
      });
      const seen: (string | null)[] = [];
      for (let cycles = 0; cycles < 8 && seen.at(-1) !== 'deleted_on_master'; cycles += 1) {
        await stage.cycle();
        seen.push((await stage.link(1)).error_code);
        await letTimePass(stage.db, 16 * MINUTES);
      }
      expect(seen.filter((code) => code !== 'releasing')).toEqual(['deleted_on_master']);
      expect(await stage.link(1)).toMatchObject({ phase: 'gone', status: 'ok' });
      const kept = arrived === 'all' ? [{ title: 'letter-1.txt', archiveSerialNumber: null }] : [];
      expect(live(stage.copy)).toMatchObject(kept);
      expect(posts(stage.copy)).toHaveLength(1);
    });
  },
);

it('an upload that waits in a queue for ever, of a document that is deleted meanwhile, ends as gone', async () => {
  let struck = false;
  stage = await Stage.open({
    documents: [{}],
    racePoint: async (point) => {
      if (point !== 'intent.after' || struck) return;
      struck = true;
      stage.copy.setFault('task-stuck-pending', { times: 1 });
      await trashOn(stage.master, 1);
    },
  });
  const seen: (string | null)[] = [];
  stage.strideMs = 5 * MINUTES;
  for (let cycles = 0; cycles < 4; cycles += 1) {
    await stage.cycle();
    seen.push((await stage.link(1)).error_code);
    await letTimePass(stage.db, 16 * MINUTES);
  }
  expect(new Set(seen)).toEqual(new Set(['deleted_on_master']));
  expect(live(stage.copy)).toEqual([]);
});
