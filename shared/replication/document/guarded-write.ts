/** A change of a copy that is no PATCH of its fields: sent under an intent, and read back until it is so (H18, H26). */
import { fieldHashes } from '../../domain/diff.ts';
import type { WritableField } from '../../domain/field-policy.ts';
import { toAppError, type AppError } from '../../kernel/errors.ts';
import { intendedWrite } from './intent.ts';
import { end, save, type DocumentWork, type Step } from './work.ts';

const MAX_WRITES = 3;

export interface GuardedWrite {
  /** Names the points at which a test may stop the process. */
  readonly name: string;
  /** Reads the instance: is it as it should be? Asked before the first write and after each. */
  isDone(): Promise<boolean>;
  send(): Promise<unknown>;
  /** What is written into fields: found later on the replica, it is no edit of somebody there. */
  readonly fields?: Partial<Record<WritableField, unknown>>;
}

/**
 * Looks, and writes until it reads back as done. Null: it is done. A step: the answer is missing, so nothing more goes to
 * this document for a while, or the replica undoes every write.
 */
export async function writeUntilDone(work: DocumentWork, guarded: GuardedWrite): Promise<Step | null> {
  const written = fieldHashes(guarded.fields ?? {});
  let last: AppError | null = null;
  for (let writes = 0; !(await guarded.isDone()); writes += 1) {
    if (writes >= MAX_WRITES) {
      if (last) throw last;
      return end(
        'failed',
        'rewritten_by_replica',
        `Undone by the replica after ${MAX_WRITES} writes (${guarded.name}).`,
      );
    }
    const answer = await intendedWrite(work, {
      name: guarded.name,
      plan: guarded.fields ? written : { document: guarded.name },
      send: async () => {
        last = await answered(guarded);
      },
    });
    if (answer) return answer;
    if (guarded.fields && work.link.applied && last === null)
      await save(work, { applied: JSON.stringify({ ...work.link.applied, ...written }) });
  }
  return null;
}

/** An answered error, or a document that is not there, says nothing of what is there now: that is read, not guessed. */
async function answered(guarded: GuardedWrite): Promise<AppError | null> {
  try {
    await guarded.send();
    return null;
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === 'answered_error' || error.class === 'not-found') return error;
    throw error;
  }
}
