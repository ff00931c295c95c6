import { insertMeta, readMeta, SEEDED } from '../db/app-meta.repo.ts';
import { inTransaction } from '../db/client.ts';
import { insertSettings } from '../db/settings.repo.ts';
import { parseInstanceUrl } from '../paperless/url.ts';
import type { SettingsDeps } from './load-settings.ts';

/**
 * MASTER_URL and MASTER_TOKEN fill the settings once (R5). Later the settings rule, so that an old variable left in a
 * compose file never undoes what a person changed on the page.
 */
export async function seedSettings(
  { db, secrets }: SettingsDeps,
  env: { readonly masterUrl: string | undefined; readonly masterToken: string | undefined },
): Promise<void> {
  const { masterUrl, masterToken } = env;
  if (masterUrl === undefined && masterToken === undefined) return;
  if ((await readMeta(db, SEEDED)) !== undefined) return;
  await inTransaction(db, async (trx) => {
    if (!(await insertMeta(trx, SEEDED, 'environment'))) return;
    await insertSettings(trx, [
      ...(masterUrl === undefined ? [] : [{ key: 'master_url', value: parseInstanceUrl(masterUrl) }]),
      ...(masterToken === undefined ? [] : [{ key: 'master_token', value: secrets.seal(masterToken) }]),
    ]);
  });
}
