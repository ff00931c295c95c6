/**
 * Notes carry author and time in a first line of fixed format, since paperless lets neither be set (E10, H17):
 *   pngx n<master note id>@<created, UTC, milliseconds> <username or ->
 */
import { fingerprint } from './fingerprint.ts';
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
  /** Copies of notes that were deleted on the master. */
  readonly stale: readonly Note[];
  /** Which note of the replica stands for which of the master's. */
  readonly pairs: readonly NotePair[];
}

/** A pair that was seen before; the hash guards against an id that a restored replica gave to another note. */
export interface NotePair {
  readonly masterNoteId: number;
  readonly replicaNoteId: number;
  readonly textHash: string;
}

/**
 * Pairs the notes of both sides, one for one: by the mark of the copy, not by its whole first line (an author who is renamed
 * or deleted changes that), or, on a replica seeded by paperless' own import, by equal text and cut time.
 */
export function planNotes(
  master: readonly Note[],
  replica: readonly Note[],
  known: readonly NotePair[] = [],
): NotePlan {
  const free = new Map([...replica].sort((a, b) => a.id - b.id).map((note) => [note.id, note]));
  const pairs: NotePair[] = [];
  const missing = master.filter((note) => {
    const chosen = copyAmong([...free.values()], note);
    if (!chosen) return true;
    free.delete(chosen.id);
    pairs.push({ masterNoteId: note.id, replicaNoteId: chosen.id, textHash: fingerprint(chosen.text) });
    return false;
  });
  // Only marks of our own making: a line that a master note brought along may stand on the replica for other reasons.
  const ours = new Set(master.filter((note) => !provenanceOf(note.text)).map((note) => markOf(replicaNoteText(note))));
  const alive = new Set(master.map((note) => note.id));
  const copies = new Map(known.map((pair) => [pair.replicaNoteId, pair]));
  const isStale = (note: Note) => {
    const pair = copies.get(note.id);
    if (pair && pair.textHash === fingerprint(note.text)) return !alive.has(pair.masterNoteId);
    const mark = provenanceOf(note.text);
    return mark !== null && !alive.has(mark.masterNoteId);
  };
  const left = [...free.values()];
  const surplus = left.filter((note) => ours.has(markOf(note.text)));
  const stale = left.filter((note) => !surplus.includes(note) && isStale(note));
  const foreign = left.filter((note) => !surplus.includes(note) && !stale.includes(note));
  return { missing, surplus, stale, foreign, pairs };
}

function copyAmong(free: readonly Note[], note: Note): Note | undefined {
  const wanted = replicaNoteText(note);
  const mark = markOf(wanted);
  return (
    free.find((copy) => copy.text === wanted) ??
    free.find((copy) => markOf(copy.text) === mark) ??
    free.find((copy) => isSeededCopy(note, copy)) ??
    free.find((copy) => isOriginal(note, copy))
  );
}

/** What tells the copies of one master note from all other notes; null for a note without a line of ours. */
function markOf(text: string): string | null {
  const line = provenanceOf(text);
  return line && `${line.masterNoteId}@${line.created}`;
}

/** The note that this one was made from, on a master of before (E27): nobody posts it to where it came from. */
function isOriginal(note: Note, copy: Note): boolean {
  const line = provenanceOf(note.text);
  if (line === null || copy.id !== line.masterNoteId || provenanceOf(copy.text) !== null) return false;
  const body = note.text.slice(note.text.indexOf('\n') + 1);
  return copy.text === body && (cutToMillis(copy.created) ?? copy.created) === line.created;
}

function isSeededCopy(note: Note, copy: Note): boolean {
  return copy.text === note.text && cutToMillis(copy.created) === cutToMillis(note.created);
}
