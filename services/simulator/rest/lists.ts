import type { Query } from '../http/query.ts';
import { badRequest } from '../http/reply.ts';
import type { Micros } from '../state/model.ts';
import { dayAsTime, parseDate, parseDateTime } from './dates.ts';
import { asciiLower, LOOKUPS, textMatches } from './lookups.ts';

/** Ids of a comma separated filter; a wrong one is a 400 that names the parameter. */
export function idsFilter(query: Query, name: string): Set<number> | null {
  const given = query.given(name);
  if (given === null) return null;
  const parts = given.split(',');
  if (!parts.every((part) => /^\s*-?\d+\s*$/.test(part))) throw badRequest({ [name]: ['Enter a number.'] });
  return new Set(parts.map(Number));
}

export function idFilter(query: Query, name: string): number | null {
  const given = query.given(name);
  if (given === null) return null;
  if (!/^-?\d+(\.\d+)?$/.test(given.trim())) throw badRequest({ [name]: ['Enter a number.'] });
  return Number(given);
}

/** A moment, or a day for its beginning. */
export function momentFilter(query: Query, name: string): Micros | null {
  const given = query.given(name);
  if (given === null) return null;
  const day = parseDate(given);
  const moment = parseDateTime(given) ?? (day === null ? null : dayAsTime(day));
  if (moment === null) throw badRequest({ [name]: ['Enter a valid date/time.'] });
  return moment;
}

/** The four text look-ups of one attribute, as `name__icontains=...`; null if none is asked for. */
export function textFilter(
  query: Query,
  name: string,
  fold: (text: string) => string = asciiLower,
): ((value: string | null) => boolean) | null {
  const asked = LOOKUPS.flatMap((lookup) => {
    const wanted = query.given(`${name}__${lookup}`);
    return wanted === null ? [] : [{ lookup, wanted }];
  });
  if (asked.length === 0) return null;
  return (value) => asked.every(({ lookup, wanted }) => textMatches(value, lookup, wanted, fold));
}

/** Sorts by one of the orderings a view offers; an unknown name leaves the default order. */
export function orderRows<Row>(
  rows: Row[],
  query: Query,
  orderings: Readonly<Record<string, (a: Row, b: Row) => number>>,
): Row[] {
  const asked = (query.given('ordering') ?? '').split(',').filter((name) => name.replace(/^-/, '') in orderings);
  if (asked.length === 0) return rows;
  return [...rows].sort((a, b) => {
    for (const name of asked) {
      const order = orderings[name.replace(/^-/, '')]?.(a, b) ?? 0;
      if (order !== 0) return name.startsWith('-') ? -order : order;
    }
    return 0;
  });
}
