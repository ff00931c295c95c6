import { stillLeads } from '../../shared/db/leader.repo.ts';
import { backupTick } from '../../shared/replication/backup/backup-tick.ts';
import type { WorkerDeps } from './deps.ts';
import type { WorkerOptions } from './start.ts';

/** A look every half minute; a stop abandons a backup that is being written. */
export function keepBackups(
  { backups, version }: WorkerOptions,
  { engine, leadership }: WorkerDeps,
): { stop(): Promise<void> } {
  if (backups === undefined) return { stop: () => Promise.resolve() };
  const isLeader = async () => {
    const epoch = leadership.epoch();
    return epoch !== null && stillLeads(engine.db, epoch, engine.workerId);
  };
  const stopping = new AbortController();
  let current: Promise<unknown> | null = null;
  const look = () => {
    current ??= backupTick({ ...engine, ...backups, version, isLeader }, stopping.signal).finally(() => {
      current = null;
    });
  };
  const timer = setInterval(look, backups.lookMs ?? 30_000);
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await current;
    },
  };
}
