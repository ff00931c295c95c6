/** diff.ts and plan.ts together: what is sent makes the replica equal, and nothing else is sent. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalActual, canonicalDesired, diffFields, fieldHashes } from '../../../shared/domain/diff.ts';
import { WRITABLE_FIELDS, type WritableField } from '../../../shared/domain/field-policy.ts';
import {
  FIELD_TYPES,
  type CustomFieldValue,
  type PaperlessDocument,
  type Permissions,
} from '../../../shared/domain/model.ts';
import { customFieldItems, fieldOfBodyKey, patchBody } from '../../../shared/domain/plan.ts';
import { pythonTrim } from '../../../shared/domain/python-text.ts';
import { translateDocument, type DesiredDocument } from '../../../shared/domain/translate/index.ts';
import { idsOf } from '../../../shared/domain/translate/custom-fields.ts';
import { normalisePermissions } from '../../../shared/domain/translate/permissions.ts';
import type { TranslationTables } from '../../../shared/domain/translate/tables.ts';
import { closeOverAncestors } from '../../../shared/domain/translate/tags.ts';
import { document, tables } from './translate/support.ts';

const id = fc.integer({ min: 1, max: 12 });
const optionalId = fc.option(id, { nil: null });
const ids = fc.uniqueArray(id, { maxLength: 5 });
const side = fc.record({ users: ids, groups: ids });
const text = fc.string({ unit: fc.constantFrom('a', 'B', ' ', '\n', '\u0085', '{', '"', '\u{1f4c4}'), maxLength: 8 });
const value = fc.oneof(fc.constant(null), text, fc.integer(), fc.boolean(), ids);

const anyDocument: fc.Arbitrary<PaperlessDocument> = fc
  .record({
    title: text,
    content: text,
    created: fc.constantFrom('1955-02-03', '2024-01-01'),
    asn: optionalId,
    correspondent: optionalId,
    documentType: optionalId,
    storagePath: optionalId,
    tags: ids,
    owner: optionalId,
    permissions: fc.option(fc.record({ view: side, change: side }), { nil: null }),
    customFields: fc.uniqueArray(fc.record({ field: id, value }), { selector: ({ field }) => field, maxLength: 6 }),
  })
  .map((fields) => document(fields));

/** Maps to other ids, one to one; some master ids have no counterpart. */
const idMap = fc
  .uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 6, maxLength: 12 })
  .map((to) => new Map(to.map((n, at) => [at + 1, n])));
const parents = fc
  .array(optionalId, { minLength: 12, maxLength: 12 })
  .map((all) => new Map(all.map((parent, at) => [at + 1, parent])));
const anyTables: fc.Arbitrary<TranslationTables> = fc
  .record({
    tag: idMap,
    one: idMap,
    users: idMap,
    groups: idMap,
    fields: idMap,
    tagParents: parents,
    types: fc.array(fc.constantFrom(...FIELD_TYPES), { minLength: 12, maxLength: 12 }),
  })
  .map(({ tag, one, users, groups, fields, tagParents, types }) =>
    tables({
      taxonomy: { tag, correspondent: one, document_type: one, storage_path: one },
      users,
      groups,
      tagParents,
      fields: new Map(
        [...fields].map(([from, replicaId]) => [
          from,
          { replicaId, name: `f${from}`, dataType: types[from - 1] ?? 'string', options: new Map() },
        ]),
      ),
    }),
  );

const BODY_KEYS: Record<WritableField, string> = {
  title: 'title',
  content: 'content',
  created: 'created',
  asn: 'archive_serial_number',
  correspondent: 'correspondent',
  document_type: 'document_type',
  storage_path: 'storage_path',
  tags: 'tags',
  custom_fields: 'custom_fields',
  owner: 'owner',
  permissions: 'set_permissions',
};

/** What paperless makes of a PATCH (paperless-api.md section 7): trims, closes tags, replaces the set of custom fields. */
function patched(
  copy: PaperlessDocument,
  body: Record<string, unknown>,
  tagParents: TranslationTables['tagParents'],
): PaperlessDocument {
  const given = <T>(key: string, current: T): T => (key in body ? (body[key] as T) : current);
  return {
    ...copy,
    title: pythonTrim(given('title', copy.title)),
    content: pythonTrim(given('content', copy.content)),
    created: given('created', copy.created),
    asn: given('archive_serial_number', copy.asn),
    correspondent: given('correspondent', copy.correspondent),
    documentType: given('document_type', copy.documentType),
    storagePath: given('storage_path', copy.storagePath),
    tags: closeOverAncestors(given<readonly number[]>('tags', copy.tags), tagParents).reverse(),
    owner: given('owner', copy.owner),
    permissions: normalisePermissions(given<Permissions | null>('set_permissions', copy.permissions)),
    customFields: [...given<readonly CustomFieldValue[]>('custom_fields', copy.customFields)].reverse(),
  };
}

