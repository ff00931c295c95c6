import { EXIT } from '../../shared/config/exit-codes.ts';
import { listApiKeys } from '../../shared/db/api-keys.repo.ts';
import { insertAudit } from '../../shared/db/audit.repo.ts';
import type { KeyScope } from '../../shared/db/door-tables.ts';
import type { Db } from '../../shared/db/tables.ts';
import { createApiKey, revokeApiKey } from '../../shared/replication/doors/api-keys.ts';
import { attach } from './attach.ts';
import { columns, printJson, printLines } from './print.ts';

const BY = { actor: 'command line', via: 'command' } as const;

export function runKeysAdd(wanted: { name: string; scope: KeyScope; json: boolean }): Promise<number> {
  return onDatabase(async (db) => {
    const { name, scope } = wanted;
    const { key, secret } = await createApiKey(db, { name, scope, createdBy: BY.actor });
    await insertAudit(db, { ...BY, action: 'keys add', target: key.name, after: { id: key.id, scope } });
    if (wanted.json) printJson({ key, secret });
    else printLines([secret, `Key ${key.id} "${key.name}" (${scope}). It is shown this once.`]);
  });
}

export function runKeysList({ json }: { json: boolean }): Promise<number> {
  return onDatabase(async (db) => {
    const keys = await listApiKeys(db);
    if (json) return printJson({ keys });
    if (keys.length === 0) return printLines(['None.']);
    const day = (at: Date | null) => at?.toISOString().slice(0, 16).replace('T', ' ') ?? null;
    const rows = keys.map((key) => [
      ...[key.id, key.name, key.scope, `${key.hint}...`, day(key.created_at), day(key.last_used_at)],
      key.revoked_at === null ? 'living' : `revoked ${day(key.revoked_at)}`,
    ]);
    return printLines(columns([['id', 'name', 'scope', 'begins', 'made', 'last used', 'state'], ...rows]));
  });
}

export function runKeysRevoke({ id, json }: { id: number; json: boolean }): Promise<number> {
  return onDatabase(async (db) => {
    const key = await revokeApiKey(db, id);
    await insertAudit(db, { ...BY, action: 'keys revoke', target: key.name, after: { id } });
    if (json) printJson({ key });
    else printLines([`Key ${id} "${key.name}" is revoked.`]);
  });
}

async function onDatabase(work: (db: Db) => Promise<void>): Promise<number> {
  const attached = await attach();
  try {
    await work(attached.foundation.database.db);
    return EXIT.ok;
  } finally {
    await attached.close();
  }
}
