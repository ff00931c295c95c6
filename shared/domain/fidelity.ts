/** What of an instance is replicated and how true, in one list: `/api/fidelity` and docs/paperless-compatibility.md. */
import {
  FIELD_POLICY,
  type Fidelity,
  type FidelitySetting,
  type FieldPolicy,
  type VersionPair,
} from './field-policy.ts';

const BY_NAME = { fidelity: 'mapped', why: 'by user name; an unknown one becomes the token user' } as const;
const HELD_BACK =
  'held back, so that the replica files nothing by itself; kept here, and set by the switch or by promotion';

/** Tags, correspondents, document types, storage paths and custom field definitions: their own fields. */
const TAXONOMY_POLICY = {
  name: { fidelity: 'exact', why: 'renames are followed by the remembered pair of ids' },
  ambiguous_name: {
    fidelity: 'not_replicable',
    why: 'a name that several owners use on the replica is reported with a choice, not guessed',
  },
  color: { fidelity: 'exact', why: 'tags only' },
  parent: { fidelity: 'mapped', why: 'tags only; by the parent on the replica' },
  match: { fidelity: 'exact', why: 'the text; it has no effect while the algorithm is held back' },
  is_insensitive: { fidelity: 'exact', why: 'as on the master' },
  matching_algorithm: { fidelity: 'not_replicable', why: HELD_BACK, setting: 'restore_held_back' },
  is_inbox_tag: { fidelity: 'not_replicable', why: HELD_BACK, setting: 'restore_held_back' },
  path: { fidelity: 'exact', why: "storage paths only; where files lie follows the replica's own settings" },
  owner: BY_NAME,
  permissions: { fidelity: 'mapped', why: 'by user and group name; unknown ones are left out' },
  field_type: { fidelity: 'exact', why: 'custom fields; a field that has another type on the replica is reported' },
  select_options: {
    fidelity: 'mapped',
    why: 'custom fields; by label, with the ids of the master where the field was made by us',
  },
  default_currency: { fidelity: 'exact', why: 'custom fields' },
  replica_only: {
    fidelity: 'not_replicable',
    why: 'objects that only the replica has are left alone and listed',
  },
} as const satisfies Record<string, FieldPolicy>;

/** Whole parts of an instance that stay its own. */
const INSTANCE_POLICY = {
  users: { fidelity: 'not_replicable', why: 'managed on each instance; passwords cannot be read' },
  groups: { fidelity: 'not_replicable', why: 'managed on each instance' },
  saved_views: { fidelity: 'not_replicable', why: 'they belong to the users of an instance' },
  workflows: { fidelity: 'not_replicable', why: 'on a replica they would change what the master decided' },
  mail_accounts: { fidelity: 'not_replicable', why: 'passwords cannot be read' },
  mail_rules: { fidelity: 'not_replicable', why: 'two instances would fetch the same mail' },
  app_config: { fidelity: 'not_replicable', why: 'settings of an instance, most of them in its environment' },
  ui_settings: { fidelity: 'not_replicable', why: 'they belong to the users of an instance' },
  tasks: { fidelity: 'not_replicable', why: 'each instance lists its own' },
} as const satisfies Record<string, FieldPolicy>;

const AREAS = { document: FIELD_POLICY, taxonomy: TAXONOMY_POLICY, instance: INSTANCE_POLICY } as const;
export type FidelityArea = keyof typeof AREAS;
export const FIDELITY_AREAS = Object.keys(AREAS) as FidelityArea[];

export interface FidelityRow {
  readonly area: FidelityArea;
  readonly field: string;
  readonly fidelity: Fidelity;
  readonly reason: string;
  /** The setting of a replica that changes it. */
  readonly setting: FidelitySetting | null;
}

/** Everything, for one pair of versions. */
export function fidelityOf(pair: VersionPair): FidelityRow[] {
  return FIDELITY_AREAS.flatMap((area) =>
    Object.entries<FieldPolicy>(AREAS[area]).map(([field, policy]) => {
      const { fidelity, why, setting = null } = policy.except?.[pair] ?? policy;
      return { area, field, fidelity, reason: why, setting };
    }),
  );
}
