/**
 * What somebody changed on the replica (E21, H18): a 3-way look a field. Base is what the copy had when it was last equal,
 * theirs what it has now; equal to the base or to a write of ours that never got an answer, it is no edit.
 */
import * as conflicts from '../../db/conflicts.repo.ts';
import { shown } from '../../domain/compare.ts';
import { canonicalActual } from '../../domain/diff.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import type { WritableField } from '../../domain/field-policy.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { notReplicable } from '../../domain/report.ts';
import type { Finalising } from './finalise.ts';
import type { DocumentWork } from './work.ts';

export interface Edit {
  /** A field of FIELD_POLICY, `notes`, `file` or `document`. */
  readonly field: string;
  readonly base: string | null;
  readonly theirs: string | null;
  readonly wanted: string | null;
  readonly shown: Readonly<Record<string, unknown>>;
}

/** What is to become of an edit: the master's value goes over it, it is left until a person decides, or it was kept. */
export type Verdict = 'overwrite' | 'wait' | 'keep';

/** Records the edit before anything is written over it, so that it can be shown whatever happens next. */
export async function noteEdit(work: DocumentWork, edit: Edit): Promise<Verdict> {
  const row = await conflicts.saveConflict(work.deps.db, {
    replicaId: work.replica.id,
    linkId: work.link.id,
    masterDocId: work.link.master_doc_id,
    replicaDocId: work.link.replica_doc_id,
    field: edit.field,
    baseHash: edit.base,
    replicaHash: edit.theirs,
    masterHash: edit.wanted,
    shown: edit.shown,
  });
  if (row.state === 'keep_replica') return 'keep';
  return row.state === 'open' && work.replica.conflict_policy === 'person' ? 'wait' : 'overwrite';
}

/** Looks at the fields that differ before the first write of this pass. Kept and waiting ones are left out of it. */
export async function noticeEdits(
  work: DocumentWork,
  state: Finalising,
  copy: PaperlessDocument,
  differs: readonly { readonly field: WritableField }[],
): Promise<void> {
  const known = new Set((await conflicts.undecidedOf(work.deps.db, work.link.id)).map((row) => row.field));
  const actual = canonicalActual(copy, state.linkFields, work.tables.tagParents);
  for (const { field } of differs) {
    const [base, theirs] = [work.link.applied?.[field] ?? null, fingerprint(actual[field])];
    const edited = base !== null && base !== theirs && work.link.held_plan?.[field] !== theirs;
    if (!edited && !known.has(field)) continue;
    const wanted = state.wanted[field];
    const verdict = await noteEdit(work, {
      field,
      base,
      theirs,
      wanted: fingerprint(wanted),
      shown: { master: shown(field, wanted), replica: shown(field, actual[field]) },
    });
    settleField(work, state, field, verdict);
  }
}

function settleField(work: DocumentWork, state: Finalising, field: WritableField, verdict: Verdict): void {
  if (verdict === 'overwrite') return void work.edits.overwritten.add(field);
  // Neither written nor compared in this pass.
  state.refused.add(field);
  leave(work, field, verdict);
}

/** Says that a difference stays, and keeps the conflict open when the rest is done. */
export function leave(work: DocumentWork, field: string, verdict: Exclude<Verdict, 'overwrite'>): void {
  if (verdict === 'wait') return void work.edits.waiting.add(field);
  work.edits.kept.add(field);
  work.reports.push(notReplicable(field, "a person chose to keep the replica's value"));
}

/** The copy is as it should be: conflicts that were written over, or that went away by themselves, are closed. */
export async function closeEdits(work: DocumentWork): Promise<void> {
  const { overwritten, waiting, kept } = work.edits;
  const undecided = await conflicts.undecidedOf(work.deps.db, work.link.id);
  if (undecided.length === 0) return;
  const left = [...waiting, ...kept];
  const others = undecided.map((row) => row.field).filter((field) => !overwritten.has(field));
  await conflicts.closeConflicts(work.deps.db, work.link.id, 'overwritten', [...left, ...others]);
  await conflicts.closeConflicts(work.deps.db, work.link.id, 'gone', left);
}
