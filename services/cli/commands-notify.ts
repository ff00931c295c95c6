/** Commands for who is told of troubles (N1-N3). Loaded when they are run. */
import { numberOf, parseOptions, usageError, type Command } from './arguments.ts';

const JSON_OPTION = { json: { type: 'boolean' } } as const;

const notifications: Command = {
  name: 'notifications',
  summary: 'Who is told of troubles, and what became of the messages.',
  usage: `Usage: pngx-controller notifications list [--json]
       pngx-controller notifications add --kind KIND --name NAME [--json] < fields.json
       pngx-controller notifications test --id ID [--json]
       pngx-controller notifications remove --id ID [--json]
       pngx-controller notifications deliveries [--json]
       pngx-controller notifications digest [--json]

  add         Its fields are read from standard input as a JSON object of texts, such as
              {"url": "https://gotify.example.org", "token": "..."}; which ones, docs/operations.md says by kind.
  test        Sends a test message now.
  deliveries  The last fifty messages.
  digest      Sends the daily digest now.
  --json      Print one JSON object instead of sentences.

Exit codes: 0 done; 1 refused, or the receiver did not take the test message; 2 unknown option.`,
  run: async ([verb, ...args]) => {
    const runs = await import('./run-notifications.ts');
    const asked = () => ({ json: parseOptions('notifications', args, JSON_OPTION).json === true });
    const withId = () => {
      const { id, json } = parseOptions('notifications', args, { id: { type: 'string' }, ...JSON_OPTION });
      if (id === undefined) throw usageError('--id is missing.', 'notifications');
      return { id: numberOf('id', id, 'notifications'), json: json === true };
    };
    switch (verb) {
      case 'list':
        return runs.runChannels(asked());
      case 'add': {
        const texts = { kind: { type: 'string' }, name: { type: 'string' } } as const;
        const { kind, name, json } = parseOptions('notifications', args, { ...texts, ...JSON_OPTION });
        if (kind === undefined || name === undefined)
          throw usageError('--kind and --name are needed.', 'notifications');
        return runs.runAddChannel({ kind, name: name.trim().slice(0, 100), json: json === true });
      }
      case 'test':
        return runs.runTestChannel(withId());
      case 'remove':
        return runs.runRemoveChannel(withId());
      case 'deliveries':
        return runs.runDeliveries(asked());
      case 'digest':
        return runs.runDigest(asked());
      default:
        throw usageError('Say list, add, test, remove, deliveries or digest.', 'notifications');
    }
  },
};

export const NOTIFY_COMMANDS: readonly Command[] = [notifications];
