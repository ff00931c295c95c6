/**
 * All state of an instance. JavaScript runs one handler at a time between two awaits, so whatever a handler does without
 * awaiting is atomic; that is the only isolation there is, and it is more than paperless has.
 */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BlobStore } from './blobs.ts';
import { Clock } from './clock.ts';
import { DocumentIndex } from './document-index.ts';
import type {
  CustomField,
  DocumentRow,
  Group,
  MatchingKind,
  MatchingObject,
  PlainRow,
  TaskRow,
  User,
} from './model.ts';
import { Persistence } from './persistence.ts';
import { Table } from './table.ts';

interface Counters {
  id: 1;
  random: number;
  notes: number;
  customFieldValues: number;
  deletions: number;
  ids: Record<string, number>;
}

export interface StoredRow {
  readonly kind: string;
  readonly row: { id: number };
}

export interface StoreBackup {
  readonly counters: Counters;
  readonly rows: readonly StoredRow[];
}

/** A copy that shares nothing but the files, which never change. */
function copyRow<Row extends { id: number }>(row: Row): Row {
  const { file, archive, ...rest } = row as Row & Partial<Pick<DocumentRow, 'file' | 'archive'>>;
  return { ...structuredClone(rest), ...(file && { file, archive }) } as unknown as Row;
}

/** All that a simulated instance knows. Handlers change rows in place and save them; `commit` makes them durable. */
export class Store {
  readonly blobs: BlobStore;
  readonly index = new DocumentIndex();
  clock = new Clock();
  readonly #changes = new Map<string, { kind: string; id: number; row: unknown }>();
  readonly #persistence: Persistence | null;
  readonly #seed: string;
  #counters: Counters = { id: 1, random: 0, notes: 1, customFieldValues: 1, deletions: 1, ids: {} };
  #documentChanges = 0;

  readonly users = this.#table<User>('user');
  readonly groups = this.#table<Group>('group');
  readonly customFields = this.#table<CustomField>('custom_field');
  readonly documents = this.#table<DocumentRow>('document');
  readonly tasks = this.#table<TaskRow>('task');
  readonly plain = this.#table<PlainRow>('plain');
  readonly matching: Record<MatchingKind, Table<MatchingObject>> = {
    tag: this.#table('tag'),
    correspondent: this.#table('correspondent'),
    document_type: this.#table('document_type'),
    storage_path: this.#table('storage_path'),
  };

  constructor(options: { data: string | null; seed: string }) {
    this.#seed = options.seed;
    this.blobs = new BlobStore(options.data === null ? null : join(options.data, 'files'));
    this.#persistence = options.data === null ? null : new Persistence(options.data);
    this.#load();
  }

  get isEmpty(): boolean {
    return this.users.size === 0;
  }

  /** Goes up with every change of a document; whoever caches what follows from documents compares it. */
  get documentChanges(): number {
    return this.#documentChanges;
  }

  saveDocument(row: DocumentRow): DocumentRow {
    this.documents.save(row);
    this.index.file(row);
    this.#documentChanges += 1;
    return row;
  }

  removeDocument(row: DocumentRow): void {
    this.documents.remove(row.id);
    this.index.remove(row);
    this.#documentChanges += 1;
  }

  takeNoteId(): number {
    return this.#counters.notes++;
  }

  takeCustomFieldValueId(): number {
    return this.#counters.customFieldValues++;
  }

  takeDeletion(): number {
    return this.#counters.deletions++;
  }

  /** Hexadecimal digits that follow from the seed and from how many were taken before. */
  random(digits: number): string {
    this.#counters.random += 1;
    return createHash('sha256').update(`${this.#seed}:${this.#counters.random}`).digest('hex').slice(0, digits);
  }

  uuid(): string {
    const hex = this.random(32);
    const variant = '89ab'[Number.parseInt(hex.slice(16, 17), 16) % 4];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  commit(): void {
    if (this.#persistence === null || this.#changes.size === 0) return;
    for (const table of this.#tables()) this.#counters.ids[table.kind] = table.nextId;
    this.#changes.set('counters', { kind: 'counters', id: 1, row: this.#counters });
    this.#persistence.commit(this.#changes.values());
    this.#changes.clear();
  }

  close(): void {
    this.commit();
    this.#persistence?.close();
    this.blobs.close();
  }

  /** A copy of all rows and sequences, as a backup of the instance would hold them; its files are kept from now on. */
  backup(): StoreBackup {
    this.blobs.keepRemoved();
    const ids = Object.fromEntries(this.#tables().map((t) => [t.kind, t.nextId]));
    return { counters: structuredClone({ ...this.#counters, ids }), rows: this.copies() };
  }

  /** Puts a backup back, sequences included: rows made since are gone and their ids will be given out again. */
  restore(backup: StoreBackup): void {
    for (const row of [...this.documents.values()]) this.removeDocument(row);
    for (const table of this.#tables()) for (const row of [...table.values()]) table.remove(row.id);
    for (const { kind, row } of backup.rows) this.put(kind, copyRow(row));
    this.#counters = structuredClone(backup.counters);
    for (const table of this.#tables()) table.resetIds(backup.counters.ids[table.kind] ?? 1);
  }

  #table<Row extends { id: number }>(kind: string): Table<Row> {
    return new Table<Row>(kind, (changedKind, id, row) => {
      if (this.#persistence !== null) this.#changes.set(`${changedKind}:${id}`, { kind: changedKind, id, row });
    });
  }

  #tables(): Table<{ id: number }>[] {
    const { users, groups, customFields, documents, tasks, plain } = this;
    return [users, groups, customFields, documents, tasks, plain, ...Object.values(this.matching)] as never;
  }

  /** Copies of all rows of all tables. */
  copies(): StoredRow[] {
    return this.#tables().flatMap((table) =>
      [...table.values()].map((row) => ({ kind: table.kind, row: copyRow(row) })),
    );
  }

  /** Sequences without a table of their own go on after the highest number in use, as ids do by themselves. */
  passUsedNumbers(): void {
    const counters = this.#counters;
    for (const row of this.documents.values()) {
      for (const note of row.notes) counters.notes = Math.max(counters.notes, note.id + 1);
      for (const value of row.customFields)
        counters.customFieldValues = Math.max(counters.customFieldValues, value.id + 1);
      counters.deletions = Math.max(counters.deletions, (row.deletion ?? 0) + 1);
    }
  }

  /** Stores a row of any kind under the id it has. */
  put(kind: string, row: { id: number }): void {
    if (kind === 'document') this.saveDocument(row as DocumentRow);
    else
      this.#tables()
        .find((table) => table.kind === kind)
        ?.save(row);
  }

  #load(): void {
    if (this.#persistence === null) return;
    let latest = 0;
    for (const { kind, row } of this.#persistence.load()) {
      if (kind === 'counters') this.#counters = row as Counters;
      else this.put(kind, row as { id: number });
      if (kind === 'document') latest = Math.max(latest, (row as DocumentRow).modified);
    }
    for (const table of this.#tables()) table.skipIdsBelow(this.#counters.ids[table.kind] ?? 1);
    this.clock = new Clock(latest);
    this.#changes.clear();
  }
}
