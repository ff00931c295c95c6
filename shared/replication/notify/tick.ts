/** What every worker does for notifications at each tick; what must happen once, its leader alone. */
import { SECOND } from '../../kernel/clock.ts';
import { toAppError } from '../../kernel/errors.ts';
import type { EvaluateDeps } from './deps.ts';
import { evaluateAlerts } from './evaluate.ts';
import { sendDue } from './send-due.ts';

const EVALUATE_EVERY_MS = 10 * SECOND;

export interface NotifyTick {
  (hasQueue: boolean): Promise<void>;
}

/** Never throws: that people cannot be told must not keep documents from being synced. */
export function createNotifyTick(deps: EvaluateDeps, everyMs = EVALUATE_EVERY_MS): NotifyTick {
  let next = 0;
  return async (hasQueue) => {
    try {
      if (deps.leader.isLeader() && deps.clock.monotonic() >= next) {
        next = deps.clock.monotonic() + everyMs;
        await evaluateAlerts(deps);
      }
      if (hasQueue) await sendDue(deps);
    } catch (thrown) {
      deps.log.warning(`Notifications could not be looked after: ${toAppError(thrown).message}`, {
        code: 'notify_tick',
      });
    }
  };
}
