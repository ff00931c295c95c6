/**
 * What makes the taxonomy of a replica equal to the master's, as a list of steps; nothing is done here. A run carries the
 * list out, a dry run prints it, and whoever only reads takes the tables (E5).
 */
import { TAXONOMY_KINDS } from '../model.ts';
import type { TranslationTables } from '../translate/tables.ts';
import type { TaxonomyAction } from './actions.ts';
import { Draft, type Ambiguity, type Kept, type MassMissing, type PlanInput } from './draft.ts';
import { planFields } from './plan-fields.ts';
import { planObjects } from './plan-objects.ts';
import { planRemovals } from './plan-removals.ts';
import type { LinkKind, LinkRow } from './vocabulary.ts';

export interface TaxonomyPlan {
  /** In the order in which they are to be done. */
  readonly actions: readonly TaxonomyAction[];
  /** The row of each object of the master, as it will be once the actions are done; by `kind:master id`. */
  readonly rows: ReadonlyMap<string, LinkRow>;
  /** Rows to be written down without any request. */
  readonly notes: readonly LinkRow[];
  /** Ids of rows that say nothing any more. */
  readonly forget: readonly number[];
  /** As things stand before the actions. */
  readonly tables: TranslationTables;
  readonly ambiguities: readonly Ambiguity[];
  /** Deleted on the master, and left on the replica. */
  readonly kept: readonly Kept[];
  /** Missing on the master in numbers: nothing is concluded from it. */
  readonly missing: readonly MassMissing[];
  readonly replicaOnly: readonly { readonly kind: LinkKind; readonly replicaId: number; readonly name: string }[];
}

export function planTaxonomy(input: PlanInput): TaxonomyPlan {
  const draft = new Draft(input);
  for (const kind of TAXONOMY_KINDS) planObjects(draft, kind);
  planFields(draft);
  planRemovals(draft);
  const changed = draft.actions.filter(({ do: what }) => what !== 'adopt');
  return {
    actions: [...draft.actions.filter(({ do: what }) => what === 'adopt'), ...draft.first, ...changed],
    rows: draft.rows,
    notes: [...draft.notes].flatMap((key) => draft.rows.get(key) ?? []),
    forget: draft.forget,
    tables: draft.tables(),
    ambiguities: draft.ambiguities,
    kept: draft.kept,
    missing: draft.missing,
    replicaOnly: draft.replicaOnly(),
  };
}
