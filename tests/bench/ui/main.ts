/**
 * `npm run bench -- ui [--links 200000] [--logs 1000000] [--rounds 20] [--only /logs] [--keep DIR]`: how long each page and each answer of
 * the API takes on a large installation, asked one after the other, and how large a page is on its way.
 */
import { gzipSync } from 'node:zlib';
import { answersOf, pagesOf, type Address, type Samples } from '../../support/site.ts';
import type { Scale } from './rows.ts';
import { openUiStage, type UiStage } from './stage.ts';

export interface UiOptions extends Scale {
  readonly rounds: number;
  readonly only?: string | undefined;
  /** Where the database stays for the next time. */
  readonly keep?: string | undefined;
}

interface Timing {
  readonly path: string;
  readonly status: number;
  readonly p50: number;
  readonly p95: number;
  readonly queries: number;
  readonly kilobytes: number;
  readonly gzipped: number;
}

/** The aims: p95 in milliseconds, gzip in kB. */
const AIM = { p95: 100, gzipped: 60 };

/** A download of the whole database, and what asks an instance (there is none here): their time is not ours. */
const NOT_OURS = /^\/api\/backup$|\/(hygiene|seeding|reconcile|resync|preview)(\?|$)|^\/api\/replicas\/\d+\/taxonomy$/;

/** Searches and filters as people use them, besides the list of routes. */
function questions({ replica, run, document }: Samples): string[] {
  const filters = ['q=quicksilver', 'q=ocrmypdf', 'q=finished+-ocrmypdf', 'q=nothingofthekind', 'level=error'];
  const more = [
    'level=warning&q=slow',
    `replica_id=${replica}`,
    `run_id=${run}`,
    `document=${document}`,
    'code=task_failed',
  ];
  const logs = [...filters, ...more, 'q=finished&level=error', `replica_id=${replica}&level=error`, 'code=unheard_of'];
  const lists = [`status=error`, 'phase=dlq', 'waiting=1', 'code=duplicate_content', 'held=1', 'field=content'];
  return [
    ...logs.flatMap((query) => [`/logs?${query}`, `/api/logs?${query}`]),
    ...lists.map((query) => `/api/replicas/${replica}/documents?${query}`),
    '/api/runs?outcome=failed',
    '/api/stats?days=30',
    '/metrics',
  ];
}

export async function benchUi(options: UiOptions): Promise<void> {
  const began = performance.now();
  const stage = await openUiStage(options, options.keep);
  try {
    console.log(`${options.links} links, ${options.logs} log lines loaded in ${seconds(began)} s`);
    const all: Address[] = [...pagesOf(stage.deps, stage.samples), ...answersOf(stage.deps, stage.samples)];
    const known = new Set(all.map(({ path }) => path));
    const asked = [...known, ...questions(stage.samples)].filter(
      (path) => !NOT_OURS.test(path) && (options.only === undefined || path.startsWith(options.only)),
    );
    const timings: Timing[] = [];
    for (const path of asked) {
      const timing = await time(stage, path, options.rounds);
      // A page that is not there is no page; its search was asked in vain.
      if (timing.status !== 404) timings.push(timing);
    }
    print(timings);
  } finally {
    await stage.close();
  }
}

async function time({ url, database }: UiStage, path: string, rounds: number): Promise<Timing> {
  const accept = path.startsWith('/api') ? 'application/json' : 'text/html';
  const ask = async () => {
    const answer = await fetch(`${url}${path}`, { headers: { accept }, redirect: 'manual' });
    return { status: answer.status, body: await answer.text() };
  };
  await ask();
  const { body, status } = await ask();
  const queries = await countQueries(database, ask);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const began = performance.now();
    await ask();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  const kilobytes = Buffer.byteLength(body) / 1000;
  return { path, status, p50: at(0.5), p95: at(0.95), queries, kilobytes, gzipped: gzipSync(body).length / 1000 };
}

/** Statements that our pool sent; live streams and the queue have connections of their own. */
async function countQueries({ pool }: UiStage['database'], ask: () => Promise<unknown>): Promise<number> {
  let count = 0;
  const counted = new Set<object>();
  const onAcquire = (client: { query: (...args: never[]) => unknown }) => {
    if (counted.has(client)) return;
    counted.add(client);
    const original = client.query;
    client.query = (...args) => {
      count += 1;
      return original.apply(client, args);
    };
  };
  pool.on('acquire', onAcquire);
  await ask();
  pool.off('acquire', onAcquire);
  for (const client of counted) Reflect.deleteProperty(client, 'query');
  return count;
}

function print(timings: readonly Timing[]): void {
  const cells = timings
    .toSorted((a, b) => b.p95 - a.p95)
    .map(({ path, status, p50, p95, queries, kilobytes, gzipped }) => {
      const page = !path.startsWith('/api') && !path.startsWith('/metrics');
      const late = p95 > AIM.p95 ? ' slow' : '';
      const large = page && gzipped > AIM.gzipped ? ' large' : '';
      const odd = status === 200 ? '' : ` ${status}`;
      return [
        path,
        p50.toFixed(0),
        p95.toFixed(0),
        String(queries),
        kilobytes.toFixed(0),
        gzipped.toFixed(1),
        late + large + odd,
      ];
    });
  const rows = [['path', 'p50 ms', 'p95 ms', 'queries', 'kB', 'gzip kB', ''], ...cells];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  '),
    );
  const slow = timings.filter(({ p95 }) => p95 > AIM.p95).length;
  console.log(`${timings.length} addresses, ${slow} slower than ${AIM.p95} ms (p95)`);
}

const seconds = (began: number) => ((performance.now() - began) / 1000).toFixed(0);
