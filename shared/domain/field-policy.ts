/**
 * Every field of a document and what becomes of it, for each pair of versions (product.md sections 3 and 12). The diff, the
 * read-back and the fidelity report all read this table; a field that is not here does not exist for the product.
 */
export const VERSION_PAIRS = ['v2->v2', 'v2->v3', 'v3->v2', 'v3->v3'] as const;
export type VersionPair = (typeof VERSION_PAIRS)[number];

/** `absent`: a master of that version has no such thing. */
export type Fidelity = 'exact' | 'mapped' | 'derived' | 'not_replicable' | 'absent';

/** Settings of a replica that change what becomes of a field. */
export type FidelitySetting = 'replace_files_on_v2' | 'unknown_owner' | 'restore_held_back' | 'deletion_mode';

export interface FieldStatement {
  readonly fidelity: Fidelity;
  readonly why: string;
  readonly setting?: FidelitySetting;
}
export interface FieldPolicy extends FieldStatement {
  /** A PATCH carries it, so it is compared and written with each look at a document. */
  readonly writable?: true;
  /** Pairs of versions for which something else holds. */
  readonly except?: Partial<Record<VersionPair, FieldStatement>>;
}

const OLD_MASTER: FieldStatement = { fidelity: 'absent', why: 'a 2.20 master knows no versions' };
const NO_REPLACEMENT: FieldStatement = {
  fidelity: 'not_replicable',
  why: '2.20 has no endpoint for it: blocked, or with the switch on uploaded anew, the old copy moved to the trash',
  setting: 'replace_files_on_v2',
};

export const FIELD_POLICY = {
  id: {
    fidelity: 'not_replicable',
    why: 'the replica numbers its documents itself; only an import made by paperless keeps the numbers',
  },
  title: { writable: true, fidelity: 'exact', why: 'set by PATCH after the upload' },
  content: {
    writable: true,
    fidelity: 'exact',
    why: "the master's text replaces the replica's own OCR, so that search finds the same",
  },
  text_ends: {
    fidelity: 'not_replicable',
    why: 'white space at the ends of title and text: paperless trims it when they are written, but not when it consumes',
  },
  created: { writable: true, fidelity: 'exact', why: 'a bare date' },
  asn: { writable: true, fidelity: 'exact', why: 'reserved value during the upload, the true one afterwards' },
  original_file_name: {
    fidelity: 'exact',
    why: 'given at upload',
    except: { 'v2->v3': { fidelity: 'mapped', why: '3.x writes names in Unicode NFC; the same letters' } },
  },
  file: { fidelity: 'exact', why: 'the original bytes, proven by checksum' },
  changed_file: {
    fidelity: 'exact',
    why: 'a file that changed later goes over as a further version',
    except: {
      'v2->v2': NO_REPLACEMENT,
      'v3->v2': NO_REPLACEMENT,
    },
  },
  versions: {
    fidelity: 'exact',
    why: 'uploaded in the order of the master, with their labels',
    except: {
      'v2->v2': OLD_MASTER,
      'v2->v3': OLD_MASTER,
      'v3->v2': {
        fidelity: 'not_replicable',
        why: '2.20 keeps one file a document: only the newest version goes over',
      },
    },
  },
  twins: {
    fidelity: 'exact',
    why: 'documents with equal bytes stay as many documents',
    except: {
      'v2->v2': { fidelity: 'absent', why: '2.20 takes the same bytes only once' },
      'v2->v3': { fidelity: 'absent', why: '2.20 takes the same bytes only once' },
      'v3->v2': { fidelity: 'not_replicable', why: '2.20 takes the same bytes only once: the others are blocked' },
    },
  },
  correspondent: { writable: true, fidelity: 'mapped', why: 'by name and owner' },
  document_type: { writable: true, fidelity: 'mapped', why: 'by name and owner' },
  storage_path: { writable: true, fidelity: 'mapped', why: 'by name and owner' },
  tags: { writable: true, fidelity: 'mapped', why: 'by name and owner, as sets closed under ancestors' },
  tags_without_ancestor: {
    fidelity: 'not_replicable',
    why: 'a child tag without its parent (left behind when a parent was deleted or moved) cannot be written',
  },
  custom_fields: {
    writable: true,
    fidelity: 'mapped',
    why: 'fields by name, select options by label',
  },
  document_links: { fidelity: 'mapped', why: 'by linked document, once both copies exist' },
  dead_document_links: {
    fidelity: 'not_replicable',
    why: 'links to documents that no longer live: paperless goes on naming them, but refuses to write them',
  },
  one_way_document_links: {
    fidelity: 'not_replicable',
    why: 'a link that only one end names: paperless keeps links at both ends',
  },
  owner: { writable: true, fidelity: 'mapped', why: 'by user name' },
  unknown_owner: {
    fidelity: 'not_replicable',
    why: "an owner whose name the replica does not have: the token's user owns the copy, nobody does, or it is left as it is",
    setting: 'unknown_owner',
  },
  permissions: { writable: true, fidelity: 'mapped', why: 'by user and group name' },
  unknown_permissions: {
    fidelity: 'not_replicable',
    why: 'rights of users and groups that the replica does not have are left out',
  },
  notes: { fidelity: 'mapped', why: 'the text below a first line of ours; edits and deletions are followed' },
  note_author: {
    fidelity: 'not_replicable',
    why: "paperless writes the token's user; the author stands in the first line of the text",
  },
  note_time: {
    fidelity: 'not_replicable',
    why: 'paperless sets it itself; the time stands in the first line of the text',
  },
  archive: { fidelity: 'derived', why: 'paperless has no endpoint for it; the replica makes its own' },
  thumbnail: { fidelity: 'derived', why: 'paperless has no endpoint for it; the replica draws its own' },
  page_count: { fidelity: 'derived', why: 'counted by the replica' },
  mime_type: { fidelity: 'derived', why: 'told from the bytes by the replica' },
  added: { fidelity: 'not_replicable', why: 'paperless sets it itself' },
  modified: { fidelity: 'not_replicable', why: 'paperless sets it itself' },
  history: { fidelity: 'not_replicable', why: 'each instance keeps the log of its own changes' },
  share_links: { fidelity: 'not_replicable', why: 'paperless makes up their addresses' },
  trash: {
    fidelity: 'not_replicable',
    why: "what is in the master's trash at the first sync is not fetched; later deletions follow the replica's mode",
    setting: 'deletion_mode',
  },
} as const satisfies Record<string, FieldPolicy>;

export type DocumentField = keyof typeof FIELD_POLICY;

/** The fields a PATCH can carry, in the order they are reported. */
export type WritableField = {
  [Field in DocumentField]: (typeof FIELD_POLICY)[Field] extends { writable: true } ? Field : never;
}[DocumentField];
export const WRITABLE_FIELDS: readonly WritableField[] = (Object.keys(FIELD_POLICY) as DocumentField[]).filter(
  (field): field is WritableField => 'writable' in FIELD_POLICY[field],
);
