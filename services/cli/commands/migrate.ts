import { loadEnv } from '../../../shared/config/env.ts';
import { EXIT } from '../../../shared/config/exit-codes.ts';
import { waitForDatabase } from '../../../shared/db/client.ts';
import { migrate } from '../../../shared/db/migrate.ts';
import { parseOptions, type Command } from '../arguments.ts';
import { locate } from '../attach.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Brings the database schema up to date; safe to repeat.',
  usage: `Usage: pngx-controller migrate [--json]

Applies what this release's schema has more than the database, ours and the queue's. Uses MIGRATION_DATABASE_URL
where set, so that the running programs need no right to change the schema.`,
  run: async (args) => {
    const { json } = parseOptions('migrate', args, { json: { type: 'boolean' } });
    const env = loadEnv(undefined, 'cli');
    const server = await locate(env);
    try {
      await waitForDatabase(server.address.migrationUrl);
      const applied = await migrate(server.address.migrationUrl, { queue: env.redisUrl === undefined });
      if (json === true) process.stdout.write(`${JSON.stringify({ applied })}\n`);
      else process.stdout.write(applied.length === 0 ? 'The schema is up to date.\n' : `Applied: ${applied.join(', ')}.\n`);
      return EXIT.ok;
    } finally {
      await server.stop();
    }
  },
};
