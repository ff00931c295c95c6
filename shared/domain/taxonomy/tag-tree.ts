/**
 * The order in which tags are created and moved: from the top of the master's tree down, so that each finds its parent at
 * its final place. paperless allows five levels, counted over the whole subtree at every step (paperless-api.md 10.4): where
 * a move would pass them for a moment, those below that are going to leave anyway are taken out first.
 */
export const MAX_DEPTH = 5;

/** A tag of the master. `replicaId` null: to be created. */
export interface TreeNode {
  readonly masterId: number;
  readonly replicaId: number | null;
  /** In the master's ids; undefined: the parent has no counterpart, so the tag stays where it is. */
  readonly parent: number | null | undefined;
}
export interface TreeStep {
  readonly do: 'create' | 'move';
  readonly masterId: number;
  readonly parent: number | null;
  readonly aside: boolean;
}

export function orderTree(nodes: readonly TreeNode[], replicaParents: ReadonlyMap<number, number | null>): TreeStep[] {
  const tree = new Tree(nodes, replicaParents);
  const steps: TreeStep[] = [];
  const pending = new Map<number, TreeNode>();
  for (const node of nodes) if (tree.isMisplaced(node)) pending.set(node.masterId, node);
  for (const node of topDown(nodes)) {
    if (node.replicaId === null) {
      steps.push({ do: 'create', masterId: node.masterId, parent: node.parent ?? null, aside: false });
      tree.put(node, node.parent ?? null);
      continue;
    }
    if (!pending.delete(node.masterId) || node.parent === undefined) continue;
    if (!tree.fits(node, node.parent))
      for (const below of tree.below(node, [...pending.values()])) {
        steps.push({ do: 'move', masterId: below.masterId, parent: null, aside: true });
        tree.put(below, null);
        if (!tree.isMisplaced(below)) pending.delete(below.masterId);
      }
    if (!tree.isMisplaced(node)) continue;
    steps.push({ do: 'move', masterId: node.masterId, parent: node.parent, aside: false });
    tree.put(node, node.parent);
  }
  return steps;
}

/** Parents before children, else as given; a circle, which paperless cannot hold, ends the walk. */
export function topDown(nodes: readonly TreeNode[]): TreeNode[] {
  const byId = new Map(nodes.map((node) => [node.masterId, node]));
  const depth = (node: TreeNode): number => {
    let levels = 0;
    for (let at = byId.get(node.parent ?? 0); at && levels < nodes.length; at = byId.get(at.parent ?? 0)) levels += 1;
    return levels;
  };
  return nodes
    .map((node) => ({ node, depth: depth(node) }))
    .toSorted((a, b) => a.depth - b.depth)
    .map(({ node }) => node);
}

/** The replica's tree as it will be after the steps so far; a tag to be created goes by its negative master id. */
class Tree {
  readonly #parents: Map<number, number | null>;
  readonly #ids: ReadonlyMap<number, number>;

  constructor(nodes: readonly TreeNode[], replicaParents: ReadonlyMap<number, number | null>) {
    this.#parents = new Map(replicaParents);
    this.#ids = new Map(nodes.map(({ masterId, replicaId }) => [masterId, replicaId ?? -masterId]));
  }

  #id(masterId: number): number {
    return this.#ids.get(masterId) ?? -masterId;
  }

  put(node: TreeNode, parent: number | null): void {
    this.#parents.set(this.#id(node.masterId), parent === null ? null : this.#id(parent));
  }

  isMisplaced({ masterId, replicaId, parent }: TreeNode): boolean {
    if (replicaId === null || parent === undefined) return false;
    return (this.#parents.get(this.#id(masterId)) ?? null) !== (parent === null ? null : this.#id(parent));
  }

  fits(node: TreeNode, parent: number | null): boolean {
    return parent === null || this.#level(this.#id(parent)) + this.#height(this.#id(node.masterId)) <= MAX_DEPTH;
  }

  /** Those of `candidates` that are below the node now. */
  below(node: TreeNode, candidates: readonly TreeNode[]): TreeNode[] {
    const top = this.#id(node.masterId);
    return candidates.filter((one) => this.#ancestors(this.#id(one.masterId)).includes(top));
  }

  #ancestors(id: number): number[] {
    const found: number[] = [];
    for (let at = this.#parents.get(id) ?? null; at !== null && !found.includes(at); at = this.#parents.get(at) ?? null)
      found.push(at);
    return found;
  }

  #level(id: number): number {
    return this.#ancestors(id).length + 1;
  }

  #height(id: number): number {
    let height = 1;
    for (const other of this.#parents.keys()) {
      const at = this.#ancestors(other).indexOf(id);
      if (at >= 0) height = Math.max(height, at + 2);
    }
    return height;
  }
}
