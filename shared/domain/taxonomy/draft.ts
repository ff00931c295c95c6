/** A plan while it is made: what plan-objects, plan-fields and plan-removals have in common. */
import { canonicalJson } from '../fingerprint.ts';
import { TAXONOMY_KINDS, type TaxonomyKind } from '../model.ts';
import type { FieldMapping, TranslationTables, UnknownOwnerPolicy } from '../translate/tables.ts';
import type { TaxonomyAction } from './actions.ts';
import type { ValueRules } from './object-values.ts';
import {
  keyOf,
  principalsByName,
  type LinkKind,
  type LinkRow,
  type RefusedValue,
  type StoredLink,
  type Vocabulary,
} from './vocabulary.ts';

export interface PlanInput {
  readonly master: Vocabulary;
  readonly replica: Vocabulary;
  readonly stored: readonly StoredLink[];
  /** The user of our token on the replica. */
  readonly tokenUser: number;
  readonly unknownOwner: UnknownOwnerPolicy;
  readonly restoreHeldBack: boolean;
  /** Only then is anything taken away, and is anything that was refused tried again. */
  readonly sweep: boolean;
  readonly removal: RemovalFacts;
  readonly now: Date;
}

/** What was looked up about objects that the master no longer lists. */
export interface RemovalFacts {
  /** Objects are deleted at all (deletion mode of the replica). */
  readonly deletes: boolean;
  /** Links whose master object was asked for by itself and is not there, through a superuser's token (H4). */
  readonly gone: ReadonlySet<string>;
  /** Live documents of the replica that no link owns and that use the object or option, by `usageKey`. Not looked up: absent. */
  readonly foreignUses: ReadonlyMap<string, number>;
}
export const NO_REMOVALS: RemovalFacts = { deletes: false, gone: new Set(), foreignUses: new Map() };

export const usageKey = (kind: LinkKind, replicaId: number, option?: string): string =>
  `${kind}:${replicaId}${option === undefined ? '' : `:${option}`}`;

export interface Ambiguity {
  readonly row: LinkRow;
  readonly candidates: readonly number[];
}
/** Something that stays on the replica although the master has it no longer. */
export interface Kept {
  readonly kind: LinkKind;
  readonly masterId: number;
  readonly replicaId: number;
  readonly name: string;
  readonly why: string;
}
export interface MassMissing {
  readonly kind: LinkKind;
  readonly names: readonly string[];
  readonly known: number;
}

export class Draft {
  readonly input: PlanInput;
  readonly rules: ValueRules;
  readonly stored: ReadonlyMap<string, StoredLink>;
  /** Users of the replica that stand for one of the master's, but for the token's. */
  readonly others: ReadonlySet<number>;
  /** Before all others. */
  readonly first: TaxonomyAction[] = [];
  readonly actions: TaxonomyAction[] = [];
  /** The row of each object of the master, as it will be if all goes well. */
  readonly rows = new Map<string, LinkRow>();
  /** Rows that only have to be written down. */
  readonly notes = new Set<string>();
  readonly forget: number[] = [];
  readonly unmapped = new Map<string, string>();
  readonly ambiguities: Ambiguity[] = [];
  readonly kept: Kept[] = [];
  readonly missing: MassMissing[] = [];
  readonly taxonomy: Record<TaxonomyKind, Map<number, number>>;
  readonly fields = new Map<number, FieldMapping>();

  constructor(input: PlanInput) {
    this.input = input;
    this.stored = new Map(input.stored.map((link) => [keyOf(link.kind, link.masterId), link]));
    const { master, replica, tokenUser, unknownOwner, restoreHeldBack } = input;
    const users = principalsByName(master.users, replica.users);
    this.rules = {
      users,
      groups: principalsByName(master.groups, replica.groups),
      userNames: new Map(master.users.map(({ id, name }) => [id, name])),
      groupNames: new Map(master.groups.map(({ id, name }) => [id, name])),
      tokenUser,
      unknownOwner,
      restoreHeldBack,
    };
    this.others = new Set([...users.values()].filter((id) => id !== tokenUser));
    this.taxonomy = { tag: new Map(), correspondent: new Map(), document_type: new Map(), storage_path: new Map() };
  }

