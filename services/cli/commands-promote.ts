/** The command that makes a replica the master. Loaded when it is run. */
import { numberOf, parseOptions, usageError, type Command } from './arguments.ts';

const TEXT = { type: 'string' } as const;
const SWITCH = { type: 'boolean' } as const;
const VERBS = ['accept', 'cancel', 'readmit'] as const;

const promote: Command = {
  name: 'promote',
  summary: 'Makes a replica the master (manual failover), and takes the old master back.',
  usage: `Usage: pngx-controller promote --replica NAME|ID --dry-run [--json]
       pngx-controller promote --replica NAME|ID --yes [--accept] [--wait] [--json]
       pngx-controller promote [--promotion ID [--accept | --cancel]] [--json]
       pngx-controller promote --promotion ID --readmit (--name NAME | --dry-run) [--json]

  --replica    The replica that becomes the master, by name or id.
  --dry-run    Only look: what is missing there, what is not at its end, what it gets back. Nothing is changed.
  --yes        Do it. Until the switch it can be cancelled; nothing is written to the old master.
  --accept     Do not wait for uploads that cannot be brought to their end, as when the old master is dead.
  --wait       Stay until it is done, or waits for a person.
  --promotion  Tell how far this one is; without any, tell of all.
  --cancel     Take it back, before the switch.
  --readmit    Take the old master back as a replica: linked as it was, what was changed there since left alone.
  --name       What that replica is to be called.
  --json       Print one JSON object instead of sentences.

Exit codes: 0 done, or begun; 1 it cannot be promoted as things are, or it waits for a person; 2 unknown option.`,
  run: async (args) => {
    const given = parseOptions('promote', args, {
      ...{ replica: TEXT, promotion: TEXT, name: TEXT },
      ...{
        'dry-run': SWITCH,
        yes: SWITCH,
        accept: SWITCH,
        cancel: SWITCH,
        readmit: SWITCH,
        wait: SWITCH,
        json: SWITCH,
      },
    });
    const promotion = given.promotion === undefined ? undefined : numberOf('promotion', given.promotion, 'promote');
    const asked = VERBS.filter((verb) => given[verb] === true);
    if (given.replica !== undefined && promotion !== undefined)
      throw usageError('Name --replica or --promotion, not both.', 'promote');
    if (promotion === undefined && given.replica === undefined && asked.length > 0)
      throw usageError('Name the --promotion.', 'promote');
    if (promotion !== undefined && asked.length > 1) throw usageError('Ask for one thing at a time.', 'promote');
    const { runPromote } = await import('./run-promote.ts');
    return runPromote({
      replica: given.replica,
      promotion,
      verb: given.replica === undefined ? (asked[0] ?? 'show') : 'promote',
      name: given.name,
      dryRun: given['dry-run'] === true,
      yes: given.yes === true,
      accept: given.accept === true,
      wait: given.wait === true,
      json: given.json === true,
    });
  },
};

export const PROMOTE_COMMANDS: readonly Command[] = [promote];
