/**
 * Input fields in the manner of Django REST framework: each gives a value or messages, and all messages of a request come
 * together under the names of their fields. Clients show these messages, so their wording is that of the originals.
 */

import { badRequest } from '../http/reply.ts';
import { characters, pythonStrip, pythonType } from './python.ts';

/** What a field says about a value it does not take. */
export class Invalid extends Error {
  readonly errors: unknown;

  constructor(errors: unknown) {
    super('invalid input');
    this.errors = errors;
  }
}

export const invalid = (...messages: string[]): Invalid => new Invalid(messages);

/** Turns an input value into a stored one or throws `Invalid`. */
export type Field<Value> = (input: unknown) => Value;

export type Fields = Record<string, Field<unknown>>;

export const REQUIRED = 'This field is required.';
const NOT_NULL = 'This field may not be null.';

export const nullable =
  <Value>(field: Field<Value>): Field<Value | null> =>
  (input) =>
    input === null ? null : field(input);

const notNull = (input: unknown): void => {
  if (input === null) throw invalid(NOT_NULL);
};

export interface TextRules {
  max?: number;
  blank?: boolean;
  trim?: boolean;
}

export const textField =
  ({ max = Number.POSITIVE_INFINITY, blank = true, trim = true }: TextRules = {}): Field<string> =>
  (input) => {
    notNull(input);
    if (typeof input !== 'string' && typeof input !== 'number') throw invalid('Not a valid string.');
    const value = trim ? pythonStrip(String(input)) : String(input);
    if (value === '' && !blank) throw invalid('This field may not be blank.');
    const errors: string[] = [];
    if (characters(value) > max) errors.push(`Ensure this field has no more than ${max} characters.`);
    if (value.includes('\0')) errors.push('Null characters are not allowed.');
    const lone = /\p{Surrogate}/u.exec(value);
    if (lone)
      errors.push(`Surrogate characters are not allowed: U+${lone[0].charCodeAt(0).toString(16).toUpperCase()}.`);
    if (errors.length > 0) throw new Invalid(errors);
    return value;
  };

const TRUE = new Set<unknown>(['t', 'y', 'yes', 'true', 'on', '1', 1, true]);
const FALSE = new Set<unknown>(['f', 'n', 'no', 'false', 'off', '0', 0, 0.0, false]);

export const booleanField: Field<boolean> = (input) => {
  notNull(input);
  const value = typeof input === 'string' ? pythonStrip(input).toLowerCase() : input;
  if (TRUE.has(value)) return true;
  if (FALSE.has(value)) return false;
  throw invalid('Must be a valid boolean.');
};

export const integerField =
  (min: number, max: number): Field<number> =>
  (input) => {
    notNull(input);
    const value = wholeNumber(input);
    if (value > BigInt(max)) throw invalid(`Ensure this value is less than or equal to ${max}.`);
    if (value < BigInt(min)) throw invalid(`Ensure this value is greater than or equal to ${min}.`);
    return Number(value);
  };

function wholeNumber(input: unknown): bigint {
  if (typeof input === 'number' && Number.isInteger(input)) return BigInt(input);
  if (typeof input === 'string' && /^[-+]?\d+(\.0*)?$/.test(input.trim()))
    return BigInt(input.trim().replace(/\.0*$/, ''));
  throw invalid('A valid integer is required.');
}

export const choiceField =
  <Value>(choices: readonly Value[]): Field<Value> =>
  (input) => {
    notNull(input);
    const found = choices.find((choice) => String(choice) === String(input));
    if (found === undefined) throw invalid(`"${String(input)}" is not a valid choice.`);
    return found;
  };

/** The id of an existing row. */
export const idField =
  (exists: (id: number) => boolean): Field<number> =>
  (input) => {
    notNull(input);
    const id = typeof input === 'string' && /^\d+$/.test(input) ? Number(input) : input;
    if (typeof id !== 'number' || !Number.isInteger(id)) {
      throw invalid(`Incorrect type. Expected pk value, received ${pythonType(input)}.`);
    }
    if (!exists(id)) throw invalid(`Invalid pk "${id}" - object does not exist.`);
    return id;
  };

/** An id, or nothing: an empty text counts as null, as in a form. */
export const optionalIdField =
  (exists: (id: number) => boolean): Field<number | null> =>
  (input) =>
    input === null || input === '' ? null : idField(exists)(input);

export const idListField =
  (exists: (id: number) => boolean): Field<number[]> =>
  (input) => {
    notNull(input);
    if (!Array.isArray(input)) throw invalid(`Expected a list of items but got type "${pythonType(input)}".`);
    return input.map(idField(exists));
  };

export type Input<Shape extends Fields> = { [Name in keyof Shape]?: ReturnType<Shape[Name]> };

/** Reads the given fields; all that is wrong is named at once, and fields the shape does not know are ignored. */
export function readInput<Shape extends Fields>(
  input: Record<string, unknown>,
  shape: Shape,
  required: readonly string[] = [],
): Input<Shape> {
  const values: Record<string, unknown> = {};
  const errors: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(shape)) {
    if (!Object.hasOwn(input, name)) {
      if (required.includes(name)) errors[name] = [REQUIRED];
      continue;
    }
    try {
      values[name] = field(input[name]);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      errors[name] = error.errors;
    }
  }
  if (Object.keys(errors).length > 0) throw badRequest(errors);
  return values as Input<Shape>;
}
