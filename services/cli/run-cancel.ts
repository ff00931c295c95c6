import { EXIT } from '../../shared/config/exit-codes.ts';
import { findVerification } from '../../shared/db/verifications.repo.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { engineQueue } from '../../shared/replication/engine-queue.ts';
import type { Foundation } from '../../shared/replication/foundation.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { cancelDocument, cancelRun } from '../../shared/replication/pause-replica.ts';
import { cancelVerification } from '../../shared/replication/verify-open.ts';
import { numberOf, usageError } from './arguments.ts';
import { attach } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';
import { printJson, printLines } from './print.ts';

export interface CancelOptions {
  readonly run: string | undefined;
  readonly verification: string | undefined;
  readonly replica: string | undefined;
  readonly document: string | undefined;
  readonly json: boolean;
}

export async function runCancel(options: CancelOptions): Promise<number> {
  const { run, verification, replica, document } = options;
  const named = [run, verification, document].filter((one) => one !== undefined);
  if (named.length !== 1 || (document === undefined) !== (replica === undefined))
    throw usageError('Name one: --run, --verification, or --replica with --document.', 'cancel');
  const attached = await attach();
  try {
    const done = await cancel(attached.foundation, options);
    if (options.json) printJson(done);
    else printLines([done.text]);
    return EXIT.ok;
  } finally {
    await attached.close();
  }
}

async function cancel(foundation: Foundation, { run, verification, replica, document }: CancelOptions) {
  const { database, secrets, producer, log, engineMetrics: metrics } = foundation;
  const { db } = database;
  const closing = { db, log, metrics, clock: systemClock, settings: () => loadSettings({ db, secrets }) };
  if (run !== undefined) {
    const runId = numberOf('run', run, 'cancel');
    await cancelRun(closing, runId);
    return { run_id: runId, text: `Run ${runId} was cancelled.` };
  }
  if (verification !== undefined) {
    const id = numberOf('verification', verification, 'cancel');
    const row = await findVerification(db, id);
    if (!row)
      throw new AppError({
        code: 'verification_not_found',
        class: 'not-found',
        message: `There is no verification ${id}.`,
      });
    const cancelled = await cancelVerification({ db, log, queue: engineQueue(producer) }, row);
    const text = cancelled ? `Verification ${id} was cancelled.` : `Verification ${id} had ended already.`;
    return { verification_id: id, cancelled, text };
  }
  const replicaId = await replicaIdOf(db, replica ?? '');
  const masterDocId = numberOf('document', document ?? '', 'cancel');
  const runId = await cancelDocument(closing, replicaId, masterDocId);
  return { run_id: runId, text: `Document #${masterDocId} was taken out of run ${runId}.` };
}
