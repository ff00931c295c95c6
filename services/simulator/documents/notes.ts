/**
 * Notes. A failure to save is answered 200, and some of these failures have saved the note (paperless-api.md 9).
 */

import type { Context } from '../context.ts';
import { badRequest, forbiddenText, HttpError, json, notFound, type Reply, serverError } from '../http/reply.ts';
import { inputObject } from '../http/body.ts';
import { pythonStr } from '../rest/python.ts';
import type { DocumentRow } from '../state/model.ts';
import { canChange, canSee } from '../users/permissions.ts';
import { liveDocument } from './lookup.ts';
import { touch } from './links.ts';
import { noteJson } from './serialize.ts';

const notesOf = ({ store, apiVersion }: Context, row: DocumentRow): unknown[] =>
  row.notes.map((note) => noteJson(store, note, apiVersion));

export function listNotes(context: Context): Reply {
  context.require('view_note');
  const row = liveDocument(context);
  if (!canSee(context.user, row)) throw forbiddenText('Insufficient permissions to view notes');
  return json(notesOf(context, row));
}

/** Every failure to save is a 200 with `error` (paperless-api.md 9). */
const SAVING_FAILED = { error: 'Error saving note, check logs for more detail.' };

export async function addNote(context: Context): Promise<Reply> {
  context.require('add_note');
  const row = liveDocument(context);
  if (!canChange(context.user, row)) throw forbiddenText('Insufficient permissions to create notes');
  let input: Record<string, unknown>;
  try {
    input = inputObject(await context.body());
  } catch (error) {
    if (error instanceof HttpError && error.reply.status === 400) return json(SAVING_FAILED);
    throw error;
  }
  if (input.note === undefined || input.note === null) return json(SAVING_FAILED);
  const { store, user } = context;
  if (store.documents.get(row.id) !== row || row.deletedAt !== null) throw notFound();
  row.notes.push({ id: store.takeNoteId(), note: pythonStr(input.note), created: store.clock.now(), user: user.id });
  touch(store, row);
  // A text is expected where the change is written down: the note is stored, and the answer says it is not.
  return typeof input.note === 'string' ? json(notesOf(context, row)) : json(SAVING_FAILED);
}

export function deleteNote(context: Context): Reply {
  context.require('delete_note');
  const row = liveDocument(context);
  if (!canChange(context.user, row)) throw forbiddenText('Insufficient permissions to delete notes');
  const id = context.query.given('id');
  if (id === null) throw badRequest({ id: 'This field is required.' });
  if (!/^-?\d+$/.test(id)) throw badRequest({ id: 'A valid integer is required.' });
  if (!row.notes.some((note) => note.id === Number(id))) throw notFound('Note');
  row.notes = row.notes.filter((note) => note.id !== Number(id));
  touch(context.store, row);
  return json(notesOf(context, row));
}

/** The view knows no such method and crashes. */
export function crash(): Reply {
  throw serverError();
}
