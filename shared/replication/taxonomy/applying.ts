/** What the steps of a plan share: where the results go, and what is remembered of them. */
import * as taxonomyRepo from '../../db/taxonomy.repo.ts';
import type { TaxonomyKind } from '../../domain/model.ts';
import { describeAction, type TaxonomyAction } from '../../domain/taxonomy/actions.ts';
import type { PlanInput } from '../../domain/taxonomy/draft.ts';
import type { TaxonomyPlan } from '../../domain/taxonomy/plan.ts';
import {
  keyOf,
  type LinkKind,
  type LinkRow,
  type RefusedValue,
  type StoredLink,
} from '../../domain/taxonomy/vocabulary.ts';
import type { FieldMapping } from '../../domain/translate/tables.ts';
import { AppError } from '../../kernel/errors.ts';
import type { TaxonomyUse } from '../../paperless/api.ts';
import type { ReplicaRun } from '../sync-replica.ts';

/** What the steps share; the maps begin as the plan found them and follow what is done. */
export interface Applying {
  readonly run: ReplicaRun;
  readonly input: PlanInput;
  readonly plan: TaxonomyPlan;
  readonly stored: ReadonlyMap<string, StoredLink>;
  readonly rows: Map<string, LinkRow>;
  readonly ids: Readonly<Record<TaxonomyKind, Map<number, number>>>;
  readonly fields: Map<number, FieldMapping>;
  readonly unmapped: Map<string, string>;
  readonly tagParents: Map<number, number | null>;
}

/**
 * The documents of an object that had another counterpart, or none that could be told, are looked at again. Marked before the
 * pair is written: whoever dies in between marks them once more.
 */
export async function revisitUsers(
  work: Applying,
  { kind, masterId }: Pick<LinkRow, 'kind' | 'masterId'>,
): Promise<void> {
  const before = work.stored.get(keyOf(kind, masterId));
  if (!before || before.state === 'creating' || before.state === 'gone') return;
  await markUsers(work, { kind, id: masterId });
}

export async function markUsers({ run }: Applying, use: TaxonomyUse): Promise<void> {
  const ids = await run.reader.documentsUsing(use, run.signal);
  await taxonomyRepo.markDirtyByMasterDoc(run.deps.db, run.replica.id, ids);
}

export function rowOf(work: Applying, kind: LinkKind, masterId: number): LinkRow {
  const row = work.rows.get(keyOf(kind, masterId));
  if (row) return row;
  throw new AppError({ code: 'internal_error', class: 'internal', message: `No row for ${keyOf(kind, masterId)}.` });
}

export async function save(work: Applying, row: LinkRow): Promise<void> {
  work.rows.set(keyOf(row.kind, row.masterId), row);
  await taxonomyRepo.saveTaxonomyLink(work.run.deps.db, work.run.replica.id, row);
}

export async function giveUp(work: Applying, row: LinkRow, why: string): Promise<void> {
  const stored = work.stored.get(keyOf(row.kind, row.masterId));
  work.unmapped.set(keyOf(row.kind, row.masterId), why);
  await save(work, { ...row, replicaId: null, state: 'failed', createdByUs: false, errorMsg: why });
  if (stored?.errorMsg !== why) warn(work, { code: 'taxonomy_failed', message: why });
}

/** Values that the replica did not take: the pair holds, the rest is applied, and they are not sent again at every run. */
export async function remember(
  work: Applying,
  action: Pick<LinkRow, 'kind' | 'masterId'> & { readonly name: string },
  refused: Readonly<Record<string, RefusedValue>>,
  sent: readonly string[],
): Promise<void> {
  const row = rowOf(work, action.kind, action.masterId);
  const { refused: before = {}, ...rest } = row.detail;
  const kept = Object.fromEntries(Object.entries(before).filter(([name]) => !sent.includes(name)));
  const all = { ...kept, ...refused };
  const detail = Object.keys(all).length > 0 ? { ...rest, refused: all } : rest;
  if (JSON.stringify(detail) !== JSON.stringify(row.detail)) await save(work, { ...row, detail });
  for (const [name, { why }] of Object.entries(refused))
    warn(work, {
      code: 'taxonomy_value_refused',
      message: `${action.kind.replaceAll('_', ' ')} "${action.name}", ${name}: ${why}`,
    });
}

export interface Warning {
  readonly code: string;
  readonly message: string;
}

export function warn({ run }: Applying, { code, message }: Warning): void {
  run.deps.log.warning(message, { replicaId: run.replica.id, runId: run.run.id, code });
}

export function done({ run }: Applying, action: TaxonomyAction): void {
  run.deps.log.info(`On "${run.replica.name}": ${describeAction(action)}.`, {
    replicaId: run.replica.id,
    runId: run.run.id,
    code: 'taxonomy_changed',
  });
}

/** E4: what the list does not have, but is there when asked for, was never deleted: the list is not whole. */
export function listNotWhole(kind: string, name: string): AppError {
  return new AppError({
    code: 'list_not_whole',
    class: 'not-an-api',
    scope: 'instance',
    message: `The replica does not list the ${kind.replaceAll('_', ' ')} "${name}", which it had before, but has it or refuses to make it again.`,
    hint: 'Check the rights of the token and what stands in front of the instance. No document was written.',
  });
}

/** The instance said no to these values, or to this one object; both are that object's trouble alone (E4). */
export const isRefusal = (error: AppError): boolean => error.class === 'invalid' || error.code === 'object_forbidden';

export function describeFields(error: AppError): string {
  const fields = Object.entries(error.fields ?? {});
  return fields.length === 0 ? error.message : fields.map(([field, text]) => `${field}: ${text}`).join('; ');
}
