/** Everything that is stored encrypted with SECRET_KEY, in one list (S5): what is missing here a rotation would lose. */
import { sql } from 'kysely';
import { CANARY, SETUP_CODE } from './app-meta.repo.ts';
import type { Db } from './tables.ts';

export interface Sealed {
  readonly what: 'canary' | 'setup code' | 'setting' | 'replica' | 'channel' | 'former master';
  readonly key: string;
  readonly token: string;
}

/** Rows are locked until the transaction ends: a token that is saved meanwhile is neither missed nor overwritten. */
export async function lockSealed(trx: Db, secretSettings: readonly string[]): Promise<Sealed[]> {
  const canary = await sql<Sealed>`select 'canary' as what, key, value as token from app_meta
    where key = ${CANARY} for no key update`.execute(trx);
  const setupCode = await sql<Sealed>`select 'setup code' as what, key, value as token from app_meta
    where key = ${SETUP_CODE} for no key update`.execute(trx);
  const settings = await sql<Sealed>`select 'setting' as what, key, value as token from settings
    where key = any(${[...secretSettings]}::text[]) and value <> '' order by key for no key update`.execute(trx);
  const replicas = await sql<Sealed>`select 'replica' as what, id::text as key, api_token as token from replicas
    order by id for no key update`.execute(trx);
  const channels =
    await sql<Sealed>`select 'channel' as what, id::text as key, config as token from notification_channels
    where config <> '' order by id for no key update`.execute(trx);
  const former =
    await sql<Sealed>`select 'former master' as what, id::text as key, old_master_token as token from promotions
    order by id for no key update`.execute(trx);
  return [...canary.rows, ...setupCode.rows, ...settings.rows, ...replicas.rows, ...channels.rows, ...former.rows];
}

export async function replaceSealed(trx: Db, { what, key }: Sealed, token: string): Promise<void> {
  if (what === 'canary' || what === 'setup code')
    await trx.updateTable('app_meta').set({ value: token }).where('key', '=', key).execute();
  else if (what === 'setting') await trx.updateTable('settings').set({ value: token }).where('key', '=', key).execute();
  else if (what === 'channel')
    await trx.updateTable('notification_channels').set({ config: token }).where('id', '=', Number(key)).execute();
  else if (what === 'former master')
    await trx.updateTable('promotions').set({ old_master_token: token }).where('id', '=', Number(key)).execute();
  else await trx.updateTable('replicas').set({ api_token: token }).where('id', '=', Number(key)).execute();
}

/** Nothing is asked of an instance whose token is lost until somebody has typed a new one. */
export async function pauseWithoutToken(trx: Db, replicaId: number, why: string): Promise<void> {
  await sql`update replicas set paused_at = coalesce(paused_at, now()), pause_reason = coalesce(pause_reason, ${why})
    where id = ${replicaId}`.execute(trx);
}

/** Nothing is sent to a channel whose address is lost until somebody has filled it in anew. */
export async function disableChannel(trx: Db, id: number): Promise<void> {
  await trx
    .updateTable('notification_channels')
    .set({ enabled: false, confirmed_at: null })
    .where('id', '=', id)
    .execute();
}
