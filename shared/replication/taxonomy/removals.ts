/** What is taken away from a replica, in sweeps only: options and objects that the master has deleted (H16, H26). */
import { markDirtyByReplicaDoc } from '../../db/links.repo.ts';
import * as taxonomyRepo from '../../db/taxonomy.repo.ts';
import type { TaxonomyAction } from '../../domain/taxonomy/actions.ts';
import { planOptions } from '../../domain/taxonomy/options.ts';
import type { CustomFieldDefinition, SelectOption } from '../../domain/model.ts';
import { toAppError } from '../../kernel/errors.ts';
import { done, rowOf, save, warn, type Applying } from './applying.ts';
import { linked, patchField } from './fields.ts';
import { exists } from './removal-facts.ts';

type RemoveOptions = Extract<TaxonomyAction, { do: 'remove_options' }>;
type Delete = Extract<TaxonomyAction, { do: 'delete' }>;

/**
 * Between the removal of an option and paperless' clean-up in the background, a write to a document that used it may never
 * be answered. So no write is open when it is sent, and the documents wait until they show no value (H26).
 */
export async function removeOptions(work: Applying, action: RemoveOptions): Promise<void> {
  const { deps, replica, reader, writer, signal } = work.run;
  const open = await taxonomyRepo.openDocumentWrites(deps.db, replica.id);
  if (open > 0) {
    warn(work, {
      code: 'taxonomy_removal_waits',
      message: `Options of "${action.name}" stay until the next sweep: ${open} documents of the replica are being written.`,
    });
    return;
  }
  const field = await reader.customField(action.masterId, signal);
  const copy = await writer.customField(action.replicaId, signal);
  if (!field || !copy || copy.dataType !== 'select' || field.dataType !== 'select') return;
  const removable = stillRemovable(work, action, field, copy);
  if (removable.length === 0) return;
  await prepareUsers(work, action, removable);
  await deps.racePoint('taxonomy.remove_options');
  const kept = copy.selectOptions.filter(({ id }) => !removable.includes(id));
  const answer = await patchField(work, action.replicaId, {
    extra_data: { select_options: kept.map(({ id, label }) => ({ id, label })) },
  });
  if (answer === null || 'code' in answer) return;
  await linked(work, rowOf(work, 'custom_field', action.masterId), field, answer);
  done(work, action);
}

/**
 * Documents of an earlier run still wait for a clean-up. If the task was lost it never comes by itself, but any save of the
 * field makes paperless begin it anew (paperless-api.md 10.5); one that is only late clears nothing twice.
 */
export async function repeatCleanUps(work: Applying): Promise<void> {
  const { deps, replica, run, writer, signal } = work.run;
  const shortened = [...work.fields.values()].filter(({ removedOnReplica }) => removedOnReplica?.size);
  if (shortened.length === 0 || !(await taxonomyRepo.waitsForCleanUp(deps.db, replica.id))) return;
  for (const { replicaId } of shortened) {
    const copy = await writer.customField(replicaId, signal);
    if (copy?.dataType !== 'select') continue;
    const options = copy.selectOptions.map(({ id, label }) => ({ id, label }));
    await patchField(work, replicaId, { extra_data: { select_options: options } });
    deps.log.warning(
      `"${replica.name}" has not cleared the values of a removed option of "${copy.name}"; it was asked to do so again.`,
      { replicaId: replica.id, runId: run.id, code: 'option_clean_up' },
    );
  }
}

/** Under both lists as they are right now. */
function stillRemovable(
  work: Applying,
  { masterId, options }: RemoveOptions,
  field: CustomFieldDefinition,
  copy: CustomFieldDefinition,
): string[] {
  const { detail } = rowOf(work, 'custom_field', masterId);
  const obsolete = planOptions(field.selectOptions, copy.selectOptions, detail).obsolete.map(({ id }) => id);
  return options.map(({ id }: SelectOption) => id).filter((id) => obsolete.includes(id));
}

/** The intent: whoever dies right after the removal leaves documents behind that are known to wait for the clean-up. */
async function prepareUsers(work: Applying, action: RemoveOptions, removable: readonly string[]): Promise<void> {
  const { deps, replica, writer, signal } = work.run;
  for (const option of removable) {
    const using = await writer.documentsUsing({ kind: 'custom_field', id: action.replicaId, option }, signal);
    await markDirtyByReplicaDoc(deps.db, replica.id, using);
  }
  const row = rowOf(work, 'custom_field', action.masterId);
  const at = work.input.now.toISOString();
  const removedOnReplica = { ...row.detail.removedOnReplica, ...Object.fromEntries(removable.map((id) => [id, at])) };
  await save(work, { ...row, detail: { ...row.detail, removedOnReplica } });
}

export async function deleteObject(work: Applying, action: Delete): Promise<void> {
  const { writer, signal, deps } = work.run;
  const why = await whyKept(work, action);
  if (why !== null) {
    warn(work, {
      code: 'taxonomy_kept',
      message: `${action.kind.replaceAll('_', ' ')} "${action.name}" stays on the replica: ${why}.`,
    });
    return;
  }
  await deps.racePoint(`taxonomy.delete:${action.kind}`);
  try {
    if (action.kind === 'custom_field') await writer.deleteCustomField(action.replicaId, signal);
    else await writer.deleteTaxonomy(action.kind, action.replicaId, signal);
  } catch (thrown) {
    const error = toAppError(thrown);
    const gone = error.class === 'not-found' || !(await exists(writer, action.kind, action.replicaId, signal));
    if (!gone) throw error;
  }
  await forget(work, action);
  done(work, action);
}

/** The last look, at the object itself: what somebody took for himself meanwhile is not ours to delete. */
async function whyKept(work: Applying, { kind, replicaId, name }: Delete): Promise<string | null> {
  const { writer, signal } = work.run;
  const now =
    kind === 'custom_field'
      ? await writer.customField(replicaId, signal)
      : await writer.taxonomyObject(kind, replicaId, signal);
  if (now && now.name !== name) return `it is named "${now.name}" there by now`;
  if (!now || kind !== 'tag') return null;
  const below = (await writer.taxonomy('tag', signal)).filter(({ parent }) => parent === replicaId);
  return below.length > 0 ? 'other tags are below it' : null;
}

async function forget(work: Applying, { kind, masterId }: Delete): Promise<void> {
  const stored = work.stored.get(`${kind}:${masterId}`);
  if (stored) await taxonomyRepo.dropTaxonomyLinks(work.run.deps.db, [stored.id]);
}
