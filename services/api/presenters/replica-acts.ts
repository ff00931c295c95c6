/** What a person does to a replica or a run, and the sentence that says how much was changed. */
import * as repo from '../../../shared/db/replicas.repo.ts';
import { countLinksOf } from '../../../shared/db/pages.repo.ts';
import { retryFailed } from '../../../shared/db/retry.repo.ts';
import { findRun } from '../../../shared/db/views.repo.ts';
import { DEPTHS } from '../../../shared/domain/verification.ts';
import { hygieneOf } from '../../../shared/replication/add-replica.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { resumeReplica } from '../../../shared/replication/pause-replica.ts';
import type { ConnectionReport } from '../../../shared/replication/test-connection.ts';
import { testKnownReplica } from '../../../shared/replication/update-replica.ts';
import { openVerification } from '../../../shared/replication/verify-open.ts';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { letDeletionsGo } from './deletions.ts';
import { plural } from './replica-state.ts';
import type { Replica } from '../existing.ts';

type Values = Readonly<Record<string, string>>;
/** `actor`: who does it, as the audit log names him. */
export type Act = (deps: ApiDeps, replica: Replica, values: Values, actor: string) => Promise<string>;

const depthOf = z.enum(DEPTHS).catch('checksum');

async function startSync(deps: ApiDeps, replica: Replica): Promise<string> {
  const { runId, alreadyRunning } = await openCycle(deps, { trigger: 'manual', replicaId: replica.id });
  return alreadyRunning ? `Run ${runId} is under way already.` : `Run ${runId} was started.`;
}

async function enable(deps: ApiDeps, { id, name }: Replica): Promise<string> {
  await repo.unsuspendReplica(deps.db, id);
  deps.log.info(`Replica "${name}" was enabled again.`, { replicaId: id });
  return `Replica "${name}" is enabled; the next cycle checks it and goes on.`;
}

async function disable(deps: ApiDeps, { id, name }: Replica): Promise<string> {
  await repo.updateReplica(deps.db, id, { enabled: false });
  deps.log.info(`Replica "${name}" was disabled.`, { replicaId: id });
  return `Replica "${name}" is disabled; no cycle includes it.`;
}

async function acknowledgeUploads(deps: ApiDeps, { id, name }: Replica): Promise<string> {
  await repo.acknowledgeUploads(deps.db, id);
  deps.log.info(`Uploads to replica "${name}" go on.`, { replicaId: id, code: 'uploads_acknowledged' });
  return `Uploads to "${name}" go on with the next cycle.`;
}

async function verify(deps: ApiDeps, { id }: Replica, values: Values, askedBy: string): Promise<string> {
  const depth = depthOf.parse(values['depth']);
  const asked = { replicaId: id, scope: 'replica', depth, trigger: 'manual', askedBy } as const;
  const { verificationId, alreadyRunning } = await openVerification(deps, asked);
  return alreadyRunning
    ? `Verification ${verificationId} is under way already.`
    : `Verification ${verificationId} was started.`;
}

/** Null: nothing had failed. */
async function retry(
  deps: ApiDeps,
  replicaId: number,
): Promise<{ readonly runId: number; readonly text: string } | null> {
  const retried = (await retryFailed(deps.db, replicaId)).reduce((sum, { documents }) => sum + documents, 0);
  if (retried === 0) return null;
  deps.log.info(`${retried} failed documents are due again.`, { replicaId });
  const { runId } = await openCycle(deps, { trigger: 'manual', replicaId });
  return { runId, text: `${plural(retried, 'document')} made due again, in run ${runId}.` };
}

export const REPLICA_ACTS: Readonly<Record<string, Act>> = {
  sync: startSync,
  resume: async (deps, { id }) => `Replica "${(await resumeReplica(deps, id)).name}" goes on with the next cycle.`,
  unsuspend: enable,
  disable,
  'uploads-acknowledge': acknowledgeUploads,
  'retry-failed': async (deps, { id }) =>
    (await retry(deps, id))?.text ?? 'Nothing had failed; no document was changed.',
  verify,
  deletions: async (deps, replica) => {
    const approved = await letDeletionsGo(deps, replica);
    if (approved === null) return 'No deletions wait; nothing was changed.';
    return `${plural(approved, 'deletion')} on "${replica.name}" will be carried out by the next cycle.`;
  },
};

/** Retries what failed on the replica of this run. */
export async function retryRun(
  deps: ApiDeps,
  runId: number,
): Promise<string | { readonly text: string; readonly to: string }> {
  const run = await findRun(deps.db, runId);
  if (run === undefined || run.replica_id === null) throw notFound(`A run ${runId} of one replica`, 'run_not_found');
  const again = await retry(deps, run.replica_id);
  if (again === null) return 'Nothing is failed any more; no document was changed.';
  return { text: again.text, to: `/runs/${again.runId}` };
}

export const linksOf = (deps: ApiDeps, replicaId: number): Promise<number> => countLinksOf(deps.db, replicaId);

export async function removeReplica(deps: ApiDeps, { id, name }: Replica): Promise<string> {
  const links = await countLinksOf(deps.db, id);
  await repo.deleteReplica(deps.db, id);
  deps.log.info(`Replica "${name}" was removed; its instance was left as it is.`);
  return `Replica "${name}" was removed, with what was known of ${plural(links, 'document')}.`;
}

/** What a good test saw of the instance's set-up is kept. */
export async function testSaved(deps: ApiDeps, replica: Replica, signal: AbortSignal): Promise<ConnectionReport> {
  const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
  const report = await testKnownReplica(deps, replica, access, signal);
  if (report.ok) await repo.updateReplica(deps.db, replica.id, hygieneOf(report, deps.clock.now()));
  return report;
}
