/** Notes: the master's are posted once, with author and time in their first line; the replica's own are kept (E10, H17). */
import { notePairsOf, saveNotePairs } from '../../db/note-links.repo.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import type { Note, PaperlessDocument } from '../../domain/model.ts';
import { planNotes, replicaNoteText, type NotePair, type NotePlan } from '../../domain/provenance.ts';
import { notReplicable } from '../../domain/report.ts';
import { AppError, toAppError } from '../../kernel/errors.ts';
import { leave, noteEdit } from './edits.ts';
import { holdWrites, intendedWrite, notSent } from './intent.ts';
import { readCopy, save, type DocumentWork, type Step } from './work.ts';

/**
 * Null: the copy has the master's notes, each once, and none of a note that was deleted there. The copy was just read, so
 * what is missing is missing; one write at a time, oldest first.
 */
export async function syncNotes(work: DocumentWork, master: PaperlessDocument): Promise<Step | null> {
  const copy = await readCopy(work);
  if (!copy) return null;
  const known = (await notePairsOf(work.deps.db, [work.link.id])).get(work.link.id) ?? [];
  const plan = planNotes(master.notes, copy.notes, known);
  const missing = await notLeftOut(work, plan, known);
  for (const note of missing) {
    const step = await post(work, copy.id, replicaNoteText(note));
    if (step) return step;
  }
  for (const note of [...plan.surplus, ...plan.stale]) {
    const step = await remove(work, copy.id, note);
    if (step) return step;
  }
  if (plan.foreign.length > 0)
    work.reports.push(notReplicable('notes', `${plan.foreign.length} written on the replica; they are kept`));
  await rememberPairs(work, master, known, plan);
  return null;
}

/** A copy of a note that was there and is not: somebody deleted it on the replica (E21). */
async function notLeftOut(work: DocumentWork, plan: NotePlan, known: readonly NotePair[]): Promise<readonly Note[]> {
  const lost = plan.missing.filter((note) => known.some((pair) => pair.masterNoteId === note.id));
  if (lost.length === 0) return plan.missing;
  const verdict = await noteEdit(work, {
    field: 'notes',
    base: null,
    theirs: fingerprint(lost.map((note) => note.id)),
    wanted: null,
    shown: { replica: { deleted: lost.length } },
  });
  if (verdict === 'overwrite') {
    work.edits.overwritten.add('notes');
    return plan.missing;
  }
  leave(work, 'notes', verdict);
  return plan.missing.filter((note) => !lost.includes(note));
}

async function rememberPairs(
  work: DocumentWork,
  master: PaperlessDocument,
  known: readonly NotePair[],
  plan: NotePlan,
): Promise<void> {
  const after = await readCopy(work);
  const pairs =
    after && work.edits.waiting.has('notes') ? known : planNotes(master.notes, after?.notes ?? [], known).pairs;
  const same = fingerprint(pairs) === fingerprint(known) && plan.missing.length === 0;
  if (!same) await saveNotePairs(work.deps.db, work.link.id, pairs);
}

/** Not idempotent: whatever the answer was, the list is read before anything is sent again. */
async function post(work: DocumentWork, id: number, text: string): Promise<Step | null> {
  await save(work, { phase: 'finalising', status: 'pending', plan: JSON.stringify({ notes: fingerprint(text) }) });
  await work.deps.racePoint('note.before');
  try {
    const after = await work.writer.addNote(id, text, work.signal);
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
  return null;
}

async function remove(work: DocumentWork, id: number, note: Note): Promise<Step | null> {
  return intendedWrite(work, {
    name: 'note.delete',
    plan: { notes: `delete ${note.id}` },
    send: () => work.writer.deleteNote(id, note.id, work.signal),
  });
}

function notThere(): AppError {
  return new AppError({ code: 'note_not_stored', class: 'invalid', message: 'The replica did not store a note.' });
}
