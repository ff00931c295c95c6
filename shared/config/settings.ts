import { z } from 'zod';
import { AppError } from '../kernel/errors.ts';
import { timeZone, webUrlFault } from './env-values.ts';
import { nearest } from './nearest.ts';

/**
 * Everything a person can change while the program runs. Stored as text, one row a key, under the names of reference
 * section 7; secret values are stored as Fernet tokens and never shown again (S3).
 */
interface Setting<S extends z.ZodType> {
  readonly schema: S;
  readonly default: z.output<S>;
  readonly secret: boolean;
  readonly help: string;
}

function setting<S extends z.ZodType>(schema: S, fallback: z.output<S>, help: string): Setting<S> {
  return { schema, default: fallback, secret: false, help };
}

function secret(help: string): Setting<typeof optionalText> {
  return { schema: optionalText, default: null, secret: true, help };
}

/** Accepts 900 and "900" (forms and rows hold text), but neither "", " " nor true, which Number() would take. */
function whole(min: number, max: number) {
  const text = z
    .string()
    .trim()
    .regex(/^-?\d+$/, 'must be a whole number')
    .transform(Number);
  const range = `must be a whole number from ${min} to ${max}`;
  return z.union([z.number(), text], { error: range }).pipe(z.int(range).min(min, range).max(max, range));
}

const optionalText = z
  .string()
  .trim()
  .transform((text) => (text === '' ? null : text))
  .nullable();

const optionalUrl = optionalText.superRefine((text, ctx) => {
  const fault = text === null ? null : webUrlFault(text);
  if (fault !== null) ctx.addIssue({ code: 'custom', message: fault });
});

const DAY_SECONDS = 86_400;

export const SETTINGS = {
  master_url: setting(optionalUrl, null, 'Address of the master instance.'),
  master_token: secret('API token of a superuser on the master.'),
  sync_interval_seconds: setting(whole(10, 30 * DAY_SECONDS), 900, 'Seconds between two cycles.'),
  sync_cycle_timeout_seconds: setting(
    whole(30, 7 * DAY_SECONDS),
    1800,
    'A replica run still working after this stops cleanly and goes on in the next cycle.',
  ),
  // paperless stops its own workers after 1800 s: a shorter limit would give up on uploads that still succeed.
  task_poll_timeout_seconds: setting(
    whole(1801, DAY_SECONDS),
    3600,
    'How long a replica may take to consume one upload.',
  ),
  sweep_interval_seconds: setting(
    whole(3600, 90 * DAY_SECONDS),
    DAY_SECONDS,
    'Seconds between two comparisons of all documents.',
  ),
  verify_budget_seconds: setting(whole(60, DAY_SECONDS), 3600, 'Time that the nightly verification may take.'),
  verify_window_days: setting(whole(1, 365), 30, 'Within these days every document is verified byte by byte.'),
  log_retention_days: setting(whole(1, 3650), 90, 'Log rows older than this are removed.'),
  replica_suspend_threshold: setting(
    whole(1, 1000),
    5,
    'A replica that fails as a whole this often in a row is suspended.',
  ),
  max_concurrent_requests: setting(whole(1, 32), 4, 'Open requests to one instance, counted over all processes.'),
  request_timeout_seconds: setting(whole(5, 600), 60, 'How long an instance may take to answer a request.'),
  max_attempts: setting(whole(1, 100), 10, 'A document that failed this often waits for a person.'),
  max_replica_queue: setting(whole(1, 10_000), 25, 'Uploads to a replica pause while more tasks than this wait there.'),
  // Every reserved number is base + master id; above 2,147,483,647 a PostgreSQL instance fails (protocol F4).
  asn_base: setting(
    whole(1, 2_000_000_000),
    2_000_000_000,
    'First of the archive serial numbers that are reserved while an upload is under way.',
  ),
  max_delete_percent: setting(whole(0, 100), 10, 'Deletions stop when more than this share of a replica would go.'),
  max_delete_count: setting(whole(0, 1_000_000), 50, 'Deletions stop when more than this many documents would go.'),
  backup_keep: setting(
    whole(0, 1000),
    7,
    'How many backups of the controller are kept in DATA_DIR/backup; 0 makes none.',
  ),
  timezone: setting(
    timeZone.nullable(),
    null,
    'Time zone of the pages and of the daily digest; empty means that of the server.',
  ),
  digest_time: setting(
    z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 00:05'),
    '00:05',
    'When the daily digest is sent.',
  ),
  webhook_secret: secret('Secret that paperless sends along with its webhook.'),
  alert_target_type: setting(z.enum(['gotify', 'webhook', '']), '', 'Where alerts go: gotify, webhook or nowhere.'),
  alert_target_url: setting(optionalUrl, null, 'Address that alerts are sent to.'),
  alert_target_token: secret('Token of the alert target.'),
  alert_error_threshold: setting(
    whole(1, 100_000),
    5,
    'An alert is sent when a run has at least this many failed documents.',
  ),
  alert_cooldown_seconds: setting(whole(0, 7 * DAY_SECONDS), 3600, 'Least time between two alerts about one replica.'),
} as const;

