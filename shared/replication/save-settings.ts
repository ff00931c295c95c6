import { validateSettingsPatch, type SettingChange, type Settings } from '../config/settings.ts';
import { inTransaction } from '../db/client.ts';
import { notify, SETTINGS_CHANGED } from '../db/listen.ts';
import { capNextTick, masterState, updateMaster } from '../db/master.repo.ts';
import { forgetLibraryProofs, listReplicas } from '../db/replicas.repo.ts';
import { deleteSettings, putSettings } from '../db/settings.repo.ts';
import type { Db } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import { replicaUrl, type ReplicaVerbDeps } from './add-replica.ts';
import { checkDistinctLibraries } from './check-distinct-libraries.ts';
import { connectionRefused } from './connection-refused.ts';
import { loadSettings } from './load-settings.ts';
import { refuseDuringPromotion } from './promote/guards.ts';
import { refuseFormerMaster } from './promote/former.ts';
import { testMaster, type ConnectionReport, type InstanceAccess } from './test-connection.ts';

/**
 * Saves all of them or none. Address and token of the master are saved only after a good connection test, which is the
 * answer where it was made.
 */
export async function saveSettings(
  deps: ReplicaVerbDeps,
  patch: unknown,
  signal?: AbortSignal,
): Promise<ConnectionReport | null> {
  const before = await loadSettings(deps);
  const changes = validateSettingsPatch(patch).map(normalised);
  await refuseMovedAsnBase(deps.db, before, changes);
  const touchesMaster = changes.some(({ key }) => key === 'master_url' || key === 'master_token');
  if (touchesMaster) await refuseDuringPromotion(deps.db);
  const master = touchesMaster ? masterAfter(before, changes) : null;
  const newAddress = master !== null && master.url !== before.masterUrl;
  const report = master === null ? null : await provenMaster(deps, master, newAddress, signal);
  // Also after the master was taken out for a while: what counts is whether one was ever read.
  const moved = newAddress && (await masterState(deps.db)).last_contact_at !== null;
  await write(deps, changes, moved);
  const interval = changes.find(({ key }) => key === 'sync_interval_seconds');
  if (interval !== undefined) await capNextTick(deps.db, (await loadSettings(deps)).syncIntervalSeconds);
  return report;
}

async function write(deps: ReplicaVerbDeps, changes: readonly SettingChange[], masterMoved: boolean): Promise<void> {
  const stored = changes.flatMap(({ key, value, secret }) =>
    value === null ? [] : [{ key, value: secret ? deps.secrets.seal(value) : value }],
  );
  const removed = changes.filter(({ value }) => value === null).map(({ key }) => key);
  await inTransaction(deps.db, async (trx) => {
    await putSettings(trx, stored);
    await deleteSettings(trx, removed);
    await notify(trx, SETTINGS_CHANGED);
    if (!masterMoved) return;
    await updateMaster(trx, { unconfirmed: true });
    await forgetLibraryProofs(trx);
  });
}

function normalised(change: SettingChange): SettingChange {
  if (change.key !== 'master_url' || change.value === null) return change;
  return { ...change, value: replicaUrl(change.value, 'master_url') };
}

/** Null when the master is taken out altogether; one half alone cannot be tested and is refused. */
function masterAfter(before: Settings, changes: readonly SettingChange[]): InstanceAccess | null {
  const valueOf = (key: 'master_url' | 'master_token', old: string | null) => {
    const change = changes.find((candidate) => candidate.key === key);
    return change === undefined ? old : change.value;
  };
  const url = valueOf('master_url', before.masterUrl);
  const token = valueOf('master_token', before.masterToken);
  if (url === null && token === null) return null;
  if (url !== null && token !== null) return { url, token, target: 0 };
  const missing = url === null ? 'master_url' : 'master_token';
  throw new AppError({
    code: 'settings_refused',
    class: 'invalid',
    message: 'Address and token of the master are saved together, after a connection test.',
    fields: { [missing]: 'is missing' },
  });
}

async function provenMaster(
  deps: ReplicaVerbDeps,
  master: InstanceAccess,
  newAddress: boolean,
  signal?: AbortSignal,
): Promise<ConnectionReport> {
  const report = await testMaster(deps, master, signal);
  if (!report.ok) throw connectionRefused(report, { url: 'master_url', token: 'master_token' });
  if (!newAddress) return report;
  const reader = deps.clients.openReader(master);
  await refuseFormerMaster(deps.db, { url: master.url, reader, field: 'master_url' }, null, signal);
  await refuseReplicaAsMaster(deps, master, signal);
  return report;
}

/** E26 from the other side. A replica that does not answer is not proven here; the engine asks again before it uploads. */
async function refuseReplicaAsMaster(
  deps: ReplicaVerbDeps,
  master: InstanceAccess,
  signal?: AbortSignal,
): Promise<void> {
  const reader = deps.clients.openReader(master);
  for (const replica of await listReplicas(deps.db)) {
    const token = deps.secrets.open(replica.api_token);
    const writer = deps.clients.openWriter({ url: replica.url, token, target: replica.id });
    try {
      await checkDistinctLibraries(deps, { master: reader, replica: writer }, signal);
    } catch (thrown) {
      if (!(thrown instanceof AppError) || thrown.code !== 'same_library') continue;
      throw new AppError({
        code: thrown.code,
        class: 'invalid',
        message: `This is the replica "${replica.name}" itself: a tag created there shows up at this address.`,
        hint: 'Enter the address of the master, or remove that replica first.',
        fields: { master_url: `is the library of the replica "${replica.name}"` },
      });
    }
  }
}

/** Reserved numbers of uploads under way are base + master id: with another base they would not be recognised. */
async function refuseMovedAsnBase(db: Db, before: Settings, changes: readonly SettingChange[]): Promise<void> {
  const change = changes.find(({ key }) => key === 'asn_base');
  if (change === undefined || change.value === String(before.asnBase)) return;
  if ((await listReplicas(db)).length === 0) return;
  throw new AppError({
    code: 'settings_refused',
    class: 'invalid',
    message: 'asn_base cannot be changed while there are replicas.',
    hint: 'Remove the replicas, change it, and add them again: their documents are adopted by content.',
    fields: { asn_base: 'cannot be changed while there are replicas' },
  });
}
