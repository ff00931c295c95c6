import { parseArgs } from 'node:util';
import { parseFault } from './faults.ts';
import { startSimulator } from './index.ts';

const { values } = parseArgs({
  options: {
    profile: { type: 'string' },
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    token: { type: 'string' },
    docs: { type: 'string', default: '0' },
    seed: { type: 'string', default: 'simulator' },
    latency: { type: 'string', default: '0' },
    'ocr-ms': { type: 'string', default: '0' },
    consumers: { type: 'string', default: '1' },
    db: { type: 'string', default: 'sqlite' },
    data: { type: 'string' },
    fault: { type: 'string', multiple: true, default: [] },
    verbose: { type: 'boolean', default: false },
  },
});

const { 'ocr-ms': ocrMs, fault, data, ...rest } = values;
const simulator = await startSimulator({
  ...(rest as { profile: 'v2' | 'v3'; token: string; db: 'sqlite' | 'postgres' }),
  ocrMs,
  data: data ?? null,
  faults: fault.map(parseFault),
});
process.stdout.write(`paperless-ngx simulator ${rest.profile} listens on ${simulator.url}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void simulator.stop().then(() => process.exit(0)));
}
