import { inTransaction, sqlState } from '../db/client.ts';
import { findReplica, findReplicaByName, markLinksUnconfirmed, updateReplica as write } from '../db/replicas.repo.ts';
import type { ReplicaChanges } from '../db/replicas.repo.ts';
import type { Replica } from '../db/tables.ts';
import { unfinishedMasterIds } from '../db/views.repo.ts';
import { markedMasterId } from '../domain/markers.ts';
import { AppError } from '../kernel/errors.ts';
import { nameTaken, refuseKnownUrl, replicaUrl, seenFacts, type ReplicaVerbDeps } from './add-replica.ts';
import { knownFacts } from './check-hygiene.ts';
import { connectionRefused } from './connection-refused.ts';
import { loadSettings, masterAccess } from './load-settings.ts';
import { choiceColumns, revisitForChoices, type ReplicaChoices } from './replica-choices.ts';
import { testReplica, type ConnectionReport, type InstanceAccess } from './test-connection.ts';

/** Left out means: as it is. */
export interface ReplicaUpdate extends ReplicaChoices {
  readonly name?: string | undefined;
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly enabled?: boolean | undefined;
  readonly syncIntervalSeconds?: number | null | undefined;
}

const UNIQUE_VIOLATION = '23505';

/** Tested again when address or token changed. A changed address makes every identity doubtful (E26). */
export async function updateReplica(
  deps: ReplicaVerbDeps,
  id: number,
  update: ReplicaUpdate,
  signal?: AbortSignal,
): Promise<{ replica: Replica; report: ConnectionReport | null }> {
  const current = await findReplica(deps.db, id);
  if (current === undefined) throw replicaNotFound(id);
  if (update.name !== undefined && update.name !== current.name)
    if ((await findReplicaByName(deps.db, update.name)) !== undefined) throw nameTaken(update.name);
  const url = update.url === undefined ? current.url : replicaUrl(update.url);
  const token = update.token ?? deps.secrets.open(current.api_token);
  const urlChanged = url !== current.url;
  let report: ConnectionReport | null = null;
  if (urlChanged) await refuseKnownUrl(deps.db, url, id);
  if (urlChanged || update.token !== undefined) {
    report = await testKnownReplica(deps, current, { url, token, target: id }, signal);
    if (!report.ok) throw connectionRefused(report, { url: 'url', token: 'api_token' });
  }
  const changes: ReplicaChanges = {
    ...(update.name === undefined ? {} : { name: update.name }),
    ...(update.enabled === undefined ? {} : { enabled: update.enabled }),
    ...(update.syncIntervalSeconds === undefined ? {} : { sync_interval_seconds: update.syncIntervalSeconds }),
    ...(update.token === undefined ? {} : { api_token: deps.secrets.seal(update.token) }),
    ...choiceColumns(update),
    ...(urlChanged ? { url, unconfirmed: true, library_proven: false, ...endOfIdentityPause(current) } : {}),
    ...(report === null ? {} : seenFacts(report, deps.clock.now())),
  };
  return { replica: await save(deps, current, changes, urlChanged), report };
}

/** The test of a saved replica: its unfinished uploads hold reserved numbers and are no strangers. */
export async function testKnownReplica(
  deps: ReplicaVerbDeps,
  replica: Replica,
  access: InstanceAccess,
  signal?: AbortSignal,
): Promise<ConnectionReport> {
  const settings = await loadSettings(deps);
  const unfinished = await unfinishedMasterIds(deps.db, replica.id);
  const isOwnUpload = (row: { title: string; asn: number | null }): boolean => {
    const masterId = (row.asn ?? 0) - settings.asnBase;
    return unfinished.has(masterId) || markedMasterId(row.title) === masterId;
  };
  const known = await knownFacts(deps.db, replica);
  const test = { replica: access, master: masterAccess(settings), asnBase: settings.asnBase, isOwnUpload, known };
  return testReplica(deps, test, signal);
}

/** The pause was about the old address; at the new one the identities are looked at again before the first write. */
function endOfIdentityPause(current: Replica): ReplicaChanges {
  return current.error_code?.startsWith('identity_') ? { paused_at: null, pause_reason: null } : {};
}

async function save(
  deps: ReplicaVerbDeps,
  current: Replica,
  changes: ReplicaChanges,
  urlChanged: boolean,
): Promise<Replica> {
  if (Object.keys(changes).length === 0) return current;
  try {
    const saved = await inTransaction(deps.db, async (trx) => {
      if (urlChanged) await markLinksUnconfirmed(trx, current.id);
      await revisitForChoices(trx, current, changes);
      return write(trx, current.id, changes);
    });
    if (saved === undefined) throw replicaNotFound(current.id);
    return saved;
  } catch (error) {
    // Two people may choose one name at the same moment; only the index can tell who was first.
    if (sqlState(error) === UNIQUE_VIOLATION) throw nameTaken(String(changes.name));
    throw error;
  }
}

export function replicaNotFound(id: number): AppError {
  return new AppError({
    code: 'replica_not_found',
    class: 'not-found',
    message: `There is no replica with the id ${id}.`,
  });
}
