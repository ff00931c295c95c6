/**
 * Every paperless field and what becomes of it (product.md section 3 and 12). The diff, the read-back and the fidelity
 * report all read this table; a field that is not here does not exist for the product.
 */
export type Fidelity = 'exact' | 'mapped' | 'derived' | 'not_replicable';

export interface FieldPolicy {
  readonly fidelity: Fidelity;
  readonly why: string;
}

export const FIELD_POLICY = {
  title: { fidelity: 'exact', why: 'set by PATCH after the upload; white space at the ends is trimmed by paperless' },
  content: {
    fidelity: 'exact',
    why: "the master's text replaces the replica's own OCR, so that search finds the same",
  },
  created: { fidelity: 'exact', why: 'a bare date' },
  asn: { fidelity: 'exact', why: 'reserved value during the upload, the true one afterwards' },
  original_file_name: { fidelity: 'exact', why: 'given at upload; compared in NFC, which 3.x normalises to' },
  file: { fidelity: 'exact', why: 'the original bytes, compared by checksum' },
  correspondent: { fidelity: 'mapped', why: 'by name and owner' },
  document_type: { fidelity: 'mapped', why: 'by name and owner' },
  storage_path: { fidelity: 'mapped', why: 'by name and owner' },
  tags: { fidelity: 'mapped', why: 'by name and owner, as sets closed under ancestors' },
  custom_fields: {
    fidelity: 'mapped',
    why: 'fields by name, select options by label, document links by linked document',
  },
  owner: { fidelity: 'mapped', why: "by user name; unknown names by the replica's policy" },
  permissions: { fidelity: 'mapped', why: 'by user and group name; unknown names are left out' },
  notes: { fidelity: 'mapped', why: 'posted once with author and time in their first line' },
  archive: { fidelity: 'derived', why: 'paperless has no endpoint for it; the replica makes its own' },
  page_count: { fidelity: 'derived', why: 'counted by the replica' },
  mime_type: { fidelity: 'derived', why: 'told from the bytes by the replica' },
  added: { fidelity: 'not_replicable', why: 'paperless sets it itself' },
  modified: { fidelity: 'not_replicable', why: 'paperless sets it itself' },
} as const satisfies Record<string, FieldPolicy>;

export type DocumentField = keyof typeof FIELD_POLICY;

/** The fields a PATCH can carry, in the order they are reported. */
export const WRITABLE_FIELDS = [
  'title',
  'content',
  'created',
  'asn',
  'correspondent',
  'document_type',
  'storage_path',
  'tags',
  'custom_fields',
  'owner',
  'permissions',
] as const satisfies readonly DocumentField[]; // prettier-ignore
export type WritableField = (typeof WRITABLE_FIELDS)[number];
