/** A master with a dozen documents, a replica that has them all, and what people do to the master. */
import { expect } from 'vitest';
import type { Tombstone } from '../../../shared/db/deletion-tables.ts';
import type { Run } from '../../../shared/db/tables.ts';
import { ask } from '../../support/paperless-calls.ts';
import type { Simulator } from '../../support/simulator.ts';
import { expectUnwritten, live, posts, Stage, writes, type StageOptions } from '../faults/stage.ts';

export const DOCUMENTS = 24;
export const NO_LIMITS = { max_delete_percent: '100', max_delete_count: '1000' };
/** Where the guard's share of a library is not what is asked for. */
export const FEW = { documents: Array.from({ length: 6 }, () => ({})), settings: NO_LIMITS };

export type Mode = 'keep' | 'trash' | 'delete';

export async function openScene(options: StageOptions & { readonly mode?: Mode } = {}): Promise<Stage> {
  const { mode = 'trash', ...rest } = options;
  const stage = await Stage.open({ documents: Array.from({ length: DOCUMENTS }, () => ({})), ...rest });
  await setMode(stage, mode);
  expect((await stage.cycle()).outcome).toBe('ok');
  expect(live(stage.copy)).toHaveLength(rest.documents?.length ?? DOCUMENTS);
  stage.copy.clearRequests();
  return stage;
}

export async function setMode(stage: Stage, mode: Mode, replica = 'copy'): Promise<void> {
  await stage.db.updateTable('replicas').set({ deletion_mode: mode }).where('name', '=', replica).execute();
}

export async function sweep(stage: Stage, timeoutMs = 40_000): Promise<Run> {
  const { runId } = await stage.controller.openCycle(undefined, { sweep: true });
  return stage.ended(runId, timeoutMs);
}

/** What people do on the master; the controller wrote nothing there before, nor does what they do count as its writes. */
async function byPeople(instance: Simulator, act: () => Promise<unknown>): Promise<void> {
  expectUnwritten(instance);
  await act();
  instance.clearRequests();
}

export const trashOn = (instance: Simulator, id: number) =>
  byPeople(instance, () => ask(instance, 'DELETE', `/api/documents/${id}/`));

export const restoreOn = (instance: Simulator, id: number) =>
  byPeople(instance, () => ask(instance, 'POST', '/api/trash/', { action: 'restore', documents: [id] }));

/** Trashes it where it is live, and empties the trash of it. */
export const purgeOn = (instance: Simulator, id: number) =>
  byPeople(instance, async () => {
    if (instance.store.documents.get(id)?.deletedAt === null) await ask(instance, 'DELETE', `/api/documents/${id}/`);
    await ask(instance, 'POST', '/api/trash/', { action: 'empty', documents: [id] });
  });

export const trashed = (instance: Simulator) =>
  [...instance.store.documents.values()].filter((row) => row.deletedAt !== null && row.rootDocument === null);

export const deletes = (instance: Simulator) => writes(instance).filter(({ method }) => method === 'DELETE');
/** Restores and purges. */
export const trashPosts = (instance: Simulator) => writes(instance).filter(({ path }) => path === '/api/trash/');
export const uploads = (instance: Simulator) => posts(instance).length;

export function tombstones(stage: Stage): Promise<Tombstone[]> {
  return stage.db.selectFrom('tombstones').selectAll().orderBy('id').execute();
}

/** Moves what is remembered about deletions into the past. */
export async function letDaysPass(stage: Stage, days: number): Promise<void> {
  for (const row of await tombstones(stage)) {
    const back = (time: Date | null) => time && new Date(time.getTime() - days * 86_400_000);
    await stage.db
      .updateTable('tombstones')
      .set({ planned_at: back(row.planned_at) as Date, trashed_at: back(row.trashed_at) })
      .where('id', '=', row.id)
      .execute();
  }
}

/** Nothing was taken from the copy, and nothing was uploaded to it a second time. */
export function expectUntouched(stage: Stage, documents = DOCUMENTS): void {
  expect(live(stage.copy)).toHaveLength(documents);
  expect(trashed(stage.copy)).toEqual([]);
  expect(deletes(stage.copy)).toEqual([]);
  expect(trashPosts(stage.copy)).toEqual([]);
  expectUnwritten(stage.master);
}
