/** Hints are followed by the leader, beside the rounds of the dispatcher: a slow master must not hold up anybody's jobs. */
import { openPromotion } from '../../db/promotions.repo.ts';
import { SECOND } from '../../kernel/clock.ts';
import { toAppError } from '../../kernel/errors.ts';
import type { EngineDeps } from '../deps.ts';
import { carryHints } from './carry-hints.ts';
import { lookAtHints } from './look-at-hints.ts';

/** After a look at a master that did not answer: the hints wait as rows, and the cycles tell that the master is away. */
const AFTER_FAILURE_MS = 30 * SECOND;

const NO_RUN = 0;

export interface HintTick {
  /** Returns at once; one that is under way is enough. */
  tick(): void;
  stop(): Promise<void>;
}

export function startHintTick(deps: EngineDeps): HintTick {
  const halt = new AbortController();
  let running: Promise<void> | null = null;
  let lookFrom = 0;
  const work = async () => {
    // Its numbers are about to be another master's; what waits is ended by the switch (E27).
    if (await openPromotion(deps.db)) return;
    if (deps.clock.monotonic() >= lookFrom)
      await lookAtHints(deps, halt.signal).catch((thrown: unknown) => {
        if (toAppError(thrown).target !== undefined) lookFrom = deps.clock.monotonic() + AFTER_FAILURE_MS;
        if (!halt.signal.aborted) warn(deps, 'Documents that webhooks named could not be looked at', thrown);
      });
    await carryHints(deps).catch((thrown: unknown) => warn(deps, 'Hinted documents could not be handed over', thrown));
  };
  return {
    tick() {
      if (running !== null || halt.signal.aborted || !deps.leader.isLeader()) return;
      // Counted as work: a promotion waits for its end.
      running = deps.busy.runs.during(NO_RUN, halt.signal, work).finally(() => {
        running = null;
      });
    },
    async stop() {
      halt.abort();
      await running;
    },
  };
}

function warn({ log }: EngineDeps, what: string, thrown: unknown): void {
  const { code, message } = toAppError(thrown);
  log.warning(`${what}: ${message}`, { code });
}
