/** API keys as people and programs see them: never the secret. */
import { listApiKeys, type ShownKey } from '../../../shared/db/api-keys.repo.ts';
import type { ApiDeps } from '../deps.ts';

export function presentKey(key: ShownKey) {
  return { ...key, revoked: key.revoked_at !== null };
}
export type PresentedKey = ReturnType<typeof presentKey>;

export async function loadKeys({ db }: Pick<ApiDeps, 'db'>): Promise<PresentedKey[]> {
  return (await listApiKeys(db)).map(presentKey);
}