export type SettingKey = keyof typeof SETTINGS;
export const SETTING_KEYS = Object.keys(SETTINGS) as SettingKey[];

type Camel<S extends string> = S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Camel<B>>}` : S;
/** `sync_interval_seconds` is `settings.syncIntervalSeconds`. Secrets are opened. */
export type Settings = { readonly [K in SettingKey as Camel<K>]: z.output<(typeof SETTINGS)[K]['schema']> };

export interface SettingRow {
  readonly key: string;
  readonly value: string | null;
}

function camel(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(SETTINGS, key);
}

/**
 * Rows to values. A missing row is the default; a row that does not parse stops the caller, because silently going on
 * with a default would, for `max_delete_count` say, be dangerous. Rows of a newer release (unknown keys) are ignored.
 */
export function parseSettings(rows: readonly SettingRow[], openSecret: (sealed: string) => string): Settings {
  const stored = new Map(rows.map((row) => [row.key, row.value]));
  const settings: Record<string, unknown> = {};
  for (const key of SETTING_KEYS) {
    const definition = SETTINGS[key];
    const text = stored.get(key) ?? null;
    if (text === null) {
      settings[camel(key)] = definition.default;
      continue;
    }
    const parsed = definition.schema.safeParse(definition.secret && text !== '' ? openSecret(text) : text);
    if (!parsed.success)
      throw new AppError({
        code: 'settings_invalid',
        class: 'config',
        message: `The stored setting ${key} ${parsed.error.issues[0]?.message ?? 'is not valid'}.`,
        hint: 'Save it again on the settings page.',
      });
    settings[camel(key)] = parsed.data;
  }
  return settings as Settings;
}

export interface SettingChange {
  readonly key: SettingKey;
  /** Text to store; null removes the row, so that the default holds again. Secrets are still to be sealed. */
  readonly value: string | null;
  readonly secret: boolean;
}

function changeOf(key: SettingKey, given: unknown): SettingChange | string {
  const { schema, secret: isSecret } = SETTINGS[key];
  if (given === null) return { key, value: null, secret: isSecret };
  const parsed = schema.safeParse(given);
  if (!parsed.success) return parsed.error.issues[0]?.message ?? 'is not valid';
  return { key, value: parsed.data === null ? null : String(parsed.data), secret: isSecret };
}

/**
 * What a PUT of settings would change. Throws one AppError (class `invalid`) that names every faulty field. A secret sent
 * as an empty text is left as it is: forms show secrets as empty fields. null takes a setting back to its default.
 */
export function validateSettingsPatch(patch: unknown): SettingChange[] {
  const given = z.record(z.string(), z.unknown()).safeParse(patch);
  if (!given.success)
    throw new AppError({ code: 'malformed', class: 'invalid', message: 'Settings must be a JSON object.' });
  const changes: SettingChange[] = [];
  const fields: Record<string, string> = {};
  for (const [key, value] of Object.entries(given.data)) {
    if (!isSettingKey(key)) fields[key] = `is not a setting. The nearest one is ${nearest(key, SETTING_KEYS)}`;
    else if (SETTINGS[key].secret && value === '') continue;
    else {
      const change = changeOf(key, value);
      if (typeof change === 'string') fields[key] = change;
      else changes.push(change);
    }
  }
  if (Object.keys(fields).length > 0)
    throw new AppError({
      code: 'settings_refused',
      class: 'invalid',
      message: `Settings refused: ${Object.entries(fields)
        .map(([key, fault]) => `${key} ${fault}`)
        .join('; ')}.`,
      fields,
    });
  return changes;
}

/** What may be shown: of a secret only whether there is one, as '********' or ''. */
export function displaySettings(settings: Settings): Record<SettingKey, string | number | null> {
  const values = settings as Readonly<Record<string, string | number | null>>;
  return Object.fromEntries(
    SETTING_KEYS.map((key) => {
      const value = values[camel(key)] ?? null;
      return [key, SETTINGS[key].secret ? (value === null ? '' : '********') : value];
    }),
  ) as Record<SettingKey, string | number | null>;
}
