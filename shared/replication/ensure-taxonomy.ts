/**
 * Taxonomy parity before documents (E5): looks at both instances, plans, carries the plan out under the run's lease. What is
 * equal already costs no write at all.
 */
import type { TranslationTables } from '../domain/translate/tables.ts';
import type { ReplicaRun } from './sync-replica.ts';
import { applyTaxonomy } from './taxonomy/apply.ts';
import { viewTaxonomy, type TaxonomyView } from './taxonomy/read.ts';

export async function ensureTaxonomy(run: ReplicaRun, tokenUser: number): Promise<TranslationTables> {
  const source = { ...run, db: run.deps.db, now: run.deps.clock.now() };
  const { input, plan } = await viewTaxonomy(source, tokenUser, run.run.sweep);
  report(run, plan);
  return applyTaxonomy(run, input, plan);
}

/** What is left alone, by name; once a sweep, for nothing of it changes by itself. */
function report(run: ReplicaRun, { missing, kept }: TaxonomyView['plan']): void {
  if (!run.run.sweep) return;
  const where = { replicaId: run.replica.id, runId: run.run.id };
  for (const { kind, names, known } of missing)
    run.deps.log.warning(
      `The master no longer lists ${names.length} of ${known} known ${kind.replaceAll('_', ' ')} objects; none is taken away because of that: ${some(names)}.`,
      { ...where, code: 'taxonomy_mass_missing' },
    );
  for (const { kind, name, why } of kept)
    run.deps.log.warning(
      `${kind.replaceAll('_', ' ')} "${name}" is deleted on the master and stays on "${run.replica.name}": ${why}.`,
      { ...where, code: 'taxonomy_kept' },
    );
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, 20).map((name) => `"${name}"`);
  return names.length > shown.length ? `${shown.join(', ')} and ${names.length - shown.length} more` : shown.join(', ');
}
