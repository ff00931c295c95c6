/**
 * The four kinds of objects that share one set of endpoints. What a kind adds is data here, so that the handlers of
 * matching-objects.ts hold no case distinctions.
 */

import type { Context } from '../context.ts';
import { booleanField, choiceField, type Field, invalid, nullable, textField, idField } from '../rest/input.ts';
import { isRegularExpression } from '../consumption/matching.ts';
import type { MatchingKind, MatchingObject } from '../state/model.ts';
import { compareText } from '../rest/lookups.ts';
import type { ObjectView } from './matching-objects.ts';
import { removeReference } from './remove.ts';
import { pathField, storagePathChanged, removeStoragePath } from './storage-paths.ts';
import { allTagIds, checkParent, removeTag, tagJson, textColor, tagMoved } from './tags.ts';

type Row = MatchingObject;
type Json = Record<string, unknown>;

/** What one of the four matched kinds adds to what they share. */
export interface ObjectKind {
  readonly kind: MatchingKind;
  readonly path: string;
  /** Name in permissions, in messages and in "No X matches". */
  readonly model: string;
  readonly words: string;
  readonly className: string;
  readonly required: readonly string[];
  readonly fields: (context: Context, row: Row | null) => ObjectFields;
  readonly ownFields: (row: Row) => Json;
  readonly inboxFlag: (row: Row) => Json;
  readonly extraFields: (context: Context, row: Row, view: ObjectView) => Json;
  readonly treeFields: (context: Context, row: Row, view: ObjectView) => Json;
  readonly listExtras: (context: Context, rows: readonly Row[]) => Json;
  readonly allIds: (context: Context, rows: readonly Row[]) => number[];
  readonly afterUpdate: (context: Context, row: Row, parentBefore: number | null) => void;
  readonly remove: (context: Context, row: Row) => void;
}

export interface ObjectFields extends Record<string, Field<unknown>> {
  name: Field<string>;
  match: Field<string>;
  matching_algorithm: Field<number>;
  is_insensitive: Field<boolean>;
  color: Field<string>;
  is_inbox_tag: Field<boolean>;
  parent: Field<number | null>;
  path: Field<string>;
}

const nothing = (): Json => ({});

const ignored =
  <Value>(value: Value): Field<Value> =>
  () =>
    value;

const algorithmField = choiceField([0, 1, 2, 3, 4, 5, 6]);

/** Fields of the other kinds are read as undefined, so that nothing of them is stored. */
function commonFields(): ObjectFields {
  let algorithm: number | null = null;
  return {
    name: textField({ max: 128, blank: false }),
    matching_algorithm: (input) => {
      algorithm = algorithmField(input);
      return algorithm;
    },
    match: (input) => {
      const match = textField({ max: 256 })(input);
      // Only looked at when the same request makes it a regular expression (paperless-api.md 10.1).
      if (algorithm === 4 && !isRegularExpression(match))
        throw invalid('Invalid regular expression, see log for details.');
      return match;
    },
    is_insensitive: booleanField,
    color: ignored(undefined as never),
    is_inbox_tag: ignored(undefined as never),
    parent: ignored(undefined as never),
    path: ignored(undefined as never),
  };
}

const simple = {
  required: ['name'],
  fields: commonFields,
  ownFields: nothing,
  inboxFlag: nothing,
  extraFields: nothing,
  treeFields: nothing,
  listExtras: nothing,
  allIds: (_context: Context, rows: readonly Row[]) => rows.map((row) => row.id),
  afterUpdate: () => undefined,
};

const colorField: Field<string> = (input) => {
  const color = textField()(input);
  if (!/^#[0-9a-fA-F]{6}$/.test(color)) throw invalid('Invalid color.');
  return color;
};

const tag: ObjectKind = {
  ...simple,
  kind: 'tag',
  path: 'tags/',
  model: 'tag',
  words: 'tag',
  className: 'Tag',
  fields: ({ store }, row) => ({
    ...commonFields(),
    color: colorField,
    is_inbox_tag: booleanField,
    parent: (input) => {
      const parent = nullable(idField((id) => store.matching.tag.has(id)))(input);
      checkParent(store, row, parent);
      return parent;
    },
  }),
  ownFields: (row) => ({ color: row.color, text_color: textColor(row.color) }),
  inboxFlag: (row) => ({ is_inbox_tag: row.isInboxTag }),
  treeFields: (context, row, view) => tagJson(context, tag, row, view),
  listExtras: (context, rows) => (context.isV3 ? { display_count: allTagIds(context.store, rows).length } : {}),
  allIds: ({ store }, rows) => allTagIds(store, rows),
  afterUpdate: tagMoved,
  remove: removeTag,
};

const correspondent: ObjectKind = {
  ...simple,
  kind: 'correspondent',
  path: 'correspondents/',
  model: 'correspondent',
  words: 'correspondent',
  className: 'Correspondent',
  extraFields: ({ store, query }, row, view) => {
    if (!view.retrieved && !(view.inList && query.isTrue('last_correspondence'))) return {};
    const days = [...store.index.referring(`correspondent:${row.id}`)].map((document) => document.created);
    return { last_correspondence: days.sort(compareText).at(-1) ?? null };
  },
  remove: (context, row) => removeReference(context.store, 'correspondent', row),
};

const documentType: ObjectKind = {
  ...simple,
  kind: 'document_type',
  path: 'document_types/',
  model: 'documenttype',
  words: 'document type',
  className: 'DocumentType',
  remove: (context, row) => removeReference(context.store, 'document_type', row),
};

const storagePath: ObjectKind = {
  ...simple,
  kind: 'storage_path',
  path: 'storage_paths/',
  model: 'storagepath',
  words: 'storage path',
  className: 'StoragePath',
  required: ['name', 'path'],
  fields: () => ({ ...commonFields(), path: pathField }),
  ownFields: (row) => ({ path: row.path }),
  afterUpdate: storagePathChanged,
  remove: removeStoragePath,
};

export const OBJECT_KINDS: readonly ObjectKind[] = [tag, correspondent, documentType, storagePath];
