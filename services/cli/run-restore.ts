import { resolve } from 'node:path';
import { loadEnv } from '../../shared/config/env.ts';
import { EXIT } from '../../shared/config/exit-codes.ts';
import { resolveSecretKeys } from '../../shared/config/secret-key.ts';
import { markPutBack, restoreBackup, type Restored } from '../../shared/replication/backup/restore.ts';
import { locate } from './attach.ts';
import { printJson, printLines } from './print.ts';

export interface RestoreCommand {
  /** Undefined: the database was put back by other means. */
  readonly file: string | undefined;
  readonly force: boolean;
  readonly forgetTokens: boolean;
  readonly json: boolean;
}

export async function runRestore({ file, force, forgetTokens, json }: RestoreCommand): Promise<number> {
  const env = loadEnv(undefined, 'cli');
  const keys = resolveSecretKeys(env);
  const server = await locate(env);
  try {
    if (file === undefined) {
      await markPutBack(server.address.migrationUrl);
      if (json) printJson({ marked: true });
      else printLines(['Marked. Each replica is reconciled first; until then nothing is uploaded to it.']);
      return EXIT.ok;
    }
    const options = { keys, force, forgetTokens, queue: env.redisUrl === undefined };
    const restored = await restoreBackup(resolve(file), server.address.migrationUrl, options);
    if (json) printJson(restored);
    else printLines(told(restored));
    return EXIT.ok;
  } finally {
    await server.stop();
  }
}

function told({ madeAt, app, rows, forgotten }: Restored): string[] {
  return [
    `Restored ${rows} rows of the backup of ${madeAt} (release ${app}).`,
    'Each replica is reconciled first; until then nothing is uploaded to it.',
    ...(forgotten.length === 0 ? [] : [`To be typed anew: ${forgotten.join(', ')}.`]),
  ];
}
