/** Commands that look at what is there, and those that decide about single things. Loaded when they are run. */
import { numberOf, parseOptions, usageError, type Command } from './arguments.ts';

const TEXT = { type: 'string' } as const;
const SWITCH = { type: 'boolean' } as const;

const documents: Command = {
  name: 'documents',
  summary: 'Lists the documents of a replica, or tells all about one.',
  usage: `Usage: pngx-controller documents --replica NAME|ID [FILTERS] [--limit N] [--json]
       pngx-controller documents --document ID [--json]

  --replica   The documents of this replica, in the order of the master's ids.
  --status    pending, ok, error, excluded  --phase  e.g. failed, dlq, blocked, awaiting
  --code      Only with this error code  --field  Only where something is said of this field, e.g. owner
  --waiting   Only with open work        --held   Only those that wait for a person or another document
  --limit     At most so many (100).
  --document  One document, by its id on the master: its state, fields, uploads, conflicts and findings on each replica.
  --json      Print one JSON object instead of a table.

Exit codes: 0 done; 1 there is no such replica or document; 2 unknown option.`,
  run: async (args) => {
    const options = parseOptions('documents', args, {
      ...{ replica: TEXT, document: TEXT, status: TEXT },
      ...{ phase: TEXT, code: TEXT, field: TEXT, limit: TEXT },
      ...{ waiting: SWITCH, held: SWITCH, json: SWITCH },
    });
    const { runDocuments } = await import('./run-documents.ts');
    return runDocuments(options);
  },
};

const retry: Command = {
  name: 'retry',
  summary: 'Makes documents due again that failed or were given up.',
  usage: `Usage: pngx-controller retry [--replica NAME|ID] [--document ID] [--now] [--json]

  --replica   Only those of this replica; otherwise of all.
  --document  Only this document, by its id on the master and whatever its state; needs --replica.
  --now       Start a cycle at once instead of waiting for the next one.
  --json      Print one JSON object instead of a sentence.

Exit codes: 0 done, also when nothing had failed; 1 there is no such replica or document; 2 unknown option.`,
  run: async (args) => {
    const { replica, document, now, json } = parseOptions('retry', args, {
      ...{ replica: TEXT, document: TEXT },
      ...{ now: SWITCH, json: SWITCH },
    });
    const { runRetry } = await import('./run-retry.ts');
    return runRetry({ replica, document, now: now === true, json: json === true });
  },
};

const cancel: Command = {
  name: 'cancel',
  summary: 'Stops a run, a verification, or the work on one document, in whatever process it goes on.',
  usage: `Usage: pngx-controller cancel --run ID | --verification ID | --replica NAME|ID --document ID [--json]

  --run           This run; of a cycle, all of its replicas that are not done.
  --verification  This verification.
  --document      Only this document, by its id on the master, out of the run that is about to do it; needs --replica.
  --json          Print one JSON object instead of a sentence.

Nothing is lost by it: what was under way is finished by the next cycle.

Exit codes: 0 done; 1 there is no such thing, or it has ended already; 2 unknown option.`,
  run: async (args) => {
    const { run, verification, replica, document, json } = parseOptions('cancel', args, {
      ...{ run: TEXT, verification: TEXT, replica: TEXT, document: TEXT },
      ...{ json: SWITCH },
    });
    const { runCancel } = await import('./run-cancel.ts');
    return runCancel({ run, verification, replica, document, json: json === true });
  },
};

const exclude: Command = {
  name: 'exclude',
  summary: 'Leaves one document out on one replica, with a reason.',
  usage: `Usage: pngx-controller exclude --replica NAME|ID --document ID --reason TEXT [--json]

  --replica   On this replica.
  --document  This document, by its id on the master.
  --reason    Why; shown beside the document. At most 500 characters.
  --json      Print one JSON object instead of a sentence.

Nothing is written to the replica for it from now on, and what is there already stays as it is.

Exit codes: 0 done; 1 there is no such replica or document, or it is excluded already; 2 unknown option.`,
  run: async (args) => {
    const { replica, document, reason, json } = parseOptions('exclude', args, {
      ...{ replica: TEXT, document: TEXT, reason: TEXT },
      ...{ json: SWITCH },
    });
    const { runExclude } = await import('./run-exclude.ts');
    return runExclude({ replica, document, reason, json: json === true });
  },
};

const include: Command = {
  name: 'include',
  summary: 'Takes an excluded document back: the next cycle brings it into step.',
  usage: `Usage: pngx-controller include --replica NAME|ID --document ID [--json]

  --replica   On this replica.
  --document  This document, by its id on the master.
  --json      Print one JSON object instead of a sentence.

Exit codes: 0 done; 1 there is no such replica or document, or it is not excluded; 2 unknown option.`,
  run: async (args) => {
    const { replica, document, json } = parseOptions('include', args, {
      ...{ replica: TEXT, document: TEXT },
      ...{ json: SWITCH },
    });
    const { runInclude } = await import('./run-exclude.ts');
    return runInclude({ replica, document, json: json === true });
  },
};

