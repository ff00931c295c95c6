/**
 * What the suite runs against: the instance named by PAPERLESS_URL and PAPERLESS_TOKEN, else a simulator of either
 * generation. The two variables belong to the test run, not to the product, and are read nowhere else.
 */
import type { Target } from './support/library.ts';

export async function openTargets(): Promise<Target[]> {
  const url = process.env['PAPERLESS_URL'] ?? '';
  const token = process.env['PAPERLESS_TOKEN'] ?? '';
  if (url === '') return Promise.all([simulator('v2'), simulator('v3')]);
  if (token === '') throw new Error('PAPERLESS_URL is set, and PAPERLESS_TOKEN is not: whose token shall be used?');
  return [{ title: `the instance at ${new URL(url).origin}`, url, token, stop: async () => undefined }];
}

async function simulator(profile: 'v2' | 'v3'): Promise<Target> {
  // Only here: a run on a named instance has no need of it.
  const { startSimulator } = await import('../../services/simulator/index.ts');
  // A short delay, so that an upload is seen waiting and running before it is done.
  const { url, token, stop } = await startSimulator({ profile, token: 'c0f0'.repeat(10), ocrMs: 5 });
  return { title: `the ${profile} simulator`, url, token, stop };
}
