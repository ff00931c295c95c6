/**
 * Notes carry author and time in a first line of fixed format, since paperless lets neither be set (E10, H17):
 *   pngx n<master note id>@<created, UTC, milliseconds> <username or ->
 */
import { cutToMillis } from './instant.ts';
import type { Note } from './model.ts';

const LINE = /^pngx n(\d+)@(\S+) ([^\n]*)(?:\n|$)/;

export interface Provenance {
  readonly masterNoteId: number;
  readonly created: string;
}

export function provenanceOf(text: string): Provenance | null {
  const parts = LINE.exec(text);
  return parts ? { masterNoteId: Number(parts[1]), created: parts[2] ?? '' } : null;
}

/** The text a master note has on a replica. A note that has a provenance line already is copied as it is: never nested. */
export function replicaNoteText(note: Note): string {
  if (provenanceOf(note.text)) return note.text;
  return `pngx n${note.id}@${cutToMillis(note.created) ?? note.created} ${note.username ?? '-'}\n${note.text}`;
}

export interface NotePlan {
  /** Master notes to post, oldest first. */
  readonly missing: readonly Note[];
  /** Replica notes nobody on the master wrote: kept and listed. */
  readonly foreign: readonly Note[];
  /** Surplus copies of one note: all but the lowest id. */
  readonly surplus: readonly Note[];
}

/**
 * Pairs the notes of both sides: by exact text of the copy, or (replica seeded by paperless' own import) by equal text and
 * cut time; one for one.
 */
export function planNotes(master: readonly Note[], replica: readonly Note[]): NotePlan {
  const free = new Map([...replica].sort((a, b) => a.id - b.id).map((note) => [note.id, note]));
  const missing: Note[] = [];
  const surplus: Note[] = [];
  for (const note of master) {
    const wanted = replicaNoteText(note);
    const copies = [...free.values()].filter((copy) => copy.text === wanted);
    const chosen = copies[0] ?? [...free.values()].find((copy) => isSeededCopy(note, copy));
    if (!chosen) missing.push(note);
    else free.delete(chosen.id);
    // Two master notes can have the same text only without a line of ours; those copies stay free for the next one.
    if (wanted !== note.text) for (const extra of copies.slice(1)) if (free.delete(extra.id)) surplus.push(extra);
  }
  return { missing, surplus, foreign: [...free.values()] };
}

function isSeededCopy(note: Note, copy: Note): boolean {
  return copy.text === note.text && cutToMillis(copy.created) === cutToMillis(note.created);
}
