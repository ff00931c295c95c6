/**
 * Pages by offset, with all the leniency of the original: sizes are clamped, wrong ones ignored, wrong pages refused.
 */

import { detail } from '../http/reply.ts';
import type { Query } from '../http/query.ts';

const DEFAULT_SIZE = 25;
const MAX_SIZE = 100_000;

export interface PageRequest {
  readonly query: Query;
  /** Scheme and host as the client addressed them, with the path, for `next` and `previous`. */
  readonly url: string;
  readonly withAll: boolean;
}

/** Rows that can be counted and cut without being collected first. */
export interface Rows<Row> {
  readonly length: number;
  slice(from: number, to: number): readonly Row[];
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly envelope: (results: unknown[], all: () => number[]) => Record<string, unknown>;
}

/** One page of rows and the envelope around it (paperless-api.md 2.1). */
export function paginate<Row>(rows: Rows<Row>, request: PageRequest): Page<Row> {
  const size = pageSize(request.query.get('page_size'));
  const pages = Math.max(1, Math.ceil(rows.length / size));
  const page = pageNumber(request.query.get('page'), pages);
  const link = (to: number): string | null => {
    if (to < 1 || to > pages) return null;
    const search = request.query.withPage(to);
    return search === '' ? request.url : `${request.url}?${search}`;
  };
  return {
    rows: rows.slice((page - 1) * size, page * size),
    envelope: (results, all) => ({
      count: rows.length,
      next: link(page + 1),
      previous: link(page - 1),
      ...(request.withAll ? { all: all() } : {}),
      results,
    }),
  };
}

function pageSize(input: string | null): number {
  const size = input === null || !/^\d+$/.test(input) ? 0 : Number(input);
  return size === 0 ? DEFAULT_SIZE : Math.min(size, MAX_SIZE);
}

function pageNumber(input: string | null, pages: number): number {
  if (input === null) return 1;
  const page = input === 'last' ? pages : /^\d+$/.test(input) ? Number(input) : 0;
  if (page < 1 || page > pages) throw detail(404, 'Invalid page.');
  return page;
}
