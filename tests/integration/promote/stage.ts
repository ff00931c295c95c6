/** A master with two replicas, and what a person asks of a promotion. */
import { tmpdir } from 'node:os';
import { randomBytes } from 'node:crypto';
import { instanceClients, NO_LIMIT } from '../../../services/api/deps.ts';
import { findPromotion } from '../../../shared/db/promotions.repo.ts';
import type { Promotion } from '../../../shared/db/tables.ts';
import type { PromotionPhase } from '../../../shared/domain/promotion.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { askPromotion } from '../../../shared/replication/promote/ask.ts';
import { planPromotion } from '../../../shared/replication/promote/plan.ts';
import { Controller, type ControllerOptions } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';

export type Generation = 'v2' | 'v3';
export const TITLES = ['One', 'Two', 'Three', 'Four'];

export interface Stage {
  readonly old: Simulator;
  /** The replica that is promoted, and the one that stays. */
  readonly heir: Simulator;
  readonly third: Simulator;
  readonly controller: Controller;
  close(): Promise<void>;
}

/** Three instances, not in one order of ids: an id of one is another document's on the next. */
export const text = (title: string) => ({
  content: `The text of ${title}, which no other one has.\n`,
  title,
  originalFileName: `${title}.txt`,
});

/** One document on a master and its replica, for what goes wrong. */
export async function pair(
  [from, to]: readonly [Generation, Generation],
  options: Partial<ControllerOptions> = {},
): Promise<Omit<Stage, 'third'>> {
  const [old, heir] = [await simulator(from, { seed: 'old' }), await simulator(to, { seed: 'heir' })];
  await ask(old, 'POST', '/api/tags/', { name: 'Inbox', is_inbox_tag: true, owner: null });
  old.write([{ content: 'The first of all.\n', title: 'First', originalFileName: 'first.txt' }]);
  const controller = await Controller.start({ master: old, replicas: { heir }, ...options });
  await controller.cycle();
  old.clearRequests();
  return {
    old,
    heir,
    controller,
    close: async () => {
      await controller.stop();
      for (const instance of [old, heir]) await instance.stop();
    },
  };
}

export async function stage(
  [from, heirs, thirds]: readonly [Generation, Generation, Generation],
  options: Partial<ControllerOptions> = {},
): Promise<Stage> {
  const old = await simulator(from, { seed: 'old' });
  const heir = await simulator(heirs, { seed: 'heir' });
  const third = await simulator(thirds, { seed: 'third' });
  await ask(old, 'POST', '/api/tags/', {
    name: 'Inbox',
    is_inbox_tag: true,
    matching_algorithm: 1,
    match: 'nothing like this',
    owner: null,
  });
  await ask(old, 'POST', '/api/correspondents/', {
    name: 'Harbour Office',
    matching_algorithm: 2,
    match: 'harbour',
    owner: null,
  });
  // Shifts the numbers: what is document 3 here is another one there.
  heir.write([text('Of the heir alone')]);
  third.write([text('Of the third alone'), text('Of the third, too')]);
  old.write(TITLES.map((title) => ({ ...text(title), correspondent: 1 })));
  await ask(old, 'POST', '/api/documents/1/notes/', { note: 'Seen by the harbour master' });
  const controller = await Controller.start({ master: old, replicas: { heir, third }, ...options });
  old.clearRequests();
  return {
    old,
    heir,
    third,
    controller,
    close: async () => {
      await controller.stop();
      for (const instance of [old, heir, third]) await instance.stop();
    },
  };
}

export function verbDeps(controller: Controller) {
  const { db, secrets, log } = controller;
  return {
    db,
    secrets,
    log,
    clock: systemClock,
    clients: instanceClients({ slots: NO_LIMIT }),
    randomHex: (bytes: number) => randomBytes(bytes).toString('hex'),
    scratchDir: tmpdir(),
    settings: () => loadSettings({ db, secrets }),
  };
}

export async function plan(controller: Controller, name: string) {
  return planPromotion(verbDeps(controller), await controller.replica(name));
}

export async function askFor(controller: Controller, name: string, accept = false): Promise<number> {
  const { id } = await controller.replica(name);
  return askPromotion(verbDeps(controller), { replicaId: id, by: 'a test', accept });
}

export async function inPhase(controller: Controller, id: number, phase: PromotionPhase): Promise<Promotion> {
  return waitFor(
    `promotion ${id} to be ${phase}`,
    async () => {
      const found = await findPromotion(controller.db, id);
      return found?.phase === phase ? found : null;
    },
    40_000,
  ).catch(async (error: Error) => {
    const found = await findPromotion(controller.db, id);
    throw new Error(`${error.message} (it is ${found?.phase}: ${found?.waits_for})`);
  });
}

export async function promote(controller: Controller, name: string): Promise<Promotion> {
  return inPhase(controller, await askFor(controller, name), 'done');
}

/** Reconciles what a switch put in question, then syncs. */
export async function settleDown(controller: Controller): Promise<void> {
  for (const _ of [1, 2]) await controller.cycle();
}

export const writes = (instance: Simulator): string[] =>
  instance
    .requests()
    .filter((request) => request.method !== 'GET' && request.method !== 'HEAD')
    .map((request) => `${request.method} ${request.path}`);

export const uploads = (instance: Simulator): string[] =>
  writes(instance).filter((line) => line.includes('post_document') || line.includes('update_version'));

export const titles = (instance: Simulator): string[] =>
  [...instance.store.documents.values()].map((row) => row.title).sort();

export { ask, uploadText };
