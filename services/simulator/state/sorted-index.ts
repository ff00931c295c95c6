/**
 * Rows in the order of a key, found by binary search. Lists of 100,000 documents are asked for thousands of times in a bench,
 * so no list may sort all rows again.
 */
export class SortedIndex<Row> {
  readonly rows: Row[] = [];
  readonly #compare: (a: Row, b: Row) => number;

  constructor(compare: (a: Row, b: Row) => number) {
    this.#compare = compare;
  }

  add(row: Row): void {
    const last = this.rows.at(-1);
    if (last === undefined || this.#compare(last, row) < 0) this.rows.push(row);
    else this.rows.splice(this.#position(row), 0, row);
  }

  /** The row must still compare as it did when it was added. */
  remove(row: Row): void {
    const at = this.#position(row);
    const found = this.rows[at];
    if (found !== undefined && this.#compare(found, row) === 0) this.rows.splice(at, 1);
  }

  /** Index of the first row for which `reached` holds; the rows must be divided by it. */
  firstWhere(reached: (row: Row) => boolean): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (reached(this.rows[middle] as Row)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #position(row: Row): number {
    return this.firstWhere((other) => this.#compare(other, row) >= 0);
  }
}
