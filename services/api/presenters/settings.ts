/** Settings in groups, as a page shows and changes them: default, current, source, when it holds, and what was changed before. */
import {
  displaySettings,
  SETTING_KEYS,
  SETTINGS,
  validateSettingsPatch,
  type SettingKey,
} from '../../../shared/config/settings.ts';
import { listAudit } from '../../../shared/db/audit.repo.ts';
import { readSettings } from '../../../shared/db/settings.repo.ts';
import { saveSettings } from '../../../shared/replication/save-settings.ts';
import type { ApiDeps } from '../deps.ts';

export interface SettingGroup {
  readonly key: string;
  readonly title: string;
  readonly keys: readonly SettingKey[];
  /** When a change takes effect. */
  readonly holds: string;
}

export const GROUPS: readonly SettingGroup[] = [
  {
    key: 'master',
    title: 'Master',
    keys: ['master_url', 'master_token'],
    holds: 'Holds from the next run on, after a connection test.',
  },
  {
    key: 'schedule',
    title: 'Schedule and grace',
    keys: [
      'sync_interval_seconds',
      'sync_cycle_timeout_seconds',
      'sweep_interval_seconds',
      'task_poll_timeout_seconds',
      'timezone',
      'digest_time',
    ],
    holds: 'Holds from the next run on; a shorter interval at once.',
  },
  {
    key: 'verification',
    title: 'Verification',
    keys: ['verify_budget_seconds', 'verify_window_days'],
    holds: 'Holds from the next night on.',
  },
  {
    key: 'limits',
    title: 'Limits',
    keys: [
      'max_concurrent_requests',
      'request_timeout_seconds',
      'max_replica_queue',
      'max_attempts',
      'replica_suspend_threshold',
      'asn_base',
    ],
    holds: 'Holds from the next request on.',
  },
  {
    key: 'deletions',
    title: 'Deletions',
    keys: ['max_delete_percent', 'max_delete_count'],
    holds: 'Holds from the next sweep on.',
  },
  {
    key: 'retention',
    title: 'Retention',
    keys: ['log_retention_days', 'backup_keep'],
    holds: 'Holds from the next clean-up on.',
  },
  {
    key: 'webhook',
    title: 'Webhook',
    keys: ['webhook_secret'],
    holds: 'Holds at once; the workflow on the master has to know it as well.',
  },
  {
    key: 'alerts',
    title: 'Alerts',
    keys: [
      'alert_target_type',
      'alert_target_url',
      'alert_target_token',
      'alert_error_threshold',
      'alert_cooldown_seconds',
    ],
    holds: 'Holds from the next alert on.',
  },
];

/** A key that is in no group yet must not be missing from the page. */
export function groups(): SettingGroup[] {
  const grouped = new Set(GROUPS.flatMap(({ keys }) => keys));
  const others = SETTING_KEYS.filter((key) => !grouped.has(key));
  const more = { key: 'others', title: 'Others', keys: others, holds: 'Holds from the next run on.' };
  return others.length === 0 ? [...GROUPS] : [...GROUPS, more];
}

export interface ShownSetting {
  readonly key: SettingKey;
  readonly secret: boolean;
  /** Of a secret only whether it is set. */
  readonly value: string;
  readonly isSet: boolean;
  readonly standard: string;
  readonly source: 'default' | 'saved here';
  readonly help: string;
  readonly choices: readonly string[] | null;
}

const asText = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

const CHOICES: Partial<Record<SettingKey, readonly string[]>> = { alert_target_type: ['', 'gotify', 'webhook'] };

export async function loadSettingsPage(deps: ApiDeps) {
  const [stored, current, history] = await Promise.all([
    readSettings(deps.db),
    deps.settings(),
    listAudit(deps.db, { action: '/settings', changed: true }, { limit: 20 }),
  ]);
  const keys = new Set(stored.map(({ key }) => key));
  const values = displaySettings(current);
  const shown = new Map(
    SETTING_KEYS.map((key): [SettingKey, ShownSetting] => {
      const { secret, help, default: standard } = SETTINGS[key];
      const isSet = asText(values[key]) !== '';
      return [
        key,
        {
          key,
          secret,
          value: secret ? '' : asText(values[key]),
          isSet,
          standard: asText(standard),
          source: keys.has(key) ? 'saved here' : 'default',
          help,
          choices: CHOICES[key] ?? null,
        },
      ];
    }),
  );
  return { shown, history, environment: environmentOf(deps) };
}
export type SettingsPage = Awaited<ReturnType<typeof loadSettingsPage>>;

/** What the environment says cannot be changed here. */
function environmentOf({ door, publicUrl, basePath, timeZone }: ApiDeps): readonly (readonly [string, string])[] {
  return [
    ['AUTH_MODE', door.mode],
    ['PUBLIC_URL', publicUrl ?? 'not set'],
    ['BASE_PATH', basePath === '' ? 'not set' : basePath],
    ['TZ', timeZone],
    ['METRICS_AUTH', door.metricsAuth ? '1' : 'not set'],
  ];
}

export interface Change {
  readonly key: SettingKey;
  readonly before: string;
  readonly after: string;
}

const HIDDEN = '********';

/** What a form would change; a secret that is left empty stays, any other empty field goes back to its default. */
export async function changesOf(
  deps: ApiDeps,
  values: Readonly<Record<string, string>>,
): Promise<{ patch: Record<string, string | null>; changes: Change[] }> {
  const current = displaySettings(await deps.settings());
  const given: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(values)) {
    const known = (SETTING_KEYS as string[]).includes(key);
    const secret = known && SETTINGS[key as SettingKey].secret;
    if (value.trim() !== '' || !known || key === 'alert_target_type') given[key] = value;
    else if (!secret) given[key] = null;
  }
  const patch: Record<string, string | null> = {};
  const changes: Change[] = [];
  for (const { key, value, secret } of validateSettingsPatch(given)) {
    const before = asText(current[key]);
    const after = value ?? asText(SETTINGS[key].default);
    if (!secret && before === after) continue;
    patch[key] = value;
    changes.push({
      key,
      before: secret ? (before === '' ? 'not set' : HIDDEN) : before,
      after: secret ? HIDDEN : after,
    });
  }
  return { patch, changes };
}

/** The row in the audit log is the one that every request leaves (gate/audit.ts). */
export async function saveChanges(
  deps: ApiDeps,
  { patch, changes }: Awaited<ReturnType<typeof changesOf>>,
  signal: AbortSignal,
): Promise<void> {
  await saveSettings(deps, patch, signal);
  deps.log.info(
    `Settings were changed: ${changes
      .map(({ key }) => key)
      .sort()
      .join(', ')}.`,
  );
}
