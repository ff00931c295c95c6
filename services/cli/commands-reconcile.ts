/** Commands that match a replica anew or fill it for the first time. Loaded when they are run. */
import { parseOptions, usageError, type Command } from './arguments.ts';

const TEXT = { type: 'string' } as const;
const SWITCH = { type: 'boolean' } as const;

const reconcile: Command = {
  name: 'reconcile',
  summary: 'Finds the copies a replica has already and links them; uploads nothing.',
  usage: `Usage: pngx-controller reconcile --replica NAME|ID [--full] [--dry-run] [--wait] [--json]

  --replica  The replica, by name or id.
  --full     Put the links that exist in question, too (full resync).
  --dry-run  Only look, and tell what would be linked, proposed and missing. Nothing is changed anywhere.
  --wait     Stay until it has ended, and tell what was found.
  --json     Print one JSON object instead of sentences.

Equal bytes link a copy: by number, then by title and date, then in order where several are equal. Equal number, or
equal title and date, with other bytes are proposed to a person, never linked. Documents without a copy are left to
the next cycle.

Exit codes: 0 done, or started; 1 it failed, or the replica is locked, disabled or suspended; 2 unknown option.`,
  run: async (args) => {
    const options = parseOptions('reconcile', args, {
      ...{ replica: TEXT, full: SWITCH },
      ...{ 'dry-run': SWITCH, wait: SWITCH, json: SWITCH },
    });
    const { runReconcile } = await import('./run-reconcile.ts');
    return runReconcile({
      replica: named('reconcile', options.replica),
      mode: options.full === true ? 'resync' : 'reconcile',
      dryRun: options['dry-run'] === true,
      wait: options.wait === true,
      json: options.json === true,
    });
  },
};

const seed: Command = {
  name: 'seed',
  summary: "Guides the first filling of a large replica by paperless' own export and import.",
  usage: `Usage: pngx-controller seed --replica NAME|ID [--wait] [--give-up] [--json]

  --replica  The replica, by name or id; it should be empty, and of the same version as the master.
  --wait     Wait for the documents to appear, reconcile, and go on.
  --give-up  End the hold without a reconcile: the replica is filled by uploads.
  --json     Print one JSON object instead of sentences.

Prints the commands for the servers of both instances, for docker and bare installs. Until the reconcile is through no
run touches the replica and nothing is uploaded to it. An upload takes a replica about a second a document, an import
a hundredth of that.

Exit codes: 0 done; 1 it failed, or the replica is paused for another reason; 2 unknown option.`,
  run: async (args) => {
    const options = parseOptions('seed', args, {
      ...{ replica: TEXT, wait: SWITCH },
      ...{ 'give-up': SWITCH, json: SWITCH },
    });
    const { runSeed } = await import('./run-seed.ts');
    return runSeed({
      replica: named('seed', options.replica),
      wait: options.wait === true,
      giveUp: options['give-up'] === true,
      json: options.json === true,
    });
  },
};

function named(command: string, replica: string | undefined): string {
  if (replica === undefined) throw usageError('--replica is missing.', command);
  return replica;
}

export const RECONCILE_COMMANDS: readonly Command[] = [reconcile, seed];
