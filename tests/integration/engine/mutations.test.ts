import { beforeAll, describe, expect, it } from 'vitest';
import { play } from '../../../services/mutations/play.ts';
import { KINDS } from '../../../services/mutations/table/index.ts';
import type { Judgement } from '../../../services/mutations/verdict.ts';
import { Controller } from '../../support/controller.ts';
import { simulator } from '../../support/simulator.ts';

const PAIRS = [
  ['v3', 'v3'],
  ['v2', 'v2'],
  ['v3', 'v2'],
  ['v2', 'v3'],
] as const;
type Generation = (typeof PAIRS)[number][number];

/** Longer than the change feed reads back. */
const AGE_MS = 11 * 60_000;

for (const [from, to] of PAIRS)
  describe(`one sweep, ${from} master to ${to} replica`, () => {
    let judgement: Judgement;

    beforeAll(async () => {
      judgement = await playPair(from, to);
    }, 300_000);

    for (const kind of KINDS.filter(({ onlyV3 }) => from === 'v3' || !onlyV3))
      it(`finds kind ${kind.number}: ${kind.title}`, () => {
        expect(judgement.verdicts.find((verdict) => verdict.kind === kind)?.problems).toEqual([]);
      });

    it('leaves nothing behind', () => {
      expect(judgement.besides).toEqual([]);
    });
  });

async function playPair(from: Generation, to: Generation): Promise<Judgement> {
  const [master, replica] = [await simulator(from), await simulator(to)];
  const controller = await Controller.start({
    master,
    replicas: { copy: replica },
    settings: { max_delete_percent: '100' },
  });
  try {
    await controller.db.updateTable('replicas').set({ deletion_mode: 'delete', replace_files_on_v2: true }).execute();
    return await play({
      master,
      replica,
      kinds: KINDS,
      prefix: 'mut-0a1b2c-',
      quietMs: 200,
      age: async () => master.setFault('clock-skew', { value: AGE_MS }),
      driver: {
        firstSync: async () => void (await controller.cycle(undefined, 120_000)),
        sweep: async () => void (await controller.sweep(undefined, 120_000)),
      },
    });
  } finally {
    await controller.stop();
    await master.stop();
    await replica.stop();
  }
}
