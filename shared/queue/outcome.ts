/** How a handler may end. Anything thrown is a failure of the job, not of the document it was about. */
export type Outcome =
  | { readonly kind: 'done' }
  /** There was nothing to do, and why. */
  | { readonly kind: 'skipped'; readonly reason: string }
  /** Comes back at this time without using an attempt; only a wake-up, the due time stands in PostgreSQL. */
  | { readonly kind: 'snooze'; readonly untilMs: number }
  /** Stopped because its signal aborted. */
  | { readonly kind: 'cancelled' };

export const done: Outcome = { kind: 'done' };
export const cancelled: Outcome = { kind: 'cancelled' };

export function skipped(reason: string): Outcome {
  return { kind: 'skipped', reason };
}

/** What a verb of the engine says of its end; a time means that it is to be done again then. */
export function ended(end: 'done' | 'busy' | Date, whenBusy: string): Outcome {
  if (end instanceof Date) return snooze(end.getTime());
  return end === 'done' ? done : skipped(whenBusy);
}

/** `untilMs` is wall-clock time in milliseconds. */
export function snooze(untilMs: number): Outcome {
  return { kind: 'snooze', untilMs };
}
