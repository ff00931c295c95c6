/** What grows is cut (product.md section 4, "retention for all that grow"). */
import { pruneAlerts } from '../db/alerts.repo.ts';
import { pruneDoors } from '../db/admin.repo.ts';
import { deleteLogsBefore } from '../db/logs.repo.ts';
import { pruneRunItems } from '../db/runs.repo.ts';
import { pruneLedger } from '../db/verification-ledger.repo.ts';
import type { Db } from '../db/tables.ts';
import { pruneHints } from '../db/webhook-events.repo.ts';
import { pruneWorkers } from '../db/workers.repo.ts';
import { DAY } from '../kernel/clock.ts';
import type { EngineDeps } from './deps.ts';
import { SESSION } from './doors/admin.ts';
import { underEpoch } from './lead.ts';

/** Rows a statement: a long one would hold locks and bloat. */
const BATCH = 5000;
const MAX_BATCHES = 200;
/** Acts of operators are few, and asked for long after. */
const AUDIT_DAYS = 400;

type MaintainDeps = Pick<EngineDeps, 'db' | 'settings' | 'clock'>;

/** Under the epoch of the leader that had the job made: once another process leads, its own jobs do the rest. */
export async function maintain(deps: MaintainDeps, task: 'prune', epoch: number): Promise<void> {
  switch (task) {
    case 'prune':
      return prune(deps, epoch);
    default:
      return task satisfies never;
  }
}

async function prune(deps: MaintainDeps, epoch: number): Promise<void> {
  const { logRetentionDays } = await deps.settings();
  const before = new Date(deps.clock.now().getTime() - logRetentionDays * DAY);
  const inBatches = async (cut: (trx: Db) => Promise<number>) => {
    for (let batch = 0; batch < MAX_BATCHES; batch += 1)
      if (((await underEpoch(deps.db, epoch, cut)) ?? 0) < BATCH) return;
  };
  await inBatches((trx) => deleteLogsBefore(trx, before, BATCH));
  await inBatches((trx) => pruneLedger(trx, before, BATCH));
  await inBatches((trx) => pruneAlerts(trx, before, BATCH));
  await inBatches((trx) => pruneHints(trx, before, BATCH));
  await underEpoch(deps.db, epoch, async (trx) => {
    await pruneRunItems(trx);
    await pruneWorkers(trx);
    await pruneDoors(trx, SESSION.idleSeconds, AUDIT_DAYS);
  });
}
