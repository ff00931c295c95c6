/** What differs on a replica, field by field, and what it takes to write the master's values over it. */
import { listConflicts, type Conflict } from '../../../shared/db/conflicts.repo.ts';
import { listFindings } from '../../../shared/db/findings.repo.ts';
import type { Db, Finding } from '../../../shared/db/tables.ts';
import { FINDING_KINDS, FINDINGS } from '../../../shared/domain/verification.ts';
import { toAppError } from '../../../shared/kernel/errors.ts';
import { findOverwritable, isOverwritable } from '../../../shared/replication/keep-master.ts';
import { planCopy } from '../../../shared/replication/plan-replicas.ts';
import type { ApiDeps } from '../deps.ts';
import { sidesOf } from './sides.ts';

export const DRIFT_KINDS = FINDING_KINDS.filter((kind) => FINDINGS[kind].drift);
const SHOWN = 10;

export interface FieldChange {
  readonly field: string;
  readonly master: unknown;
  readonly copy: unknown;
}
export interface DriftRow {
  readonly masterDocId: number | null;
  readonly replicaDocId: number | null;
  readonly what: string;
  readonly hint: string | null;
  readonly state: Finding['state'] | 'waits for you';
  readonly fields: readonly FieldChange[];
  readonly foundAt: Date;
  /** The page that shows what would be written, before it is. */
  readonly overwrite: string | null;
}

export function overwritePath(finding: Finding): string | null {
  return isOverwritable(finding) ? `/findings/${finding.id}/keep-master` : null;
}

/** Edits that wait for a person first, then what comparisons found besides them. */
export async function loadDrift(db: Db, replicaId: number): Promise<DriftRow[]> {
  const [conflicts, findings] = await Promise.all([
    listConflicts(db, { replicaId, state: 'open' }, { limit: SHOWN }),
    listFindings(db, { replicaId, state: 'open', kinds: DRIFT_KINDS }, { limit: SHOWN }),
  ]);
  return [...conflicts.map(rowOfConflict), ...findings.map(rowOfFinding).flatMap((row) => besides(row, conflicts))];
}

export function rowOfFinding(finding: Finding): DriftRow {
  const { master_doc_id: masterDocId, replica_doc_id: replicaDocId, message, hint, state, fields } = finding;
  return {
    ...{ masterDocId, replicaDocId, what: message, hint, state, fields },
    foundAt: finding.found_at,
    overwrite: overwritePath(finding),
  };
}

function rowOfConflict({ id, field, shown, ...conflict }: Conflict): DriftRow {
  return {
    masterDocId: conflict.master_doc_id,
    replicaDocId: conflict.replica_doc_id,
    what: 'Edited on the replica.',
    hint: 'Nothing is overwritten before you decide.',
    state: 'waits for you',
    fields: [{ field, ...sidesOf(shown) }],
    foundAt: conflict.found_at,
    overwrite: `/conflicts/${id}`,
  };
}

/** The same edit is told once, where it is decided. */
function besides(row: DriftRow, conflicts: readonly Conflict[]): DriftRow[] {
  const fields = row.fields.filter(
    ({ field }) => !conflicts.some((one) => one.master_doc_id === row.masterDocId && one.field === field),
  );
  return fields.length === 0 && row.fields.length > 0 ? [] : [{ ...row, fields }];
}

export interface OverwritePreview {
  readonly findingId: number;
  readonly replica: { readonly id: number; readonly name: string };
  readonly masterDocId: number;
  readonly replicaDocId: number | null;
  readonly what: string;
  readonly returns: boolean;
  readonly fields: readonly FieldChange[];
  /** Null: both sides were read just now. Else why not, and the values are those of the comparison. */
  readonly fault: string | null;
  readonly comparedAt: Date;
}

/** @throws finding_not_found, finding_over */
export async function previewOverwrite(
  deps: ApiDeps,
  findingId: number,
  signal: AbortSignal,
): Promise<OverwritePreview> {
  const { finding, replica, link } = await findOverwritable(deps, findingId);
  const known = {
    findingId,
    replica: { id: replica.id, name: replica.name },
    masterDocId: link.master_doc_id,
    replicaDocId: link.replica_doc_id,
    what: finding.message,
    comparedAt: finding.last_seen_at,
  };
  const remembered = { returns: finding.kind === 'missing', fields: finding.fields };
  try {
    const plan = await planCopy(deps, replica, link, signal);
    if (plan === null) return { ...known, ...remembered, fault: 'master and copy cannot be laid side by side now.' };
    if (plan === 'returns') return { ...known, returns: true, fields: [], fault: null };
    const fields = plan.fields.map(({ field, master, replica: copy }) => ({ field, master, copy }));
    // Bytes that only a download shows are in no such plan.
    const deep = finding.fields.filter(({ field }) => field === 'file' && !fields.some((one) => one.field === 'file'));
    return { ...known, returns: false, fields: [...fields, ...deep], fault: null };
  } catch (thrown) {
    return { ...known, ...remembered, fault: toAppError(thrown).message };
  }
}
