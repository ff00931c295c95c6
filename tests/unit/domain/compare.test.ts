import { describe, expect, test } from 'vitest';
import { comparePair, masterHash, shown, type Pair, type Surroundings } from '../../../shared/domain/compare.ts';
import type { Note, PaperlessDocument } from '../../../shared/domain/model.ts';
import { replicaNoteText } from '../../../shared/domain/provenance.ts';
import type { FieldMapping } from '../../../shared/domain/translate/tables.ts';
import { document, tables } from './translate/support.ts';

const LINK: FieldMapping = { replicaId: 50, name: 'See also', dataType: 'documentlink', options: new Map() };
const TEXT: FieldMapping = { replicaId: 51, name: 'Reference', dataType: 'string', options: new Map() };
const around = (changes: Partial<Surroundings> = {}): Surroundings => ({
  tables: tables({
    taxonomy: {
      tag: new Map([[1, 11]]),
      correspondent: new Map([[2, 12]]),
      document_type: new Map([[3, 13]]),
      storage_path: new Map([[4, 14]]),
    },
    users: new Map([[5, 15]]),
    fields: new Map([
      [6, LINK],
      [7, TEXT],
    ]),
  }),
  copyOf: new Map([[101, 201]]),
  liveOnMaster: new Set([100, 101]),
  liveOnReplica: new Set([200, 201]),
  oneWay: new Set(),
  excluded: { onMaster: new Set(), onReplica: new Set() },
  ...changes,
});
const note = (id: number, text: string): Note => ({ id, text, created: '2024-05-06T05:08:09.123Z', username: 'ada' });
const HASHES = ['a'.repeat(64), 'b'.repeat(64)] as const;
const version = (id: number, checksum: string, label: string | null = null) => ({
  id,
  added: '2024-01-01T00:00:00Z',
  label,
  checksum,
  isRoot: id < 300,
});

const master = document({
  id: 100,
  title: 'Invoice',
  content: 'words',
  created: '2024-01-02',
  asn: 9,
  correspondent: 2,
  documentType: 3,
  storagePath: 4,
  tags: [1],
  owner: 5,
  // A master that does not show the rights leaves the copy's alone: they are compared only when they were seen.
  permissions: { view: { users: [], groups: [] }, change: { users: [], groups: [] } },
  customFields: [
    { field: 6, value: [101] },
    { field: 7, value: 'x' },
  ],
  notes: [note(1, 'paid')],
  originalFileName: 'scan.pdf',
  versions: [version(100, HASHES[0]), version(301, HASHES[1], 'signed')],
});
const copy = document({
  ...master,
  id: 200,
  correspondent: 12,
  documentType: 13,
  storagePath: 14,
  tags: [11],
  owner: 15,
  customFields: [
    { field: 51, value: 'x' },
    { field: 50, value: [201] },
  ],
  notes: [note(70, replicaNoteText(note(1, 'paid')))],
  versions: [version(200, HASHES[0]), version(401, HASHES[1], 'signed')],
});
const pair = (changes: Partial<PaperlessDocument> = {}, more: Partial<Pair> = {}): Pair => ({
  master,
  copy: document({ ...copy, ...changes }),
  file: { md5: null, sha256: null },
  notePairs: [],
  ...more,
});
const fieldsOf = (one: Pair, surroundings = around()) =>
  comparePair(one, surroundings).differences.map(({ field }) => field);

