/**
 * A library to measure with. It is written straight into the store: a hundred thousand consumptions would take longer than
 * the bench that needs them.
 */

import type { Instance } from './context.ts';
import { type DocumentRow, noPermissions } from './state/model.ts';

const TAGS = ['Bills', 'Taxes', 'House', 'Car', 'Health', 'School'];
const CORRESPONDENTS = ['Harbour Office', 'Lighthouse Ltd', 'Salt & Sons', 'Ferry Company'];
const WORDS = ['anchor', 'barrel', 'compass', 'deck', 'engine', 'fender', 'gangway', 'harbour', 'island', 'jetty'];

/** Fills an empty library with small text documents that follow from the seed alone. */
export function fillLibrary(instance: Instance, count: number): void {
  if (count === 0) return;
  const tags = TAGS.map((name) => addObject(instance, 'tag', name));
  const correspondents = CORRESPONDENTS.map((name) => addObject(instance, 'correspondent', name));
  writeDocuments(instance, generatedDocuments(instance, count, tags, correspondents));
}

/** One at a time: a hundred thousand of them at once would be memory that a bench measures. */
function* generatedDocuments(
  instance: Instance,
  count: number,
  tags: readonly number[],
  correspondents: readonly number[],
): Generator<WrittenDocument> {
  for (let number = 1; number <= count; number += 1) yield generated(instance, number, tags, correspondents);
}

function addObject({ store }: Instance, kind: 'tag' | 'correspondent', name: string): number {
  const table = store.matching[kind];
  const id = table.takeId();
  const common = { match: '', matchingAlgorithm: 0, isInsensitive: true, owner: null, permissions: noPermissions() };
  table.save({ id, name, ...common, color: '#a6cee3', isInboxTag: false, parent: null, path: '' });
  return id;
}

const pick = <Item>(items: readonly Item[], digit: number): Item => items[digit % items.length] as Item;

/** What a written document may differ in from an empty one; everything else follows from its text. */
export type WrittenDocument = { readonly content: string } & Partial<
  Omit<DocumentRow, 'id' | 'file' | 'archive' | 'checksum' | 'archiveChecksum' | 'content'>
>;

/** Documents as if they had been consumed long ago, without uploads, tasks or waiting; their ids in order. */
export function writeDocuments({ store, profile }: Instance, documents: Iterable<WrittenDocument>): number[] {
  const ids: number[] = [];
  for (const document of documents) {
    const file = store.blobs.put(Buffer.from(document.content));
    const now = store.clock.now();
    const id = store.documents.takeId();
    store.saveDocument({
      title: `Document ${id}`,
      mimeType: 'text/plain',
      pageCount: null,
      created: '2024-05-06',
      modified: now,
      added: now,
      deletedAt: null,
      deletion: null,
      archiveSerialNumber: null,
      originalFileName: `document-${id}.txt`,
      correspondent: null,
      documentType: null,
      storagePath: null,
      owner: profile.superuserId,
      permissions: noPermissions(),
      tags: [],
      customFields: [],
      notes: [],
      rootDocument: null,
      versionLabel: null,
      ...document,
      id,
      file,
      archive: null,
      checksum: file[profile.checksum],
      archiveChecksum: null,
    });
    ids.push(id);
  }
  return ids;
}

function generated(
  { profile, options }: Instance,
  number: number,
  tags: readonly number[],
  correspondents: readonly number[],
): WrittenDocument {
  // A linear congruence is enough here and much faster than a hash for a hundred thousand documents.
  const dice = (Math.imul(number, 2_654_435_761) ^ options.seed.length) >>> 0;
  const words = Array.from({ length: 12 }, (_, at) => pick(WORDS, (dice >>> at) + at));
  return {
    title: `Document ${number}`,
    content: `Document ${number} of the ${options.seed} library.\n${words.join(' ')}\n`,
    created: new Date(Date.UTC(2000 + (dice % 25), dice % 12, 1 + (dice % 28))).toISOString().slice(0, 10),
    archiveSerialNumber: dice % 3 === 0 ? number : null,
    originalFileName: `document-${number}.txt`,
    correspondent: dice % 4 === 0 ? null : pick(correspondents, dice >>> 3),
    owner: dice % 5 === 0 ? null : profile.superuserId,
    tags: [...new Set([pick(tags, dice >>> 5), pick(tags, dice >>> 7)])],
  };
}
