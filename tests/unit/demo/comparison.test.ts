import { describe, expect, it } from 'vitest';
import { judgeDocuments } from '../../../services/demo/comparison/findings.ts';
import { findMarkers } from '../../../services/demo/comparison/markers.ts';
import { compareNotes } from '../../../services/demo/comparison/notes.ts';
import { type Hashed, pairDocuments } from '../../../services/demo/comparison/pair.ts';
import type { Snapshot } from '../../../services/demo/comparison/read.ts';
import { compareTaxonomy } from '../../../services/demo/comparison/taxonomy.ts';
import { trimAsPython } from '../../../services/demo/comparison/text.ts';
import type { Blocked } from '../../../services/demo/compare.ts';
import type { DocumentWire } from '../../../services/demo/wire.ts';
import { aDocument, aNote, aSnapshot, aTag, type World } from './snapshots.ts';

/** Bytes are told by a letter; documents without one have bytes of their own. */
function judge(master: World, replica: World, bytes: Record<string, string> = {}, blocked: readonly Blocked[] = []) {
  const sides = { master: aSnapshot(master), replica: aSnapshot(replica) };
  const hashed = (side: keyof typeof sides): Hashed[] =>
    (sides[side] as Snapshot).documents.map((document) => ({
      document,
      hash: bytes[`${side}${document.id}`] ?? 'same',
    }));
  return judgeDocuments(sides, pairDocuments(hashed('master'), hashed('replica')), blocked);
}

/** One document on either side, told apart by what is given. */
const pairOf = (left: Partial<DocumentWire>, right: Partial<DocumentWire>, master: World = {}, replica: World = {}) =>
  judge({ ...master, documents: [aDocument(1, left)] }, { ...replica, documents: [aDocument(71, right)] });

describe('comparing one document', () => {
  it('finds equal documents identical although all ids differ', () => {
    const master = {
      tags: [aTag(5, 'House')],
      users: [
        [2, 'admin'],
        [3, 'office'],
      ],
    } as const;
    const replica = {
      tags: [aTag(95, 'House')],
      users: [
        [7, 'office'],
        [2, 'admin'],
      ],
    } as const;
    const found = pairOf({ tags: [5], owner: 3 }, { tags: [95], owner: 7 }, master, replica);
    expect(found).toMatchObject({ identical: 1, differing: {}, missing: [], extra: [] });
  });

  it.each([
    ['title', { title: 'Other' }],
    ['content', { content: 'Other' }],
    ['created', { created: '2020-01-03' }],
    ['asn', { archive_serial_number: 7 }],
    ['owner', { owner: 2 }],
    ['permissions', { permissions: { view: { users: [2], groups: [] }, change: { users: [], groups: [] } } }],
    ['original_file_name', { original_file_name: 'other.txt' }],
    ['custom_fields', { custom_fields: [{ field: 1, value: 'x' }] }],
  ] as const)('finds a different %s', (field, damage) => {
    const found = pairOf({}, damage as Partial<DocumentWire>);
    expect(Object.keys(found.differing)).toEqual([field]);
    expect(found.identical).toBe(0);
  });

  it('trims texts as Python does, and nothing else', () => {
    expect(trimAsPython('\u00a0\u2003 a b \u2028\x1f')).toBe('a b');
    expect(trimAsPython('\ufeffa\u200b')).toBe('\ufeffa\u200b');
    expect(pairOf({ title: ' Bill\u00a0', content: '\nText' }, {}).identical).toBe(1);
  });

  it('takes a composed and a decomposed file name for the same', () => {
    expect(pairOf({ original_file_name: 'Mu\u0308ll' }, { original_file_name: 'M\u00fcll' }).identical).toBe(1);
  });

  it('gives what an unknown user owns to the token user, and leaves unknown names out of permissions', () => {
    const permissions = { view: { users: [9], groups: [4] }, change: { users: [9], groups: [] } };
    const master = {
      users: [
        [2, 'admin'],
        [9, 'stranger'],
      ],
      groups: [[4, 'strangers']],
    } as const;
    expect(pairOf({ owner: 9, permissions }, { owner: 2 }, master).identical).toBe(1);
    expect(Object.keys(pairOf({ owner: 9, permissions }, { owner: null }, master).differing)).toEqual(['owner']);
  });

  it('compares tags as sets closed under their parents, and lists a tag without its parent as not replicable', () => {
    const tags = [aTag(5, 'House'), aTag(6, 'Garden', { parent: 5 })];
    const found = pairOf({ tags: [6] }, { tags: [6, 5] }, { tags }, { tags });
    expect(found.identical).toBe(1);
    expect(found.notReplicable).toEqual(['document 1: a tag without its parents']);
    expect(Object.keys(pairOf({ tags: [6, 5] }, { tags: [5] }, { tags }, { tags }).differing)).toEqual(['tags']);
  });

  it('compares a select by its label', () => {
    const field = (id: number, option: string) => ({
      id,
      name: 'State',
      data_type: 'select',
      extra_data: { select_options: [{ id: option, label: 'Open' }] },
    });
    const left = { custom_fields: [{ field: 1, value: 'abc' }] };
    const right = { custom_fields: [{ field: 8, value: 'xyz' }] };
    expect(pairOf(left, right, { fields: [field(1, 'abc')] }, { fields: [field(8, 'xyz')] }).identical).toBe(1);
    const none = { custom_fields: [{ field: 8, value: null }] };
    expect(pairOf(left, none, { fields: [field(1, 'abc')] }, { fields: [field(8, 'xyz')] }).identical).toBe(0);
  });
});

