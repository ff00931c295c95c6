/** Notes: the master's are posted once, with author and time in their first line; the replica's own are kept (E10, H17). */
import { planNotes, replicaNoteText } from '../../domain/provenance.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { notReplicable } from '../../domain/report.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import { AppError, toAppError } from '../../kernel/errors.ts';
import { holdWrites, notSent } from './intent.ts';
import { readCopy, save, type DocumentWork, type Step } from './work.ts';

/** Null: all master notes are there. The copy was just read, so what is missing is missing; one at a time, oldest first. */
export async function postNotes(work: DocumentWork, master: PaperlessDocument): Promise<Step | null> {
  const copy = await readCopy(work);
  if (!copy) return null;
  const plan = planNotes(master.notes, copy.notes);
  for (const note of plan.missing) {
    const text = replicaNoteText(note);
    await save(work, { phase: 'finalising', status: 'pending', plan: JSON.stringify({ notes: fingerprint(text) }) });
    await work.deps.racePoint('note.before');
    try {
      const after = await work.writer.addNote(copy.id, text, work.signal);
      await work.deps.racePoint('note.after');
      if (!after.some((one) => one.text === text)) throw notThere();
      await save(work, { plan: null });
      work.transferred = true;
      work.copy = null;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.class !== 'unknown-outcome') throw await notSent(work, error);
      if (error.code !== 'answered_error') return holdWrites(work, error);
      // Answered, but not with the list: look once more, and only what is still missing is a failure.
      await save(work, { plan: null });
      work.copy = null;
      if (!(await readCopy(work))?.notes.some((one) => one.text === text)) throw notThere();
    }
  }
  if (plan.foreign.length > 0)
    work.reports.push(notReplicable('notes', `${plan.foreign.length} written on the replica; they are kept`));
  for (const surplus of plan.surplus) {
    await work.writer.deleteNote(copy.id, surplus.id, work.signal);
    work.copy = null;
  }
  return null;
}

function notThere(): AppError {
  return new AppError({ code: 'note_not_stored', class: 'invalid', message: 'The replica did not store a note.' });
}
