/**
 * The look-ups a database would have indexes for. A row is filed again whenever it is saved, under values copied at that
 * moment: rows are changed in place, and the old place could not be found from the changed row.
 */

import { asciiLower } from '../rest/lookups.ts';
import type { DocumentRow } from './model.ts';
import { SortedIndex } from './sorted-index.ts';

/** The values a row was filed under, kept because rows are changed in place before they are filed again. */
interface Filed {
  readonly row: DocumentRow;
  readonly id: number;
  readonly modified: number;
  readonly created: string;
  readonly asn: number | null;
  readonly title: string;
  readonly references: readonly string[];
}

const text = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export type DocumentOrder = 'id' | 'modified' | 'created' | 'asn' | 'title';

/** Look-ups over the documents; the sorted ones hold live root documents only, which is what every list shows. */
export class DocumentIndex {
  readonly #filed = new Map<number, Filed>();
  readonly #sorted: Record<DocumentOrder, SortedIndex<Filed>> = {
    id: new SortedIndex((a, b) => a.id - b.id),
    modified: new SortedIndex((a, b) => a.modified - b.modified || a.id - b.id),
    created: new SortedIndex((a, b) => text(a.created, b.created) || a.id - b.id),
    asn: new SortedIndex((a, b) => (a.asn ?? -1) - (b.asn ?? -1) || a.id - b.id),
    title: new SortedIndex((a, b) => text(a.title, b.title) || a.id - b.id),
  };
  readonly #references = new Map<string, Set<DocumentRow>>();
  readonly #checksums = new Map<string, Set<DocumentRow>>();
  readonly #asns = new Map<number, DocumentRow>();
  readonly #versions = new Map<number, Set<DocumentRow>>();

  file(row: DocumentRow): void {
    const before = this.#filed.get(row.id);
    if (before) this.#unlist(before);
    const filed: Filed = {
      row,
      id: row.id,
      modified: row.modified,
      created: row.created,
      asn: row.archiveSerialNumber,
      title: asciiLower(row.title),
      references: referencesOf(row),
    };
    this.#filed.set(row.id, filed);
    if (filed.asn !== null) this.#asns.set(filed.asn, row);
    this.#link(this.#checksums, row.checksum, row);
    if (row.archiveChecksum) this.#link(this.#checksums, row.archiveChecksum, row);
    if (row.rootDocument !== null) this.#link(this.#versions, row.rootDocument, row);
    if (!isListed(row)) return;
    for (const index of Object.values(this.#sorted)) index.add(filed);
    for (const reference of filed.references) this.#link(this.#references, reference, row);
  }

  remove(row: DocumentRow): void {
    const before = this.#filed.get(row.id);
    if (before) this.#unlist(before);
    this.#filed.delete(row.id);
    this.#unlink(this.#checksums, row.checksum, row);
    if (row.archiveChecksum) this.#unlink(this.#checksums, row.archiveChecksum, row);
    if (row.rootDocument !== null) this.#unlink(this.#versions, row.rootDocument, row);
  }

  /** Forgets a checksum the row had before its file was replaced. */
  forgetChecksum(checksum: string | null, row: DocumentRow): void {
    if (checksum) this.#unlink(this.#checksums, checksum, row);
  }

  withAsn(asn: number): DocumentRow | undefined {
    return this.#asns.get(asn);
  }

  /** Rows, trashed and versions included, whose original or archive has this checksum; oldest first. */
  withChecksum(checksum: string): DocumentRow[] {
    return [...(this.#checksums.get(checksum) ?? [])].sort((a, b) => a.id - b.id);
  }

  versionsOf(rootId: number): DocumentRow[] {
    return [...(this.#versions.get(rootId) ?? [])].sort((a, b) => a.id - b.id);
  }

  /** Live root documents that name an object, e.g. `tag:4`. */
  referring(reference: string): ReadonlySet<DocumentRow> {
    return this.#references.get(reference) ?? new Set();
  }

  listed(order: DocumentOrder): readonly { row: DocumentRow }[] {
    return this.#sorted[order].rows;
  }

  highestAsn(): number | null {
    return this.#sorted.asn.last?.asn ?? null;
  }

  from(order: 'modified' | 'asn', value: number): readonly { row: DocumentRow }[] {
    return this.#sorted[order].between((filed) => (filed[order] ?? -1) >= value);
  }

  titlesStartingWith(prefix: string): readonly { row: DocumentRow }[] {
    return this.#sorted.title.between(
      (filed) => filed.title >= prefix,
      (filed) => filed.title.startsWith(prefix),
    );
  }

  #unlist(filed: Filed): void {
    if (filed.asn !== null && this.#asns.get(filed.asn)?.id === filed.id) this.#asns.delete(filed.asn);
    for (const index of Object.values(this.#sorted)) index.remove(filed);
    for (const reference of filed.references) this.#unlink(this.#references, reference, filed.row);
  }

  #link<Key>(map: Map<Key, Set<DocumentRow>>, key: Key, row: DocumentRow): void {
    const rows = map.get(key);
    if (rows) rows.add(row);
    else map.set(key, new Set([row]));
  }

  #unlink<Key>(map: Map<Key, Set<DocumentRow>>, key: Key, row: DocumentRow): void {
    const rows = map.get(key);
    rows?.delete(row);
    if (rows?.size === 0) map.delete(key);
  }
}

export const isListed = (row: DocumentRow): boolean => row.deletedAt === null && row.rootDocument === null;

function referencesOf(row: DocumentRow): string[] {
  const references = row.tags.map((tag) => `tag:${tag}`);
  if (row.correspondent !== null) references.push(`correspondent:${row.correspondent}`);
  if (row.documentType !== null) references.push(`document_type:${row.documentType}`);
  if (row.storagePath !== null) references.push(`storage_path:${row.storagePath}`);
  for (const value of row.customFields) references.push(`custom_field:${value.field}`);
  return references;
}