interface Look {
  readonly desired: DesiredDocument;
  readonly wanted: Record<WritableField, unknown>;
  readonly linkFields: ReadonlySet<number>;
  actual(copy: PaperlessDocument): Record<WritableField, unknown>;
}
function look(master: PaperlessDocument, table: TranslationTables): Look {
  const desired = translateDocument(master, table);
  const linkFields = new Set(desired.links.map(({ replicaField }) => replicaField));
  return {
    desired,
    wanted: canonicalDesired(desired),
    linkFields,
    actual: (copy) => canonicalActual(copy, linkFields, table.tagParents),
  };
}
function bodyFor(
  { desired, wanted, linkFields, actual }: Look,
  copy: PaperlessDocument,
  refused: readonly WritableField[] = [],
) {
  const links = copy.customFields.filter(({ field }) => linkFields.has(field));
  const currentLinks = new Map(links.map((link) => [link.field, idsOf(link.value)]));
  const differs = diffFields(wanted, actual(copy));
  return {
    differs,
    body: patchBody({ desired, differs, currentLinks, refused: new Set(refused), refusedCustomFields: new Set() }),
  };
}

describe('one PATCH of what differs', () => {
  test('makes any replica document equal to any master document', () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, anyTables, (master, copy, table) => {
        const one = look(master, table);
        const after = patched(copy, bodyFor(one, copy).body, table.tagParents);
        expect(diffFields(one.wanted, one.actual(after))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('carries exactly the fields that differ', () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, anyTables, (master, copy, table) => {
        const { differs, body } = bodyFor(look(master, table), copy);
        expect(Object.keys(body).sort()).toEqual(differs.map(({ field }) => BODY_KEYS[field]).sort());
      }),
    );
  });

  test('is empty for a document that is equal already', () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, anyTables, (master, copy, table) => {
        const one = look(master, table);
        const after = patched(copy, bodyFor(one, copy).body, table.tagParents);
        expect(bodyFor(one, after).body).toEqual({});
      }),
    );
  });

  test('gives the same end whether it is sent once or twice', () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, anyTables, (master, copy, table) => {
        const { body } = bodyFor(look(master, table), copy);
        const once = patched(copy, body, table.tagParents);
        expect(look(master, table).actual(patched(once, body, table.tagParents))).toEqual(
          look(master, table).actual(once),
        );
      }),
    );
  });

  test('leaves out what the replica refused', () => {
    const one = look(document({ asn: 5, title: 'New' }), tables());
    const { body } = bodyFor(one, document({ title: 'Old' }), ['asn']);
    expect(body).toEqual({ title: 'New' });
  });

  test('keeps the links that are on the replica, which have a phase of their own', () => {
    const master = document({
      customFields: [
        { field: 1, value: 'EUR1.00' },
        { field: 3, value: [4] },
      ],
    });
    const copy = document({ customFields: [{ field: 103, value: [55, 56] }] });
    expect(bodyFor(look(master, tables()), copy).body).toEqual({
      custom_fields: [
        { field: 101, value: 'EUR1.00' },
        { field: 103, value: [55, 56] },
      ],
    });
  });
});

describe('diffFields', () => {
  test('does not mind the order of tags, permissions and custom fields, nor white space at the ends', () => {
    const master = document({
      title: ' Invoice',
      tags: [2, 1],
      customFields: [
        { field: 2, value: 'a' },
        { field: 1, value: 'EUR1.00' },
      ],
    });
    const copy = document({
      title: 'Invoice',
      tags: [102, 101],
      customFields: [
        { field: 101, value: 'EUR1.00' },
        { field: 102, value: 'x' },
      ],
    });
    const one = look(master, tables());
    expect(diffFields(one.wanted, one.actual(copy))).toEqual([]);
  });

  test('sees a link field that is missing altogether, but not what it names', () => {
    const one = look(document({ customFields: [{ field: 3, value: [4] }] }), tables());
    expect(diffFields(one.wanted, one.actual(document()))).toEqual([{ field: 'custom_fields' }]);
    expect(diffFields(one.wanted, one.actual(document({ customFields: [{ field: 103, value: [] }] })))).toEqual([]);
  });

  test('sees a custom field that only the replica has', () => {
    const one = look(document(), tables());
    expect(diffFields(one.wanted, one.actual(document({ customFields: [{ field: 101, value: null }] })))).toEqual([
      { field: 'custom_fields' },
    ]);
  });
});

test('a refused custom field is sent empty, so that the rest of the set can be applied', () => {
  const { desired } = look(
    document({
      customFields: [
        { field: 1, value: 'oops' },
        { field: 2, value: 'a' },
      ],
    }),
    tables(),
  );
  expect(customFieldItems(desired, new Map(), new Set([101]))).toEqual([
    { field: 101, value: null },
    { field: 102, value: 'x' },
  ]);
});

test('fieldOfBodyKey names the field a refusal is about, for every field a PATCH can carry', () => {
  for (const field of WRITABLE_FIELDS) expect(fieldOfBodyKey(BODY_KEYS[field], { [BODY_KEYS[field]]: 1 })).toBe(field);
  expect(fieldOfBodyKey('custom_fields[2].value', { custom_fields: [] })).toBe('custom_fields');
  expect(fieldOfBodyKey('title', { tags: [] })).toBeNull();
  expect(fieldOfBodyKey('non_field_errors', { title: 'x' })).toBeNull();
});

test('fieldHashes keeps nothing of a text but its hash', () => {
  const hashes = fieldHashes({ content: 'a private letter', asn: 5 });
  expect(Object.keys(hashes)).toEqual(['content', 'asn']);
  expect(JSON.stringify(hashes)).not.toContain('letter');
});