  pair(kind: TaxonomyKind, masterId: number, replicaId: number): void {
    this.taxonomy[kind].set(masterId, replicaId);
  }

  /** As it is, or will be once the actions are done; written down only where it is news. */
  remember(row: LinkRow): void {
    const key = keyOf(row.kind, row.masterId);
    this.rows.set(key, row);
    const stored = this.stored.get(key);
    if (!stored || !sameRow(stored, row)) this.notes.add(key);
  }

  adopt(row: LinkRow & { readonly replicaId: number }): void {
    const { kind, masterId, replicaId, name, createdByUs } = row;
    this.rows.set(keyOf(kind, masterId), row);
    // Its link to an object that the master has deleted would hold the counterpart fast.
    for (const link of this.input.stored)
      if (link.state === 'gone' && link.kind === kind && link.replicaId === replicaId && link.masterId !== masterId)
        this.forget.push(link.id);
    this.actions.push({ do: 'adopt', kind, masterId, replicaId, name, createdByUs });
    if (kind !== 'custom_field') this.pair(kind, masterId, replicaId);
  }

  await(row: LinkRow): void {
    const key = keyOf(row.kind, row.masterId);
    this.rows.set(key, row);
    this.unmapped.set(key, `${row.kind.replaceAll('_', ' ')} "${row.name}" is not on the replica yet`);
  }

  ambiguous(row: LinkRow, candidates: readonly number[]): void {
    this.remember(row);
    this.unmapped.set(keyOf(row.kind, row.masterId), row.errorMsg ?? '');
    this.ambiguities.push({ row, candidates });
  }

  fail(row: LinkRow, why: string): void {
    this.remember({ ...row, state: 'failed', errorMsg: why });
    this.unmapped.set(keyOf(row.kind, row.masterId), why);
  }

  keepRefused(key: string, refused: Readonly<Record<string, RefusedValue | undefined>>): void {
    const row = this.rows.get(key);
    if (!row) return;
    const known = Object.entries(refused).flatMap(([name, value]) => (value ? [[name, value] as const] : []));
    const all = { ...row.detail.refused, ...Object.fromEntries(known) };
    this.notes.delete(key);
    this.remember({ ...row, detail: { ...row.detail, refused: all } });
  }

  tables(): TranslationTables {
    const { restoreHeldBack: _switch, ...principals } = this.rules;
    return {
      ...principals,
      taxonomy: this.taxonomy,
      fields: this.fields,
      unmapped: this.unmapped,
      tagParents: new Map(this.input.replica.objects.tag.map((tag) => [tag.id, tag.parent])),
    };
  }

  /** Objects of the replica that stand for none of the master's: left alone. */
  replicaOnly(): { readonly kind: LinkKind; readonly replicaId: number; readonly name: string }[] {
    const { replica, stored } = this.input;
    const linked = new Set(
      stored.filter((link) => link.state !== 'gone').map((link) => `${link.kind}:${link.replicaId}`),
    );
    for (const kind of TAXONOMY_KINDS) for (const id of this.taxonomy[kind].values()) linked.add(`${kind}:${id}`);
    for (const { replicaId } of this.fields.values()) linked.add(`custom_field:${replicaId}`);
    const all = [
      ...TAXONOMY_KINDS.flatMap((kind) => replica.objects[kind].map(({ id, name }) => ({ kind, replicaId: id, name }))),
      ...replica.fields.map(({ id, name }) => ({ kind: 'custom_field' as const, replicaId: id, name })),
    ];
    return all.filter(({ kind, replicaId }) => !linked.has(`${kind}:${replicaId}`));
  }
}

function sameRow(stored: StoredLink, row: LinkRow): boolean {
  const { id: _id, ...rest } = stored;
  return canonicalJson(rest) === canonicalJson({ ...row });
}
