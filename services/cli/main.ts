#!/usr/bin/env node
/** One program, one word a task. Exit codes: shared/config/exit-codes.ts. */
import { EXIT, exitCodeFor } from '../../shared/config/exit-codes.ts';
import { faultLines } from '../../shared/config/process-life.ts';
import { toAppError } from '../../shared/kernel/errors.ts';
import { usageError } from './arguments.ts';
import { COMMANDS } from './commands.ts';

const HELP = `pngx-controller keeps replica paperless-ngx instances identical to a master.

Usage: pngx-controller <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(11)}${summary}`).join('\n')}

Every command takes --help. Settings of the program come from the environment (docs/operations.md).

Exit codes: 0 done; 1 work ended badly, or partly; 2 unknown command or option; 64 environment or settings
that cannot work; 65 database; 66 Redis; 67 schema; 68 DATA_DIR; 69 port taken; 70 declared dead by the others;
71 a server went away at the start.
`;

async function main(args: readonly string[]): Promise<number | undefined> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(HELP);
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) throw usageError(`There is no command "${name}".`);
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`${command.usage}\n`);
    return EXIT.ok;
  }
  return command.run(rest);
}

main(process.argv.slice(2)).then(
  (code) => {
    if (code !== undefined) process.exitCode = code;
  },
  (thrown: unknown) => {
    const error = toAppError(thrown);
    for (const line of faultLines(error)) process.stderr.write(`${line}\n`);
    if (error.class === 'internal' && thrown instanceof Error) process.stderr.write(`${thrown.stack ?? thrown.name}\n`);
    process.exitCode = exitCodeFor(error);
  },
);
