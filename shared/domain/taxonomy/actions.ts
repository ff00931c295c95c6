/** What a run does to the taxonomy of a replica, one step after the other. A dry run prints the same list. */
import type { CustomFieldDefinition, SelectOption, TaxonomyKind } from '../model.ts';
import type { OptionPlan } from './options.ts';
import type { ObjectValues } from './object-values.ts';
import type { LinkKind } from './vocabulary.ts';

interface Of {
  readonly kind: LinkKind;
  readonly masterId: number;
  readonly name: string;
}
interface OfObject extends Of {
  readonly kind: TaxonomyKind;
}
interface Paired {
  readonly replicaId: number;
}

export type TaxonomyAction =
  /** Found on the replica: only remembered. */
  | (Of & Paired & { readonly do: 'adopt'; readonly createdByUs: boolean })
  | (OfObject & {
      readonly do: 'create';
      readonly values: ObjectValues;
      /** In the master's ids. */
      readonly parent: number | null;
      readonly again: boolean;
    })
  /** `aside`: a name in between, so that two objects can swap theirs. */
  | (OfObject & Paired & { readonly do: 'change'; readonly values: Partial<ObjectValues>; readonly aside?: true })
  /** Parent in the master's ids. `aside`: out of the way of another move, for the depth of the tree is limited. */
  | (OfObject &
      Paired & { readonly do: 'move'; readonly kind: 'tag'; readonly parent: number | null; readonly aside?: true })
  | (Of & { readonly do: 'create_field'; readonly field: CustomFieldDefinition; readonly again: boolean })
  | (Of &
      Paired & {
        readonly do: 'change_field';
        readonly field: CustomFieldDefinition;
        readonly changes: readonly FieldChange[];
        readonly options: Pick<OptionPlan, 'added' | 'renamed' | 'reordered'>;
        /** A name in between, as for objects. */
        readonly aside?: string;
      })
  | (Of & Paired & { readonly do: 'remove_options'; readonly options: readonly SelectOption[] })
  | (Of & Paired & { readonly do: 'delete' });

export type FieldChange = 'name' | 'options' | 'currency';

/** As one line for people, in the log and in a dry run. */
export function describeAction(action: TaxonomyAction): string {
  const what = `${action.kind.replaceAll('_', ' ')} "${action.name}"`;
  switch (action.do) {
    case 'adopt':
      return `${what}: the replica's #${action.replicaId} stands for it from now on`;
    case 'create':
    case 'create_field':
      return `${what}: created${action.again ? ' again' : ''}`;
    case 'change':
      return action.aside ? `${what}: renamed for a moment` : `${what}: ${Object.keys(action.values).join(', ')}`;
    case 'move':
      return `${what}: parent`;
    case 'change_field':
      return `${what}: ${fieldChanges(action).join(', ')}`;
    case 'remove_options':
      return `${what}: options removed: ${action.options.map(({ label }) => `"${label}"`).join(', ')}`;
    case 'delete':
      return `${what}: deleted, as on the master`;
    default:
      return action satisfies never;
  }
}

function fieldChanges({ changes, options }: Extract<TaxonomyAction, { do: 'change_field' }>): string[] {
  return changes.flatMap((change) => {
    if (change !== 'options') return [change];
    return [
      ...options.added.map((label) => `option "${label}" added`),
      ...options.renamed.map(([from, to]) => `option "${from}" is now "${to}"`),
      ...(options.reordered ? ['options in another order'] : []),
    ];
  });
}
