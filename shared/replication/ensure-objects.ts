/** Tags, correspondents, document types and storage paths: found by the stored pair, else by name and owner, else created. */
import * as taxonomyRepo from '../db/taxonomy.repo.ts';
import type { TaxonomyKind, TaxonomyObject } from '../domain/model.ts';
import { translatePermissions } from '../domain/translate/permissions.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import type { Parity } from './ensure-taxonomy.ts';

type Found = { readonly object: TaxonomyObject } | { readonly ambiguous: string } | null;

/** Ids of the replica by ids of the master. Objects that cannot be paired are left out and said in `unmapped`. */
export async function ensureObjects(parity: Parity, kind: TaxonomyKind): Promise<Map<number, number>> {
  const pairs = new Map<number, number>();
  const taken = new Set<number>();
  const known = new Set(parity.replica.objects[kind].map((object) => object.id));
  const masters = parentsFirst(parity.master.objects[kind]);
  for (const object of masters) {
    const stored = parity.stored.get(`${kind}:${object.id}`)?.replica_obj_id ?? null;
    if (stored === null || !known.has(stored)) continue;
    pairs.set(object.id, stored);
    taken.add(stored);
  }
  for (const object of masters) {
    if (pairs.has(object.id)) continue;
    const id = await pairOrCreate(parity, object, pairs, taken);
    if (id === null) continue;
    pairs.set(object.id, id);
    taken.add(id);
  }
  return pairs;
}

async function pairOrCreate(
  parity: Parity,
  object: TaxonomyObject,
  pairs: ReadonlyMap<number, number>,
  taken: ReadonlySet<number>,
) {
  const owner = ownerOnReplica(parity, object);
  const found = findByName(parity.replica.objects[object.kind], object.name, owner, taken);
  if (found && 'ambiguous' in found) return giveUp(parity, object, 'ambiguous', found.ambiguous);
  if (found) return keep(parity, object, found.object, false);
  const before = parity.stored.get(`${object.kind}:${object.id}`)?.replica_obj_id ?? null;
  await saveLink(parity, object, { state: 'creating', replicaObjId: before, createdByUs: false });
  try {
    const created = await createOnce(parity, object, owner, pairs, taken);
    parity.replica.objects[object.kind].push(created.object);
    return await keep(parity, object, created.object, created.byUs);
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.class !== 'invalid') throw error;
    if (before !== null) throw listNotWhole(object.kind, object.name);
    return giveUp(
      parity,
      object,
      'failed',
      `${object.kind} "${object.name}" was refused by the replica: ${describeFields(error)}`,
    );
  }
}

/** paperless scopes names by owner; an unowned name shuts out all owned ones (paperless-api.md 10.3). */
function findByName(
  objects: readonly TaxonomyObject[],
  name: string,
  owner: number | null,
  taken: ReadonlySet<number>,
): Found {
  const named = objects.filter((object) => object.name === name && !taken.has(object.id));
  const exact = named.find((object) => object.owner === owner) ?? named.find((object) => object.owner === null);
  if (exact) return { object: exact };
  if (named.length === 1 && named[0]) return { object: named[0] };
  return named.length > 1
    ? { ambiguous: `"${name}" exists ${named.length} times on the replica, with other owners` }
    : null;
}

/** Creates; after a refusal or a lost answer the list decides, and only an object that is still not there is sent again. */
async function createOnce(
  parity: Parity,
  object: TaxonomyObject,
  owner: number | null,
  pairs: ReadonlyMap<number, number>,
  taken: ReadonlySet<number>,
) {
  const { writer, signal, deps } = parity.run;
  const body = bodyOf(parity, object, owner, pairs);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await deps.racePoint(`taxonomy.create:${object.kind}`);
      return { object: await writer.createTaxonomy(object.kind, body, signal), byUs: true };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.class !== 'invalid' && error.class !== 'unknown-outcome') throw error;
      const again = findByName(await writer.taxonomy(object.kind, signal), object.name, owner, taken);
      if (again && 'object' in again) return { object: again.object, byUs: error.class === 'unknown-outcome' };
      if (error.class === 'invalid' || attempt >= 3) throw error;
    }
  }
}

