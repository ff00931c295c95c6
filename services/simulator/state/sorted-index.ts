const BLOCK = 512;

/**
 * Rows in the order of a key, in blocks, so that neither adding a row nor finding one touches all others. Lists of 100,000
 * documents are asked for thousands of times in a bench; none of them may sort all rows again.
 */
export class SortedIndex<Row> {
  #blocks: Row[][] = [];
  #flat: readonly Row[] | null = null;
  readonly #compare: (a: Row, b: Row) => number;

  constructor(compare: (a: Row, b: Row) => number) {
    this.#compare = compare;
  }

  /** All rows in order; kept until the next change. */
  get rows(): readonly Row[] {
    this.#flat ??= this.#blocks.flat();
    return this.#flat;
  }

  get last(): Row | undefined {
    return this.#blocks.at(-1)?.at(-1);
  }

  add(row: Row): void {
    this.#flat = null;
    const at = this.#blockOf((last) => this.#compare(last, row) >= 0);
    const block = this.#blocks[at] ?? this.#blocks.at(-1);
    if (!block) {
      this.#blocks.push([row]);
      return;
    }
    block.splice(
      firstIndex(block, (other) => this.#compare(other, row) >= 0),
      0,
      row,
    );
    if (block.length > BLOCK * 2)
      this.#blocks.splice(Math.min(at, this.#blocks.length - 1) + 1, 0, block.splice(BLOCK));
  }

  /** The row must still compare as it did when it was added. */
  remove(row: Row): void {
    const at = this.#blockOf((last) => this.#compare(last, row) >= 0);
    const block = this.#blocks[at];
    if (!block) return;
    const position = firstIndex(block, (other) => this.#compare(other, row) >= 0);
    const found = block[position];
    if (found === undefined || this.#compare(found, row) !== 0) return;
    this.#flat = null;
    block.splice(position, 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** Rows from the first for which `reached` holds to the last for which `holds` does; the rows must be divided by both. */
  between(reached: (row: Row) => boolean, holds: (row: Row) => boolean = () => true): Row[] {
    const found: Row[] = [];
    for (let at = this.#blockOf(reached); at < this.#blocks.length; at += 1) {
      const block = this.#blocks[at] as Row[];
      for (let position = found.length === 0 ? firstIndex(block, reached) : 0; position < block.length; position += 1) {
        const row = block[position] as Row;
        if (!holds(row)) return found;
        found.push(row);
      }
    }
    return found;
  }

  /** The first block whose last row fulfils the condition. */
  #blockOf(reached: (last: Row) => boolean): number {
    return firstIndex(this.#blocks, (block) => reached(block.at(-1) as Row));
  }
}

function firstIndex<Item>(items: readonly Item[], reached: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (reached(items[middle] as Item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
