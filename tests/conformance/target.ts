/**
 * What the suite runs against: the instance named by PAPERLESS_URL and PAPERLESS_TOKEN, else both simulators. These two
 * variables belong to the test run, not to the product, and are read nowhere else.
 */
import type { Target } from './support/library.ts';

export async function openTargets(): Promise<Target[]> {
  const url = process.env['PAPERLESS_URL'];
  const token = process.env['PAPERLESS_TOKEN'];
  if (url !== undefined && token !== undefined) {
    return [{ title: `the instance at ${url}`, url, token, stop: async () => undefined }];
  }
  throw new Error('set PAPERLESS_URL and PAPERLESS_TOKEN');
}
