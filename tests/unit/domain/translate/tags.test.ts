import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeOverAncestors } from '../../../../shared/domain/translate/tags.ts';

/** Parents always have lower ids, so there is no ring. */
const tree = fc
  .array(fc.option(fc.nat(), { nil: null }), { minLength: 1, maxLength: 20 })
  .map((picks) => new Map(picks.map((pick, id) => [id, pick === null || id === 0 ? null : pick % id])));

describe('closeOverAncestors', () => {
  const parents = new Map([
    [1, null],
    [2, 1],
    [3, 2],
    [4, null],
  ]);

  test('adds every ancestor, once, in the order of the ids', () => {
    expect(closeOverAncestors([3], parents)).toEqual([1, 2, 3]);
    expect(closeOverAncestors([4, 3, 2], parents)).toEqual([1, 2, 3, 4]);
  });

  test('keeps a tag that the tree does not know', () => {
    expect(closeOverAncestors([99], parents)).toEqual([99]);
  });

  test('ends in a tree that was read while it changed and holds a ring', () => {
    const ring = new Map([
      [1, 2],
      [2, 1],
    ]);
    expect(closeOverAncestors([1], ring)).toEqual([1, 2]);
  });

  test('is closed, holds what was asked for and nothing beside ancestors of it', () => {
    fc.assert(
      fc.property(tree, fc.array(fc.nat({ max: 19 })), (parentOf, tags) => {
        const closed = closeOverAncestors(tags, parentOf);
        for (const tag of tags) expect(closed).toContain(tag);
        for (const tag of closed) {
          const parent = parentOf.get(tag);
          if (parent !== null && parent !== undefined) expect(closed).toContain(parent);
          expect(tags.includes(tag) || closed.some((child) => parentOf.get(child) === tag)).toBe(true);
        }
        expect(closeOverAncestors(closed, parentOf)).toEqual(closed);
      }),
    );
  });
});
