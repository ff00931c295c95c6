/** A worker process of a bench: the product's own timings and limits, on the database and queue that its argument names. */
import { ENGINE_TIMINGS, type EngineLog } from '../../shared/replication/deps.ts';
import { startTestWorker } from '../support/test-worker.ts';

const { databaseUrl, redisUrl, key, concurrency } = JSON.parse(process.argv[2] ?? '{}') as {
  databaseUrl: string;
  redisUrl?: string;
  key: string;
  concurrency: number;
};
const quiet: EngineLog = {
  info: () => undefined,
  warning: () => undefined,
  error: (message) => console.error(message),
};
await startTestWorker({ databaseUrl, redisUrl, key, concurrency, log: quiet, timings: ENGINE_TIMINGS });
process.once('disconnect', () => process.exit(0));
process.send?.('works');
