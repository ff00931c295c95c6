/** Tags, correspondents, document types and storage paths: pairs, what differs, and in which order it is written. */
import type { TaxonomyKind, TaxonomyObject } from '../model.ts';
import type { TaxonomyAction } from './actions.ts';
import {
  desiredValues,
  differences,
  heldBackOf,
  isRefused,
  ownerOnReplica,
  pickValues,
  type Attribute,
  type Difference,
  type ObjectValues,
} from './object-values.ts';
import { pairObjects, type Pairing } from './pairing.ts';
import type { Draft } from './draft.ts';
import { orderRenames } from './renames.ts';
import { orderTree, type TreeNode } from './tag-tree.ts';
import { keyOf, type LinkRow, type StoredLink } from './vocabulary.ts';

interface Changed {
  readonly object: TaxonomyObject;
  readonly copy: TaxonomyObject;
  readonly attributes: readonly Attribute[];
  readonly values: ObjectValues;
}

export function planObjects(draft: Draft, kind: TaxonomyKind): void {
  const { input } = draft;
  const masters = input.master.objects[kind];
  const replicas = new Map(input.replica.objects[kind].map((object) => [object.id, object]));
  const pairs = pairObjects({
    masters,
    replicas: input.replica.objects[kind],
    stored: input.stored.filter((link) => link.kind === kind),
    owner: (object) => ownerOnReplica(object, draft.rules),
    others: draft.others,
    tokenUser: input.tokenUser,
  });
  const changed: Changed[] = [];
  for (const object of masters) {
    const pairing = pairs.get(object.id);
    if (!pairing) continue;
    enter(draft, object, pairing);
    const copy = 'replicaId' in pairing ? replicas.get(pairing.replicaId) : undefined;
    if (copy) changed.push(...compare(draft, object, copy));
  }
  draft.actions.push(...inOrder(changed), ...placed(draft, kind, masters, pairs));
}

/** The pair, and the row that remembers it. */
function enter(draft: Draft, object: TaxonomyObject, pairing: Pairing): void {
  const key = keyOf(object.kind, object.id);
  const stored = draft.stored.get(key);
  const { refused: _refused, ...detail } = stored?.detail ?? {};
  const row: LinkRow = {
    kind: object.kind,
    masterId: object.id,
    replicaId: null,
    name: object.name,
    state: 'linked',
    createdByUs: false,
    heldBack: heldBackOf(object),
    detail,
    errorMsg: null,
  };
  switch (pairing.how) {
    case 'stored':
      draft.pair(object.kind, object.id, pairing.replicaId);
      draft.remember({ ...row, replicaId: pairing.replicaId, createdByUs: stored?.createdByUs ?? false });
      break;
    case 'adopt':
      draft.adopt({ ...row, replicaId: pairing.replicaId, createdByUs: pairing.createdByUs });
      break;
    case 'create':
      draft.await({ ...row, state: 'creating', replicaId: stored?.replicaId ?? null });
      break;
    case 'ambiguous':
      draft.ambiguous({ ...row, state: 'ambiguous', errorMsg: pairing.why }, pairing.candidates);
      break;
    default:
      return pairing satisfies never;
  }
}

function compare(draft: Draft, object: TaxonomyObject, copy: TaxonomyObject): Changed[] {
  const key = keyOf(object.kind, object.id);
  const values = desiredValues(object, draft.rules);
  const open = sendable(draft, key, differences(values, copy));
  return open.length === 0 ? [] : [{ object, copy, values, attributes: open.map(({ attribute }) => attribute) }];
}

/** What the replica refused before is remembered with the row, and left alone until something moves (or a sweep tries). */
function sendable(draft: Draft, key: string, found: readonly Difference[]): Difference[] {
  const refused: StoredLink['detail']['refused'] = draft.stored.get(key)?.detail.refused;
  const still = found.filter((difference) => isRefused(difference, refused));
  if (still.length > 0)
    draft.keepRefused(key, Object.fromEntries(still.map(({ attribute }) => [attribute, refused?.[attribute]])));
  return draft.input.sweep ? [...found] : found.filter((difference) => !still.includes(difference));
}

