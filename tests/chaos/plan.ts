/** Which fault strikes when: told by the seed alone, so that a run can be played again. */
import type { FaultName } from '../../services/simulator/faults.ts';
import { Dice } from '../integration/engine/random/dice.ts';

export const WORKERS = 3;
export const APIS = 2;
export const REPLICAS = 3;

interface Kind {
  /** How often, compared with the others. */
  readonly weight: number;
  /** How many things of this sort there are to choose from. */
  readonly targets: number;
  readonly lastsMs: readonly [number, number];
}

const PROCESSES = WORKERS + APIS;
const strike = (weight: number): Kind => ({ weight, targets: REPLICAS, lastsMs: [0, 0] });

/**
 * The longest durations stay below the limits that the processes are started with (pace.ts), as those of the real world stay
 * below the real ones: a request that is held is held for less than the hold after it, a message comes back in time.
 */
const KINDS = {
  'worker-kill': { weight: 6, targets: WORKERS, lastsMs: [300, 4000] },
  'worker-freeze': { weight: 5, targets: WORKERS, lastsMs: [1000, 12_000] },
  'api-kill': { weight: 2, targets: APIS, lastsMs: [300, 3000] },
  'api-freeze': { weight: 1, targets: APIS, lastsMs: [1000, 6000] },
  'redis-flush': { weight: 3, targets: 1, lastsMs: [0, 0] },
  'redis-restart': { weight: 2, targets: 1, lastsMs: [300, 5000] },
  'postgres-restart': { weight: 2, targets: 1, lastsMs: [0, 0] },
  'replica-restart': { weight: 5, targets: REPLICAS, lastsMs: [300, 4000] },
  'replica-consumer-kill': { weight: 4, targets: REPLICAS, lastsMs: [1000, 10_000] },
  'replica-queue-wipe': { weight: 4, targets: REPLICAS, lastsMs: [0, 0] },
  'replica-queue-pause': { weight: 3, targets: REPLICAS, lastsMs: [1000, 6000] },
  'instance-cut': { weight: 4, targets: REPLICAS + 1, lastsMs: [200, 5000] },
  'instance-hang': { weight: 4, targets: REPLICAS + 1, lastsMs: [500, 6000] },
  'instance-delay': { weight: 2, targets: REPLICAS + 1, lastsMs: [2000, 8000] },
  'postgres-cut': { weight: 3, targets: PROCESSES, lastsMs: [200, 8000] },
  'postgres-hang': { weight: 3, targets: PROCESSES, lastsMs: [500, 8000] },
  'redis-cut': { weight: 2, targets: PROCESSES, lastsMs: [200, 8000] },
  'redis-hang': { weight: 2, targets: PROCESSES, lastsMs: [500, 8000] },
  'clock-process': { weight: 3, targets: PROCESSES, lastsMs: [2000, 15_000] },
  'clock-instance': { weight: 2, targets: REPLICAS + 1, lastsMs: [2000, 15_000] },
  'answer-lost': strike(8),
  'never-answered': strike(5),
  '502-though-accepted': strike(6),
  'answer-truncated': strike(3),
  'answer-late': strike(3),
  'refused-for-now': strike(4),
  'task-fault': strike(8),
} as const satisfies Record<string, Kind>;

export type FaultKind = keyof typeof KINDS;
export const FAULT_KINDS = Object.keys(KINDS) as FaultKind[];

/** One rule for a simulator: strikes once or twice. */
export interface Rule {
  readonly name: FaultName;
  readonly times: number;
  readonly value?: string | number;
  readonly match?: { readonly method?: string; readonly pathPrefix?: string };
}
export interface Fault {
  /** Milliseconds since the faults began. */
  readonly at: number;
  readonly kind: FaultKind;
  readonly target: number;
  readonly lastsMs: number;
  /** Of a clock step, in milliseconds. */
  readonly step: number;
  readonly rule: Rule | null;
}

export interface PlanOptions {
  readonly seed: number;
  readonly minutes: number;
  readonly everyMs: number;
  readonly backend: 'redis' | 'postgres';
  readonly kinds: readonly FaultKind[];
}

const HOUR = 3_600_000;
const DOCUMENTS = { pathPrefix: '/api/documents/' };

export function planFaults({ seed, minutes, everyMs, backend, kinds }: PlanOptions): Fault[] {
  const dice = new Dice(seed);
  const possible = FAULT_KINDS.filter((kind) => backend === 'redis' || !kind.startsWith('redis-'));
  const lots = possible.flatMap((kind) => Array.from<FaultKind>({ length: KINDS[kind].weight }).fill(kind));
  const faults: Fault[] = [];
  for (let at = dice.below(everyMs); at < minutes * 60_000; at += 1 + dice.below(2 * everyMs)) {
    const kind = dice.pick(lots) ?? 'worker-kill';
    const { targets, lastsMs }: Kind = KINDS[kind];
    const [shortest, longest] = lastsMs;
    const drawn: Fault = {
      at,
      kind,
      target: dice.below(targets),
      lastsMs: shortest + dice.below(longest - shortest + 1),
      step: dice.below(2) === 0 ? HOUR : -HOUR,
      rule: drawRule(kind, dice),
    };
    // Drawn and then left out, so that leaving kinds out moves none of the others.
    if (kinds.includes(kind)) faults.push(drawn);
  }
  return faults;
}

function drawRule(kind: FaultKind, dice: Dice): Rule | null {
  const times = 1 + dice.below(2);
  const method = dice.pick(['POST', 'PATCH', 'PATCH', undefined]);
  const write = { ...DOCUMENTS, ...(method && { method }) };
  const read = { method: 'GET' };
  switch (kind) {
    case 'answer-lost':
      return { name: 'drop-after-commit', times, match: write };
    case 'never-answered':
      return { name: 'never-answer', times: 1, value: dice.pick(['all', 'part', 'none']) ?? 'all', match: write };
    case '502-though-accepted':
      return { name: 'bad-gateway-after-accept', times, match: write };
    case 'answer-truncated':
      return { name: 'truncated-body', times, match: dice.below(2) === 0 ? read : DOCUMENTS };
    case 'answer-late':
      // Longer than the limit of an answer: applied when the sender has long given up.
      return { name: 'slow', times, value: 3000 + dice.below(4000), match: write };
    case 'refused-for-now':
      return {
        name: dice.pick(['locked-500', 'throttled', 'http-status', 'down', 'html-login'] as const) ?? 'down',
        times,
        match: dice.below(2) === 0 ? read : write,
      };
    case 'task-fault':
      return taskRule(dice);
    default:
      return null;
  }
}

const TASK_FAULTS = [
  'task-row-missing',
  'task-stuck-pending',
  'task-stuck-started',
  'task-vanished',
  'task-failed-after-commit',
  'temp-file-lost',
  'resurrect',
  'delivered-twice',
] as const satisfies readonly FaultName[];

function taskRule(dice: Dice): Rule {
  const name = dice.pick([...TASK_FAULTS, 'slow-consumption'] as const) ?? 'resurrect';
  return { name, times: 1 + dice.below(2), ...(name === 'slow-consumption' && { value: 1000 + dice.below(5000) }) };
}
