/**
 * HEALTHCHECK of the images: node healthcheck.ts PORT|WORKER_PORT DEFAULT. Run by node itself, without tsx and without
 * imports of ours, since it starts every ten seconds.
 */
import { readFileSync } from 'node:fs';

const [name = 'PORT', fallback = '8000'] = process.argv.slice(2);
const read = (variable: string): string | undefined => {
  for (const spelling of [variable, `PNGX_${variable}`]) {
    const file = process.env[`${spelling}_FILE`];
    const value = process.env[spelling] || (file ? readFileSync(file, 'utf8').trim() : '');
    if (value !== '') return value;
  }
  return undefined;
};
const path = name === 'PORT' ? (read('BASE_PATH') ?? '') : '';
const given = read('HOST') ?? '0.0.0.0';
const host = given === '0.0.0.0' || given === '::' ? '127.0.0.1' : given;
const answer = await fetch(`http://${host}:${read(name) ?? fallback}${path}/healthz`, {
  signal: AbortSignal.timeout(4_000),
}).catch((error: Error) => error);
const healthy = answer instanceof Response && answer.ok;
if (!healthy) console.error(answer instanceof Response ? await answer.text() : String(answer.cause ?? answer));
process.exitCode = healthy ? 0 : 1;
