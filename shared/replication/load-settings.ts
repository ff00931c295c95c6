import { parseSettings, type Settings } from '../config/settings.ts';
import type { SecretBox } from '../config/secret-key.ts';
import { readSettings } from '../db/settings.repo.ts';
import type { Db } from '../db/tables.ts';
import type { InstanceAccess } from './test-connection.ts';

export interface SettingsDeps {
  readonly db: Db;
  readonly secrets: SecretBox;
}

/** Read anew each time: several processes share the settings, and a change holds from the next read on. */
export async function loadSettings({ db, secrets }: SettingsDeps): Promise<Settings> {
  return parseSettings(await readSettings(db), (token) => secrets.open(token));
}

/** Null until both halves are there. */
export function masterAccess(settings: Settings): InstanceAccess | null {
  const { masterUrl, masterToken } = settings;
  return masterUrl === null || masterToken === null ? null : { url: masterUrl, token: masterToken, target: 0 };
}
