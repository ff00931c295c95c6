import type { DocumentWire } from '../wire.ts';
import { compareCustomFields, type Targets } from './custom-fields.ts';
import { closedTags, expectedOwner, objectName, ownerName, permissionWords, type Sides } from './names.ts';
import { compareNotes } from './notes.ts';
import type { Hashed, Pair } from './pair.ts';
import type { Snapshot } from './read.ts';
import { showDifference, trimAsPython } from './text.ts';
import type { ComparedField, Difference } from './types.ts';

export interface PairFinding {
  readonly differences: readonly Difference[];
  readonly notReplicable: readonly string[];
  readonly replicaNotes: number;
}

/** Every exact and mapped field of one pair. */
export function comparePair(sides: Sides, targets: Targets, { master, replica }: Pair): PairFinding {
  const differences: Difference[] = [];
  const check = (field: ComparedField, left: string, right: string) => {
    if (left !== right) differences.push({ field, ...showDifference(left, right) });
  };
  for (const [field, left, right] of simpleFields(sides, master.document, replica.document)) check(field, left, right);
  // Pairs are made by bytes first: this differs only where nothing but words held the pair together.
  check('file', master.hash, replica.hash);
  if (keepsVersions(sides.master) && keepsVersions(sides.replica))
    check('versions', versionWords(master), versionWords(replica));
  const fields = compareCustomFields(sides, targets, master.document, replica.document);
  for (const problem of fields.problems) differences.push(told('custom_fields', problem));
  const notes = compareNotes(master.document.notes, replica.document.notes);
  for (const problem of notes.problems) differences.push(told('notes', problem));
  return {
    differences,
    notReplicable: [...fields.notReplicable, ...orphanTags(sides, master.document)],
    replicaNotes: notes.replicaOnly,
  };
}

type Simple = readonly [field: ComparedField, master: string, replica: string];

function simpleFields(sides: Sides, master: DocumentWire, replica: DocumentWire): Simple[] {
  const left = wordsOf(sides, 'master', master);
  const right = wordsOf(sides, 'replica', replica);
  return Object.entries(left).map(([field, word]) => [field as ComparedField, word, right[field as keyof Words]]);
}

type Words = ReturnType<typeof wordsOf>;

/** A document in words that mean the same on both sides, the master's turned into what the replica must have. */
function wordsOf(sides: Sides, which: keyof Sides, document: DocumentWire) {
  const side = sides[which];
  const owner = (id: number | null) => (which === 'master' ? expectedOwner(sides, id) : ownerName(side, id));
  const known = which === 'master' ? sides.replica : undefined;
  const tags = [...closedTags(side, document.tags)].map((tag) => objectName(side, 'tags', tag, owner));
  return {
    title: trimAsPython(document.title),
    content: trimAsPython(document.content),
    created: document.created,
    asn: String(document.archive_serial_number),
    correspondent: JSON.stringify(objectName(side, 'correspondents', document.correspondent, owner)),
    document_type: JSON.stringify(objectName(side, 'document_types', document.document_type, owner)),
    storage_path: JSON.stringify(objectName(side, 'storage_paths', document.storage_path, owner)),
    tags: JSON.stringify(tags.sort()),
    owner: JSON.stringify(owner(document.owner)),
    permissions: permissionWords(side, document.permissions, known).join(' '),
    original_file_name: document.original_file_name?.normalize('NFC') ?? 'null',
  };
}

const keepsVersions = ({ version }: Snapshot): boolean => !version.startsWith('2.');

/** Label and file of each version in the order they were made. */
function versionWords({ document, hash, versions = [hash] }: Hashed): string {
  const labels = document.versions.toSorted((a, b) => a.id - b.id).map((version) => version.version_label ?? '');
  return JSON.stringify(labels.map((label, at) => [label, versions[at]?.slice(0, 12)]));
}

function told(field: ComparedField, problem: string): Difference {
  const [master = problem, replica = ''] = problem.split(' | ');
  return { field, ...showDifference(master, replica) };
}

/** Left behind when a tag lost its parent; no request can make this on another instance (H28). */
function orphanTags(sides: Sides, master: DocumentWire): string[] {
  const closed = closedTags(sides.master, master.tags);
  return closed.size === new Set(master.tags).size ? [] : [`document ${master.id}: a tag without its parents`];
}