const conflicts: Command = {
  name: 'conflicts',
  summary: 'Lists edits made on replicas, or decides about one.',
  usage: `Usage: pngx-controller conflicts [--replica NAME|ID] [--state STATE] [--limit N] [--json]
       pngx-controller conflicts --resolve ID --keep master|replica [--json]

  --replica  Only those of this replica.
  --state    open (default), overwritten, keep_master, keep_replica, gone, or all.
  --limit    At most so many (100), the newest first.
  --resolve  Decide about the conflict with this id; the next cycle carries it out.
  --keep     Whose value stays.
  --json     Print one JSON object instead of a table.

Exit codes: 0 done; 1 there is no such conflict, or it is over; 2 unknown option.`,
  run: async (args) => {
    const { replica, state, limit, resolve, keep, json } = parseOptions('conflicts', args, {
      ...{ replica: TEXT, state: TEXT, limit: TEXT },
      ...{ resolve: TEXT, keep: TEXT, json: SWITCH },
    });
    const { runConflicts } = await import('./run-conflicts.ts');
    return runConflicts({ replica, state, limit, resolve, keep, json: json === true });
  },
};

const fidelity: Command = {
  name: 'fidelity',
  summary: 'Says what becomes of each field, for each pair of versions.',
  usage: `Usage: pngx-controller fidelity [--master v2|v3] [--replica v2|v3] [--json]

  --master, --replica  Only pairs with this generation: v2 is paperless-ngx 2.20, v3 is 3.x.
  --json               Print one JSON object instead of a table.

The same as docs/paperless-compatibility.md and GET /api/fidelity. Needs no database.`,
  run: async (args) => {
    const { master, replica, json } = parseOptions('fidelity', args, {
      ...{ master: TEXT, replica: TEXT, json: SWITCH },
    });
    for (const given of [master, replica])
      if (given !== undefined && given !== 'v2' && given !== 'v3')
        throw usageError(`There is no generation "${given}"; there are v2 and v3.`, 'fidelity');
    const { runFidelity } = await import('./run-fidelity.ts');
    return runFidelity({ master, replica, json: json === true });
  },
};

const openapi: Command = {
  name: 'openapi',
  summary: 'Prints the description of the HTTP API (OpenAPI 3.1).',
  usage: `Usage: pngx-controller openapi

One JSON object, the same as GET /api/openapi.json. Needs no database.`,
  run: async (args) => {
    parseOptions('openapi', args, {});
    const { runOpenapi } = await import('./run-openapi.ts');
    return runOpenapi();
  },
};

const doctor: Command = {
  name: 'doctor',
  summary: 'Looks at everything that has to work, and says what to mend.',
  usage: `Usage: pngx-controller doctor [--json]

Environment, database, queue, processes, and for master and replicas whether they answer and how they are set up. Reads
only; every finding comes with its cure.

  --json  Print one JSON object instead of a list.

Exit codes: 0 nothing dangerous; 1 something dangerous; 64 to 68 what has to be there first is not (see --help).`,
  run: async (args) => {
    const { json } = parseOptions('doctor', args, { json: SWITCH });
    const { runDoctor } = await import('./run-doctor.ts');
    return runDoctor({ json: json === true });
  },
};

const webhook: Command = {
  name: 'webhook',
  summary: "Shows, installs and replays the master's webhooks.",
  usage: `Usage: pngx-controller webhook status [--ask] [--json]
       pngx-controller webhook install [--url URL] [--json]
       pngx-controller webhook uninstall [--json]
       pngx-controller webhook events [--state STATE] [--document ID] [--limit N] [--json]
       pngx-controller webhook replay --id ID [--json]

  status      Whether webhooks are taken, and when the last one came; with --ask also what the master says of its workflow.
  install     Writes the workflow that sends them to the master, or makes it as it should be. Nothing else is ever written there.
  uninstall   Takes it away from there.
  events      What came in and what it led to, the newest first.
  replay      Looks at the document of an event again.
  --url       Where the master reaches this controller, with /webhook/paperless; otherwise PUBLIC_URL says it.
  --state     pending, syncing, done, left  --document  Only of this document, by its id on the master
  --limit     At most so many (50).
  --json      Print one JSON object instead of sentences.

Exit codes: 0 done; 1 it could not be done, or there is no such event; 2 unknown option.`,
  run: async ([verb, ...args]) => {
    const commands = await import('./run-webhook.ts');
    const asJson = { json: SWITCH };
    switch (verb) {
      case 'status': {
        const { ask, json } = parseOptions('webhook', args, { ask: SWITCH, ...asJson });
        return commands.runWebhookStatus({ ask: ask === true, json: json === true });
      }
      case 'install': {
        const { url, json } = parseOptions('webhook', args, { url: TEXT, ...asJson });
        return commands.runWebhookInstall({ url, json: json === true });
      }
      case 'uninstall':
        return commands.runWebhookUninstall({ json: parseOptions('webhook', args, asJson).json === true });
      case 'events': {
        const { json, ...filter } = parseOptions('webhook', args, {
          state: TEXT,
          document: TEXT,
          limit: TEXT,
          ...asJson,
        });
        return commands.runWebhookEvents({ ...filter, json: json === true });
      }
      case 'replay': {
        const { id, json } = parseOptions('webhook', args, { id: TEXT, ...asJson });
        if (id === undefined) throw usageError('--id is missing.', 'webhook');
        return commands.runWebhookReplay({ id: numberOf('id', id, 'webhook'), json: json === true });
      }
      default:
        throw usageError('Say status, install, uninstall, events or replay.', 'webhook');
    }
  },
};

export const LOOK_COMMANDS: readonly Command[] = [
  documents,
  retry,
  cancel,
  exclude,
  include,
  conflicts,
  webhook,
  fidelity,
  openapi,
  doctor,
];
