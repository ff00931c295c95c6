import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Library } from '../support/library.ts';
import { type Note, noteShape } from '../support/shapes.ts';
import { micros } from '../support/values.ts';

const FAILED = { error: 'Error saving note, check logs for more detail.' };

export function noteBehaviour(library: Library): void {
  describe('notes', () => {
    writing(library);
    removing(library);
    refusals(library);
  });
}

const post = (library: Library, id: number, json: unknown) =>
  library.call(`/api/documents/${id}/notes/`, { method: 'POST', json });

async function add(library: Library, id: number, note: string): Promise<Note[]> {
  const answer = await post(library, id, { note });
  expect(answer.status, answer.text).toBe(200);
  return z.array(noteShape).parse(answer.json);
}

function writing(library: Library): void {
  test('a POST answers 200 with all notes of the document, oldest first', async () => {
    const { id } = await library.upload();
    await add(library, id, 'first');
    const notes = await add(library, id, 'second');
    expect(notes.map((note) => note.note)).toEqual(['first', 'second']);
    expect(notes.map((note) => note.user?.id)).toEqual([library.userId, library.userId]);
    expect((await library.call(`/api/documents/${id}/notes/`)).json).toEqual(notes);
    expect((await library.document(id)).notes).toEqual(notes);
  });

  test('the text is kept to the letter, blanks around it included, and the same text is another note', async () => {
    const { id } = await library.upload();
    const text = '  two lines\nand blanks \n\u{1f600} {{ title }} ';
    await add(library, id, text);
    expect((await add(library, id, text)).map((note) => note.note)).toEqual([text, text]);
  });

  test('author and time cannot be given', async () => {
    const { id } = await library.upload();
    const sent = { note: 'now', created: '2001-01-01T00:00:00Z', user: null, id: 5 };
    const [note] = z.array(noteShape).parse((await post(library, id, sent)).json);
    expect(note?.user?.id).toBe(library.userId);
    expect(note?.created.startsWith('2001')).toBe(false);
  });

  test('a note moves modified of its document, and so does its removal', async () => {
    const { id, modified } = await library.upload();
    const [note] = await add(library, id, 'mover');
    const between = (await library.document(id)).modified;
    expect(micros(between)).toBeGreaterThan(micros(modified));
    await library.call(`/api/documents/${id}/notes/?id=${note?.id}`, { method: 'DELETE' });
    expect(micros((await library.document(id)).modified)).toBeGreaterThan(micros(between));
  });

  test('notes in a PATCH of the document are passed over', async () => {
    const { id } = await library.upload();
    await add(library, id, 'stays');
    expect((await library.patch(id, { notes: [] })).notes).toHaveLength(1);
  });
}

function removing(library: Library): void {
  test('a DELETE answers 200 with the notes that are left', async () => {
    const { id } = await library.upload();
    await add(library, id, 'goes');
    const [goes, stays] = await add(library, id, 'stays');
    const answer = await library.call(`/api/documents/${id}/notes/?id=${goes?.id}`, { method: 'DELETE' });
    expect([answer.status, answer.json]).toEqual([200, [stays]]);
  });

  test('a note that is not there, or that another document has, is a 404', async () => {
    const [one, other] = [await library.upload(), await library.upload()];
    const [foreign] = await add(library, other.id, 'foreign');
    for (const id of [2_000_000_000, foreign?.id]) {
      const answer = await library.call(`/api/documents/${one.id}/notes/?id=${id}`, { method: 'DELETE' });
      expect([answer.status, answer.json]).toEqual([404, { detail: 'No Note matches the given query.' }]);
    }
  });

  test('the trash hides notes and a restore brings them back', async () => {
    const { id } = await library.upload();
    const notes = await add(library, id, 'kept');
    await library.trash(id);
    const late = await post(library, id, { note: 'late' });
    expect([late.status, late.json]).toEqual([404, { detail: 'Not found.' }]);
    await library.trashAction('restore', [id]);
    expect((await library.document(id)).notes).toEqual(notes);
  });
}

function refusals(library: Library): void {
  test.each([[{}], [{ text: 'x' }], [{ note: null }]])(
    'a POST of %j answers 200 all the same, with an error in place of the array',
    async (body) => {
      const { id, notes } = await library.shared();
      const answer = await post(library, id, body);
      expect([answer.status, answer.json]).toEqual([200, FAILED]);
      expect((await library.shared()).notes).toEqual(notes);
    },
  );

  test('that error is no proof that nothing was written: a number is refused so, and kept as text', async () => {
    const { id, notes } = await library.shared();
    expect((await post(library, id, { note: 7 })).json).toEqual(FAILED);
    expect((await library.shared()).notes.map((note) => note.note)).toEqual([...notes.map((note) => note.note), '7']);
  });

  test('a DELETE without an id, or with one that is no number, is a 400', async () => {
    const { id } = await library.shared();
    const without = await library.call(`/api/documents/${id}/notes/`, { method: 'DELETE' });
    expect([without.status, without.json]).toEqual([400, { id: 'This field is required.' }]);
    const wrong = await library.call(`/api/documents/${id}/notes/?id=x`, { method: 'DELETE' });
    expect([wrong.status, wrong.json]).toEqual([400, { id: 'A valid integer is required.' }]);
  });
}
