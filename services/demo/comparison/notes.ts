import type { NoteWire } from '../wire.ts';

/** The first line that a copied note carries, since paperless lets neither author nor time be set (H17). */
const PROVENANCE = /^pngx n(\d+)@(\S+) ([^\n]*)(?:\n|$)/;

export interface NotesFinding {
  readonly problems: readonly string[];
  /** Written on the replica by its own users. */
  readonly replicaOnly: number;
}

export function compareNotes(master: readonly NoteWire[], replica: readonly NoteWire[]): NotesFinding {
  const free = [...replica];
  const problems: string[] = [];
  for (const note of master) {
    const copies = free.filter((candidate) => isCopy(note, candidate));
    const [first] = copies;
    if (!first) {
      problems.push(`note ${note.id} is missing`);
      continue;
    }
    // Notes of equal text without a line of ours are each a note of its own, not copies of one.
    const taken = PROVENANCE.test(first.note) && first.note !== note.note ? copies : [first];
    if (taken.length > 1) problems.push(`note ${note.id} is there ${taken.length} times`);
    for (const copy of taken) free.splice(free.indexOf(copy), 1);
  }
  for (const note of free) {
    const source = PROVENANCE.exec(note.note)?.[1];
    if (source !== undefined) problems.push(`note ${note.id} claims to be a copy of ${source}, but is none`);
  }
  return { problems, replicaOnly: free.filter((note) => !PROVENANCE.test(note.note)).length };
}

function isCopy(note: NoteWire, candidate: NoteWire): boolean {
  const line = PROVENANCE.exec(candidate.note);
  // A note that was itself brought from elsewhere is carried over as it is: lines are never nested.
  if (!line || PROVENANCE.test(note.note)) return candidate.note === note.note && isSeeded(note, candidate);
  const [whole, id, created, author] = line;
  return (
    Number(id) === note.id &&
    created === cutTime(note.created) &&
    author === (note.user?.username ?? '-') &&
    candidate.note.slice(whole.length) === note.note
  );
}

/** A replica made from a backup has the notes themselves, with their times cut to milliseconds. */
function isSeeded(note: NoteWire, candidate: NoteWire): boolean {
  return PROVENANCE.test(note.note) || cutTime(note.created) === cutTime(candidate.created);
}

/** UTC, cut to milliseconds, as Date reads it: the rest of the microseconds is dropped, not rounded. */
function cutTime(time: string): string {
  return new Date(time).toISOString();
}
