/** Notes can be added, never edited; author and time are not settable (paperless-api.md 9). */
import type { PaperlessWriter } from './api.ts';
import { parseAs, writeJson } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import { toNotes } from './mapper.ts';
import * as wire from './wire.ts';

const ROUTE = '/api/documents/{id}/notes/';

export function noteWrites(http: Http): Pick<PaperlessWriter, 'addNote' | 'deleteNote'> {
  return {
    async addNote(id, text, signal) {
      // A note that could not be saved is answered 200 with an object; only the array is the read-back (H17).
      const request = { method: 'POST', route: ROUTE, id, purpose: 'create', signal } as const;
      return toNotes(await writeJson(http, request, { note: text }, wire.notes));
    },
    async deleteNote(id, noteId, signal) {
      const query = { id: noteId };
      const request: ApiRequest = { method: 'DELETE', route: ROUTE, id, purpose: 'change', query, signal };
      return await http.write(request, (answer) => toNotes(parseAs(request, answer, wire.notes)));
    },
  };
}
