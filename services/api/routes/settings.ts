import { z } from '@hono/zod-openapi';
import { displaySettings, SETTING_KEYS, SETTINGS, type SettingKey } from '../../../shared/config/settings.ts';
import { readSettings } from '../../../shared/db/settings.repo.ts';
import { saveSettings } from '../../../shared/replication/save-settings.ts';
import type { ApiDeps } from '../deps.ts';
import { answer, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import { presentTest } from '../presenters/replicas.ts';
import { savedSettings, shownSettings } from '../schemas/control.ts';

/** Only the frame is parsed here: what each key may hold, the catalogue says when they are saved, and says it here too. */
const patch = z.record(z.string(), z.unknown()).openapi({
  type: 'object',
  properties: Object.fromEntries(SETTING_KEYS.map((key) => [key, describeSetting(key)])),
  additionalProperties: false,
});
const tags = ['Settings'];
const getSettings = operation({
  method: 'get',
  path: '/',
  operationId: 'getSettings',
  summary: 'All settings, their defaults and where each comes from',
  tags,
  responses: { 200: answer('The settings.', shownSettings) },
});
const putSettings = operation({
  method: 'put',
  path: '/',
  operationId: 'saveSettings',
  summary: 'Save all that are given, or none; null puts a key back to its default',
  tags,
  request: { body: jsonBody(patch) },
  responses: { 200: answer('The settings, and the test of the master if one was made.', savedSettings) },
  problems: [429],
});

export function settingsRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(getSettings, async (c) => c.json({ settings: await present(deps) }, 200));
  routes.openapi(putSettings, async (c) => {
    const patch = c.req.valid('json');
    const test = await saveSettings(deps, patch, c.req.raw.signal);
    deps.log.info(`Settings were changed: ${Object.keys(patch).sort().join(', ')}.`);
    return c.json({ settings: await present(deps), test: test === null ? null : presentTest(test) }, 200);
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
    const source = stored.has(key) ? ('database' as const) : ('default' as const);
    return { value: values[key], default: SETTINGS[key].default, source, help };
  };
  return Object.fromEntries(SETTING_KEYS.map((key) => [key, one(key)]));
}

function describeSetting(key: SettingKey): { readonly description: string } {
  const { $schema: _, ...value } = z.toJSONSchema(SETTINGS[key].schema, { io: 'input', unrepresentable: 'any' });
  const told = { anyOf: [value, { type: 'null' }], description: SETTINGS[key].help };
  return told;
}
