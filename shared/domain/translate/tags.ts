/**
 * paperless keeps tags closed under ancestors: a child sent without its parent removes both (H28, paperless-api.md
 * section 7). So the ancestors are always sent along, under the replica's tree as just read.
 */
export function closeOverAncestors(tags: Iterable<number>, parents: ReadonlyMap<number, number | null>): number[] {
  const closed = new Set<number>();
  for (const tag of tags) {
    let next: number | null | undefined = tag;
    while (next !== null && next !== undefined && !closed.has(next)) {
      closed.add(next);
      next = parents.get(next);
    }
  }
  return [...closed].sort((a, b) => a - b);
}
