/**
 * The words of the product as types; glossary.md says what they mean. Read this file first.
 * "Raw time" is a time exactly as an instance printed it (microseconds, its own offset): never parsed by Date, which cuts
 * to milliseconds; compare through `instant.ts`.
 */

/** A paperless document as one instance shows it (paperless-api.md 2.7, full_perms form). Ids are that instance's own. */
export interface PaperlessDocument {
  readonly id: number;
  readonly title: string;
  /** In memory only: no document text ever reaches database, logs, jobs or backups (E8). */
  readonly content: string;
  /** YYYY-MM-DD. */
  readonly created: string;
  readonly modified: string;
  readonly added: string;
  readonly asn: number | null;
  readonly correspondent: number | null;
  readonly documentType: number | null;
  readonly storagePath: number | null;
  readonly tags: readonly number[];
  readonly owner: number | null;
  readonly permissions: Permissions | null;
  readonly customFields: readonly CustomFieldValue[];
  readonly notes: readonly Note[];
  readonly originalFileName: string | null;
  readonly hasArchive: boolean;
  readonly mimeType: string | null;
  readonly pageCount: number | null;
  /** Oldest first; empty where the instance knows no versions (v2). */
  readonly versions: readonly DocumentVersion[];
}

export interface DocumentVersion {
  readonly id: number;
  readonly added: string;
  readonly label: string | null;
  readonly checksum: string;
  readonly isRoot: boolean;
}

export interface Permissions {
  readonly view: { readonly users: readonly number[]; readonly groups: readonly number[] };
  readonly change: { readonly users: readonly number[]; readonly groups: readonly number[] };
}

export interface Note {
  readonly id: number;
  readonly text: string;
  readonly created: string;
  /** null where the author was deleted. */
  readonly username: string | null;
}

export interface CustomFieldValue {
  readonly field: number;
  readonly value: unknown;
}

export const TAXONOMY_KINDS = ['tag', 'correspondent', 'document_type', 'storage_path'] as const;
export type TaxonomyKind = (typeof TAXONOMY_KINDS)[number];

export interface TaxonomyObject {
  readonly id: number;
  readonly kind: TaxonomyKind;
  readonly name: string;
  readonly owner: number | null;
  readonly match: string;
  readonly matchingAlgorithm: number;
  readonly isInsensitive: boolean;
  readonly permissions: Permissions | null;
  /** Tags only. */
  readonly color: string | null;
  readonly isInboxTag: boolean;
  readonly parent: number | null;
  /** Storage paths only. */
  readonly path: string | null;
}

export const FIELD_TYPES = [
  'string',
  'url',
  'date',
  'boolean',
  'integer',
  'float',
  'monetary',
  'documentlink',
  'select',
  'longtext',
] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export interface SelectOption {
  readonly id: string;
  readonly label: string;
}
export interface CustomFieldDefinition {
  readonly id: number;
  readonly name: string;
  readonly dataType: FieldType;
  readonly selectOptions: readonly SelectOption[];
  readonly defaultCurrency: string | null;
}

/** A user or a group; mapped between instances by name only (E11). */
export interface Principal {
  readonly id: number;
  readonly name: string;
}
