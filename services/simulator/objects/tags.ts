/**
 * What only tags have: a colour for their letters, a parent, children.
 */

import type { Context } from '../context.ts';
import { invalid } from '../rest/input.ts';
import { asciiLower, compareText } from '../rest/lookups.ts';
import type { MatchingObject } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { bumpLater } from '../tasks/background.ts';
import { canSee } from '../users/permissions.ts';
import type { ObjectKind } from './kinds.ts';
import { objectJson, type ObjectView } from './matching-objects.ts';
import { ancestors, children, descendants, height, MAX_DEPTH, withAncestors } from './tag-tree.ts';

type Row = MatchingObject;

/** Dark colours get white letters. */
export function textColor(color: string): string {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 256);
  return Math.sqrt(0.299 * red ** 2 + 0.587 * green ** 2 + 0.114 * blue ** 2) < 0.53 ? '#ffffff' : '#000000';
}

/** Parent and children; the children are whole tags, each with its own. */
export function tagJson(context: Context, kind: ObjectKind, row: Row, view: ObjectView): Record<string, unknown> {
  const below = children(context.store, row.id).filter((child) => canSee(context.user, child));
  below.sort((a, b) => compareText(asciiLower(a.name), asciiLower(b.name)));
  return {
    parent: row.parent,
    children: below.map((child) => objectJson(context, kind, child, { ...view, created: false })),
  };
}

/** `all` names descendants, too, even where only roots are listed (paperless-api.md 10.4). */
export function allTagIds(store: Store, rows: readonly Row[]): number[] {
  const ids = new Set(rows.flatMap((row) => [row.id, ...descendants(store, row.id)]));
  const tags = store.matching.tag.filter((tag) => ids.has(tag.id));
  return tags.sort((a, b) => compareText(asciiLower(a.name), asciiLower(b.name)) || a.id - b.id).map((tag) => tag.id);
}

export function checkParent(store: Store, row: Row | null, parent: number | null): void {
  if (parent === null) return;
  if (row?.id === parent) throw invalid('Cannot set itself as parent.');
  if (row && descendants(store, row.id).includes(parent)) throw invalid('Cannot set parent to a descendant.');
  const depth = ancestors(store, parent).length + 1 + (row ? height(store, row.id) : 1);
  if (depth > MAX_DEPTH) throw invalid('Maximum nesting depth exceeded.');
}

/** New ancestors reach the documents at once and move them later; former ones stay on them (paperless-api.md 10.4). */
export function tagMoved(context: Context, row: Row, parentBefore: number | null): void {
  if (row.parent === null || row.parent === parentBefore) return;
  const { store } = context;
  const moved = new Set([row.id, ...descendants(store, row.id)]);
  const documents = store.documents.filter((document) => document.tags.some((tag) => moved.has(tag)));
  for (const document of documents) {
    document.tags = withAncestors(store, document.tags);
    store.saveDocument(document);
  }
  bumpLater(context.instance, documents);
}

/** Its descendants go with it, and none of the documents that had them moves. */
export function removeTag({ store }: Context, row: Row): void {
  const gone = new Set([row.id, ...descendants(store, row.id)]);
  for (const id of gone) store.matching.tag.remove(id);
  for (const document of store.documents.filter((candidate) => candidate.tags.some((tag) => gone.has(tag)))) {
    document.tags = document.tags.filter((tag) => !gone.has(tag));
    store.saveDocument(document);
  }
}
