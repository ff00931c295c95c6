import { parseArgs } from 'node:util';
import type { Instance } from '../demo/http.ts';

export const USAGE = `npm run mutations [-- OPTIONS]
Performs the 27 kinds of change on a master, lets the controller sweep, and compares independently.
Without instances: on simulators, for v3 -> v3, v2 -> v2, v3 -> v2 and v2 -> v3.
  --pair v3-v2            only this pair of simulators
  --only N,N              only these kinds
  --master URL            any master, together with
  --master-token T
  --replica URL           any replica: it becomes a copy of the WHOLE master, and what is deleted there goes here too
  --replica-token T
  --i-own-this-master     without it no instance of anybody's is touched
  --keep                  leave what was made on both sides, for a closer look
  --quiet-ms MS           how long an instance must not move to be at rest (300 for simulators, 8000 otherwise)
  --age-ms MS             how long the master's documents must have been left alone before they are changed (11 minutes:
                          longer than the change feed looks back, or it would find what only a sweep should)
  --database-url URL      a PostgreSQL server for the controller instead of the embedded one`;

export type Generation = 'v2' | 'v3';

export interface MutationOptions {
  readonly instances: { readonly master: Instance; readonly replica: Instance } | null;
  readonly pairs: readonly (readonly [Generation, Generation])[];
  readonly only: readonly number[] | null;
  readonly keep: boolean;
  readonly quietMs: number;
  readonly ageMs: number;
  readonly databaseUrl: string | undefined;
}

/** Longer than the change feed's overlap. */
const AGE_MS = 11 * 60_000;

const PAIRS: MutationOptions['pairs'] = [
  ['v3', 'v3'],
  ['v2', 'v2'],
  ['v3', 'v2'],
  ['v2', 'v3'],
];

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

/** What is wrong, in a sentence, or the options. */
export function readOptions(args: readonly string[]): MutationOptions | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (values.help) return '';
  const instances = instancesOf(values);
  if (typeof instances === 'string') return instances;
  const pairs = values.pair === undefined ? PAIRS : PAIRS.filter((pair) => pair.join('-') === values.pair);
  if (pairs.length === 0) return `There is no pair "${values.pair}".`;
  const only = values.only === undefined ? null : values.only.split(',').map(Number);
  if (only?.some((number) => !Number.isInteger(number) || number < 1 || number > 27))
    return 'Kinds are numbered from 1 to 27.';
  const quietMs = Number(values['quiet-ms'] ?? (instances === null ? 300 : 8_000));
  const ageMs = Number(values['age-ms'] ?? AGE_MS);
  if (!(quietMs >= 0) || !(ageMs >= 0)) return '--quiet-ms and --age-ms take a number of milliseconds.';
  return { instances, pairs, only, keep: values.keep, quietMs, ageMs, databaseUrl: values['database-url'] };
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      help: flag,
      pair: text,
      only: text,
      master: text,
      'master-token': text,
      replica: text,
      'replica-token': text,
      'i-own-this-master': flag,
      keep: flag,
      'quiet-ms': text,
      'age-ms': text,
      'database-url': text,
    },
  }).values;

function instancesOf(values: ReturnType<typeof parse>): MutationOptions['instances'] | string {
  const { master, 'master-token': masterToken, replica, 'replica-token': replicaToken } = values;
  const given = [master, masterToken, replica, replicaToken];
  if (given.every((value) => value === undefined)) return null;
  if (!master || !masterToken || !replica || !replicaToken)
    return 'Instances are given by four: --master, --master-token, --replica, --replica-token.';
  if (!URL.canParse(master) || !URL.canParse(replica)) return '--master and --replica take URLs.';
  if (place(master) === place(replica)) return 'Master and replica are one instance.';
  if (!values['i-own-this-master'])
    return 'This changes documents on the master and overwrites the replica: add --i-own-this-master if both are yours.';
  return { master: { url: master, token: masterToken }, replica: { url: replica, token: replicaToken } };
}

function place(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname.replace(/\/+$/, '');
}
