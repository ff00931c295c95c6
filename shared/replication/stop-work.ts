/**
 * Stops what is cancelled or past its time, in whatever process it runs (E15). The row is closed first; the notification only
 * makes it quick, and whoever misses it finds the closed row at the next tick.
 */
import { notify, STOP_WORK, type Listener } from '../db/listen.ts';
import { closedAmong } from '../db/runs.repo.ts';
import type { Db } from '../db/tables.ts';
import { endedAmong } from '../db/verifications.repo.ts';
import type { Busy, Tally } from './busy.ts';
import type { EngineDeps } from './deps.ts';

type Kind = 'run' | 'link' | 'verification';
const WHY = 'It was cancelled, or its time is over.';

/** Sent at commit when called with a transaction. */
export function stopWork(db: Db, kind: Kind, id: number): Promise<void> {
  return notify(db, STOP_WORK, `${kind}:${id}`);
}

function tallyOf(busy: Busy, kind: string | undefined): Tally | undefined {
  switch (kind) {
    case 'run':
      return busy.workOfRuns;
    case 'link':
      return busy.links;
    case 'verification':
      return busy.verifications;
    default:
      return undefined;
  }
}

export async function listenForStops(listener: Listener, deps: Pick<EngineDeps, 'db' | 'busy'>): Promise<void> {
  await listener.on(
    STOP_WORK,
    (payload) => {
      const [kind, id] = payload.split(':');
      tallyOf(deps.busy, kind)?.stop(Number(id), WHY);
    },
    () => void stopClosed(deps).catch(() => undefined),
  );
}

/** For notifications that were lost: what is worked on here although its row is closed. */
export async function stopClosed({ db, busy }: Pick<EngineDeps, 'db' | 'busy'>): Promise<void> {
  const runs = busy.workOfRuns.ids();
  if (runs.length > 0) for (const id of await closedAmong(db, runs)) busy.workOfRuns.stop(id, WHY);
  const verifications = busy.verifications.ids();
  if (verifications.length > 0) for (const id of await endedAmong(db, verifications)) busy.verifications.stop(id, WHY);
}
