/** What both instances have of tags, correspondents, document types, storage paths, custom fields, users and groups (E5). */
import {
  TAXONOMY_KINDS,
  type CustomFieldDefinition,
  type Principal,
  type TaxonomyKind,
  type TaxonomyObject,
} from '../model.ts';

export interface Vocabulary {
  readonly objects: Readonly<Record<TaxonomyKind, readonly TaxonomyObject[]>>;
  readonly fields: readonly CustomFieldDefinition[];
  readonly users: readonly Principal[];
  readonly groups: readonly Principal[];
}

export const LINK_KINDS = [...TAXONOMY_KINDS, 'custom_field'] as const;
export type LinkKind = (typeof LINK_KINDS)[number];

/** A value the replica refused, or did not keep. Sent again when either side moved on, and once a sweep. */
export interface RefusedValue {
  readonly wanted: string;
  readonly found: string;
  readonly why: string;
}

/** What a link remembers besides the pair of ids. */
export interface LinkDetail {
  /** Select options: master option id -> replica option id. Tells a removed option from one that only the replica has. */
  readonly options?: Readonly<Record<string, string>>;
  /** Options of the master that are gone there. */
  readonly removedOnMaster?: readonly string[];
  /** Options taken away on the replica, and when (ISO): its documents are not written to until they show none (H26). */
  readonly removedOnReplica?: Readonly<Record<string, string>>;
  readonly refused?: Readonly<Record<string, RefusedValue>>;
  /** A person chose: this object, or a new one instead of any that is there. */
  readonly choice?: 'chosen' | 'new';
  /** A person allowed the deletion that a guard held up. */
  readonly approved?: boolean;
}

export type LinkState = 'creating' | 'linked' | 'ambiguous' | 'failed' | 'gone';

export interface StoredLink {
  readonly id: number;
  readonly kind: LinkKind;
  readonly masterId: number;
  readonly replicaId: number | null;
  readonly name: string;
  readonly state: LinkState;
  readonly createdByUs: boolean;
  readonly heldBack: HeldBack | null;
  readonly detail: LinkDetail;
  readonly errorMsg: string | null;
}
/** A link as it is to be written. */
export type LinkRow = Omit<StoredLink, 'id'>;

/** Of the master, not set on the replica: it must not file on its own what the master decides (E5). */
export interface HeldBack {
  readonly matching_algorithm: number;
  readonly is_inbox_tag: boolean;
}

export const keyOf = (kind: LinkKind, masterId: number): string => `${kind}:${masterId}`;

export function itemsOf(vocabulary: Vocabulary, kind: LinkKind): readonly (TaxonomyObject | CustomFieldDefinition)[] {
  return kind === 'custom_field' ? vocabulary.fields : vocabulary.objects[kind];
}

/** E11: users and groups are mapped by name and never created, so whoever is renamed is somebody else from then on. */
export function principalsByName(master: readonly Principal[], replica: readonly Principal[]): Map<number, number> {
  const ids = new Map(replica.map(({ id, name }) => [name, id]));
  return new Map(
    master.flatMap(({ id, name }) => {
      const there = ids.get(name);
      return there === undefined ? [] : [[id, there] as const];
    }),
  );
}
