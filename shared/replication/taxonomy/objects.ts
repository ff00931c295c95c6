/** Tags, correspondents, document types, storage paths on the replica: created, changed, moved. */
import type { TaxonomyAction } from '../../domain/taxonomy/actions.ts';
import {
  attributeOfKey,
  bodyOf,
  differences,
  type Attribute,
  type ObjectValues,
} from '../../domain/taxonomy/object-values.ts';
import type { RefusedValue } from '../../domain/taxonomy/vocabulary.ts';
import type { TaxonomyObject } from '../../domain/model.ts';
import { toAppError, type AppError } from '../../kernel/errors.ts';
import {
  describeFields,
  done,
  giveUp,
  isRefusal,
  listNotWhole,
  markUsers,
  remember,
  revisitUsers,
  rowOf,
  save,
  type Applying,
} from './applying.ts';
import { exists } from './removal-facts.ts';

type Create = Extract<TaxonomyAction, { do: 'create' }>;
type Change = Extract<TaxonomyAction, { do: 'change' }>;
type Move = Extract<TaxonomyAction, { do: 'move' }>;

const MAX_TRIES = 3;

export async function createObject(work: Applying, action: Create): Promise<void> {
  const row = rowOf(work, action.kind, action.masterId);
  if (action.again && row.replicaId !== null) {
    const { writer, signal } = work.run;
    if (await exists(writer, action.kind, row.replicaId, signal)) throw listNotWhole(action.kind, action.name);
    await markUsers(work, { kind: action.kind, id: action.masterId });
  } else await revisitUsers(work, action);
  await save(work, { ...row, state: 'creating', createdByUs: false });
  try {
    const { object, byUs } = await createOnce(work, action);
    await save(work, { ...row, replicaId: object.id, state: 'linked', createdByUs: byUs });
    work.ids[action.kind].set(action.masterId, object.id);
    work.unmapped.delete(`${action.kind}:${action.masterId}`);
    if (action.kind === 'tag') work.tagParents.set(object.id, object.parent);
    done(work, action);
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.class !== 'invalid') throw error;
    if (action.again) throw listNotWhole(action.kind, action.name);
    const why = `${action.kind.replaceAll('_', ' ')} "${action.name}" was refused by the replica: ${describeFields(error)}`;
    await giveUp(work, row, why);
  }
}

/** Creates; after a refusal or a lost answer the list decides, and only an object that is still not there is sent again. */
async function createOnce(work: Applying, action: Create): Promise<{ object: TaxonomyObject; byUs: boolean }> {
  const { writer, signal, deps } = work.run;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await deps.racePoint(`taxonomy.create:${action.kind}`);
      return { object: await writer.createTaxonomy(action.kind, creation(work, action), signal), byUs: true };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.class !== 'invalid' && error.class !== 'unknown-outcome') throw error;
      const there = same(work, action, await writer.taxonomy(action.kind, signal));
      if (there) return { object: there, byUs: error.class === 'unknown-outcome' };
      if (error.class === 'invalid' || attempt >= MAX_TRIES) throw error;
    }
  }
}

function creation(work: Applying, { kind, values, parent }: Create): Record<string, unknown> {
  const above = parent === null ? null : (work.ids.tag.get(parent) ?? null);
  return { ...bodyOf(values), ...(kind === 'tag' ? { parent: above } : {}) };
}

/** By name and owner, and by nobody else's counterpart: an unowned name shuts out all owned ones (paperless-api.md 10.3). */
function same(work: Applying, { kind, values }: Create, listed: readonly TaxonomyObject[]): TaxonomyObject | undefined {
  const taken = new Set(work.ids[kind].values());
  const named = listed.filter((object) => object.name === values.name && !taken.has(object.id));
  const owner = values.owner === undefined ? work.input.tokenUser : values.owner;
  return named.find((object) => object.owner === owner) ?? named.find((object) => object.owner === null);
}

