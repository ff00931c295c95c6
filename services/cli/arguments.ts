import { parseArgs, type ParseArgsConfig } from 'node:util';
import { AppError } from '../../shared/kernel/errors.ts';

/** A command that exits by itself returns its exit code; one that stays up returns nothing. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  run(args: readonly string[]): Promise<number | undefined>;
}

export function usageError(message: string, command = ''): AppError {
  const help = `pngx-controller ${command}`.trimEnd();
  return new AppError({ code: 'usage', class: 'config', message, hint: `See: ${help} --help` });
}

/** Strict: a misspelt option must not be taken for "no option". */
export function parseOptions<const O extends NonNullable<ParseArgsConfig['options']>>(
  command: string,
  args: readonly string[],
  options: O,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // The first sentence names the option; what follows is advice for callers of parseArgs.
    const [first = 'Unknown option'] = (error as Error).message.split('. ');
    throw usageError(`${first.replace(/\.$/, '')}.`, command);
  }
}

/** The value of an option that has to be a whole number. */
export function numberOf(option: string, given: string, command: string): number {
  if (!/^[1-9]\d{0,14}$/.test(given)) throw usageError(`--${option}: "${given}" is no whole number.`, command);
  return Number(given);
}

/** The value of an option that has to be one of a few words. */
export function oneOf<const W extends string>(
  option: string,
  given: string | undefined,
  words: readonly W[],
  command: string,
): W | undefined {
  if (given === undefined) return undefined;
  const word = words.find((one) => one === given);
  if (word === undefined) throw usageError(`--${option}: "${given}" is not one of ${words.join(', ')}.`, command);
  return word;
}
