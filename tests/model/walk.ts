import { brokenIn, copyOf, endOf, movesOf, newWorld, type Rules, type World } from './small-world.ts';

export interface Walk {
  readonly states: number;
  /** The shortest story of what must never be, if there is one. */
  readonly story: readonly string[] | null;
}

const FAR = 5 * 3_600_000;

/** Two worlds are the same if all their ages are: what is older than every limit is just old. */
function keyOf(world: World): string {
  return JSON.stringify(world, (name, value: unknown) => {
    if (name === 'now') return 0;
    const isTime = typeof value === 'number' && (name.endsWith('At') || name === 'since');
    return isTime ? Math.min(world.now - value, FAR) : value;
  });
}

/** Breadth first, so that the first failure is a shortest one. Every world is also asked how it would end. */
export function walk(generation: 'v2' | 'v3', rules: Rules, limits: { depth: number; faults: number }): Walk {
  const seen = new Set<string>();
  let ring: { world: World; story: readonly string[] }[] = [{ world: newWorld(generation, limits.faults), story: [] }];
  for (let depth = 0; depth < limits.depth; depth += 1) {
    const next: typeof ring = [];
    for (const { world, story } of ring)
      for (const move of movesOf(world, rules)) {
        const after = copyOf(world);
        move.act(after);
        const key = keyOf(after);
        if (seen.has(key)) continue;
        seen.add(key);
        const told = [...story, move.name];
        const broken = brokenIn(after) ?? endOf(after, rules);
        if (broken !== null) return { states: seen.size, story: [...told, broken] };
        next.push({ world: after, story: told });
      }
    ring = next;
  }
  return { states: seen.size, story: null };
}
