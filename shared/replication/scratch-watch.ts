/** A full scratch folder: said once in the log, and kept in the process's row, where status and metrics find it (E8). */
import { noteScratch } from '../db/workers.repo.ts';
import type { EngineDeps } from './deps.ts';
import type { RoomOptions } from './scratch-room.ts';

export function tellOfScratch(deps: Pick<EngineDeps, 'db' | 'log' | 'workerId'>): NonNullable<RoomOptions['onChange']> {
  return (full, facts) => {
    if (full)
      deps.log.error(
        `The scratch folder is full (${facts}): uploads wait until there is room again. Free space under SCRATCH_DIR.`,
        { code: 'disk_full' },
      );
    else deps.log.info(`The scratch folder has room again (${facts}); uploads go on.`, { code: 'disk_room' });
    void noteScratch(deps.db, deps.workerId, full).catch(() => undefined);
  };
}

/** Each tick: the disk may have room again; and the row is set right, should the database have been away when it changed. */
export async function watchScratch(deps: Pick<EngineDeps, 'db' | 'workerId' | 'scratch'>): Promise<void> {
  if (!deps.scratch.isFull) return;
  await deps.scratch.recheck().catch(() => undefined);
  await noteScratch(deps.db, deps.workerId, deps.scratch.isFull);
}
