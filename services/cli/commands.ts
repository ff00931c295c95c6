/**
 * What can be asked for, in the words of --help. A command is loaded when it is run: help and a mistyped option should not
 * wait for database and queue libraries.
 */
import { parseOptions, usageError, type Command } from './arguments.ts';
import { BACKUP_COMMANDS } from './commands-backup.ts';
import { DOOR_COMMANDS } from './commands-doors.ts';
import { NOTIFY_COMMANDS } from './commands-notify.ts';
import { LOOK_COMMANDS } from './commands-look.ts';
import { PROMOTE_COMMANDS } from './commands-promote.ts';
import { RECONCILE_COMMANDS } from './commands-reconcile.ts';

const serve = program(
  'serve',
  'Everything in one process, with PostgreSQL of its own unless DATABASE_URL is set.',
  `Usage: pngx-controller serve

API and worker in one process. Without DATABASE_URL a PostgreSQL server under DATA_DIR is started and stopped with it.`,
  () => import('../standalone/main.ts'),
);

const api = program(
  'api',
  'The HTTP side alone; needs DATABASE_URL.',
  `Usage: pngx-controller api

Serves the API and the status page on HOST:PORT. Run at least one worker beside it.`,
  () => import('../api/main.ts'),
);

const worker = program(
  'worker',
  'A worker alone; needs DATABASE_URL. Start as many as you like.',
  `Usage: pngx-controller worker

Works off the queue with WORKER_CONCURRENCY jobs at once; its health is at HOST:WORKER_PORT.`,
  () => import('../worker/main.ts'),
);

const migrate: Command = {
  name: 'migrate',
  summary: 'Brings the database schema up to date; safe to repeat.',
  usage: `Usage: pngx-controller migrate [--json]

Applies what this release's schema has more than the database, ours and the queue's. Uses MIGRATION_DATABASE_URL
where set, so that the running programs need no right to change the schema.`,
  run: async (args) => {
    const { json } = parseOptions('migrate', args, { json: { type: 'boolean' } });
    const { runMigrate } = await import('./run-migrate.ts');
    return runMigrate({ json: json === true });
  },
};

const sync: Command = {
  name: 'sync',
  summary: 'Starts a cycle now; --wait follows it to its end.',
  usage: `Usage: pngx-controller sync [--replica NAME|ID] [--sweep] [--dry-run | --wait] [--json]

  --replica  Only this replica, by name or id.
  --sweep    Compare every document, changed or not; it finds what no change feed tells.
  --dry-run  Say what a cycle would do now, and do nothing.
  --wait     Stay until the cycle has ended, and show its progress. Exit code 0: every replica is in step;
             1: something failed, or only part of the documents could be brought up to date.
  --json     Print one JSON object instead of sentences.

Works on the database: on that of a running controller, or of a standalone one that stands still, whose server is
started for as long as the command runs. Such a one has no worker, so with --wait the command does the work itself.`,
  run: async (args) => {
    const { replica, sweep, wait, json, ...rest } = parseOptions('sync', args, {
      replica: { type: 'string' },
      sweep: { type: 'boolean' },
      'dry-run': { type: 'boolean' },
      wait: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const dryRun = rest['dry-run'] === true;
    if (dryRun && wait === true) throw usageError('--dry-run and --wait exclude each other.', 'sync');
    const { runSync } = await import('./run-sync.ts');
    return runSync({ replica, sweep: sweep === true, dryRun, wait: wait === true, json: json === true });
  },
};

const verify: Command = {
  name: 'verify',
  summary: 'Compares copies with the master now; --wait tells what was found.',
  usage: `Usage: pngx-controller verify [--replica NAME|ID] [--document ID] [--depth DEPTH] [--wait] [--json]

  --replica   Only this replica, by name or id; otherwise every enabled one.
  --document  Only this document, by its id on the master; needs --replica.
  --depth     list       ids and counts of both sides
              metadata   every replicated field, notes, links, owner, permissions
              checksum   (default) also the checksums that both instances state of their files
              bytes      also the files themselves, downloaded and hashed
  --wait      Stay until it has ended, and show what was found.
  --json      Print one JSON object instead of sentences.

Nothing is written to any instance; what can be repaired becomes work of a cycle that follows, and is verified again.

Exit codes with --wait: 0 all that was compared is equal; 1 something is missing or differs, or the verification could
not be finished or saw only a part of the master; 2 unknown option. Without --wait: 0 when it was started.`,
  run: async (args) => {
    const { replica, document, depth, wait, json } = parseOptions('verify', args, {
      replica: { type: 'string' },
      document: { type: 'string' },
      depth: { type: 'string' },
      wait: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const { runVerify } = await import('./run-verify.ts');
    return runVerify({ replica, document, depth, wait: wait === true, json: json === true });
  },
};

export const COMMANDS: readonly Command[] = [
  serve,
  api,
  worker,
  migrate,
  sync,
  verify,
  ...LOOK_COMMANDS,
  ...RECONCILE_COMMANDS,
  ...PROMOTE_COMMANDS,
  ...BACKUP_COMMANDS,
  ...DOOR_COMMANDS,
  ...NOTIFY_COMMANDS,
];

/** A program that stays up is a script of its own service; here it only gets its name on the command line. */
function program(name: string, summary: string, usage: string, start: () => Promise<unknown>): Command {
  return {
    name,
    summary,
    usage,
    run: async (args) => {
      parseOptions(name, args, {});
      await start();
      return undefined;
    },
  };
}
