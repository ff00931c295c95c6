/** Notes can be added, never edited; author and time are not settable (paperless-api.md 9). */
import type { PaperlessWriter } from './api.ts';
import { writeJson } from './http.ts';
import type { Http } from './http.ts';
import { toNotes } from './mapper.ts';
import * as wire from './wire.ts';

export function noteWrites(http: Http): Pick<PaperlessWriter, 'addNote'> {
  return {
    async addNote(id, text, signal) {
      const route = '/api/documents/{id}/notes/';
      // A note that could not be saved is answered 200 with an object; only the array is the read-back (H17).
      const request = { method: 'POST', route, id, purpose: 'create', signal } as const;
      return toNotes(await writeJson(http, request, { note: text }, wire.notes));
    },
  };
}
