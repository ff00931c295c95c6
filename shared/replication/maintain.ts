/** What grows is cut (product.md section 4, "retention for all that grow"). */
import { deleteLogsBefore } from '../db/logs.repo.ts';
import { pruneRunItems } from '../db/runs.repo.ts';
import { pruneLedger } from '../db/verification-ledger.repo.ts';
import { pruneWorkers } from '../db/workers.repo.ts';
import { DAY } from '../kernel/clock.ts';
import type { EngineDeps } from './deps.ts';

/** Rows a statement: a long one would hold locks and bloat. */
const BATCH = 5000;
const MAX_BATCHES = 200;

export async function maintain(deps: Pick<EngineDeps, 'db' | 'settings' | 'clock'>, task: 'prune'): Promise<void> {
  switch (task) {
    case 'prune':
      return prune(deps);
    default:
      return task satisfies never;
  }
}

async function prune(deps: Pick<EngineDeps, 'db' | 'settings' | 'clock'>): Promise<void> {
  const { logRetentionDays } = await deps.settings();
  const before = new Date(deps.clock.now().getTime() - logRetentionDays * DAY);
  for (let batch = 0; batch < MAX_BATCHES; batch += 1)
    if ((await deleteLogsBefore(deps.db, before, BATCH)) < BATCH) break;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) if ((await pruneLedger(deps.db, before, BATCH)) < BATCH) break;
  await pruneRunItems(deps.db);
  await pruneWorkers(deps.db);
}
