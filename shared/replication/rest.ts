/** When work on an instance has to wait for a time that is known: quiet hours, a 429, a pace. BullMQ brings its job back then (E14). */
import type { Settings } from '../config/settings.ts';
import type { Replica, Run } from '../db/tables.ts';
import { quietUntil } from '../domain/quiet-hours.ts';
import { decideRetry } from '../domain/retry-policy.ts';
import { AppError } from '../kernel/errors.ts';

/** How a job ended; a time: it is to be done again then. */
export type JobEnd = 'done' | 'busy' | Date;

const UTC = 'UTC';

/** What a person started is carried out in quiet hours too, as it ignores intervals (E1). */
export function quietEnd(
  settings: Pick<Settings, 'timezone'>,
  replica: Pick<Replica, 'quiet_hours'>,
  run: Pick<Run, 'triggered_by'> | null,
  now: Date,
): Date | null {
  if (run !== null && (run.triggered_by === 'manual' || run.triggered_by === 'cli')) return null;
  return quietUntil(replica.quiet_hours, now, settings.timezone ?? UTC);
}

export function quietHours(until: Date, now: Date): AppError {
  return new AppError({
    code: 'quiet_hours',
    class: 'rate-limited',
    scope: 'instance',
    message: `It is the quiet hours of this replica until ${until.toISOString()}.`,
    retryAfterMs: until.getTime() - now.getTime(),
  });
}

/** The time an error names after which there is no need to fail; null: it names none. */
export function restOf(error: AppError, now: Date): Date | null {
  if (error.class !== 'rate-limited') return null;
  if (error.code === 'quiet_hours') return new Date(now.getTime() + (error.retryAfterMs ?? 0));
  const decision = decideRetry({
    class: error.class,
    code: error.code,
    scope: error.scope,
    side: 'replica',
    attempt: 1,
    maxAttempts: 1,
    retryAfterMs: error.retryAfterMs,
  });
  return decision.kind === 'snooze' ? new Date(now.getTime() + decision.delayMs) : null;
}
