import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/kernel/errors.ts';
import {
  checksumOfEtag,
  toCustomField,
  toDocument,
  toNotes,
  toTaxonomyObject,
} from '../../../shared/paperless/mapper.ts';
import * as wire from '../../../shared/paperless/wire.ts';

const SHA = '1'.repeat(64);
const DOCUMENT = {
  id: 12,
  correspondent: 3,
  document_type: null,
  storage_path: null,
  title: '',
  content: 'text',
  tags: [1, 4],
  created: '2024-01-15',
  created_date: '2024-01-15',
  modified: '2026-08-02T09:00:00.123456+02:00',
  added: '2026-08-01T10:11:12.000001+02:00',
  deleted_at: null,
  archive_serial_number: 77,
  original_file_name: 'scan.pdf',
  archived_file_name: '2024-01-15 ACME.pdf',
  duplicate_documents: [],
  owner: null,
  permissions: { view: { users: [5], groups: [] }, change: { users: [], groups: [1] } },
  notes: [{ id: 1, note: 'paid', created: '2026-08-01T10:20:00Z', user: null }],
  custom_fields: [
    { value: 'EUR11.10', field: 6 },
    { value: null, field: 8 },
  ],
  page_count: 3,
  mime_type: 'application/pdf',
  root_document: null,
  versions: [
    {
      id: 40,
      added: '2026-08-02T08:59:58.1Z',
      version_label: 'signed',
      checksum: SHA.toUpperCase().replace(/^1/, 'A'),
      is_root: false,
    },
    { id: 12, added: '2026-08-01T10:11:12Z', version_label: null, checksum: SHA, is_root: true },
  ],
};

describe('a document', () => {
  it('of v3 keeps raw times, versions oldest first, and who may see it', () => {
    const document = toDocument(wire.document.parse(DOCUMENT));
    expect(document).toMatchObject({
      id: 12,
      asn: 77,
      documentType: null,
      hasArchive: true,
      pageCount: 3,
      added: '2026-08-01T10:11:12.000001+02:00',
      customFields: [
        { field: 6, value: 'EUR11.10' },
        { field: 8, value: null },
      ],
      notes: [{ id: 1, text: 'paid', username: null }],
      permissions: { change: { groups: [1] } },
    });
    expect(document.versions.map((version) => [version.id, version.isRoot])).toEqual([
      [12, true],
      [40, false],
    ]);
    expect(document.versions[1]?.checksum).toBe(`a${SHA.slice(1)}`);
  });

  it('of v2 has no versions, and without full_perms no permissions', () => {
    const { versions, permissions, root_document, duplicate_documents, ...v2 } = DOCUMENT;
    expect([versions.length, permissions.view.users.length, root_document, duplicate_documents]).toEqual([
      2,
      1,
      null,
      [],
    ]);
    const document = toDocument(wire.document.parse({ ...v2, archived_file_name: null, user_can_change: true }));
    expect(document).toMatchObject({ versions: [], permissions: null, hasArchive: false });
  });

  for (const [name, change] of [
    ['a missing content', { content: undefined }],
    ['a time without a zone', { modified: '2026-08-02T09:00:00' }],
    ['tags that are objects', { tags: [{ id: 1 }] }],
    ['a checksum of no known family', { versions: [{ ...DOCUMENT.versions[0], checksum: 'abc' }] }],
  ] as const)
    it(`with ${name} is refused`, () =>
      expect(wire.document.safeParse({ ...DOCUMENT, ...change }).success).toBe(false));
});

describe('other objects', () => {
  it('a tag with children is one tag', () => {
    const tag = {
      id: 4,
      slug: 'a',
      name: 'A',
      color: '#a6cee3',
      match: '',
      matching_algorithm: 0,
      is_insensitive: true,
      is_inbox_tag: true,
      owner: null,
      parent: 1,
      children: [{ id: 5 }],
    };
    expect(toTaxonomyObject('tag', wire.taxonomyObject.parse(tag))).toEqual({
      id: 4,
      kind: 'tag',
      name: 'A',
      owner: null,
      match: '',
      matchingAlgorithm: 0,
      isInsensitive: true,
      permissions: null,
      color: '#a6cee3',
      isInboxTag: true,
      parent: 1,
      path: null,
    });
  });

  it('a select field keeps its option ids, a monetary field its currency', () => {
    const select = {
      id: 9,
      name: 'Status',
      data_type: 'select',
      extra_data: { select_options: [{ label: 'Open', id: 'abc' }] },
    };
    expect(toCustomField(wire.customField.parse(select))).toMatchObject({
      dataType: 'select',
      selectOptions: [{ id: 'abc', label: 'Open' }],
    });
    const money = { id: 6, name: 'Sum', data_type: 'monetary', extra_data: { default_currency: 'EUR' } };
    expect(toCustomField(wire.customField.parse(money)).defaultCurrency).toBe('EUR');
    expect(toCustomField(wire.customField.parse({ ...money, extra_data: null })).defaultCurrency).toBeNull();
  });

  for (const [name, field] of [
    ['an unknown type', { id: 1, name: 'X', data_type: 'colour', extra_data: null }],
    ['unreadable options', { id: 1, name: 'X', data_type: 'select', extra_data: { select_options: ['Open'] } }],
  ] as const)
    it(`a field with ${name} stops the list by name`, () => {
      expect(() => toCustomField(wire.customField.parse(field))).toThrow(AppError);
    });

  it('notes of deleted users have no author', () => {
    const notes = [
      {
        id: 2,
        note: '',
        created: '2026-01-01T00:00:00Z',
        user: { id: 1, username: 'ada', first_name: '', last_name: '' },
      },
    ];
    expect(toNotes(wire.notes.parse(notes))).toEqual([
      { id: 2, text: '', created: '2026-01-01T00:00:00Z', username: 'ada' },
    ]);
  });

  it('the checksum is read from every form of the ETag', () => {
    const md5 = 'a'.repeat(32);
    expect(checksumOfEtag(`"${md5}"`)).toEqual({ algorithm: 'md5', hex: md5 });
    expect(checksumOfEtag(`W/"${SHA}:2026-08-02T09:00:00.1+00:00"`)).toEqual({ algorithm: 'sha256', hex: SHA });
    expect([checksumOfEtag('"xyz"'), checksumOfEtag(undefined), checksumOfEtag(`"${md5}0"`)]).toEqual([
      null,
      null,
      null,
    ]);
  });
});
