import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { PaperlessHttp } from '../demo/http.ts';

/** A real instance works on one thing at a time, some of them for half a minute. */
const LIMIT_MS = 15 * 60_000;
const FIRST_LOOK_MS = 30;
const LONGEST_PAUSE_MS = 1_500;

/** Looks until there is something; the name is what a failure says. */
export async function until<T>(what: string, look: () => Promise<T | null>): Promise<T> {
  const deadline = performance.now() + LIMIT_MS;
  for (let wait = FIRST_LOOK_MS; performance.now() < deadline; wait = Math.min(wait * 1.5, LONGEST_PAUSE_MS)) {
    const found = await look();
    if (found !== null) return found;
    await pause(wait);
  }
  throw new Error(`It did not happen within a quarter of an hour: ${what}.`);
}

/**
 * Work in the background leaves no trace on 2.x, and `modified` of a bulk change moves seconds after the change
 * (paperless-api.md 2.6): it is over when the documents have not moved for a while.
 */
export async function untilQuiet(http: PaperlessHttp, titlePrefix: string, quietMs: number): Promise<void> {
  const path = `/api/documents/?page_size=1000&ordering=id&title__istartswith=${encodeURIComponent(titlePrefix)}`;
  let last = '';
  let since = performance.now();
  await until(`quiet on ${http.url}`, async () => {
    const now = JSON.stringify(await http.get(path, z.unknown()));
    if (now !== last) since = performance.now();
    last = now;
    return performance.now() - since >= quietMs || null;
  });
}
