/**
 * Filters over custom fields. The errors of `custom_field_query` are nested by position, as the parts of the expression are.
 */

import { badRequest } from '../http/reply.ts';
import type { Query } from '../http/query.ts';
import { asciiLower } from '../rest/lookups.ts';
import type { CustomField, DataType, DocumentRow } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { readValue } from './custom-values.ts';
import { booleanFilter, type Filter, looseIds } from './filter-input.ts';

export function customFieldFilters(query: Query, store: Store): Filter[] {
  const filters: Filter[] = [];
  const has = booleanFilter(query, 'has_custom_fields');
  if (has !== null) filters.push((row) => row.customFields.length > 0 === has);
  const carries = (row: DocumentRow, field: number): boolean => row.customFields.some((value) => value.field === field);
  const any = looseIds(query, 'custom_fields__id__in');
  if (any) filters.push((row) => any.some((field) => carries(row, field)));
  const every = looseIds(query, 'custom_fields__id__all');
  if (every) filters.push((row) => every.every((field) => carries(row, field)));
  const none = looseIds(query, 'custom_fields__id__none');
  if (none) filters.push((row) => !none.some((field) => carries(row, field)));
  const part = query.given('custom_fields__icontains');
  if (part !== null)
    filters.push((row) =>
      row.customFields.some((value) => holdsText(store, value.field, readValue(store, value), part)),
    );
  const expression = query.given('custom_field_query');
  if (expression !== null) filters.push(new CustomFieldQuery(store).read(expression));
  return filters;
}

function holdsText(store: Store, field: number, value: unknown, part: string): boolean {
  const wanted = asciiLower(part);
  const name = store.customFields.get(field)?.name ?? '';
  return asciiLower(name).includes(wanted) || (value !== null && asciiLower(String(value)).includes(wanted));
}

type Operator =
  | 'exact'
  | 'in'
  | 'isnull'
  | 'exists'
  | 'icontains'
  | 'istartswith'
  | 'iendswith'
  | 'gt'
  | 'gte'
  | 'lt'
  | 'lte'
  | 'range'
  | 'contains';

const TEXT: readonly Operator[] = ['exact', 'in', 'isnull', 'exists', 'icontains', 'istartswith', 'iendswith'];
const ORDERED: readonly Operator[] = ['exact', 'in', 'isnull', 'exists', 'gt', 'gte', 'lt', 'lte', 'range'];

const OPERATORS: Record<DataType, readonly Operator[]> = {
  string: TEXT,
  url: TEXT,
  longtext: TEXT,
  date: ORDERED,
  integer: ORDERED,
  float: ORDERED,
  monetary: [...ORDERED, 'icontains', 'istartswith', 'iendswith'],
  boolean: ['exact', 'in', 'isnull', 'exists'],
  select: ['exact', 'in', 'isnull', 'exists'],
  documentlink: ['contains', 'isnull', 'exists'],
};

const MAX_DEPTH = 10;
const MAX_ATOMS = 20;

/** The little language of `custom_field_query`: `[field, operator, value]`, AND, OR, NOT. */
class CustomFieldQuery {
  readonly #store: Store;
  #atoms = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  read(text: string): Filter {
    let expression: unknown;
    try {
      expression = JSON.parse(text);
    } catch {
      throw badRequest({ custom_field_query: ['Value must be valid JSON.'] });
    }
    return this.#expression(expression, 0, (error) => error);
  }

  #expression(expression: unknown, depth: number, place: (error: unknown) => unknown): Filter {
    const refuse = (error: unknown): Error => badRequest({ custom_field_query: place(error) });
    if (depth >= MAX_DEPTH) throw refuse(['Maximum nesting depth exceeded.']);
    if (!Array.isArray(expression)) throw refuse(['Invalid custom field query expression']);
    if (expression.length === 2) return this.#logical(expression, depth, place);
    if (expression.length === 3) return this.#atom(expression, place);
    throw refuse(['Invalid custom field query expression']);
  }

  #logical(expression: unknown[], depth: number, place: (error: unknown) => unknown): Filter {
    const [operator, operand] = [String(expression[0]).toUpperCase(), expression[1]];
    const below = (at: number) => (error: unknown) => place({ 1: { [at]: error } });
    if (operator === 'NOT') {
      const inner = this.#expression(operand, depth + 1, (error) => place({ 1: error }));
      return (row) => !inner(row);
    }
    if ((operator !== 'AND' && operator !== 'OR') || !Array.isArray(operand)) {
      throw badRequest({ custom_field_query: place({ 0: [`Invalid logical operator '${String(expression[0])}'`] }) });
    }
    const parts = operand.map((part, at) => this.#expression(part, depth + 1, below(at)));
    return operator === 'AND' ? (row) => parts.every((part) => part(row)) : (row) => parts.some((part) => part(row));
  }

  #atom([name, operator, value]: unknown[], place: (error: unknown) => unknown): Filter {
    this.#atoms += 1;
    if (this.#atoms > MAX_ATOMS)
      throw badRequest({ custom_field_query: place(['Maximum number of query conditions exceeded.']) });
    const field = this.#field(name);
    if (!field) {
      const shown = typeof name === 'string' ? `'${name}'` : String(name);
      throw badRequest({ custom_field_query: place({ 0: [`${shown} is not a valid custom field.`] }) });
    }
    if (!OPERATORS[field.dataType].includes(operator as Operator)) {
      const message = `${field.dataType} does not support query expr '${String(operator)}'.`;
      throw badRequest({ custom_field_query: place({ 1: [message] }) });
    }
    return this.#condition(field, operator as Operator, value);
  }

  #field(name: unknown): CustomField | undefined {
    if (typeof name === 'number') return this.#store.customFields.get(name);
    return this.#store.customFields.filter((field) => field.name === name)[0];
  }

  #condition(field: CustomField, operator: Operator, wanted: unknown): Filter {
    return (row) => {
      const value = row.customFields.find((candidate) => candidate.field === field.id);
      if (operator === 'exists') return (value !== undefined) === (wanted === true);
      if (value === undefined) return false;
      const stored = readValue(this.#store, value);
      if (operator === 'isnull') return (stored === null) === (wanted === true);
      return stored !== null && compare(stored, operator, wanted, field.dataType);
    };
  }
}

const amount = (value: unknown): number => Number(String(value).replace(/^[A-Z]{3}/, ''));

function compare(stored: unknown, operator: Operator, wanted: unknown, type: DataType): boolean {
  if (operator === 'contains') return Array.isArray(wanted) && wanted.every((id) => (stored as unknown[]).includes(id));
  if (operator === 'exact') return stored === wanted;
  if (operator === 'in') return Array.isArray(wanted) && wanted.includes(stored);
  if (operator === 'icontains') return asciiLower(String(stored)).includes(asciiLower(String(wanted)));
  if (operator === 'istartswith') return asciiLower(String(stored)).startsWith(asciiLower(String(wanted)));
  if (operator === 'iendswith') return asciiLower(String(stored)).endsWith(asciiLower(String(wanted)));
  const key = type === 'monetary' ? amount : (value: unknown) => value as number;
  if (operator === 'range') {
    const [from, to] = wanted as unknown[];
    return key(stored) >= key(from) && key(stored) <= key(to);
  }
  if (operator === 'gt') return key(stored) > key(wanted);
  if (operator === 'gte') return key(stored) >= key(wanted);
  return operator === 'lt' ? key(stored) < key(wanted) : key(stored) <= key(wanted);
}
