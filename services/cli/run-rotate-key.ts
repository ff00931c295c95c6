import { loadEnv, type Env } from '../../shared/config/env.ts';
import { EXIT } from '../../shared/config/exit-codes.ts';
import {
  adoptNextKey,
  createSecretBox,
  nextKey,
  resolveSecretKeys,
  type SecretKeys,
} from '../../shared/config/secret-key.ts';
import { openDatabase, waitForDatabase } from '../../shared/db/client.ts';
import { migrate } from '../../shared/db/migrate.ts';
import type { Db, Tables } from '../../shared/db/tables.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { forgetUnreadable, rotateKey } from '../../shared/replication/rotate-key.ts';
import { locate } from './attach.ts';
import { usageError } from './arguments.ts';
import { printJson, printLines } from './print.ts';

export interface RotateCommand {
  readonly forgetTokens: boolean;
  readonly json: boolean;
}

export async function runRotateKey(options: RotateCommand): Promise<number> {
  const env = loadEnv(undefined, 'cli');
  const keys = resolveSecretKeys(env);
  const server = await locate(env);
  try {
    await waitForDatabase(server.address.migrationUrl);
    await migrate(server.address.migrationUrl, { queue: env.redisUrl === undefined });
    const database = openDatabase<Tables>(server.address.url, {
      max: 1,
      applicationName: 'pngx-controller rotate-key',
    });
    try {
      return options.forgetTokens
        ? await forget(database.db, keys, options.json)
        : await rotate(database.db, planOf(env, keys, server.alone), options.json);
    } finally {
      await database.close();
    }
  } finally {
    await server.stop();
  }
}

interface Plan {
  readonly next: string;
  readonly old: string;
  /** Gives the new key its place; says where. */
  finish(): string | null;
}

function planOf(env: Env, keys: SecretKeys, alone: boolean): Plan {
  if (env.secretKey !== undefined) {
    if (keys.old === undefined) throw usageError('OLD_SECRET_KEY is missing: the key before.', 'rotate-key');
    return { next: keys.current, old: keys.old, finish: () => null };
  }
  if (!alone)
    throw new AppError({
      code: 'database_in_use',
      class: 'config',
      message: 'The controller runs, and knows only the key in its DATA_DIR.',
      hint: 'Stop it first; or set SECRET_KEY and OLD_SECRET_KEY, for it too, and rotate while it runs.',
    });
  return { next: nextKey(env.dataDir), old: keys.current, finish: () => adoptNextKey(env.dataDir) };
}

async function rotate(db: Db, plan: Plan, json: boolean): Promise<number> {
  const both = createSecretBox({ current: plan.next, old: plan.old });
  const only = createSecretBox({ current: plan.next, old: undefined });
  const rotated = await rotateKey(db, both, only);
  const file = plan.finish();
  if (json) printJson({ ...rotated, key_file: file });
  else
    printLines([
      `${rotated.resealed} values have the new key now, ${rotated.kept} had it already.`,
      file === null ? 'OLD_SECRET_KEY may go once every program runs with the new one.' : `The new key is in ${file}.`,
      'Backups made before need the key before: keep it, or make a new backup.',
    ]);
  return EXIT.ok;
}

async function forget(db: Db, keys: SecretKeys, json: boolean): Promise<number> {
  const box = createSecretBox(keys);
  const forgotten = await db.transaction().execute((trx) => forgetUnreadable(trx, box));
  if (json) printJson({ forgotten });
  else if (forgotten.length === 0) printLines(['Everything can be opened; nothing was forgotten.']);
  else
    printLines([
      `Forgotten: ${forgotten.join(', ')}.`,
      'Type them anew, then resume the replicas. All links are kept.',
    ]);
  return EXIT.ok;
}
