/** Commands for who may come in (S1). Loaded when they are run. */
import { numberOf, parseOptions, usageError, type Command } from './arguments.ts';

const passwd: Command = {
  name: 'passwd',
  summary: 'Sets the password of the pages and ends every session.',
  usage: `Usage: pngx-controller passwd [--generate] [--json]

Asks for the new password of AUTH_MODE=password, or reads it from standard input when that is no terminal (one line).

  --generate  Make one and print it.
  --json      Print one JSON object instead of sentences.

The old one is not asked for: who can run this command can read the database anyway. API keys stay as they are.

Exit codes: 0 done; 1 the password was not accepted; 2 unknown option.`,
  run: async (args) => {
    const { generate, json } = parseOptions('passwd', args, {
      generate: { type: 'boolean' },
      json: { type: 'boolean' },
    });
    const { runPasswd } = await import('./run-passwd.ts');
    return runPasswd({ generate: generate === true, json: json === true });
  },
};

const keys: Command = {
  name: 'keys',
  summary: 'Makes, lists and revokes API keys.',
  usage: `Usage: pngx-controller keys add --name NAME [--read-only] [--json]
       pngx-controller keys list [--json]
       pngx-controller keys revoke --id ID [--json]

  --name       What it is for; two living keys cannot have the same.
  --read-only  It may look at everything and change nothing.
  --id         As shown by "keys list".
  --json       Print one JSON object instead of sentences.

A key is printed once, when it is made, and goes along as "Authorization: Bearer pngxk_...", whatever AUTH_MODE is.

Exit codes: 0 done; 1 the name is taken, or there is no such key; 2 unknown option.`,
  run: async ([verb, ...args]) => {
    const { runKeysAdd, runKeysList, runKeysRevoke } = await import('./run-keys.ts');
    const asJson = { type: 'boolean' } as const;
    switch (verb) {
      case 'add': {
        const { name, json, ...rest } = parseOptions('keys', args, {
          ...{ name: { type: 'string' }, 'read-only': { type: 'boolean' }, json: asJson },
        });
        if (name === undefined || name.trim() === '') throw usageError('--name is missing.', 'keys');
        const scope = rest['read-only'] === true ? 'read' : 'full';
        return runKeysAdd({ name: name.trim().slice(0, 100), scope, json: json === true });
      }
      case 'list':
        return runKeysList({ json: parseOptions('keys', args, { json: asJson }).json === true });
      case 'revoke': {
        const { id, json } = parseOptions('keys', args, { id: { type: 'string' }, json: asJson });
        if (id === undefined) throw usageError('--id is missing.', 'keys');
        return runKeysRevoke({ id: numberOf('id', id, 'keys'), json: json === true });
      }
      default:
        throw usageError('Say add, list or revoke.', 'keys');
    }
  },
};

export const DOOR_COMMANDS: readonly Command[] = [passwd, keys];