export async function changeObject(work: Applying, action: Change): Promise<void> {
  const refused: Record<string, RefusedValue> = {};
  let values: Partial<ObjectValues> = action.values;
  while (Object.keys(values).length > 0) {
    const answer = await patch(work, action, bodyOf(values));
    if (answer === null) return;
    if (!('code' in answer)) {
      note(refused, values, answer, 'the replica keeps another value');
      break;
    }
    const named = Object.keys(answer.fields ?? {}).flatMap((key) => attributeOfKey(key, values) ?? []);
    const dropped = named.length > 0 ? named : (Object.keys(values) as Attribute[]);
    const before = listed(work, action);
    if (before) note(refused, pick(values, dropped), before, `refused by the replica: ${describeFields(answer)}`);
    values = pick(
      values,
      (Object.keys(values) as Attribute[]).filter((attribute) => !dropped.includes(attribute)),
    );
  }
  if (action.aside) return;
  await remember(work, action, refused, Object.keys(action.values));
  if (Object.keys(refused).length < Object.keys(action.values).length) done(work, action);
}

function note(
  refused: Record<string, RefusedValue>,
  values: Partial<ObjectValues>,
  object: TaxonomyObject,
  why: string,
): void {
  for (const { attribute, wanted, found } of differences(values, object)) refused[attribute] = { wanted, found, why };
}

function pick(values: Partial<ObjectValues>, attributes: readonly Attribute[]): Partial<ObjectValues> {
  return Object.fromEntries(Object.entries(values).filter(([name]) => attributes.includes(name as Attribute)));
}

const listed = ({ input }: Applying, { kind, replicaId }: Change | Move): TaxonomyObject | undefined =>
  input.replica.objects[kind].find(({ id }) => id === replicaId);

export async function moveTag(work: Applying, action: Move): Promise<void> {
  const parent = action.parent === null ? null : (work.ids.tag.get(action.parent) ?? null);
  // A parent that could not be created: the tag stays where it is, rather than to lose the ancestors it has.
  if (action.parent !== null && parent === null) return;
  const answer = await patch(work, action, { parent });
  if (answer === null) return;
  if ('code' in answer) {
    const found = String(work.tagParents.get(action.replicaId) ?? null);
    const why = `refused by the replica: ${describeFields(answer)}`;
    await remember(work, action, { parent: { wanted: String(action.parent), found, why } }, ['parent']);
    return;
  }
  work.tagParents.set(action.replicaId, answer.parent);
  if (action.aside) return;
  await remember(work, action, {}, ['parent']);
  done(work, action);
}

/**
 * Absolute values: after an answer that is none the object is read, and what did not arrive is sent again. The refusal is
 * handed back; null if somebody deleted the object meanwhile, which the next run sees.
 */
async function patch(
  work: Applying,
  { kind, replicaId }: Change | Move,
  body: Record<string, unknown>,
): Promise<TaxonomyObject | AppError | null> {
  const { writer, signal, deps } = work.run;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await deps.racePoint(`taxonomy.change:${kind}`);
      return await writer.patchTaxonomy(kind, replicaId, body, signal);
    } catch (thrown) {
      const error = toAppError(thrown);
      if (isRefusal(error)) return error;
      if (error.class === 'not-found') return null;
      if (error.class !== 'unknown-outcome') throw error;
      const now = await writer.taxonomyObject(kind, replicaId, signal);
      if (now === null || holds(now, body)) return now;
      // Silence: the request may still be under way. The run ends here, the next one looks again (H26).
      if (error.code !== 'answered_error' || attempt >= MAX_TRIES) throw error;
    }
  }
}

function holds(
  now: TaxonomyObject,
  { set_permissions: permissions, parent, ...values }: Record<string, unknown>,
): boolean {
  const wanted = { ...values, ...(permissions === undefined ? {} : { permissions }) } as Partial<ObjectValues>;
  return differences(wanted, now).length === 0 && (parent === undefined || parent === now.parent);
}
