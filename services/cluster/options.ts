import { parseArgs } from 'node:util';

export const USAGE = `npm run cluster [-- OPTIONS]
  --api N                    api processes (2)
  --workers N                worker processes (3)
  --backend redis|postgres   where the queue lives (redis)
  --port P                   the first api's port (any free one)
  --data-dir DIR             kept and used again (a temporary directory)
  --demo                     with a filled simulated master and two empty simulated replicas

PostgreSQL and Redis are started beside them, unless DATABASE_URL or REDIS_URL name some that run already.`;

export interface CommandOptions {
  readonly api: number;
  readonly workers: number;
  readonly backend: 'redis' | 'postgres';
  readonly port: number;
  readonly dataDir: string | undefined;
  readonly demo: boolean;
}

const MOST = 64;

/** Null where only the usage helps. */
export function readOptions(args: readonly string[]): CommandOptions | null {
  const values = parse(args);
  if (values === null || values.help) return null;
  const whole = (given: string, most: number) =>
    /^\d{1,5}$/.test(given) && Number(given) <= most ? Number(given) : null;
  const [api, workers, port] = [whole(values.api, MOST), whole(values.workers, MOST), whole(values.port, 65_535)];
  const { backend } = values;
  if (api === null || workers === null || port === null) return null;
  if (backend !== 'redis' && backend !== 'postgres') return null;
  // The demo's replicas are added through an api.
  if (values.demo && api === 0) return null;
  return { api, workers, backend, port, dataDir: values['data-dir'], demo: values.demo };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        api: { ...text, default: '2' },
        workers: { ...text, default: '3' },
        backend: { ...text, default: 'redis' },
        port: { ...text, default: '0' },
        'data-dir': text,
        demo: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch {
    return null;
  }
}