/** Matching and the inbox flag are held back: the replica must not tag on its own what the master decides (E5). */
function bodyOf(
  parity: Parity,
  object: TaxonomyObject,
  owner: number | null,
  pairs: ReadonlyMap<number, number>,
): Record<string, unknown> {
  const tables = {
    users: parity.users,
    groups: parity.groups,
    userNames: parity.userNames,
    groupNames: parity.groupNames,
  };
  const common = {
    name: object.name,
    match: object.match,
    matching_algorithm: 0,
    is_insensitive: object.isInsensitive,
    owner,
    set_permissions: translatePermissions(object, tables).permissions,
  };
  if (object.kind === 'storage_path') return { ...common, path: object.path };
  if (object.kind !== 'tag') return common;
  return {
    ...common,
    color: object.color,
    is_inbox_tag: false,
    parent: object.parent === null ? null : (pairs.get(object.parent) ?? null),
  };
}

function ownerOnReplica(parity: Parity, object: TaxonomyObject): number | null {
  return object.owner === null ? null : (parity.users.get(object.owner) ?? parity.tokenUser);
}

function parentsFirst(objects: readonly TaxonomyObject[]): TaxonomyObject[] {
  const byId = new Map(objects.map((object) => [object.id, object]));
  const depth = (object: TaxonomyObject): number => {
    let levels = 0;
    for (let at = object.parent; at !== null && levels < 10; at = byId.get(at)?.parent ?? null) levels += 1;
    return levels;
  };
  return [...objects].sort((a, b) => depth(a) - depth(b) || a.id - b.id);
}

async function keep(parity: Parity, object: TaxonomyObject, found: TaxonomyObject, byUs: boolean): Promise<number> {
  await saveLink(parity, object, { state: 'linked', replicaObjId: found.id, createdByUs: byUs });
  return found.id;
}

async function giveUp(
  parity: Parity,
  object: TaxonomyObject,
  state: 'ambiguous' | 'failed',
  why: string,
): Promise<null> {
  await saveLink(parity, object, { state, replicaObjId: null, createdByUs: false, errorMsg: why });
  parity.unmapped.set(`${object.kind}:${object.id}`, why);
  parity.run.deps.log.warning(why, {
    replicaId: parity.run.replica.id,
    runId: parity.run.run.id,
    code: `taxonomy_${state}`,
  });
  return null;
}

async function saveLink(
  parity: Parity,
  object: TaxonomyObject,
  link: Pick<taxonomyRepo.TaxonomyLinkInput, 'state' | 'replicaObjId' | 'createdByUs' | 'errorMsg'>,
): Promise<void> {
  await taxonomyRepo.saveTaxonomyLink(parity.run.deps.db, {
    ...link,
    replicaId: parity.run.replica.id,
    kind: object.kind,
    masterId: object.id,
    name: object.name,
    heldBack: { matching_algorithm: object.matchingAlgorithm, is_inbox_tag: object.isInboxTag },
  });
}

/** E4: the replica lists none, refuses a new one as known, and had one before: the list is not what it has. */
export function listNotWhole(kind: string, name: string): AppError {
  return new AppError({
    code: 'list_not_whole',
    class: 'not-an-api',
    scope: 'instance',
    message: `The replica does not list the ${kind} "${name}", which it had before, but refuses to make it again.`,
    hint: 'Check the rights of the token and what stands in front of the instance. No document was written.',
  });
}

export function describeFields(error: AppError): string {
  const fields = Object.entries(error.fields ?? {});
  return fields.length === 0 ? error.message : fields.map(([field, text]) => `${field}: ${text}`).join('; ');
}
