import { parseArgs } from 'node:util';
import type { SceneOptions } from './scene.ts';

export const USAGE = `npm run demo [-- OPTIONS]
  --once              end when the replicas were compared: exit code 0 only if each is equal
  --port P            the controller's port (any free one)
  --seed N            another library (1)
  --ocr-ms MS         what one consumption takes on each simulated instance (20)
  --database-url URL  a PostgreSQL server instead of the embedded one
  --redis-url URL     a Redis server for the queue instead of PostgreSQL`;

export interface DemoOptions extends Omit<SceneOptions, 'folder'> {
  readonly once: boolean;
  readonly seed: number;
}

/** Null where only the usage helps. */
export function readOptions(args: readonly string[]): DemoOptions | null {
  const values = parse(args);
  if (values === null || values.help) return null;
  const whole = (given: string) => (/^\d{1,9}$/.test(given) ? Number(given) : null);
  const [port, seed, ocrMs] = [whole(values.port), whole(values.seed), whole(values['ocr-ms'])];
  if (port === null || seed === null || ocrMs === null) return null;
  return { once: values.once, port, seed, ocrMs, databaseUrl: values['database-url'], redisUrl: values['redis-url'] };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        once: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
        port: { ...text, default: '0' },
        seed: { ...text, default: '1' },
        'ocr-ms': { ...text, default: '20' },
        'database-url': text,
        'redis-url': text,
      },
    }).values;
  } catch {
    return null;
  }
}
