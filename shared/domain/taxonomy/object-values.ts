/** What an object of the master looks like on the replica, and in what the replica's differs. */
import { canonicalJson } from '../fingerprint.ts';
import type { Permissions, TaxonomyObject } from '../model.ts';
import { pythonTrim } from '../python-text.ts';
import { normalisePermissions, translateOwner, translatePermissions } from '../translate/permissions.ts';
import type { TranslationTables } from '../translate/tables.ts';
import type { HeldBack, LinkDetail } from './vocabulary.ts';

/** In the replica's ids. An absent value is the replica's own. The parent of a tag has a step of its own. */
export interface ObjectValues {
  readonly name: string;
  readonly match: string;
  readonly matching_algorithm: number;
  readonly is_insensitive: boolean;
  readonly owner?: number | null;
  readonly permissions?: Permissions;
  readonly color?: string;
  readonly is_inbox_tag?: boolean;
  readonly path?: string;
}
export type Attribute = keyof ObjectValues;

export type PrincipalMaps = Pick<
  TranslationTables,
  'users' | 'groups' | 'userNames' | 'groupNames' | 'tokenUser' | 'unknownOwner'
>;

export interface ValueRules extends PrincipalMaps {
  readonly restoreHeldBack: boolean;
}

export const heldBackOf = (object: TaxonomyObject): HeldBack => ({
  matching_algorithm: object.matchingAlgorithm,
  is_inbox_tag: object.isInboxTag,
});

/** undefined: the replica's own affair (policy `skip`). */
export function ownerOnReplica(object: TaxonomyObject, rules: PrincipalMaps): number | null | undefined {
  const { owner, leave } = translateOwner(object.owner, rules);
  return leave ? undefined : owner;
}

export function desiredValues(object: TaxonomyObject, rules: ValueRules): ObjectValues {
  const owner = ownerOnReplica(object, rules);
  const { restoreHeldBack: restored } = rules;
  return {
    name: pythonTrim(object.name),
    match: pythonTrim(object.match),
    // Held back: the replica must not tag on its own what the master decides (E5).
    matching_algorithm: restored ? object.matchingAlgorithm : 0,
    is_insensitive: object.isInsensitive,
    ...(owner === undefined ? {} : { owner }),
    ...(object.permissions ? { permissions: translatePermissions(object, rules).permissions } : {}),
    ...(object.kind === 'tag' && object.color !== null ? { color: object.color } : {}),
    ...(object.kind === 'tag' ? { is_inbox_tag: restored && object.isInboxTag } : {}),
    ...(object.kind === 'storage_path' && object.path !== null ? { path: pythonTrim(object.path) } : {}),
  };
}

function actualValues(object: TaxonomyObject): Required<ObjectValues> {
  return {
    name: pythonTrim(object.name),
    match: pythonTrim(object.match),
    matching_algorithm: object.matchingAlgorithm,
    is_insensitive: object.isInsensitive,
    owner: object.owner,
    permissions: normalisePermissions(object.permissions),
    color: object.color ?? '',
    is_inbox_tag: object.isInboxTag,
    path: pythonTrim(object.path ?? ''),
  };
}

export interface Difference {
  readonly attribute: Attribute;
  readonly wanted: string;
  readonly found: string;
}

export function differences(desired: Partial<ObjectValues>, replica: TaxonomyObject): Difference[] {
  const actual = actualValues(replica);
  return (Object.keys(desired) as Attribute[]).flatMap((attribute) => {
    const [wanted, found] = [canonicalJson(desired[attribute]), canonicalJson(actual[attribute])];
    return wanted === found ? [] : [{ attribute, wanted, found }];
  });
}

/** Refused before, and neither side has moved since: sent again only by a sweep. */
export function isRefused({ attribute, wanted, found }: Difference, refused: LinkDetail['refused']): boolean {
  const before = refused?.[attribute];
  return before !== undefined && before.wanted === wanted && before.found === found;
}

export function pickValues(values: ObjectValues, attributes: readonly Attribute[]): Partial<ObjectValues> {
  return Object.fromEntries(attributes.map((attribute) => [attribute, values[attribute]]));
}

/** As the API wants it. */
export function bodyOf(values: Partial<ObjectValues>): Record<string, unknown> {
  const { permissions, ...rest } = values;
  return permissions ? { ...rest, set_permissions: permissions } : rest;
}

/** Which value of ours a field of a refusal means; null if it names none, so that nothing can be left out. */
export function attributeOfKey(key: string, sent: Partial<ObjectValues>): Attribute | null {
  const name = key.split('.')[0]?.split('[')[0] ?? key;
  const attribute = name === 'set_permissions' ? 'permissions' : name;
  return attribute in sent ? (attribute as Attribute) : null;
}
