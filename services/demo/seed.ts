import { connect, inParallel, type Instance, type PaperlessHttp } from './http.ts';
import type { Library, LibraryDocument } from './library/index.ts';
import { linkDocuments } from './seeding/links.ts';
import { fileDocument } from './seeding/documents.ts';
import { makePeople } from './seeding/people.ts';
import { makeTaxonomy, type Names } from './seeding/taxonomy.ts';

/** What became of the library on one instance. */
export interface Seeding {
  /** Document key to the id that the instance gave it. */
  readonly ids: ReadonlyMap<string, number>;
  /** Documents that this generation of paperless cannot hold. */
  readonly skipped: readonly { readonly key: string; readonly reason: string }[];
  readonly names: Names;
  readonly requests: number;
  readonly seconds: number;
}

export interface SeedOptions {
  /** Documents in work at the same time; the instance consumes one after the other whatever we do. */
  readonly concurrency?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** What a note says, where it is not what the library says: a copy names its author and time in its first line. */
  readonly noteText?: (key: string, index: number, text: string) => string;
}

/** Brings a library into an instance through nothing but its public API. Objects that are there by name are used. */
export async function seedLibrary(instance: Instance, library: Library, options: SeedOptions = {}): Promise<Seeding> {
  const started = performance.now();
  const http = connect(instance);
  const people = await makePeople(http, library);
  const names: Names = { ...people, ...(await makeTaxonomy(http, library, people)) };
  const { wanted, skipped } = possibleOn(http, library.documents);
  const ids = new Map<string, number>();
  await inParallel(wanted, options.concurrency ?? 6, async (document) => {
    ids.set(document.key, await fileDocument(http, rewritten(document, options.noteText), names));
    options.onProgress?.(ids.size, wanted.length);
  });
  // Only now: a link may lead to a document that comes much later.
  await linkDocuments(http, wanted, ids, names);
  return { ids, skipped, names, requests: http.requests(), seconds: (performance.now() - started) / 1000 };
}

function rewritten(document: LibraryDocument, noteText: SeedOptions['noteText']): LibraryDocument {
  if (!noteText) return document;
  const notes = document.notes.map((note, index) => ({ ...note, text: noteText(document.key, index, note.text) }));
  return { ...document, notes };
}

/** v2 keeps a checksum once, whatever its settings (paperless-api.md 5.6), so it never takes the second twin. */
function possibleOn(http: PaperlessHttp, documents: readonly LibraryDocument[]) {
  const takesTwins = !http.version()?.startsWith('2.');
  const twins = takesTwins ? [] : documents.filter((document) => document.twinOf !== null);
  return {
    wanted: documents.filter((document) => !twins.includes(document)),
    skipped: twins.map(({ key, twinOf }) => ({
      key,
      reason: `the same bytes as ${twinOf}, which 2.x takes once only`,
    })),
  };
}
