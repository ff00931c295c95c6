/** THE table of delays: (what went wrong, how often) -> what becomes of the work. A value comes back, nothing happens here. */
import { assertNever, type ErrorClass } from '../kernel/errors.ts';
import { HOUR, MINUTE, SECOND } from '../kernel/clock.ts';

export interface Failure {
  readonly class: ErrorClass;
  readonly code: string;
  readonly scope: 'document' | 'instance';
  readonly side: 'master' | 'replica' | 'controller';
  /** Attempts of this document that ended in an error of the document itself, this one included. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly retryAfterMs?: number | undefined;
}

export type RetryDecision =
  /** Later, no attempt used. */
  | { readonly kind: 'snooze'; readonly delayMs: number }
  /** In a later cycle, an attempt used. */
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** Into the DLQ until the document changes or someone retries. */
  | { readonly kind: 'give-up' }
  /** Nothing can be done as things stand; counted as missing, retried when the document changes. */
  | { readonly kind: 'block' }
  /** The instance as a whole: the run ends, the documents keep their state. */
  | { readonly kind: 'fail-run' }
  /** The work belongs to someone else now, or we are stopping. */
  | { readonly kind: 'step-back' };

const INSTANCE_PAUSE = 5 * SECOND;

export function decideRetry(failure: Failure): RetryDecision {
  switch (failure.class) {
    case 'auth':
    case 'incompatible':
    case 'not-an-api':
      return { kind: 'fail-run' };
    case 'permission':
      return failure.scope === 'instance' ? { kind: 'fail-run' } : spendAttempt(failure);
    case 'rate-limited':
      return { kind: 'snooze', delayMs: Math.min(failure.retryAfterMs ?? MINUTE, HOUR) };
    case 'transient':
      return { kind: 'snooze', delayMs: INSTANCE_PAUSE };
    case 'unknown-outcome':
      // The state machine has noted what is unknown; the next look starts by asking the instance.
      return { kind: 'snooze', delayMs: INSTANCE_PAUSE };
    case 'too-large':
    case 'unsupported-type':
    case 'duplicate':
      return { kind: 'block' };
    case 'not-found':
    case 'invalid':
    case 'internal':
      return spendAttempt(failure);
    case 'conflict':
    case 'cancelled':
      return { kind: 'step-back' };
    case 'config':
      return { kind: 'fail-run' };
    default:
      return assertNever(failure.class);
  }
}

/** Waits of 1, 2, 4 ... minutes, one hour at most: ten attempts span some four and a half hours of cycles. */
function spendAttempt(failure: Failure): RetryDecision {
  if (failure.attempt >= failure.maxAttempts) return { kind: 'give-up' };
  return { kind: 'retry', delayMs: Math.min(MINUTE * 2 ** (failure.attempt - 1), HOUR) };
}

/** Waits between two looks at an upload's task, by its age: seconds, not the next cycle (E6). */
export function pollDelay(ageMs: number): number {
  if (ageMs < 2 * SECOND) return 500;
  if (ageMs < 10 * SECOND) return SECOND;
  if (ageMs < MINUTE) return 3 * SECOND;
  return ageMs < 10 * MINUTE ? 10 * SECOND : 30 * SECOND;
}

/** Faults in a row, without one success between them, after which an instance counts as failed for this run. */
export const INSTANCE_FAULTS_TO_FAIL = 5;

/** Of a message to people (N3): 5, 10, 20 ... seconds, an hour at most; fifteen tries span some five hours. */
export function decideDelivery(failure: Pick<Failure, 'class' | 'attempt' | 'retryAfterMs'>): RetryDecision {
  switch (failure.class) {
    case 'transient':
    case 'rate-limited':
    case 'unknown-outcome':
    case 'internal':
    case 'conflict':
      break;
    case 'cancelled':
      return { kind: 'step-back' };
    case 'auth':
    case 'permission':
    case 'incompatible':
    case 'not-an-api':
    case 'not-found':
    case 'invalid':
    case 'too-large':
    case 'unsupported-type':
    case 'duplicate':
    case 'config':
      return { kind: 'give-up' };
    default:
      return assertNever(failure.class);
  }
  if (failure.attempt >= DELIVERY_ATTEMPTS) return { kind: 'give-up' };
  const delayMs = Math.min(5 * SECOND * 2 ** (failure.attempt - 1), HOUR);
  return { kind: 'retry', delayMs: Math.max(delayMs, Math.min(failure.retryAfterMs ?? 0, HOUR)) };
}

const DELIVERY_ATTEMPTS = 15;
