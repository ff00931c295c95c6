import { listReplicas } from '../db/replicas.repo.ts';
import type { Link, Replica } from '../db/tables.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import type { PaperlessReader } from '../paperless/api.ts';
import type { HygieneDeps } from './check-hygiene.ts';
import { ENGINE_TIMINGS } from './deps.ts';
import { masterNotConfigured } from './instances.ts';
import { masterAccess } from './load-settings.ts';
import { planDocument, planSync, type PlanSource, type SyncPlan } from './plan-sync.ts';
import { replicaNotFound } from './update-replica.ts';

export interface ReplicaPlan extends SyncPlan {
  readonly replica: string;
}

/** What a cycle would do now, to each replica that is enabled or to the one that is named; nothing is written anywhere. */
export async function planReplicas(
  deps: HygieneDeps,
  { replicaId, sweep }: { readonly replicaId: number | undefined; readonly sweep: boolean },
  signal: AbortSignal,
): Promise<readonly ReplicaPlan[]> {
  const all = await listReplicas(deps.db);
  const replicas = all.filter((one) => (replicaId === undefined ? one.enabled : one.id === replicaId));
  if (replicaId !== undefined && replicas.length === 0) throw replicaNotFound(replicaId);
  const master = masterAccess(await deps.settings());
  if (master === null) throw masterNotConfigured();
  const reader = deps.clients.openReader(master);
  const plans: ReplicaPlan[] = [];
  for (const replica of replicas) {
    const plan = await planSync(sourceOf(deps, reader, replica, signal), replica, sweep).catch((thrown: unknown) =>
      Promise.reject(said(thrown, replica)),
    );
    plans.push({ replica: replica.name, ...plan });
  }
  return plans;
}

/** The same for one document: both sides are read anew. */
export async function planCopy(deps: HygieneDeps, replica: Replica, link: Link, signal: AbortSignal) {
  const master = masterAccess(await deps.settings());
  if (master === null) throw masterNotConfigured();
  const source = sourceOf(deps, deps.clients.openReader(master), replica, signal);
  return planDocument(source, replica, link).catch((thrown: unknown) => Promise.reject(said(thrown, replica)));
}

function sourceOf(deps: HygieneDeps, reader: PaperlessReader, replica: Replica, signal: AbortSignal): PlanSource {
  const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
  return { ...deps, timings: ENGINE_TIMINGS, reader, writer: deps.clients.openReader(access), signal };
}

/** Which of the two could not be asked: the caller sees no log beside the answer. */
function said(thrown: unknown, replica: Pick<Replica, 'id' | 'name'>): AppError {
  const error = toAppError(thrown);
  if (error.target === undefined) return error;
  const who = error.target === 0 ? 'Master' : `Replica "${replica.name}"`;
  const { code, class: kind, hint, scope, status, target } = error;
  const message = `${who}: ${error.message}`;
  return Object.assign(new AppError({ code, class: kind, message, hint, scope, status, cause: error }), { target });
}
