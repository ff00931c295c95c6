/** What is needed to say a master's value in a replica's ids. Built once a run by ensure-taxonomy, kept with the run. */
import type { FieldType, TaxonomyKind } from '../model.ts';

export interface FieldMapping {
  readonly replicaId: number;
  readonly name: string;
  readonly dataType: FieldType;
  /** master option id -> replica option id. */
  readonly options: ReadonlyMap<string, string>;
  /** Options that the master had and removed: a value that still names one is about to become null there. */
  readonly removedOnMaster?: ReadonlySet<string>;
  /** Options taken away on the replica: a copy that still shows one must not be written to (H26). */
  readonly removedOnReplica?: ReadonlySet<string>;
}

/** What becomes of an owner whose name the replica does not have (E11). */
export type UnknownOwnerPolicy = 'token_user' | 'unowned' | 'skip';

export interface TranslationTables {
  readonly taxonomy: Readonly<Record<TaxonomyKind, ReadonlyMap<number, number>>>;
  /** Why an object has no counterpart, by `kind:master id` (ambiguous name, refused by the replica). */
  readonly unmapped: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<number, FieldMapping>;
  readonly users: ReadonlyMap<number, number>;
  readonly groups: ReadonlyMap<number, number>;
  readonly userNames: ReadonlyMap<number, string>;
  readonly groupNames: ReadonlyMap<number, string>;
  /** The user our token belongs to on the replica; owner of what has no counterpart there (E11). */
  readonly tokenUser: number;
  readonly unknownOwner: UnknownOwnerPolicy;
  /** replica tag -> its parent. */
  readonly tagParents: ReadonlyMap<number, number | null>;
}

interface FieldJson {
  readonly replicaId: number;
  readonly name: string;
  readonly dataType: FieldType;
  readonly options: [string, string][];
  readonly removedOnMaster?: string[];
  readonly removedOnReplica?: string[];
}

/** As JSON for the run's row: maps as lists of pairs. Holds names and ids only. */
export interface TablesJson {
  readonly taxonomy: Record<TaxonomyKind, [number, number][]>;
  readonly unmapped: [string, string][];
  readonly fields: [number, FieldJson][];
  readonly users: [number, number][];
  readonly groups: [number, number][];
  readonly userNames: [number, string][];
  readonly groupNames: [number, string][];
  readonly tokenUser: number;
  readonly unknownOwner: UnknownOwnerPolicy;
  readonly tagParents: [number, number | null][];
}

export function tablesToJson(tables: TranslationTables): TablesJson {
  const { taxonomy } = tables;
  return {
    taxonomy: {
      tag: [...taxonomy.tag],
      correspondent: [...taxonomy.correspondent],
      document_type: [...taxonomy.document_type],
      storage_path: [...taxonomy.storage_path],
    },
    unmapped: [...tables.unmapped],
    fields: [...tables.fields].map(([id, field]) => [id, fieldToJson(field)]),
    users: [...tables.users],
    groups: [...tables.groups],
    userNames: [...tables.userNames],
    groupNames: [...tables.groupNames],
    tokenUser: tables.tokenUser,
    unknownOwner: tables.unknownOwner,
    tagParents: [...tables.tagParents],
  };
}

export function tablesFromJson(json: TablesJson): TranslationTables {
  return {
    taxonomy: {
      tag: new Map(json.taxonomy.tag),
      correspondent: new Map(json.taxonomy.correspondent),
      document_type: new Map(json.taxonomy.document_type),
      storage_path: new Map(json.taxonomy.storage_path),
    },
    unmapped: new Map(json.unmapped),
    fields: new Map(json.fields.map(([id, field]) => [id, fieldFromJson(field)])),
    users: new Map(json.users),
    groups: new Map(json.groups),
    userNames: new Map(json.userNames),
    groupNames: new Map(json.groupNames),
    tokenUser: json.tokenUser,
    unknownOwner: json.unknownOwner,
    tagParents: new Map(json.tagParents),
  };
}

function fieldToJson({ options, removedOnMaster = new Set(), removedOnReplica = new Set(), ...rest }: FieldMapping) {
  return {
    ...rest,
    options: [...options],
    ...(removedOnMaster.size > 0 ? { removedOnMaster: [...removedOnMaster] } : {}),
    ...(removedOnReplica.size > 0 ? { removedOnReplica: [...removedOnReplica] } : {}),
  };
}

function fieldFromJson({ options, removedOnMaster = [], removedOnReplica = [], ...rest }: FieldJson): FieldMapping {
  return {
    ...rest,
    options: new Map(options),
    ...(removedOnMaster.length > 0 ? { removedOnMaster: new Set(removedOnMaster) } : {}),
    ...(removedOnReplica.length > 0 ? { removedOnReplica: new Set(removedOnReplica) } : {}),
  };
}
