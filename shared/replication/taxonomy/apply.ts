/**
 * Carries a plan out, under the lease of the replica's run: one writer of taxonomy a replica (H16). Every step may be the
 * last one of this process: what it leaves behind is found by the next run, which looks first and plans anew.
 */
import { updateRun } from '../../db/runs.repo.ts';
import * as taxonomyRepo from '../../db/taxonomy.repo.ts';
import { TAXONOMY_KINDS, type TaxonomyKind } from '../../domain/model.ts';
import type { TaxonomyAction } from '../../domain/taxonomy/actions.ts';
import type { PlanInput } from '../../domain/taxonomy/draft.ts';
import type { TaxonomyPlan } from '../../domain/taxonomy/plan.ts';
import { keyOf, type LinkRow } from '../../domain/taxonomy/vocabulary.ts';
import type { TranslationTables } from '../../domain/translate/tables.ts';
import { AppError } from '../../kernel/errors.ts';
import type { ReplicaRun } from '../sync-replica.ts';
import { revisitUsers, rowOf, save, warn, type Applying } from './applying.ts';
import { changeField, createField } from './fields.ts';
import { changeObject, createObject, moveTag } from './objects.ts';
import { deleteObject, removeOptions, repeatCleanUps } from './removals.ts';

export async function applyTaxonomy(run: ReplicaRun, input: PlanInput, plan: TaxonomyPlan): Promise<TranslationTables> {
  const ids = {} as Record<TaxonomyKind, Map<number, number>>;
  for (const kind of TAXONOMY_KINDS) ids[kind] = new Map(plan.tables.taxonomy[kind]);
  const work: Applying = {
    run,
    input,
    plan,
    stored: new Map(input.stored.map((link) => [keyOf(link.kind, link.masterId), link])),
    rows: new Map(plan.rows),
    ids,
    fields: new Map(plan.tables.fields),
    unmapped: new Map(plan.tables.unmapped),
    tagParents: new Map(plan.tables.tagParents),
  };
  await taxonomyRepo.dropTaxonomyLinks(run.deps.db, plan.forget);
  for (const row of plan.notes) await noteDown(work, row);
  for (const action of plan.actions) await carryOut(work, action);
  await repeatCleanUps(work);
  const { ids: taxonomy, fields, unmapped, tagParents } = work;
  return { ...plan.tables, taxonomy, fields, unmapped, tagParents };
}

async function carryOut(work: Applying, action: TaxonomyAction): Promise<void> {
  await stillOurs(work);
  switch (action.do) {
    case 'adopt':
      return adopt(work, action);
    case 'create':
      return createObject(work, action);
    case 'change':
      return changeObject(work, action);
    case 'move':
      return moveTag(work, action);
    case 'create_field':
      return createField(work, action);
    case 'change_field':
      return changeField(work, action);
    case 'remove_options':
      return removeOptions(work, action);
    case 'delete':
      return deleteObject(work, action);
    default:
      return action satisfies never;
  }
}

async function stillOurs({ run }: Applying): Promise<void> {
  if (await updateRun(run.deps.db, run.lease, { phase: 'taxonomy' })) return;
  throw new AppError({ code: 'run_taken_over', class: 'cancelled', message: 'The run went on in another process.' });
}

async function adopt(work: Applying, action: Extract<TaxonomyAction, { do: 'adopt' }>): Promise<void> {
  const row = rowOf(work, action.kind, action.masterId);
  await revisitUsers(work, action);
  await save(work, { ...row, replicaId: action.replicaId, state: 'linked' });
}

/** News without a request: what became ambiguous or cannot be paired is said once, not in every run. */
async function noteDown(work: Applying, row: LinkRow): Promise<void> {
  await taxonomyRepo.saveTaxonomyLink(work.run.deps.db, work.run.replica.id, row);
  if (row.state !== 'ambiguous' && row.state !== 'failed') return;
  const code = row.state === 'ambiguous' ? 'taxonomy_ambiguous' : 'taxonomy_failed';
  warn(work, { code, message: row.errorMsg ?? '' });
}
