import type { SecretBox } from '../config/secret-key.ts';
import { findReplicaByName, insertReplica, listReplicas } from '../db/replicas.repo.ts';
import type { Db, Replica } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import type { Clock } from '../kernel/clock.ts';
import { parseInstanceUrl } from '../paperless/url.ts';
import { markedMasterId } from '../domain/markers.ts';
import { connectionRefused } from './connection-refused.ts';
import { loadSettings, masterAccess } from './load-settings.ts';
import { choiceColumns, type ReplicaChoices } from './replica-choices.ts';
import { refuseFormerMaster } from './promote/former.ts';
import { testReplica, type ConnectionReport, type ConnectionTestDeps } from './test-connection.ts';

export interface ReplicaVerbDeps extends ConnectionTestDeps {
  readonly db: Db;
  readonly secrets: SecretBox;
  readonly clock: Clock;
}
export interface NewReplicaInput extends ReplicaChoices {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly enabled: boolean;
  readonly syncIntervalSeconds: number | null;
  /** The promotion whose old master this is, taken back: no run touches it before its links stand (E27). */
  readonly formerMaster?: number | undefined;
}

/** The reason of its pause while an old master is taken back as a replica. */
export const TAKEN_BACK = 'The old master is being taken back.';

/** Nothing is saved unless the connection test passes: a mistyped address must fail in front of the person who typed it. */
export async function addReplica(
  deps: ReplicaVerbDeps,
  input: NewReplicaInput,
  signal?: AbortSignal,
): Promise<{ replica: Replica; report: ConnectionReport }> {
  if ((await findReplicaByName(deps.db, input.name)) !== undefined) throw nameTaken(input.name);
  const url = replicaUrl(input.url);
  await refuseKnownUrl(deps.db, url, null);
  const report = await testNewReplica(deps, { url, token: input.token }, signal);
  if (!report.ok) throw connectionRefused(report, { url: 'url', token: 'api_token' });
  const reader = deps.clients.openReader({ url, token: input.token, target: null });
  await refuseFormerMaster(deps.db, { url, reader, field: 'url' }, input.formerMaster ?? null, signal);
  const held = { paused_at: deps.clock.now(), pause_reason: TAKEN_BACK };
  const replica = await insertReplica(deps.db, {
    name: input.name,
    url,
    api_token: deps.secrets.seal(input.token),
    enabled: input.enabled,
    sync_interval_seconds: input.syncIntervalSeconds,
    ...choiceColumns(input),
    ...seenFacts(report, deps.clock.now()),
    ...(input.formerMaster === undefined ? {} : held),
  });
  if (replica === undefined) throw nameTaken(input.name);
  return { replica, report };
}

/** The test of an instance that is no replica yet. */
export async function testNewReplica(
  deps: ReplicaVerbDeps,
  access: { readonly url: string; readonly token: string },
  signal?: AbortSignal,
): Promise<ConnectionReport> {
  const settings = await loadSettings(deps);
  return testReplica(
    deps,
    {
      replica: { ...access, target: null },
      master: masterAccess(settings),
      asnBase: settings.asnBase,
      // Uploads of a lost database bear marker and reserved number of their master id, whatever controller sent them.
      isOwnUpload: (row) => markedMasterId(row.title) === (row.asn ?? 0) - settings.asnBase,
    },
    signal,
  );
}

/** What a good test learned about the instance. */
export function seenFacts(report: ConnectionReport, now: Date) {
  return {
    generation: report.capabilities?.generation ?? null,
    version: report.capabilities?.version ?? null,
    token_user_id: report.capabilities?.userId ?? null,
    document_count: report.documentCount,
    last_contact_at: now,
    error_code: null,
    error_msg: null,
    ...hygieneOf(report, now),
  };
}

export const hygieneOf = (report: ConnectionReport, now: Date) => ({
  hygiene: JSON.stringify(report.findings),
  hygiene_at: now,
});

/** The address in its one normal form, so that two spellings of one address are seen as one. */
export function replicaUrl(entered: string, field = 'url'): string {
  try {
    return parseInstanceUrl(entered);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const { code, message, hint } = thrown;
    throw new AppError({ code, class: 'invalid', message, hint, fields: { [field]: message } });
  }
}

/** Two replicas on one library would upload every document twice. */
export async function refuseKnownUrl(db: Db, url: string, except: number | null): Promise<void> {
  const other = (await listReplicas(db)).find((replica) => replica.url === url && replica.id !== except);
  if (other === undefined) return;
  throw new AppError({
    code: 'replica_url_taken',
    class: 'conflict',
    message: `The replica "${other.name}" already has this address.`,
    fields: { url: 'is the address of another replica' },
  });
}

export function nameTaken(name: string): AppError {
  return new AppError({
    code: 'replica_name_taken',
    class: 'conflict',
    message: `There is already a replica named "${name}".`,
    hint: 'Choose another name.',
    fields: { name: 'is taken' },
  });
}
