/**
 * Tags form a tree, and a document with a tag has all tags above it. The rules for replacing tags follow from that and are
 * the most surprising ones of the API (paperless-api.md 10.4).
 */

import type { MatchingObject } from '../state/model.ts';
import type { Store } from '../state/store.ts';

export const MAX_DEPTH = 5;

/** Ids from the parent up to the root. */
export function ancestors(store: Store, id: number): number[] {
  const found: number[] = [];
  let parent = store.matching.tag.get(id)?.parent ?? null;
  while (parent !== null && !found.includes(parent)) {
    found.push(parent);
    parent = store.matching.tag.get(parent)?.parent ?? null;
  }
  return found;
}

export const children = (store: Store, id: number): MatchingObject[] =>
  store.matching.tag.filter((tag) => tag.parent === id);

export function descendants(store: Store, id: number): number[] {
  return children(store, id).flatMap((child) => [child.id, ...descendants(store, child.id)]);
}

/** Levels of the tree below and including a tag. */
export function height(store: Store, id: number): number {
  return 1 + Math.max(0, ...children(store, id).map((child) => height(store, child.id)));
}

export const withAncestors = (store: Store, tags: Iterable<number>): number[] => [
  ...new Set([...tags].flatMap((id) => [id, ...ancestors(store, id)])),
];

/**
 * The tags a document has after a PATCH: what is asked for with all ancestors, without what is being removed and all that
 * lies below it; so a child cannot stay when its parent is left out (paperless-api.md 7).
 */
export function replaceTags(store: Store, before: readonly number[], asked: readonly number[]): number[] {
  const removed = before.filter((id) => !asked.includes(id));
  const gone = new Set(removed.flatMap((id) => [id, ...descendants(store, id)]));
  return withAncestors(store, asked).filter((id) => !gone.has(id));
}
