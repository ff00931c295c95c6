/** What a person asks for about the identity of a replica: match it anew, or say that what was found is right. */
import { acceptIdentities, acceptMissing } from '../db/identity.repo.ts';
import { censusAgainstLinks } from '../db/links.repo.ts';
import { findReplica } from '../db/replicas.repo.ts';
import type { ReconcileMode } from '../db/reconcile.repo.ts';
import type { Replica } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import { openCycle, type OpenCycleDeps, type OpenCycleRequest } from './open-cycle.ts';
import { endSeeding } from './seeding.ts';
import type { PlanDeps } from './plan-reconcile.ts';

/** @throws replica_locked (409) while another run of this replica is open: its row is the lock (E29). */
export async function openReconcile(
  deps: OpenCycleDeps,
  replicaId: number,
  mode: ReconcileMode,
  trigger: OpenCycleRequest['trigger'] = 'manual',
): Promise<number> {
  const replica = await findReplica(deps.db, replicaId);
  if (replica) await endSeeding(deps, replica, 'over');
  const { runId, alreadyRunning } = await openCycle(deps, { trigger, replicaId, mode });
  if (!alreadyRunning) return runId;
  throw new AppError({
    code: 'replica_locked',
    class: 'conflict',
    status: 409,
    message: `Run ${runId} works on this replica; only one may at a time.`,
    hint: 'Wait until it has ended, then ask again.',
  });
}

export type Confirmation = 'missing' | 'identities';

/**
 * E26, H2: the replica was held until a person looked. Missing copies that are accepted are made again by the next cycles;
 * accepted identities go to a reconcile, and nothing is sent before it is through. Returns the run of that reconcile.
 */
export async function confirmReplica(
  deps: OpenCycleDeps & PlanDeps,
  replica: Replica,
  accept: Confirmation,
  signal?: AbortSignal,
): Promise<number | null> {
  if (accept === 'identities') {
    await acceptIdentities(deps.db, replica.id, 'A person accepted this instance; its copies are matched anew first.');
    return openReconcile(deps, replica.id, 'reconcile');
  }
  const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
  const census = await deps.clients.openReader(access).census(signal);
  const { missing } = await censusAgainstLinks(deps.db, replica.id, census.ids);
  await acceptMissing(deps.db, replica.id, missing);
  return null;
}
