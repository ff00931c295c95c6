/** The taxonomy of a replica for people: what stands for what, what cannot be told, what is left alone. */
import { describeAction } from '../../../shared/domain/taxonomy/actions.ts';
import { itemsOf, keyOf, type HeldBack, type LinkKind } from '../../../shared/domain/taxonomy/vocabulary.ts';
import type { TaxonomyView } from '../../../shared/replication/taxonomy/read.ts';

interface Pair {
  readonly kind: LinkKind;
  readonly master_id: number;
  readonly replica_obj_id: number;
  readonly name: string;
  readonly created_by_us: boolean;
  /** Values of the master that the replica does not have while they are held back. */
  readonly held_back: HeldBack | null;
  readonly refused: readonly { readonly value: string; readonly why: string }[];
}

export function presentTaxonomy({ input, plan }: TaxonomyView) {
  const ambiguous = new Set(plan.ambiguities.map(({ row }) => keyOf(row.kind, row.masterId)));
  const rows = [...plan.rows.values()].filter(({ state }) => state !== 'gone');
  const paired = rows.flatMap((row): Pair[] => {
    if (row.state !== 'linked' || row.replicaId === null) return [];
    const { kind, masterId, replicaId, name, createdByUs, heldBack, detail } = row;
    const refused = Object.entries(detail.refused ?? {}).map(([value, { why }]) => ({ value, why }));
    return [
      {
        kind,
        master_id: masterId,
        replica_obj_id: replicaId,
        name,
        created_by_us: createdByUs,
        held_back: isHeldBack(heldBack) && !input.restoreHeldBack ? heldBack : null,
        refused,
      },
    ];
  });
  const unmatched = rows
    .filter((row) => row.state !== 'linked' && !ambiguous.has(keyOf(row.kind, row.masterId)))
    .map(({ kind, masterId, name }) => ({
      kind,
      master_id: masterId,
      name,
      reason: plan.tables.unmapped.get(keyOf(kind, masterId)) ?? null,
    }));
  return {
    pairs: paired,
    unmatched,
    ambiguous: presentAmbiguities({ input, plan }),
    replica_only: plan.replicaOnly.map(({ kind, replicaId, name }) => ({ kind, replica_obj_id: replicaId, name })),
    ...presentGone({ input, plan }),
    /** What the next sweep would do. */
    planned: plan.actions.map(describeAction),
  };
}

const isHeldBack = (values: HeldBack | null): boolean =>
  values !== null && (values.matching_algorithm !== 0 || values.is_inbox_tag);

function presentAmbiguities({ input, plan }: TaxonomyView) {
  const users = new Map(input.replica.users.map(({ id, name }) => [id, name]));
  return plan.ambiguities.map(({ row, candidates }) => ({
    kind: row.kind,
    master_id: row.masterId,
    name: row.name,
    reason: row.errorMsg,
    candidates: candidates.map((id) => {
      const item = itemsOf(input.replica, row.kind).find((one) => one.id === id);
      const owner = item && 'owner' in item && item.owner !== null ? (users.get(item.owner) ?? null) : null;
      return { replica_obj_id: id, name: item?.name ?? null, owner };
    }),
  }));
}

function presentGone({ input, plan }: TaxonomyView) {
  const why = new Map(plan.kept.map((kept) => [keyOf(kept.kind, kept.masterId), kept.why]));
  const gone = [...plan.rows.values()].filter(({ state }) => state === 'gone');
  return {
    deleted_on_master: gone.map(({ kind, masterId, replicaId, name, detail, createdByUs }) => ({
      kind,
      master_id: masterId,
      replica_obj_id: replicaId,
      name,
      created_by_us: createdByUs,
      approved: detail.approved === true,
      kept_because:
        why.get(keyOf(kind, masterId)) ?? (input.removal.deletes ? null : 'nothing is deleted on this replica'),
    })),
    /** Too many at once: nothing is concluded from it. */
    missing_on_master: plan.missing,
  };
}