describe('a copy', () => {
  test('that has everything in its own ids is equal', () => {
    expect(comparePair(pair(), around())).toMatchObject({ differences: [], reports: [] });
  });

  const ALTERED: Readonly<Record<string, readonly [Partial<PaperlessDocument>, string]>> = {
    title: [{ title: 'Other' }, 'title'],
    content: [{ content: 'other words' }, 'content'],
    date: [{ created: '2024-01-03' }, 'created'],
    'archive serial number': [{ asn: null }, 'asn'],
    correspondent: [{ correspondent: null }, 'correspondent'],
    'document type': [{ documentType: 14 }, 'document_type'],
    'storage path': [{ storagePath: null }, 'storage_path'],
    tag: [{ tags: [] }, 'tags'],
    owner: [{ owner: 16 }, 'owner'],
    permission: [
      { permissions: { view: { users: [15], groups: [] }, change: { users: [], groups: [] } } },
      'permissions',
    ],
    'custom field': [{ customFields: [{ field: 50, value: [201] }] }, 'custom_fields'],
    'document link': [
      {
        customFields: [
          { field: 51, value: 'x' },
          { field: 50, value: [] },
        ],
      },
      'document_links',
    ],
    note: [{ notes: [] }, 'notes'],
    version: [{ versions: [version(200, HASHES[0])] }, 'file'],
    'version label': [{ versions: [version(200, HASHES[0]), version(401, HASHES[1])] }, 'versions'],
  };
  for (const [what, [change, field]] of Object.entries(ALTERED))
    test(`with another ${what} differs in ${field} and in nothing else`, () => {
      expect(fieldsOf(pair(change))).toEqual([field]);
    });

  test('may have notes of its own, another page count and archive: said, but no difference', () => {
    const compared = comparePair(
      pair({ notes: [...copy.notes, note(71, 'own')], pageCount: 3, hasArchive: false, mimeType: 'text/plain' }),
      around(),
    );
    expect(compared.differences).toEqual([]);
    expect(compared.reports.map(({ field, kind }) => `${field} ${kind}`)).toEqual([
      'notes not_replicable',
      'archive derived',
      'page_count derived',
      'mime_type derived',
    ]);
  });

  test('of a 2.20 instance is compared by the file that was sent', () => {
    const old = pair({ versions: [] }, { file: { md5: null, sha256: HASHES[1] } });
    expect(fieldsOf(old)).toEqual([]);
    expect(fieldsOf({ ...old, file: { md5: null, sha256: HASHES[0] } })).toEqual(['file']);
  });
});

describe('document links', () => {
  const unlinked = {
    customFields: [
      { field: 51, value: 'x' },
      { field: 50, value: [] },
    ],
  };

  test('to a document that has no copy yet wait, and differ only once it has one', () => {
    const waiting = around({ copyOf: new Map() });
    expect(comparePair(pair(unlinked), waiting)).toMatchObject({ differences: [], reports: [{ kind: 'waiting' }] });
    expect(fieldsOf(pair(unlinked))).toEqual(['document_links']);
  });

  test('to a document that lives on neither side are dead, not missing', () => {
    const dead = around({ copyOf: new Map(), liveOnMaster: new Set([100]), liveOnReplica: new Set([200]) });
    expect(comparePair(pair(), dead)).toMatchObject({ differences: [], reports: [{ kind: 'not_replicable' }] });
  });

  test('that the replica mirrored from a one-way link are no difference', () => {
    const mirrored = pair({
      customFields: [
        { field: 51, value: 'x' },
        { field: 50, value: [201, 202] },
      ],
    });
    const live = new Set([200, 201, 202]);
    expect(fieldsOf(mirrored, around({ liveOnReplica: live }))).toEqual(['document_links']);
    expect(fieldsOf(mirrored, around({ liveOnReplica: live, oneWay: new Set(['50:202:100']) }))).toEqual([]);
    expect(fieldsOf(mirrored, around({ liveOnReplica: live, oneWay: new Set(['50:202:101']) }))).toEqual([
      'document_links',
    ]);
  });
});

test('document text and long values are shown as their length', () => {
  expect(shown('content', 'secret')).toEqual({ characters: 6 });
  expect(shown('custom_fields', [{ field: 1, value: 'x'.repeat(300) }])).toEqual([
    { field: 1, value: { characters: 300 } },
  ]);
  expect(shown('title', 'Invoice')).toBe('Invoice');
});

test("the master's hash follows every replicated field and nothing else", () => {
  const base = masterHash(master);
  expect(masterHash({ ...master, modified: '2030-01-01T00:00:00Z', pageCount: 7, hasArchive: true })).toBe(base);
  expect(masterHash({ ...master, notes: [{ ...note(1, 'paid'), created: '2024-05-06T05:08:09.123999Z' }] })).toBe(base);
  for (const change of [
    { title: 'o' },
    { tags: [] },
    { notes: [] },
    { versions: [] },
    { owner: null },
    { content: '' },
  ])
    expect(masterHash({ ...master, ...change })).not.toBe(base);
});
