/**
 * Values of custom fields. The checks are as uneven as the real ones: some types are refused with a message, some crash, some
 * are stored as they come (paperless-api.md 10.6). A client has to convert by type and never rely on a refusal.
 */

import { Invalid, invalid } from '../rest/input.ts';
import { parseDate } from '../rest/dates.ts';
import { characters, pythonRepr, pythonStr } from '../rest/python.ts';
import { insufficientPermissions, serverError } from '../http/reply.ts';
import type { CustomField, CustomFieldValue, DataType, User } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { canChange } from '../users/permissions.ts';

export function readValue(store: Store, value: CustomFieldValue): unknown {
  const field = store.customFields.get(value.field);
  return field ? (value.columns[field.dataType] ?? null) : null;
}

interface Scope {
  readonly store: Store;
  readonly user: User;
  readonly field: CustomField;
}

type Check = (value: unknown, scope: Scope) => unknown;

/** What paperless checks of a value, and what it stores (paperless-api.md 10.6). What it does not check crashes or is kept. */
const CHECKS: Record<DataType, Check> = {
  string: (value) => {
    // Django measures the value before it is made a text: numbers have no length.
    if (typeof value !== 'string') throw serverError();
    const length = characters(value);
    if (length > 128) throw invalid(`Ensure this value has at most 128 characters (it has ${length}).`);
    return value;
  },
  longtext: (value) => pythonStr(value),
  url: checkUrl,
  date: (value) => {
    const date = typeof value === 'string' ? parseDate(value) : null;
    if (date === null) throw invalid('Date has wrong format. Use one of these formats instead: YYYY-MM-DD.');
    return date;
  },
  boolean: (value) => {
    if (value === true || value === 1 || ['t', 'True', '1'].includes(value as string)) return true;
    if (value === false || value === 0 || ['f', 'False', '0'].includes(value as string)) return false;
    throw serverError();
  },
  integer: checkInteger,
  float: (value) => {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number !== 'number' || Number.isNaN(number)) throw serverError();
    return number;
  },
  monetary: checkMonetary,
  documentlink: checkLinks,
  select: checkOption,
};

export function checkValue(store: Store, user: User, field: CustomField, value: unknown): unknown {
  return value === null ? null : CHECKS[field.dataType](value, { store, user, field });
}

function checkUrl(value: unknown): string {
  if (typeof value !== 'string') throw serverError();
  if (value === '') return value;
  const [, scheme, rest = ''] = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.*)$/s.exec(value) ?? [];
  if (scheme === undefined) throw invalid(`Unable to parse URI ${value}, missing scheme`);
  if (rest.replace(/^\/\//, '').replace(/[?#].*$/s, '') === '') {
    throw invalid(`Unable to parse URI ${value}, missing net location or path`);
  }
  return value;
}

function checkInteger(value: unknown): number {
  if (!/^-?\d+$/.test(pythonStr(value))) throw invalid('Enter a valid integer.');
  const number = Number(value);
  if (number > 2_147_483_647) throw invalid('Ensure this value is less than or equal to 2147483647.');
  if (number < -2_147_483_648) throw invalid('Ensure this value is greater than or equal to -2147483648.');
  return number;
}

/** The older form is a plain number of at most twelve digits, two of them after the point. */
function isPlainAmount(text: string): boolean {
  const [, whole = '', fraction = ''] = /^[-+]?(\d*)(?:\.(\d*))?$/.exec(text.trim()) ?? [];
  const digits = whole.replace(/^0+/, '').length;
  return whole + fraction !== '' && fraction.length <= 2 && digits <= 10;
}

function checkMonetary(value: unknown): string {
  const text = pythonStr(value);
  if (text === '' || isPlainAmount(text) || /^[A-Z]{3}-?\d+(\.\d{1,2})$/.test(text)) return text;
  throw invalid('Must be a two-decimal number with optional currency code e.g. GBP123.45');
}

function checkLinks(value: unknown, { store, user }: Scope): number[] {
  if (!Array.isArray(value)) throw invalid('Value must be a list');
  const targets = value.map((id) => store.documents.get(Number(id)));
  const known = targets.filter((row) => row !== undefined && row.deletedAt === null);
  if (known.length !== value.length || new Set(value).size !== value.length) {
    throw invalid("Some documents in value don't exist or were specified twice.");
  }
  if (!known.every((row) => row && canChange(user, row))) throw insufficientPermissions();
  return value.map(Number);
}

export function selectOptions(field: CustomField): { id: string; label: string }[] {
  const options = field.extraData?.select_options;
  return Array.isArray(options) ? (options as { id: string; label: string }[]) : [];
}

function checkOption(value: unknown, { field }: Scope): unknown {
  const options = selectOptions(field);
  if (options.some((option) => option.id === value)) return value;
  throw invalid(`Value must be an id of an element in ${pythonRepr(options)}`);
}

export interface GivenValue {
  readonly field: CustomField;
  readonly value: unknown;
}

/** The `custom_fields` list of a PATCH; errors stand at the position of their item and nothing is applied. */
export function readGivenValues(store: Store, user: User, input: unknown): GivenValue[] {
  if (input === null) throw invalid('This field may not be null.');
  if (!Array.isArray(input)) {
    const got = typeof input === 'object' ? 'dict' : typeof input === 'string' ? 'str' : 'int';
    throw new Invalid({ non_field_errors: [`Expected a list of items but got type "${got}".`] });
  }
  const errors: unknown[] = [];
  const values = input.map((item, at) => {
    try {
      errors[at] = {};
      return readGivenValue(store, user, item);
    } catch (error) {
      if (!(error instanceof Invalid)) throw error;
      errors[at] = error.errors;
      return null;
    }
  });
  if (values.includes(null)) throw new Invalid(errors);
  return values as GivenValue[];
}

function readGivenValue(store: Store, user: User, item: unknown): GivenValue {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) {
    throw new Invalid({ non_field_errors: ['Invalid data. Expected a dictionary, but got str.'] });
  }
  if (!('field' in item)) throw serverError();
  const field = store.customFields.get(Number(item.field));
  if (!field) throw new Invalid({ field: [`Invalid pk "${String(item.field)}" - object does not exist.`] });
  if (!('value' in item)) throw new Invalid({ value: ['This field is required.'] });
  try {
    return { field, value: checkValue(store, user, field, item.value) };
  } catch (error) {
    if (error instanceof Invalid) throw new Invalid({ non_field_errors: error.errors });
    throw error;
  }
}
