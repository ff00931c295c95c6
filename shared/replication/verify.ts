/**
 * The verification job (E22): walks its phases from where the rows say it stands. May be run again at any time: what is in
 * the ledger is not read again. It writes to no instance; what it finds becomes work of the next cycle.
 */
import * as repo from '../db/verifications.repo.ts';
import type { Link, Verification } from '../db/tables.ts';
import { toAppError, type AppError } from '../kernel/errors.ts';
import type { EngineDeps } from './deps.ts';
import { quietEnd, quietHours, restOf, type JobEnd } from './rest.ts';
import { closeFinished } from './verify-close.ts';
import { batchSize, verifyLinks, type Pass } from './verify-links.ts';
import { verifyList } from './verify-list.ts';
import { reopenRepairs } from './verify-open.ts';
import { openScene, outOfTime, save, type Scene } from './verify-scene.ts';

/** In a row, each some forty seconds after the one before it, on top of the client's own repeats. */
const MAX_FAULTS = 5;

export function verify(deps: EngineDeps, verificationId: number, signal: AbortSignal): Promise<JobEnd> {
  return deps.busy.verifications.during(verificationId, signal, (own) => carryOn(deps, verificationId, own));
}

async function carryOn(deps: EngineDeps, id: number, signal: AbortSignal): Promise<JobEnd> {
  const verification = await repo.takeVerification(deps.db, id, deps.workerId);
  if (!verification) return 'busy';
  const lease = { id, worker: deps.workerId, epoch: verification.lease_epoch };
  try {
    const scene = await openScene(deps, verification, lease, signal);
    refuseWhileQuiet(scene);
    await walk(scene);
    await closeFinished(scene);
  } catch (thrown) {
    const until = await giveUp(deps, verification, lease, toAppError(thrown));
    if (until) return until;
  }
  return 'done';
}

/** Stopped, taken over: somebody goes on from the checkpoint. Anything else ends it, with what it found so far. */
async function giveUp(
  deps: EngineDeps,
  verification: Verification,
  lease: repo.VerificationLease,
  error: AppError,
): Promise<Date | null> {
  const until = restOf(error, deps.clock.now());
  if (error.class === 'cancelled' || until) {
    await repo.releaseVerification(deps.db, lease, { dispatched_at: until });
    return until;
  }
  const now = await repo.findVerification(deps.db, verification.id);
  // An instance that is away for a moment must not end the work of hours: the tick tries again, a while later.
  if (now && error.class === 'transient' && now.faults < MAX_FAULTS) {
    await repo.releaseForLater(deps.db, lease, now.faults + 1);
    return null;
  }
  await repo.closeVerification(deps.db, verification.id, {
    state: 'failed',
    errorCode: error.code,
    errorMsg: error.message,
  });
  const where = { replicaId: verification.replica_id, code: error.code };
  deps.log.error(`Verification ${verification.id} failed: ${error.message}`, where);
  if (verification.scope === 'repairs')
    await reopenRepairs(deps.db, verification, `The repair could not be verified: ${error.message}`);
  return null;
}

/** The night's slice respects the quiet hours of the replica; what a person asked for does not. */
function refuseWhileQuiet({ deps, settings, replica, verification }: Scene): void {
  if (verification.trigger !== 'scheduler') return;
  const now = deps.clock.now();
  const quiet = quietEnd(settings, replica, null, now);
  if (quiet) throw quietHours(quiet, now);
}

async function walk(scene: Scene): Promise<void> {
  for (;;) {
    scene.signal.throwIfAborted();
    if (outOfTime(scene)) return;
    switch (scene.verification.phase) {
      case 'list':
        await startOf(scene);
        break;
      case 'fresh':
        await walkFresh(scene);
        break;
      case 'documents':
        await walkDocuments(scene);
        break;
      case 'again':
        return walkPutOff(scene);
      default:
        return scene.verification.phase satisfies never;
    }
  }
}

/** One document, or a few that were repaired, say nothing about the rest of the replica. */
async function startOf(scene: Scene): Promise<void> {
  const { scope } = scene.verification;
  if (scope === 'document' || scope === 'repairs') await save(scene, scene.deps.db, { phase: 'documents' });
  else await verifyList(scene);
}

/** The nightly slice gives at most half of its time to what changed lately, or the rotation would never come round. */
async function walkFresh(scene: Scene): Promise<void> {
  const pass: Pass = { depth: 'checksum', last: false, ordered: false };
  const { id, replica_id: replicaId, budget_ms: budget } = scene.verification;
  const isHalf = () => budget !== null && scene.verification.spent_ms >= budget / 2;
  const next = () =>
    repo.linksOfSlice(
      scene.deps.db,
      { replicaId: replicaId ?? 0, verificationId: id, fresh: true },
      batchSize('checksum'),
    );
  if (await walkBatches(scene, pass, next, isHalf))
    await save(scene, scene.deps.db, { phase: 'documents', checkpoint: 0 });
}

async function walkDocuments(scene: Scene): Promise<void> {
  const { id, depth, scope, replica_id, master_doc_id: masterDocId } = scene.verification;
  const replicaId = replica_id ?? 0;
  const slice = scope === 'slice';
  const repairsOf = scope === 'repairs' ? depth : null;
  const next = () =>
    slice
      ? repo.linksOfSlice(scene.deps.db, { replicaId, verificationId: id, fresh: false }, batchSize(depth))
      : repo.linksAfter(
          scene.deps.db,
          { replicaId, masterDocId, repairsOf },
          scene.verification.checkpoint,
          batchSize(depth),
        );
  const budget = scene.verification.budget_ms;
  // What was put off is judged in the rest of the time: a difference that nobody confirms is none.
  const isEnough = () => slice && budget !== null && scene.verification.spent_ms >= budget * 0.9;
  if (await walkBatches(scene, { depth, last: false, ordered: !slice }, next, isEnough))
    await save(scene, scene.deps.db, { phase: 'again', checkpoint: 0 });
}

async function walkPutOff(scene: Scene): Promise<void> {
  const { id, depth } = scene.verification;
  const pass: Pass = { depth, last: true, ordered: false };
  await walkBatches(scene, pass, () => repo.linksPutOff(scene.deps.db, id, batchSize(depth, true)));
}

/** True when there is no more; false when the time, or the part of it that is given to this phase, is used up. */
async function walkBatches(
  scene: Scene,
  pass: Pass,
  next: () => Promise<Link[]>,
  isEnough: () => boolean = () => false,
): Promise<boolean> {
  for (;;) {
    scene.signal.throwIfAborted();
    if (outOfTime(scene)) return false;
    refuseWhileQuiet(scene);
    if (isEnough()) return true;
    const links = await next();
    if (links.length === 0) return true;
    await verifyLinks(scene, links, pass);
  }
}
