/** What an act changed (S7): the values that people decide about, before it and after it, and of secrets only that they did. */
import { SETTING_KEYS, SETTINGS } from '../../../shared/config/settings.ts';
import { listApiKeys } from '../../../shared/db/api-keys.repo.ts';
import { listChannels, listSilences } from '../../../shared/db/channels.repo.ts';
import { exclusionOf } from '../../../shared/db/exclusions.repo.ts';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import { readSettings } from '../../../shared/db/settings.repo.ts';
import type { Db, Replica } from '../../../shared/db/tables.ts';

type Values = Readonly<Record<string, unknown>>;
/** By the name of the thing. */
export type Snapshot = Readonly<Record<string, Values>>;

/** What runs set as well is left out: it would look like a person's doing. */
const REPLICA_FIELDS = [
  ...(['name', 'url', 'api_token', 'enabled', 'sync_interval_seconds', 'suspended_at', 'paused_at'] as const),
  ...(['pause_reason', 'uploads_held', 'deletions_held', 'deletions_approved', 'unconfirmed'] as const),
  ...(['reconcile_required', 'missing_accepted', 'altered_acknowledged', 'deletion_mode'] as const),
  ...(['replace_files_on_v2', 'unknown_owner', 'conflict_policy', 'restore_held_back', 'quiet_hours'] as const),
  ...(['requests_per_minute', 'max_bytes_per_second'] as const),
] satisfies readonly (keyof Replica)[];
const SECRETS: ReadonlySet<string> = new Set([
  'api_token',
  'config',
  ...SETTING_KEYS.filter((key) => SETTINGS[key].secret),
]);
const HIDDEN = '********';

type Read = (db: Db, path: RegExpExecArray) => Promise<Snapshot>;
const SUBJECTS: readonly { readonly path: RegExp; readonly read: Read }[] = [
  { path: /^\/api\/replicas\/(?<replica>\d+)\/documents\/(?<document>\d+)\/(ex|in)clude$/, read: exclusionNow },
  { path: /^\/documents\/(?<document>\d+)\/replicas\/(?<replica>\d+)\/(ex|in)clude$/, read: exclusionNow },
  { path: /^(\/api)?\/replicas(\/|$)/, read: replicasNow },
  { path: /^(\/api)?\/(settings|keys|webhook)(\/|$)/, read: settingsAndKeysNow },
  { path: /^(\/api)?\/notifications(\/|$)/, read: channelsNow },
];

/** Null: an act on something else, which its address tells well enough. */
export function snapshotOf(path: string): ((db: Db) => Promise<Snapshot>) | null {
  for (const subject of SUBJECTS) {
    const found = subject.path.exec(path);
    if (found) return (db) => subject.read(db, found);
  }
  return null;
}

/** Only what differs; null where nothing does. */
export function changesBetween(before: Snapshot, after: Snapshot): { before: Snapshot; after: Snapshot } | null {
  const changes = { before: {} as Record<string, Values>, after: {} as Record<string, Values> };
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]];
    const fields = Object.keys({ ...old, ...now }).filter(
      (field) => JSON.stringify(old?.[field]) !== JSON.stringify(now?.[field]),
    );
    if (fields.length === 0) continue;
    if (old !== undefined) changes.before[name] = shown(old, fields);
    if (now !== undefined) changes.after[name] = shown(now, fields);
  }
  return Object.keys({ ...changes.before, ...changes.after }).length === 0 ? null : changes;
}

function shown(values: Values, fields: readonly string[]): Values {
  const one = (field: string) => {
    const value = values[field] ?? null;
    return SECRETS.has(field) && value !== null ? HIDDEN : value;
  };
  return Object.fromEntries(fields.map((field) => [field, one(field)]));
}

/** Of this replica alone; what a person excludes everywhere at once has the same reason on the others. */
async function exclusionNow(db: Db, { groups }: RegExpExecArray): Promise<Snapshot> {
  const [replica, document] = [Number(groups?.['replica']), Number(groups?.['document'])];
  if (!Number.isSafeInteger(replica) || !Number.isSafeInteger(document)) return {};
  const now = await exclusionOf(db, replica, document);
  const { excluded_reason, excluded_by } = now ?? { excluded_reason: null, excluded_by: null };
  return { [`document ${document} on replica ${replica}`]: { excluded_reason, excluded_by } };
}

async function replicasNow(db: Db): Promise<Snapshot> {
  const rows = await listReplicas(db);
  return Object.fromEntries(
    rows.map((row) => [`replica ${row.id}`, Object.fromEntries(REPLICA_FIELDS.map((field) => [field, row[field]]))]),
  );
}

async function settingsAndKeysNow(db: Db): Promise<Snapshot> {
  const [settings, keys] = await Promise.all([readSettings(db), listApiKeys(db)]);
  return {
    settings: Object.fromEntries(settings.map(({ key, value }) => [key, value])),
    ...Object.fromEntries(
      keys.map(({ id, name, scope, revoked_at }) => [`key ${id}`, { name, scope, revoked_at }] as const),
    ),
  };
}

/** Of its fields only that they changed: they are sealed together. What deliveries set is left out. */
async function channelsNow(db: Db): Promise<Snapshot> {
  const [channels, silences] = await Promise.all([listChannels(db), listSilences(db)]);
  return {
    ...Object.fromEntries(
      channels.map(
        ({ id, confirmed_at: _at, failing_since: _since, last_error: _error, created_at: _made, ...row }) => [
          `channel ${id}`,
          row,
        ],
      ),
    ),
    ...Object.fromEntries(silences.map(({ id, created_at: _made, ...row }) => [`silence ${id}`, row])),
  };
}
