/** Commands about our own database as a whole: kept, put back, moved, locked with another key. Loaded when they are run. */
import { parseArgs } from 'node:util';
import { parseOptions, usageError, type Command } from './arguments.ts';

const TEXT = { type: 'string' } as const;
const SWITCH = { type: 'boolean' } as const;

const backup: Command = {
  name: 'backup',
  summary: 'Writes a backup of the controller: settings, replicas, links, everything but logs and runs.',
  usage: `Usage: pngx-controller backup [--to FILE] [--json]

  --to    The file; otherwise one named by the time, in DATA_DIR/backup.
  --json  Print one JSON object instead of a sentence.

One moment of the database, also while the controller works. Tokens stay encrypted: keep SECRET_KEY elsewhere. The file
is complete or not there.`,
  run: async (args) => {
    const { to, json } = parseOptions('backup', args, { to: TEXT, json: SWITCH });
    const { runBackup } = await import('./run-backup.ts');
    return runBackup({ to, json: json === true });
  },
};

const restore: Command = {
  name: 'restore',
  summary: 'Puts a backup in the place of what the database holds.',
  usage: `Usage: pngx-controller restore FILE [--force] [--forget-tokens] [--json]
       pngx-controller restore --put-back [--json]

  --force          Also where the database holds a controller already; all of it is replaced.
  --forget-tokens  SECRET_KEY of that time is lost: keep all else, the tokens are typed anew.
  --put-back       The database was put back by other means (pg_dump, a copied folder): only mark what is old now.
  --json           Print one JSON object instead of sentences.

Stop every program of the controller first. The file is checked as a whole before anything is changed, and the change
is one transaction. A backup of an older release is brought up to date. Afterwards each replica is reconciled before
anything is uploaded to it, and nothing is deleted before two complete comparisons.

Exit codes: 0 done; 64 the file, the key or the database does not fit, nothing was changed.`,
  run: async (args) => {
    const { file, force, forget, json } = restoreArguments(args);
    const { runRestore } = await import('./run-restore.ts');
    return runRestore({ file, force, forgetTokens: forget, json });
  },
};

function restoreArguments(args: readonly string[]) {
  const options = args.filter((arg) => arg.startsWith('--'));
  const files = args.filter((arg) => !arg.startsWith('--'));
  const values = parseOptions('restore', options, {
    ...{ force: SWITCH, 'put-back': SWITCH },
    ...{ 'forget-tokens': SWITCH, json: SWITCH },
  });
  const [file] = parseArgs({ args: files, allowPositionals: true }).positionals;
  if ((file === undefined) !== (values['put-back'] === true) || files.length > 1)
    throw usageError('Name one file to restore.', 'restore');
  return {
    file,
    force: values.force === true,
    forget: values['forget-tokens'] === true,
    json: values.json === true,
  };
}

const move: Command = {
  name: 'move',
  summary: 'Moves a controller that stands still to another PostgreSQL, from standalone to scaled out say.',
  usage: `Usage: pngx-controller move --to URL [--force] [--json]
       pngx-controller move --cancel

  --to      The database to move to: postgres://user:password@host:5432/name, or - to read it from standard
            input.
  --force   Also where that database holds a controller already; all of it is replaced.
  --cancel  Go on here after all.
  --json    Print one JSON object instead of a sentence.

Stop every program of the controller first. Afterwards this one refuses to start, and the new one goes on where it
stood: nothing is uploaded again. Use the same SECRET_KEY there.`,
  run: async (args) => {
    const options = parseOptions('move', args, { to: TEXT, force: SWITCH, cancel: SWITCH, json: SWITCH });
    if ((options.to === undefined) === (options.cancel !== true))
      throw usageError('Give either --to or --cancel.', 'move');
    const { runMove } = await import('./run-move.ts');
    return runMove({ to: options.to, force: options.force === true, json: options.json === true });
  },
};

const rotateKey: Command = {
  name: 'rotate-key',
  summary: 'Locks everything that is stored encrypted with a new SECRET_KEY, while the controller works.',
  usage: `Usage: pngx-controller rotate-key [--forget-tokens] [--json]

  --forget-tokens  The earlier key is lost: forget what cannot be opened, keep all else. The replicas concerned are
                   paused until their tokens are typed anew.
  --json           Print one JSON object instead of a sentence.

SECRET_KEY is the new key, OLD_SECRET_KEY the one before. Start all programs with both, run this, then start them with
SECRET_KEY alone. A standalone controller that keeps its key in DATA_DIR needs neither: stop it, run this, start it.
Safe to repeat.`,
  run: async (args) => {
    const options = parseOptions('rotate-key', args, { 'forget-tokens': SWITCH, json: SWITCH });
    const { runRotateKey } = await import('./run-rotate-key.ts');
    return runRotateKey({ forgetTokens: options['forget-tokens'] === true, json: options.json === true });
  },
};

export const BACKUP_COMMANDS: readonly Command[] = [backup, restore, move, rotateKey];
