/**
 * Writes to a copy and their intents (H18, H26; protocol section 2, point 6). The intent is a row before the first byte; an
 * answer ends it; a missing answer leaves the document alone until a late write can no longer come.
 */
import { toAppError, type AppError, type ErrorClass } from '../../kernel/errors.ts';
import { end, save, type DocumentWork, type Step } from './work.ts';

export interface IntendedWrite {
  /** Field -> hash of the value about to be written: found later on the replica, it was ours. */
  readonly plan: Readonly<Record<string, string>>;
  /** Names the race points before and after. */
  readonly name: string;
  send(): Promise<unknown>;
}

/**
 * One write that is idempotent or undoable. Null: it was answered, cleanly or with an error that says nothing about its
 * effect; the caller reads back and decides. A step: no answer, nothing more goes to this document for a while.
 * @throws what was definitely refused or never sent; the intent is void then.
 */
export async function intendedWrite(work: DocumentWork, write: IntendedWrite): Promise<Step | null> {
  await save(work, { plan: JSON.stringify(write.plan) });
  await work.deps.racePoint(`${write.name}.before`);
  work.copy = null;
  try {
    await write.send();
    await work.deps.racePoint(`${write.name}.after`);
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.class !== 'unknown-outcome') throw await notSent(work, error);
    if (error.code !== 'answered_error') return holdWrites(work, error);
  }
  await save(work, { plan: null });
  return null;
}

/** Of these nobody knows whether the request was on its way, or answered: its intent stays on record. */
const SAYS_NOTHING: readonly ErrorClass[] = ['cancelled', 'conflict', 'internal'];

/** Never arrived, or definitely refused: the intent is void. */
export async function notSent(work: DocumentWork, error: AppError): Promise<AppError> {
  if (!SAYS_NOTHING.includes(error.class)) await save(work, { plan: null });
  return error;
}

/** paperless may hold the request far longer than our limit and then save, on 2.20 the whole old row. */
export async function holdWrites(work: DocumentWork, error: AppError): Promise<Step> {
  const until = new Date(work.deps.clock.now().getTime() + work.deps.timings.unansweredHoldMs);
  work.deps.log.warning(
    `A write got no answer: ${error.message} The document is left alone until ${until.toISOString()}.`,
    { replicaId: work.replica.id, runId: work.run.id, docId: work.link.master_doc_id, code: 'write_unanswered' },
  );
  return held(
    work,
    until,
    'A write got no answer; nothing more is sent to this document for a while, then it is read back.',
  );
}

/**
 * A hold that runs, or an intent that a dead process left: it may have been sent, so the same hold applies. Reading is
 * always allowed, but the answer would not tell whether the write is still to come.
 */
export function stillHeld(work: DocumentWork): Step | null {
  const now = work.deps.clock.now().getTime();
  const { hold_until: until, plan } = work.link;
  if (until !== null && until.getTime() > now)
    return end('held', 'write_unanswered', 'Waiting after an unanswered write.', { next_due_at: until });
  if (plan === null) return null;
  return held(
    work,
    new Date(now + work.deps.timings.unansweredHoldMs),
    'A process stopped in the middle of a write; the document is left alone for a while, then it is read back.',
  );
}

function held(work: DocumentWork, until: Date, why: string): Step {
  return end('held', 'write_unanswered', why, {
    hold_until: until,
    clean_read_at: null,
    plan: null,
    held_plan: JSON.stringify({ ...work.link.held_plan, ...work.link.plan }),
    next_due_at: until,
  });
}
