/**
 * The disk of a simulator that is to outlive its process.
 */

import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as Sqlite from 'node:sqlite';

/** Rows on disk; a commit is one transaction, so a killed simulator starts again with what it had answered. */
export class Persistence {
  readonly #database: Sqlite.DatabaseSync;
  readonly #put: Sqlite.StatementSync;
  readonly #delete: Sqlite.StatementSync;

  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    // Loaded only here: runtimes without node:sqlite can still run a simulator in memory.
    const sqlite = createRequire(import.meta.url)('node:sqlite') as typeof Sqlite;
    this.#database = new sqlite.DatabaseSync(join(directory, 'state.sqlite'));
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    this.#database.exec('CREATE TABLE IF NOT EXISTS rows (kind TEXT, id INTEGER, json TEXT, PRIMARY KEY (kind, id))');
    this.#put = this.#database.prepare('INSERT OR REPLACE INTO rows (kind, id, json) VALUES (?, ?, ?)');
    this.#delete = this.#database.prepare('DELETE FROM rows WHERE kind = ? AND id = ?');
  }

  *load(): Generator<{ kind: string; id: number; row: unknown }> {
    for (const found of this.#database.prepare('SELECT kind, id, json FROM rows ORDER BY kind, id').iterate()) {
      yield { kind: String(found.kind), id: Number(found.id), row: JSON.parse(String(found.json)) as unknown };
    }
  }

  commit(changes: Iterable<{ kind: string; id: number; row: unknown }>): void {
    this.#database.exec('BEGIN');
    for (const { kind, id, row } of changes) {
      if (row === undefined) this.#delete.run(kind, id);
      else this.#put.run(kind, id, JSON.stringify(row));
    }
    this.#database.exec('COMMIT');
  }

  close(): void {
    this.#database.close();
  }
}
