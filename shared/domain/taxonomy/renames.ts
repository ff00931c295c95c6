/**
 * An order in which renames are accepted: names are unique, so whoever holds a wanted name and gives it up goes first.
 * Where they wait for each other in a circle, one takes a name in between; a run that dies there finds its pair by its ids
 * and goes on.
 */
export interface Rename {
  readonly id: number;
  readonly from: string;
  readonly to: string;
}
export interface OrderedRename extends Rename {
  readonly aside: boolean;
}

const between = (id: number) => `pngx.renaming.${id}`;

export function orderRenames(renames: readonly Rename[]): OrderedRename[] {
  const waiting = new Map(renames.map((rename) => [rename.id, rename]));
  const ordered: OrderedRename[] = [];
  while (waiting.size > 0) {
    const all = [...waiting.values()];
    const held = new Map(all.map(({ from, id }) => [from, id]));
    const ready = all.find(({ to, id }) => (held.get(to) ?? id) === id);
    if (ready) {
      ordered.push({ ...ready, aside: false });
      waiting.delete(ready.id);
      continue;
    }
    const first = all.find(({ id, from }) => from !== between(id));
    if (!first) break;
    ordered.push({ ...first, to: between(first.id), aside: true });
    waiting.set(first.id, { ...first, from: between(first.id) });
  }
  return ordered;
}
