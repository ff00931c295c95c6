/** Opens verifications: rows first, then their jobs, so that a lost job is made again by the tick (R2). */
import * as repo from '../db/verifications.repo.ts';
import { lockOpening } from '../db/master.repo.ts';
import * as findingsRepo from '../db/findings.repo.ts';
import type { Db, Replica, Verification, VerificationScope, VerificationTrigger } from '../db/tables.ts';
import type { Depth } from '../domain/verification.ts';
import { AppError } from '../kernel/errors.ts';
import type { EngineDeps } from './deps.ts';
import { refuseDuringPromotion } from './promote/guards.ts';
import { stopWork } from './stop-work.ts';

export type OpenVerificationDeps = Pick<EngineDeps, 'db' | 'queue' | 'log'>;

export interface VerificationRequest {
  /** null: every enabled replica. */
  readonly replicaId: number | null;
  readonly scope: VerificationScope;
  readonly depth: Depth;
  readonly masterDocId?: number | undefined;
  readonly trigger: VerificationTrigger;
  readonly askedBy: string;
  readonly budgetMs?: number | undefined;
}
export interface OpenedVerification {
  readonly verificationId: number;
  /** The same was asked for before and has not ended yet. */
  readonly alreadyRunning: boolean;
}

/** @throws replica_not_found, document_not_linked (404), no_replica, promotion_under_way (409). */
export async function openVerification(
  deps: OpenVerificationDeps,
  request: VerificationRequest,
): Promise<OpenedVerification> {
  const replicas = await replicasOf(deps, request);
  const opened = await deps.db.transaction().execute(async (trx) => {
    // One after the other with whoever asks for a promotion: nothing is compared while documents are numbered anew.
    await lockOpening(trx);
    await refuseDuringPromotion(trx);
    return insertRows(trx, request, replicas);
  });
  for (const id of opened.jobs) await enqueueVerification(deps, id);
  return { verificationId: opened.id, alreadyRunning: opened.alreadyRunning };
}

/** Its rows, in a transaction of the caller's; the jobs are enqueued once that is committed. */
export async function insertRows(trx: Db, request: VerificationRequest, replicas: readonly Pick<Replica, 'id'>[]) {
  const { masterDocId = null, budgetMs = null, ...rest } = request;
  const wanted = { ...rest, masterDocId, budgetMs };
  const same = await repo.openLike(trx, wanted);
  if (same) return { id: same.id, jobs: [], alreadyRunning: true };
  const first = await repo.insertVerification(trx, wanted);
  if (request.replicaId !== null) return { id: first.id, jobs: [first.id], alreadyRunning: false };
  const jobs: number[] = [];
  for (const replica of replicas) {
    const child = { ...wanted, parentId: first.id, replicaId: replica.id, scope: 'replica' as const };
    jobs.push((await repo.insertVerification(trx, child)).id);
  }
  return { id: first.id, jobs, alreadyRunning: false };
}

/** Whoever works on it, in any process, stops at once. False: it had ended already. */
export async function cancelVerification(deps: OpenVerificationDeps, verification: Verification): Promise<boolean> {
  const children = await repo.childrenOfVerification(deps.db, verification.id);
  const closed = await deps.db.transaction().execute(async (trx) => {
    let some = false;
    for (const { id } of [verification, ...children])
      if (await repo.closeVerification(trx, id, { state: 'cancelled' })) {
        some = true;
        await stopWork(trx, 'verification', id);
      }
    return some;
  });
  if (closed && verification.scope === 'repairs')
    await reopenRepairs(deps.db, verification, 'The verification of the repair was cancelled.');
  if (closed) deps.log.info(`Verification ${verification.id} was cancelled.`, { replicaId: verification.replica_id });
  return closed;
}

/** A queue that is away takes nothing from the row: the next tick finds it without a job. */
export async function enqueueVerification(deps: OpenVerificationDeps, id: number): Promise<void> {
  try {
    await deps.queue.verify(id);
    await repo.noteDispatched(deps.db, id);
  } catch (error) {
    const text = (error as Error).message;
    deps.log.warning(`Verification ${id} waits for the queue: ${text}`, { code: 'queue_unavailable' });
  }
}

/** Findings whose repair nobody verifies any more are open again; the round does not count. */
export async function reopenRepairs(db: Db, { replica_id, depth }: Verification, reason: string): Promise<void> {
  const ids = (await findingsRepo.repairing(db, replica_id ?? 0, depth)).map((finding) => finding.id);
  await findingsRepo.reopen(db, ids, reason, false);
}

async function replicasOf(deps: OpenVerificationDeps, request: VerificationRequest): Promise<Replica[]> {
  const query = deps.db.selectFrom('replicas').selectAll().orderBy('id');
  if (request.replicaId === null) {
    const replicas = await query.where('enabled', '=', true).execute();
    if (replicas.length > 0) return replicas;
    throw new AppError({
      code: 'no_replica',
      class: 'conflict',
      message: 'There is no enabled replica to verify.',
      hint: 'POST /api/replicas adds one.',
    });
  }
  const replica = await query.where('id', '=', request.replicaId).executeTakeFirst();
  if (!replica) throw notFound('replica_not_found', `There is no replica ${request.replicaId}.`);
  if (request.masterDocId !== undefined) await refuseUnlinked(deps, replica, request.masterDocId);
  return [replica];
}

async function refuseUnlinked(deps: OpenVerificationDeps, replica: Replica, masterDocId: number): Promise<void> {
  const link = await deps.db
    .selectFrom('sync_map')
    .select('id')
    .where('replica_id', '=', replica.id)
    .where('master_doc_id', '=', masterDocId)
    .executeTakeFirst();
  if (!link)
    throw notFound('document_not_linked', `Replica "${replica.name}" knows no master document #${masterDocId}.`);
}

function notFound(code: string, message: string): AppError {
  return new AppError({ code, class: 'not-found', message, status: 404 });
}
