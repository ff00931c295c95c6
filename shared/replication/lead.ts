/**
 * What must happen once is done by one process, the leader: due cycles, schedules, retention, the night's verification. Who
 * leads is a row with an epoch. It changes hands when its process ended or was declared dead; every act that matters runs
 * in a transaction that holds the row, so a leader that was frozen meanwhile finds that it leads no more (R3, H12).
 */
import { resignLead, stillLeads, takeLead } from '../db/leader.repo.ts';
import type { Db } from '../db/tables.ts';
import type { WriteGuard } from '../kernel/limits.ts';
import type { EngineLog } from './deps.ts';

export interface Leader {
  /** As far as this process knows: to skip work, not to allow it. Null: it does not lead. */
  epoch(): number | null;
  isLeader(): boolean;
  /** Runs `work` in a transaction that commits only under this process's lead; undefined if it does not lead (any more). */
  asLeader<T>(work: (trx: Db) => Promise<T>): Promise<T | undefined>;
}

export interface Leadership extends Leader {
  /** Takes the lead if nobody living has it; true when this call did it. Cheap, so at every tick. */
  tick(): Promise<boolean>;
  resign(): Promise<void>;
}

interface LeadDeps {
  readonly db: Db;
  readonly workerId: string;
  readonly guard: WriteGuard;
  readonly log: EngineLog;
}

export function createLeadership({ db, workerId, guard, log }: LeadDeps): Leadership {
  let epoch: number | null = null;
  let resigned = false;
  const isAlive = () => {
    try {
      guard.assertAlive();
      return true;
    } catch {
      return false;
    }
  };
  const known = () => (epoch !== null && isAlive() ? epoch : null);
  const lose = () => {
    if (epoch !== null) log.warning('Another process leads now.', { code: 'lead_lost', worker: workerId });
    epoch = null;
  };
  return {
    epoch: known,
    isLeader: () => known() !== null,
    async asLeader(work) {
      const mine = known();
      if (mine === null) return undefined;
      const end = await db.transaction().execute(async (trx) => {
        if (!(await stillLeads(trx, mine, workerId))) return null;
        return { result: await work(trx) };
      });
      if (end === null) lose();
      return end?.result;
    },
    async tick() {
      if (resigned) return false;
      const taken = await takeLead(db, workerId);
      if (taken === null) {
        lose();
        return false;
      }
      const isNew = taken !== epoch;
      epoch = taken;
      if (isNew) log.info('This process leads now.', { code: 'lead_taken', worker: workerId, epoch: taken });
      return isNew;
    },
    async resign() {
      resigned = true;
      epoch = null;
      await resignLead(db, workerId);
    },
  };
}

/** For jobs that the leader had made: a transaction that commits only while the lead of that epoch lasts. */
export function underEpoch<T>(db: Db, epoch: number, work: (trx: Db) => Promise<T>): Promise<T | undefined> {
  return db.transaction().execute(async (trx) => ((await stillLeads(trx, epoch, null)) ? work(trx) : undefined));
}
