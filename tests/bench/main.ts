/**
 * `npm run bench [-- NAME ...] [--docs N]`: one JSON line a figure; ratios and counts of one run, since machines differ.
 *   consumer   share of the replica's own consumption capacity that a first sync uses
 *   throughput documents a second of a first sync, and the ratio to a bare loop of the unavoidable requests
 *   requests   requests a document, polling aside
 *   truth      reconcile, idle cycle, sweep and verification of a large library that is in step
 *   scale      first sync at 50 ms latency by 1, 2 and 4 worker processes
 *   slow       a fast replica with and without a slow one beside it
 *   memory     peak memory while one large file goes over; --docs is its size in MiB
 *   size       node_modules
 *   ui         every page and list of a large installation (asked for by name alone): --links, --logs, --rounds, --only, --keep
 */
import { parseArgs } from 'node:util';
import { benchConsumer } from './consumer.ts';
import { benchRequests } from './requests.ts';
import { benchMemory } from './memory.ts';
import { benchScale } from './scale.ts';
import { benchSlow } from './slow.ts';
import { benchSize } from './size.ts';
import { benchUi } from './ui/main.ts';
import { benchTruth } from './truth.ts';
import { benchThroughput } from './throughput.ts';

const BENCHES: Record<string, (docs: number | null) => Promise<object[]>> = {
  size: benchSize,
  requests: benchRequests,
  throughput: benchThroughput,
  consumer: benchConsumer,
  truth: benchTruth,
  scale: benchScale,
  slow: benchSlow,
  memory: benchMemory,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    docs: { type: 'string' },
    links: { type: 'string', default: '200000' },
    logs: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '20' },
    only: { type: 'string' },
    keep: { type: 'string' },
  },
});
if (positionals.includes('ui')) {
  const { links, logs, rounds, only, keep } = values;
  await benchUi({ links: Number(links), logs: Number(logs), rounds: Number(rounds), only, keep });
  process.exit(0);
}
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
for (const name of names) {
  const bench = BENCHES[name];
  if (!bench) throw new Error(`There is no bench "${name}": ${Object.keys(BENCHES).join(', ')}`);
  for (const line of await bench(values.docs === undefined ? null : Number(values.docs)))
    console.log(JSON.stringify({ bench: name, ...line }));
}
