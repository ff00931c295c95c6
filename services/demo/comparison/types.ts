import type { Instance } from '../http.ts';

export interface ComparisonRequest {
  readonly master: Instance;
  readonly replica: Instance;
  /** What the controller says it cannot bring over; believed only where the comparison sees the reason by itself. */
  readonly blocked?: readonly Blocked[];
  readonly onProgress?: (what: string, done: number, total: number) => void;
}

export interface Blocked {
  readonly masterId: number;
  readonly reason: string;
}

export interface BlockedFinding extends Blocked {
  readonly title: string;
  /** Not possible on this replica whatever anyone does; anything else that is blocked counts as missing. */
  readonly byNature: boolean;
}

/** The exact and mapped fields of the product; what the replica makes by itself is counted apart. */
export const COMPARED_FIELDS = [
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
  'notes',
  'original_file_name',
  'file',
  'versions',
] as const;
export type ComparedField = (typeof COMPARED_FIELDS)[number];

export interface Difference {
  readonly field: ComparedField;
  readonly master: string;
  readonly replica: string;
}

export interface DocumentRef {
  readonly id: number;
  readonly title: string;
}

export interface FieldFinding {
  readonly count: number;
  readonly examples: readonly (Difference & { readonly masterId: number; readonly replicaId: number })[];
}

export interface TaxonomyFinding {
  readonly compared: number;
  readonly differences: readonly string[];
  /** Inbox flags and matching rules that are off on the replica although they are on on the master: as it should be. */
  readonly heldBack: number;
  readonly replicaOnly: readonly string[];
}

export interface Derived {
  readonly archive: number;
  readonly mime_type: number;
  readonly page_count: number;
}

export interface Comparison {
  readonly equal: boolean;
  /** Live documents on the master. */
  readonly documents: number;
  readonly identical: number;
  readonly differing: Readonly<Partial<Record<ComparedField, FieldFinding>>>;
  readonly filesCompared: number;
  readonly blocked: readonly BlockedFinding[];
  readonly missing: readonly DocumentRef[];
  /** On the replica, with bytes that no document of the master has. */
  readonly extra: readonly DocumentRef[];
  /** On the replica more often than on the master. */
  readonly doubled: readonly DocumentRef[];
  /** Pairs whose bytes occur more than once on the master. */
  readonly twins: number;
  /** What the controller must not leave behind: its titles, reserved ASNs, labels, tags. */
  readonly markers: readonly string[];
  readonly taxonomy: TaxonomyFinding;
  readonly derived: Derived;
  /** True on the master and impossible on this replica, each with its reason; not counted as a difference. */
  readonly notReplicable: readonly string[];
  /** Notes that people wrote on the replica. */
  readonly replicaNotes: number;
  readonly requests: { readonly master: number; readonly replica: number };
  readonly seconds: number;
}
