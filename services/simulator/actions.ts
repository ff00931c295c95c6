/**
 * Things that happen to an instance once and from outside: a killed worker, an emptied broker, a restored backup.
 * A fault, by contrast, stands until it is cleared (faults.ts).
 */

import { z } from 'zod';
import type { Instance } from './context.ts';
import { PROFILES } from './profile.ts';
import type { StoreBackup } from './state/store.ts';

/** What can be done to an instance from outside, once. */
export const ACTIONS = {
  'wipe-queue': 'the broker is emptied: reserved messages still run, the others stay PENDING for ever',
  'kill-worker': 'kill -9: running uploads are lost, reserved ones wait for the broker to age',
  'age-broker': 'the visibility timeout has passed: messages of dead workers come back in another order',
  'pause-worker': 'no new message is taken',
  'resume-worker': 'messages are taken again',
  backup: 'keeps a copy of all rows and sequences',
  'restore-backup': 'goes back to the copy; ids given out since come again for other documents',
  upgrade: 'v2 becomes v3: checksums are computed anew, task rows are dropped, nothing is bumped',
} as const;

export type ActionName = keyof typeof ACTIONS;

export const actionInput = z.object({
  name: z.enum(Object.keys(ACTIONS) as [ActionName, ...ActionName[]]),
});

const backups = new WeakMap<Instance, StoreBackup>();

const HANDLERS: Record<ActionName, (instance: Instance) => unknown> = {
  'wipe-queue': ({ queue }) => queue.wipe(),
  'kill-worker': ({ queue }) => queue.killWorkers(),
  'age-broker': ({ queue }) => queue.age(),
  'pause-worker': ({ queue }) => queue.pause(),
  'resume-worker': ({ queue }) => queue.resume(),
  backup: (instance) => void backups.set(instance, instance.store.backup()),
  'restore-backup': (instance) => {
    const backup = backups.get(instance);
    if (!backup) throw new Error('there is no backup');
    instance.store.restore(backup);
  },
  upgrade,
};

export function act(instance: Instance, name: ActionName): unknown {
  return HANDLERS[name](instance);
}

function upgrade(instance: Instance): void {
  const { store } = instance;
  instance.profile = PROFILES.v3;
  for (const row of [...store.documents.values()]) {
    store.index.forgetChecksum(row.checksum, row);
    store.index.forgetChecksum(row.archiveChecksum, row);
    row.checksum = row.file.sha256;
    row.archiveChecksum = row.archive?.sha256 ?? null;
    store.saveDocument(row);
  }
  for (const task of [...store.tasks.values()]) store.tasks.remove(task.id);
}
