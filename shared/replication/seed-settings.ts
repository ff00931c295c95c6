import { insertMeta, readMeta, SEEDED, WEBHOOK_SEEDED } from '../db/app-meta.repo.ts';
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
  env: {
    readonly masterUrl: string | undefined;
    readonly masterToken: string | undefined;
    readonly webhookSecret: string | undefined;
  },
): Promise<void> {
  if (env.webhookSecret !== undefined) await seedWebhookSecret({ db, secrets }, env.webhookSecret);
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

/** The same for WEBHOOK_SECRET, once of its own: installations that are older than it have their settings already. */
async function seedWebhookSecret({ db, secrets }: SettingsDeps, secret: string): Promise<void> {
  if ((await readMeta(db, WEBHOOK_SEEDED)) !== undefined) return;
  await inTransaction(db, async (trx) => {
    if (!(await insertMeta(trx, WEBHOOK_SEEDED, 'environment'))) return;
    await insertSettings(trx, [{ key: 'webhook_secret', value: secrets.seal(secret) }]);
  });
}