describe('comparing links', () => {
  const fields = [{ id: 1, name: 'Belongs to', data_type: 'documentlink' }];
  const linked = (id: number, value: number[], title: string) =>
    aDocument(id, { title, custom_fields: [{ field: 1, value }] });

  it('follows them to the paired document, in any order', () => {
    const master = {
      fields,
      documents: [linked(1, [2, 3], 'a'), aDocument(2, { title: 'b' }), aDocument(3, { title: 'c' })],
    };
    const right = [linked(11, [13, 12], 'a'), aDocument(12, { title: 'b' }), aDocument(13, { title: 'c' })];
    expect(judge(master, { fields, documents: right }).identical).toBe(3);
    const wrong = [linked(11, [13], 'a'), ...right.slice(1)];
    expect(Object.keys(judge(master, { fields, documents: wrong }).differing)).toEqual(['custom_fields']);
  });

  it('counts a link to a document that lives no more as not replicable', () => {
    const found = judge({ fields, documents: [linked(1, [99], 'a')] }, { fields, documents: [linked(11, [], 'a')] });
    expect(found.identical).toBe(1);
    expect(found.notReplicable).toEqual(['document 1, Belongs to: 99 lives no more']);
  });
});

describe('comparing notes', () => {
  const note = aNote(4, 'Paid\n');
  const copy = (text: string, id = 1) => aNote(id, text, { user: { username: 'admin' } });

  it('finds the copy by its first line, with the time in UTC and cut, not rounded', () => {
    const found = compareNotes([note], [copy('pngx n4@2026-08-01T08:20:00.123Z office\nPaid\n')]);
    expect(found).toEqual({ problems: [], replicaOnly: 0 });
  });

  it.each([
    ['another text', 'pngx n4@2026-08-01T08:20:00.123Z office\nPaid'],
    ['another time', 'pngx n4@2026-08-01T08:20:00.124Z office\nPaid\n'],
    ['another author', 'pngx n4@2026-08-01T08:20:00.123Z admin\nPaid\n'],
    ['no first line', 'Paid\n'],
  ])('misses a note that is there with %s', (_, text) => {
    const replica = [aNote(1, text, { created: '2026-09-01T00:00:00Z' })];
    expect(compareNotes([note], replica).problems).toContain('note 4 is missing');
  });

  it('finds a note that is there twice, and counts those of the replica apart', () => {
    const text = 'pngx n4@2026-08-01T08:20:00.123Z office\nPaid\n';
    const found = compareNotes([note], [copy(text), copy(text, 2), copy('Our own', 3)]);
    expect(found).toEqual({ problems: ['note 4 is there 2 times'], replicaOnly: 1 });
  });

  it('takes a note without an author, and one of equal text and cut time on an imported replica', () => {
    const anonymous = { ...note, user: null };
    expect(compareNotes([anonymous], [copy('pngx n4@2026-08-01T08:20:00.123Z -\nPaid\n')]).problems).toEqual([]);
    expect(compareNotes([note], [{ ...note, id: 9, created: '2026-08-01T08:20:00.123Z' }]).problems).toEqual([]);
  });
});

