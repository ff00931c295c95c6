/** Rows by id in the order of their ids; every change is reported, so that it can be written to disk. */
export class Table<Row extends { id: number }> {
  readonly kind: string;
  readonly #rows = new Map<number, Row>();
  readonly #changed: (kind: string, id: number, row: Row | undefined) => void;
  #nextId = 1;

  constructor(kind: string, changed: (kind: string, id: number, row: Row | undefined) => void) {
    this.kind = kind;
    this.#changed = changed;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Ids are not used again after a deletion (engine-protocol.md F7). */
  takeId(): number {
    return this.#nextId++;
  }

  skipIdsBelow(id: number): void {
    this.#nextId = Math.max(this.#nextId, id);
  }

  get nextId(): number {
    return this.#nextId;
  }

  /** Going back is what a restored backup does to the sequence: ids come again for other rows. */
  resetIds(next: number): void {
    this.#nextId = next;
  }

  get(id: number | null): Row | undefined {
    return id === null ? undefined : this.#rows.get(id);
  }

  has(id: number): boolean {
    return this.#rows.has(id);
  }

  save(row: Row): Row {
    this.#rows.set(row.id, row);
    this.skipIdsBelow(row.id + 1);
    this.#changed(this.kind, row.id, row);
    return row;
  }

  remove(id: number): void {
    if (this.#rows.delete(id)) this.#changed(this.kind, id, undefined);
  }

  values(): IterableIterator<Row> {
    return this.#rows.values();
  }

  filter(keep: (row: Row) => boolean): Row[] {
    const rows: Row[] = [];
    for (const row of this.#rows.values()) if (keep(row)) rows.push(row);
    return rows;
  }
}
