import type { Query } from '../http/query.ts';
import type { DocumentRow } from '../state/model.ts';

export type Filter = (row: DocumentRow) => boolean;

export function booleanFilter(query: Query, name: string): boolean | null {
  const given = query.given(name)?.toLowerCase();
  if (given === undefined) return null;
  if (['true', '1', 't', 'yes', 'y'].includes(given)) return true;
  return ['false', '0', 'f', 'no', 'n'].includes(given) ? false : null;
}

/** Ids of a filter that a single word among them switches off silently (paperless-api.md 2.3). */
export function looseIds(query: Query, name: string): number[] | null {
  const given = query.given(name);
  if (given === null || !given.split(',').every((part) => /^\s*\d+\s*$/.test(part))) return null;
  return given.split(',').map(Number);
}
