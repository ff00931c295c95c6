import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { passwordFault } from '../../shared/config/env-values.ts';
import { EXIT } from '../../shared/config/exit-codes.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { resetPassword } from '../../shared/replication/doors/admin.ts';
import { attach } from './attach.ts';
import { printJson, printLines } from './print.ts';

export async function runPasswd({ generate, json }: { generate: boolean; json: boolean }): Promise<number> {
  const password = generate ? randomBytes(15).toString('base64url') : await askPassword();
  // Before anything is started: a slip should not cost the start of a database server.
  const fault = passwordFault(password);
  if (fault !== null) throw refused(`The password ${fault}`);
  const attached = await attach();
  try {
    const ended = await resetPassword(attached.foundation.database.db, password);
    if (json) return done(() => printJson({ sessions_ended: ended, ...(generate ? { password } : {}) }));
    return done(() =>
      printLines([...(generate ? [password] : []), `The password is set. Sessions that ended with it: ${ended}.`]),
    );
  } finally {
    await attached.close();
  }
}

function done(print: () => void): number {
  print();
  return EXIT.ok;
}

/** From a pipe the first line; at a terminal twice and unseen. */
async function askPassword(): Promise<string> {
  if (!process.stdin.isTTY) {
    const lines = createInterface({ input: process.stdin });
    for await (const line of lines) return line;
    throw refused('No password came from standard input.');
  }
  // readline echoes what is typed to its output; this one swallows it.
  const silent = new Writable({ write: (_chunk, _encoding, callback) => callback() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  // Ctrl-C arrives here, since the terminal is in raw mode.
  terminal.on('SIGINT', () => process.exit(EXIT.failure));
  try {
    const first = await ask(terminal, 'New password: ');
    if (first !== (await ask(terminal, 'The same again: '))) throw refused('The two passwords differ.');
    return first;
  } finally {
    terminal.close();
  }
}

async function ask(terminal: ReturnType<typeof createInterface>, question: string): Promise<string> {
  process.stderr.write(question);
  const answer = await terminal.question('');
  process.stderr.write('\n');
  return answer;
}

function refused(message: string): AppError {
  return new AppError({ code: 'password_refused', class: 'invalid', message });
}
