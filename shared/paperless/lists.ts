/** Whole lists, read so that nothing can be missing unnoticed (E4). */
import type { z } from 'zod';
import { AppError } from '../kernel/errors.ts';
import { parseAs } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import { pageOf } from './wire.ts';
import type { Query } from './url.ts';

/** What paperless clamps larger values to (paperless-api.md 2.1). */
export const MAX_PAGE_SIZE = 100_000;
const ATTEMPTS = 3;

export interface ListRequest {
  readonly route: string;
  readonly query?: Query | undefined;
  readonly pageSize?: number | undefined;
  readonly apiVersion?: 9 | 10 | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * All rows of a list. Pages shift when rows come and go while they are read (paperless-api.md 2.5): the list counts only
 * when every page told the same count and as many different rows were seen; else it is read again from the start.
 */
export async function readAll<T extends z.ZodType<{ id: number }>>(
  http: Http,
  list: ListRequest,
  row: T,
): Promise<z.output<T>[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const rows = await readPages(http, list, row);
    if (rows !== null) return rows;
  }
  throw new AppError({
    code: 'list_unstable',
    class: 'transient',
    message: `GET ${list.route} changed every time it was read.`,
    scope: 'instance',
  });
}

async function readPages<T extends z.ZodType<{ id: number }>>(
  http: Http,
  list: ListRequest,
  row: T,
): Promise<z.output<T>[] | null> {
  const seen = new Map<number, z.output<T>>();
  const size = list.pageSize ?? MAX_PAGE_SIZE;
  let expected: number | null = null;
  for (let page = 1; ; page += 1) {
    const answer = await readPage(http, list, row, page, size);
    if (answer === null) return null;
    if (expected !== null && answer.count !== expected) return null;
    expected = answer.count;
    const before = seen.size;
    for (const item of answer.results) seen.set(item.id, item);
    if (seen.size >= expected) return seen.size === expected ? [...seen.values()] : null;
    // nothing new: rows moved to an earlier page while this one was read
    if (seen.size === before) return null;
  }
}

/** null where the page is gone because the list has become shorter. */
async function readPage<T extends z.ZodType<{ id: number }>>(
  http: Http,
  list: ListRequest,
  row: T,
  page: number,
  size: number,
) {
  const request: ApiRequest = {
    method: 'GET',
    route: list.route,
    purpose: 'list',
    query: { ...list.query, page_size: size, ...(page === 1 ? {} : { page }) },
    apiVersion: list.apiVersion,
    signal: list.signal,
  };
  try {
    return await http.read(request, (answer) => parseAs(request, answer, pageOf(row)));
  } catch (error) {
    if (page > 1 && error instanceof AppError && error.code === 'endpoint_missing') return null;
    throw error;
  }
}
