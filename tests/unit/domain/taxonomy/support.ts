/** Small vocabularies, and a model of what paperless makes of each step (paperless-api.md 10). */
import type { CustomFieldDefinition, TaxonomyKind, TaxonomyObject } from '../../../../shared/domain/model.ts';
import type { TaxonomyAction } from '../../../../shared/domain/taxonomy/actions.ts';
import { NO_REMOVALS, type PlanInput } from '../../../../shared/domain/taxonomy/draft.ts';
import { planOptions, rememberOptions } from '../../../../shared/domain/taxonomy/options.ts';
import { planTaxonomy, type TaxonomyPlan } from '../../../../shared/domain/taxonomy/plan.ts';
import {
  keyOf,
  type LinkRow,
  type StoredLink,
  type Vocabulary,
} from '../../../../shared/domain/taxonomy/vocabulary.ts';

export const NOW = new Date('2024-05-06T07:08:09.000Z');
export const TOKEN_USER = 900;

export const object = (kind: TaxonomyKind, id: number, over: Partial<TaxonomyObject> = {}): TaxonomyObject => ({
  id,
  kind,
  name: `${kind} ${id}`,
  owner: null,
  match: '',
  matchingAlgorithm: 0,
  isInsensitive: true,
  permissions: { view: { users: [], groups: [] }, change: { users: [], groups: [] } },
  color: kind === 'tag' ? '#a6cee3' : null,
  isInboxTag: false,
  parent: null,
  path: kind === 'storage_path' ? '{{ title }}' : null,
  ...over,
});
export const tag = (id: number, over: Partial<TaxonomyObject> = {}) => object('tag', id, over);

export const field = (id: number, over: Partial<CustomFieldDefinition> = {}): CustomFieldDefinition => ({
  id,
  name: `field ${id}`,
  dataType: 'string',
  selectOptions: [],
  defaultCurrency: null,
  ...over,
});
export const select = (id: number, options: readonly (readonly [string, string])[], over = {}) =>
  field(id, { dataType: 'select', selectOptions: options.map(([key, label]) => ({ id: key, label })), ...over });

export interface Words {
  readonly objects?: readonly TaxonomyObject[];
  readonly fields?: readonly CustomFieldDefinition[];
  readonly users?: readonly (readonly [number, string])[];
}
export const vocabulary = ({ objects = [], fields = [], users = [] }: Words = {}): Vocabulary => {
  const of = (kind: TaxonomyKind) => objects.filter((one) => one.kind === kind);
  return {
    objects: {
      tag: of('tag'),
      correspondent: of('correspondent'),
      document_type: of('document_type'),
      storage_path: of('storage_path'),
    },
    fields,
    users: users.map(([id, name]) => ({ id, name })),
    groups: [],
  };
};

export const link = (over: Partial<StoredLink> & Pick<StoredLink, 'masterId' | 'replicaId'>): StoredLink => ({
  id: over.masterId + 1000,
  kind: 'tag',
  name: `tag ${over.masterId}`,
  state: 'linked',
  createdByUs: true,
  heldBack: { matching_algorithm: 0, is_inbox_tag: false },
  detail: {},
  errorMsg: null,
  ...over,
});

export const input = (master: Words, replica: Words, over: Partial<PlanInput> = {}): PlanInput => ({
  master: vocabulary(master),
  replica: vocabulary({ ...replica, users: [[TOKEN_USER, 'sync'], ...(replica.users ?? [])] }),
  stored: [],
  tokenUser: TOKEN_USER,
  unknownOwner: 'token_user',
  restoreHeldBack: false,
  sweep: false,
  removal: NO_REMOVALS,
  now: NOW,
  ...over,
});

export const planOf = (master: Words, replica: Words, over: Partial<PlanInput> = {}): TaxonomyPlan =>
  planTaxonomy(input(master, replica, over));

/** The replica as it would be, refusing what paperless refuses. */
export class Replica {
  readonly objects: TaxonomyObject[];
  readonly fields: CustomFieldDefinition[];
  readonly links: Map<string, StoredLink>;
  readonly refused: string[] = [];
  readonly writes: TaxonomyAction[] = [];
  readonly #master: Vocabulary;
  #next: number;

