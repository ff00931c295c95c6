import { loadEnv } from '../../shared/config/env.ts';
import { EXIT } from '../../shared/config/exit-codes.ts';
import { waitForDatabase } from '../../shared/db/client.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { QUEUES } from '../../shared/queue/catalog.ts';
import { locate } from './attach.ts';

export async function runMigrate({ json }: { readonly json: boolean }): Promise<number> {
  const env = loadEnv(undefined, 'cli');
  const server = await locate(env);
  try {
    await waitForDatabase(server.address.migrationUrl);
    const applied = await migrate(server.address.migrationUrl, { queue: env.redisUrl === undefined, queues: QUEUES });
    if (json) process.stdout.write(`${JSON.stringify({ applied })}\n`);
    else
      process.stdout.write(applied.length === 0 ? 'The schema is up to date.\n' : `Applied: ${applied.join(', ')}.\n`);
    return EXIT.ok;
  } finally {
    await server.stop();
  }
}
