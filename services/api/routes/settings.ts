import { Hono } from 'hono';
import { z } from 'zod';
import { displaySettings, SETTING_KEYS, SETTINGS, type SettingKey } from '../../../shared/config/settings.ts';
import { readSettings } from '../../../shared/db/settings.repo.ts';
import { saveSettings } from '../../../shared/replication/save-settings.ts';
import type { ApiDeps } from '../deps.ts';
import { bodyOf } from '../input.ts';
import { presentTest } from '../presenters/replicas.ts';

export function settingsRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/', async (c) => c.json({ settings: await present(deps) }));
  routes.put('/', async (c) => {
    // Only the frame here; what each key may hold is the catalogue's to say.
    const patch = await bodyOf(c, z.record(z.string(), z.unknown()));
    const test = await saveSettings(deps, patch, c.req.raw.signal);
    deps.log.info(`Settings were changed: ${Object.keys(patch).sort().join(', ')}.`);
    return c.json({ settings: await present(deps), test: test === null ? null : presentTest(test) });
  });
  return routes;
}

/** A secret shows only whether it is set (S3). */
async function present(deps: ApiDeps) {
  const stored = new Set((await readSettings(deps.db)).map(({ key }) => key));
  const values = displaySettings(await deps.settings());
  const one = (key: SettingKey) => {
    const { secret, help } = SETTINGS[key];
    if (secret) return { set: values[key] !== '', help };
    const source = stored.has(key) ? 'database' : 'default';
    return { value: values[key], default: SETTINGS[key].default, source, help };
  };
  return Object.fromEntries(SETTING_KEYS.map((key) => [key, one(key)]));
}