/** Names first, in an order that paperless accepts; all other values of an object go along with its last rename. */
function inOrder(changed: readonly Changed[]): TaxonomyAction[] {
  const byReplica = new Map(changed.map((change) => [change.copy.id, change]));
  const renamed = changed.filter(({ attributes }) => attributes.includes('name'));
  const renames = orderRenames(
    renamed.map(({ copy, values }) => ({ id: copy.id, from: copy.name, to: values.name })),
  ).flatMap(({ id, to, aside }): TaxonomyAction[] => {
    const change = byReplica.get(id);
    if (!change) return [];
    return [aside ? { ...changeOf(change), values: { name: to }, aside: true } : changeOf(change)];
  });
  return [...renames, ...changed.filter((change) => !renamed.includes(change)).map(changeOf)];
}

function changeOf({ object, copy, values, attributes }: Changed): Extract<TaxonomyAction, { do: 'change' }> {
  const { kind, id: masterId, name } = object;
  return { do: 'change', kind, masterId, replicaId: copy.id, name, values: pickValues(values, attributes) };
}

/** Creations, and for tags the tree: a create or a move at a time, parents first. */
function placed(
  draft: Draft,
  kind: TaxonomyKind,
  masters: readonly TaxonomyObject[],
  pairs: ReadonlyMap<number, Pairing>,
): TaxonomyAction[] {
  const byId = new Map(masters.map((object) => [object.id, object]));
  // An unowned name shuts out owned ones that come after it, not those that are there before (paperless-api.md 10.3).
  const unownedLast = masters.toSorted((a, b) => Number(a.owner === null) - Number(b.owner === null) || a.id - b.id);
  const nodes = unownedLast.flatMap((object) => treeNode(object, pairs));
  const parents = new Map(draft.input.replica.objects.tag.map((tag) => [tag.id, tag.parent]));
  const steps = orderTree(nodes, kind === 'tag' ? parents : new Map());
  const replicaIds = new Map(nodes.map((node) => [node.masterId, node.replicaId]));
  return steps.flatMap(({ do: what, masterId, parent, aside }): TaxonomyAction[] => {
    const object = byId.get(masterId);
    const replicaId = replicaIds.get(masterId) ?? null;
    if (!object) return [];
    if (what === 'create') return [created(draft, object, parent, pairs)];
    if (replicaId === null || isMoveRefused(draft, object, parent)) return [];
    return [{ do: 'move', kind: 'tag', masterId, replicaId, name: object.name, parent, ...(aside ? { aside } : {}) }];
  });
}

function created(
  draft: Draft,
  object: TaxonomyObject,
  parent: number | null,
  pairs: ReadonlyMap<number, Pairing>,
): TaxonomyAction {
  const pairing = pairs.get(object.id);
  const again = pairing?.how === 'create' && pairing.again;
  const { kind, id: masterId, name } = object;
  return { do: 'create', kind, masterId, name, values: desiredValues(object, draft.rules), parent, again };
}

function treeNode(object: TaxonomyObject, pairs: ReadonlyMap<number, Pairing>): TreeNode[] {
  const pairing = pairs.get(object.id);
  if (!pairing || pairing.how === 'ambiguous') return [];
  const replicaId = 'replicaId' in pairing ? pairing.replicaId : null;
  const above = object.parent === null ? undefined : pairs.get(object.parent);
  const parentKnown = object.parent === null || (above !== undefined && above.how !== 'ambiguous');
  return [{ masterId: object.id, replicaId, parent: parentKnown ? object.parent : undefined }];
}

function isMoveRefused(draft: Draft, object: TaxonomyObject, parent: number | null): boolean {
  const key = keyOf('tag', object.id);
  const before = draft.stored.get(key)?.detail.refused?.parent;
  if (before === undefined || before.wanted !== String(parent)) return false;
  draft.keepRefused(key, { parent: before });
  return !draft.input.sweep;
}