  constructor(from: PlanInput) {
    this.#master = from.master;
    this.objects = Object.values(from.replica.objects).flat();
    this.fields = [...from.replica.fields];
    const ids = [...this.objects, ...this.fields, ...from.stored].map(({ id }) => id);
    this.#next = Math.max(5000, ...ids);
    this.links = new Map(from.stored.map((stored) => [keyOf(stored.kind, stored.masterId), stored]));
  }

  run(from: PlanInput): PlanInput {
    const plan = planTaxonomy(from);
    for (const id of plan.forget) for (const [key, one] of this.links) if (one.id === id) this.links.delete(key);
    for (const row of plan.notes) this.#save(row);
    for (const action of plan.actions) this.#act(action, plan);
    return { ...from, replica: { ...from.replica, ...this.#vocabulary() }, stored: [...this.links.values()] };
  }

  #vocabulary() {
    const { objects, fields } = vocabulary({ objects: this.objects, fields: this.fields });
    return { objects, fields };
  }

  #save(row: LinkRow): void {
    const key = keyOf(row.kind, row.masterId);
    for (const [other, one] of this.links)
      if (other !== key && one.kind === row.kind && one.replicaId !== null && one.replicaId === row.replicaId)
        throw new Error(`#${row.replicaId} stands for two objects of the master`);
    this.links.set(key, { ...row, id: this.links.get(key)?.id ?? (this.#next += 1) });
  }

  #row(plan: TaxonomyPlan, { kind, masterId }: Pick<TaxonomyAction, 'kind' | 'masterId'>): LinkRow {
    const row = plan.rows.get(keyOf(kind, masterId));
    if (!row) throw new Error(`no row for ${kind} ${masterId}`);
    return row;
  }

  #act(action: TaxonomyAction, plan: TaxonomyPlan): void {
    if (action.do === 'adopt') return this.#save({ ...this.#row(plan, action), replicaId: action.replicaId });
    this.writes.push(action);
    switch (action.do) {
      case 'create': {
        const id = (this.#next += 1);
        const { matching_algorithm, is_insensitive, is_inbox_tag, ...values } = action.values;
        const made = object(action.kind, id, {
          ...values,
          matchingAlgorithm: matching_algorithm,
          isInsensitive: is_insensitive,
          isInboxTag: is_inbox_tag ?? false,
          owner: values.owner === undefined ? TOKEN_USER : values.owner,
          parent: this.#replicaId(action.parent),
        });
        this.#put(made);
        return this.#save({ ...this.#row(plan, action), replicaId: id, state: 'linked', createdByUs: true });
      }
      case 'change': {
        const { matching_algorithm, is_insensitive, is_inbox_tag, ...values } = action.values;
        return this.#put({
          ...this.#object(action.kind, action.replicaId),
          ...values,
          ...(matching_algorithm === undefined ? {} : { matchingAlgorithm: matching_algorithm }),
          ...(is_insensitive === undefined ? {} : { isInsensitive: is_insensitive }),
          ...(is_inbox_tag === undefined ? {} : { isInboxTag: is_inbox_tag }),
        });
      }
      case 'move':
        return this.#put({ ...this.#object('tag', action.replicaId), parent: this.#replicaId(action.parent) });
      case 'create_field': {
        const made = { ...action.field, id: (this.#next += 1) };
        this.fields.push(made);
        return this.#saveField(plan, action, made, true);
      }
      case 'change_field':
        return this.#changeField(plan, action);
      case 'remove_options': {
        const gone = new Set(action.options.map(({ id }) => id));
        const copy = this.#field(action.replicaId);
        const left = { ...copy, selectOptions: copy.selectOptions.filter(({ id }) => !gone.has(id)) };
        this.fields[this.fields.indexOf(copy)] = left;
        const wanted = this.#master.fields.find(({ id }) => id === action.masterId);
        return wanted && this.#saveField(plan, { ...action, field: wanted }, left, this.#row(plan, action).createdByUs);
      }
      case 'delete': {
        if (
          action.kind === 'tag' &&
          this.objects.some(({ kind, parent }) => kind === 'tag' && parent === action.replicaId)
        )
          throw new Error('a tag was deleted with others below it');
        if (action.kind === 'custom_field') this.fields.splice(this.fields.indexOf(this.#field(action.replicaId)), 1);
        else this.objects.splice(this.objects.indexOf(this.#object(action.kind, action.replicaId)), 1);
        this.links.delete(keyOf(action.kind, action.masterId));
        return;
      }
      default:
        return action satisfies never;
    }
  }

  #changeField(plan: TaxonomyPlan, action: Extract<TaxonomyAction, { do: 'change_field' }>): void {
    const copy = this.#field(action.replicaId);
    const detail = this.#row(plan, action).detail;
    const { list } = planOptions(action.field.selectOptions, copy.selectOptions, detail);
    const name = action.changes.includes('name') ? (action.aside ?? action.field.name) : copy.name;
    if (this.fields.some((other) => other !== copy && other.name === name)) throw new Error(`"${name}" is taken`);
    const changed: CustomFieldDefinition = {
      ...copy,
      name,
      ...(action.changes.includes('options')
        ? { selectOptions: list.map(({ id, label }) => ({ id: id ?? `made-${(this.#next += 1)}`, label })) }
        : {}),
      ...(action.changes.includes('currency') ? { defaultCurrency: action.field.defaultCurrency } : {}),
    };
    this.fields[this.fields.indexOf(copy)] = changed;
    if (!action.aside) this.#saveField(plan, action, changed, this.#row(plan, action).createdByUs);
  }

  #saveField(
    plan: TaxonomyPlan,
    action: Pick<TaxonomyAction, 'kind' | 'masterId'> & { readonly field: CustomFieldDefinition },
    copy: CustomFieldDefinition,
    createdByUs: boolean,
  ): void {
    const row = this.#row(plan, action);
    const options = planOptions(action.field.selectOptions, copy.selectOptions, row.detail);
    const detail = rememberOptions(row.detail, options, NOW);
    this.#save({ ...row, replicaId: copy.id, state: 'linked', createdByUs, detail });
  }

  #replicaId(masterId: number | null): number | null {
    if (masterId === null) return null;
    const found = this.links.get(keyOf('tag', masterId))?.replicaId;
    if (!found) throw new Error(`the parent #${masterId} is not there yet`);
    return found;
  }

  #object(kind: TaxonomyKind, id: number): TaxonomyObject {
    const found = this.objects.find((one) => one.kind === kind && one.id === id);
    if (!found) throw new Error(`there is no ${kind} #${id}`);
    return found;
  }

  #field(id: number): CustomFieldDefinition {
    const found = this.fields.find((one) => one.id === id);
    if (!found) throw new Error(`there is no field #${id}`);
    return found;
  }

  /** 10.3: unique by name and owner, an unowned name shuts out all others. 10.4: five levels, no circles. */
  #put(changed: TaxonomyObject): void {
    const at = this.objects.findIndex((one) => one.kind === changed.kind && one.id === changed.id);
    const before = this.objects[at];
    const others = this.objects.filter((one, index) => index !== at && one.kind === changed.kind);
    const same = others.filter(({ name }) => name === changed.name);
    if (before?.name !== changed.name || before.owner !== changed.owner)
      if (same.some(({ owner }) => owner === null || owner === changed.owner))
        throw new Error(`"${changed.name}" is taken`);
    if (at < 0) this.objects.push(changed);
    else this.objects[at] = changed;
    if (changed.kind === 'tag') for (const one of this.objects) if (one.kind === 'tag') this.#checkDepth(one);
  }

  #checkDepth(one: TaxonomyObject): void {
    let levels = 1;
    for (let up = one.parent; up !== null; up = this.#object('tag', up).parent) levels += 1;
    if (levels > 5) throw new Error(`"${one.name}" is ${levels} levels deep`);
  }
}
