import { parseArgs } from 'node:util';
import { FAULT_KINDS, type FaultKind } from './plan.ts';

export const USAGE = `npm run chaos [-- OPTIONS]
Three workers, two APIs, a master that is edited and three replicas, while everything that can fail does. Then the faults stop,
the system settles, and an independent comparison judges. Exits 1, with the seed, unless nothing is lost, doubled or differing.
  --docs N              documents of the master at the beginning (1000)
  --seed S              the same seed gives the same plan of faults (a new one)
  --minutes M           how long there are faults (3)
  --backend B           redis (default) or postgres: where the queue lives
  --profile P           v2, v3 or mixed (default): generations of the instances
  --edits-per-second N  changes of the master's library (2)
  --every MS            mean time between two faults (1500)
  --settle-minutes M    how long the system may take afterwards (6)
  --only KIND,KIND      no faults but these
  --without KIND,KIND   none of these
  --shrink              after a failure: plays again without one kind after the other, and names those that it takes
  --csv FILE            writes sizes and memory a line a minute
  --keep                leaves the folder with the logs of all processes
Kinds: ${FAULT_KINDS.join(', ')}`;

export type Backend = 'redis' | 'postgres';
export type Profile = 'v2' | 'v3' | 'mixed';

export interface ChaosOptions {
  readonly docs: number;
  readonly seed: number;
  readonly minutes: number;
  readonly backend: Backend;
  readonly profile: Profile;
  readonly editsPerSecond: number;
  readonly everyMs: number;
  readonly settleMinutes: number;
  readonly kinds: readonly FaultKind[];
  readonly csv: string | undefined;
  readonly keep: boolean;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      docs: text,
      seed: text,
      minutes: text,
      backend: text,
      profile: text,
      'edits-per-second': text,
      every: text,
      'settle-minutes': text,
      only: text,
      without: text,
      csv: text,
      shrink: flag,
      keep: flag,
      help: flag,
    },
  }).values;

/** What is wrong, in a sentence, or the options. */
export function readOptions(args: readonly string[]): (ChaosOptions & { readonly shrink: boolean }) | string {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return (error as Error).message;
  }
  if (values.help) return '';
  const numbers = {
    docs: Number(values.docs ?? 1000),
    seed: Number(values.seed ?? Math.floor(Math.random() * 1_000_000)),
    minutes: Number(values.minutes ?? 3),
    editsPerSecond: Number(values['edits-per-second'] ?? 2),
    everyMs: Number(values.every ?? 1500),
    settleMinutes: Number(values['settle-minutes'] ?? 6),
  };
  for (const [name, value] of Object.entries(numbers)) if (!(value >= 0)) return `${name} must be a number.`;
  const { backend = 'redis', profile = 'mixed' } = values;
  if (backend !== 'redis' && backend !== 'postgres') return '--backend is redis or postgres.';
  if (profile !== 'v2' && profile !== 'v3' && profile !== 'mixed') return '--profile is v2, v3 or mixed.';
  const kinds = kindsOf(values.only, values.without);
  if (typeof kinds === 'string') return kinds;
  return { ...numbers, backend, profile, kinds, csv: values.csv, keep: values.keep, shrink: values.shrink };
}

function kindsOf(only: string | undefined, without: string | undefined): readonly FaultKind[] | string {
  const named = [...(only?.split(',') ?? []), ...(without?.split(',') ?? [])];
  const unknown = named.find((name) => !(FAULT_KINDS as readonly string[]).includes(name));
  if (unknown !== undefined) return `There is no kind of fault called "${unknown}".`;
  return FAULT_KINDS.filter(
    (kind) => (only === undefined || only.split(',').includes(kind)) && !without?.split(',').includes(kind),
  );
}