describe('pairing', () => {
  it('finds missing, extra and doubled documents', () => {
    const found = judge(
      { documents: [aDocument(1, { title: 'a' }), aDocument(2, { title: 'b' })] },
      { documents: [aDocument(11, { title: 'a' }), aDocument(12, { title: 'z' }), aDocument(13, { title: 'a (2)' })] },
      { master1: 'A', master2: 'B', replica11: 'A', replica12: 'Z', replica13: 'A' },
    );
    expect(found.missing).toEqual([{ id: 2, title: 'b' }]);
    expect(found.extra).toEqual([{ id: 12, title: 'z' }]);
    expect(found.doubled).toEqual([{ id: 13, title: 'a (2)' }]);
  });

  it('tells twins apart by number, then by title, whatever their ids', () => {
    const found = judge(
      {
        documents: [
          aDocument(1, { archive_serial_number: 5 }),
          aDocument(2, { title: 'b' }),
          aDocument(3, { title: 'c' }),
        ],
      },
      {
        documents: [
          aDocument(11, { title: 'c' }),
          aDocument(12, { title: 'b' }),
          aDocument(13, { archive_serial_number: 5 }),
        ],
      },
    );
    expect(found).toMatchObject({ identical: 3, twins: 3 });
  });

  it('finds a file with other bytes as such, not as one missing and one extra', () => {
    const found = judge(
      { documents: [aDocument(1)] },
      { documents: [aDocument(11)] },
      { master1: 'A', replica11: 'B' },
    );
    expect(found).toMatchObject({ missing: [], extra: [], differing: { file: { count: 1 } } });
  });

  it('believes that a twin is blocked only when it is listed, and only of a 2.x replica that holds its bytes', () => {
    const documents = [aDocument(1, { title: 'a' }), aDocument(2, { title: 'b' })];
    const one = [aDocument(11, { title: 'a' })];
    const claim = [{ masterId: 2, reason: 'twin of #1' }];
    const v2 = { version: '2.20.15', documents: one };
    expect(judge({ documents }, v2, {}, claim).blocked).toMatchObject([{ masterId: 2, byNature: true }]);
    expect(judge({ documents }, v2).missing).toEqual([{ id: 2, title: 'b' }]);
    expect(judge({ documents }, { documents: one }, {}, claim).blocked).toMatchObject([{ byNature: false }]);
    expect(judge({ documents }, v2, { master2: 'B' }, claim).blocked).toMatchObject([{ byNature: false }]);
  });
});

describe('comparing the taxonomy', () => {
  const compare = (master: World, replica: World) =>
    compareTaxonomy({ master: aSnapshot(master), replica: aSnapshot(replica) });

  it('takes rules that are off on the replica for held back, and other rules for a difference', () => {
    const master = { tags: [aTag(1, 'Inbox', { is_inbox_tag: true, match: 'x', matching_algorithm: 2 })] };
    expect(compare(master, { tags: [aTag(9, 'Inbox')] })).toMatchObject({ differences: [], heldBack: 1 });
    expect(compare(master, { tags: [aTag(9, 'Inbox', { matching_algorithm: 1 })] }).differences).toHaveLength(1);
  });

  it.each([
    ['a missing tag', []],
    ['another colour', [aTag(8, 'House'), aTag(9, 'Garden', { parent: 8, color: '#000000' })]],
    ['another parent', [aTag(8, 'House'), aTag(9, 'Garden')]],
    ['another owner', [aTag(8, 'House'), aTag(9, 'Garden', { parent: 8, owner: 2 })]],
  ])('finds %s', (_, tags) => {
    const master = { tags: [aTag(1, 'House'), aTag(2, 'Garden', { parent: 1 })] };
    expect(compare(master, { tags }).differences.length).toBeGreaterThan(0);
  });

  it('finds other options, or the same ones in another order, of a select', () => {
    const field = (...labels: string[]) => ({
      fields: [
        {
          id: 1,
          name: 'State',
          data_type: 'select',
          extra_data: { select_options: labels.map((label) => ({ label })) },
        },
      ],
    });
    expect(compare(field('a', 'b'), field('a', 'b')).differences).toEqual([]);
    expect(compare(field('a', 'b'), field('b', 'a')).differences).toHaveLength(1);
  });

  it('lists what only the replica has without calling it a difference', () => {
    expect(compare({}, { tags: [aTag(9, 'Ours')] })).toMatchObject({ differences: [], replicaOnly: ['tags: Ours'] });
  });
});

describe('looking for what was left behind', () => {
  it('finds titles, reserved numbers, labels and tags of unfinished work', () => {
    const documents = [
      aDocument(1, { title: 'pngx.abc.m1.a1' }),
      aDocument(2, { archive_serial_number: 2_000_000_001 }),
      aDocument(3, { versions: [{ id: 1, version_label: 'pngx.abc.v1.1', checksum: '', is_root: true }] }),
      aDocument(4, { title: 'pngx is not a marker', archive_serial_number: 1_999_999_999 }),
    ];
    const replica = aSnapshot({ documents, tags: [aTag(1, 'pngx-probe')] });
    expect(findMarkers(replica, aSnapshot({ documents: [] }))).toHaveLength(4);
    expect(findMarkers(replica, replica)).toEqual([]);
  });
});
