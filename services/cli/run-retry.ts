import { EXIT } from '../../shared/config/exit-codes.ts';
import * as retry from '../../shared/db/retry.repo.ts';
import type { Db } from '../../shared/db/tables.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { engineQueue } from '../../shared/replication/engine-queue.ts';
import { refuseExcluded } from '../../shared/replication/exclude-document.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { openCycle } from '../../shared/replication/open-cycle.ts';
import { numberOf, usageError } from './arguments.ts';
import { attach, type Attached } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';
import { printJson, printLines } from './print.ts';

export interface RetryOptions {
  readonly replica: string | undefined;
  readonly document: string | undefined;
  readonly now: boolean;
  readonly json: boolean;
}

export async function runRetry(options: RetryOptions): Promise<number> {
  const { document, replica } = options;
  if (document !== undefined && replica === undefined) throw usageError('--document needs --replica.', 'retry');
  const masterDocId = document === undefined ? null : numberOf('document', document, 'retry');
  const attached = await attach();
  try {
    const { db } = attached.foundation.database;
    const replicaId = replica === undefined ? null : await replicaIdOf(db, replica);
    const retried = await makeDue(db, replicaId, masterDocId);
    const runId = options.now ? await startCycle(attached, replicaId) : null;
    if (options.json) printJson({ retried, run_id: runId });
    else printLines([`${retried} due again.${runId === null ? '' : ` Run ${runId} was started.`}`]);
    return EXIT.ok;
  } finally {
    await attached.close();
  }
}

async function makeDue(db: Db, replicaId: number | null, masterDocId: number | null): Promise<number> {
  if (replicaId === null || masterDocId === null)
    return (await retry.retryFailed(db, replicaId)).reduce((sum, { documents }) => sum + documents, 0);
  await refuseExcluded(db, { replicaId, masterDocId });
  if (await retry.retryDocument(db, replicaId, masterDocId)) return 1;
  throw new AppError({
    code: 'document_not_linked',
    class: 'not-found',
    message: `This replica knows no document with the master id ${masterDocId}.`,
  });
}

async function startCycle({ foundation }: Attached, replicaId: number | null): Promise<number> {
  const { database, secrets, producer, log } = foundation;
  const settings = () => loadSettings({ db: database.db, secrets });
  const deps = { db: database.db, queue: engineQueue(producer), log, clock: systemClock, settings };
  return (await openCycle(deps, { trigger: 'cli', replicaId: replicaId ?? undefined })).runId;
}
