/** Field by field: what is known about master and copy, and what can never be equal, with the reason (ui.md, document detail). */
import type { Conflict } from '../../../shared/db/conflicts.repo.ts';
import type { DocumentOnReplica } from '../../../shared/db/documents.repo.ts';
import type { Finding } from '../../../shared/db/tables.ts';
import {
  FIELD_POLICY,
  VERSION_PAIRS,
  type DocumentField,
  type VersionPair,
} from '../../../shared/domain/field-policy.ts';
import { fidelityOf, type FidelityRow } from '../../../shared/domain/fidelity.ts';
import { overwritePath } from './drift.ts';
import { sidesOf } from './sides.ts';

export type CellState = 'equal' | 'differs' | 'waiting' | 'derived' | 'not_replicated' | 'unknown';
export interface Cell {
  readonly state: CellState;
  /** Why, in a sentence; null where the word says it all. */
  readonly why: string | null;
  /** Both sides as far as they may be shown. */
  readonly values: { readonly master: unknown; readonly copy: unknown } | null;
  /** Where a person puts it right. */
  readonly decide: string | null;
}
export interface MatrixColumn {
  readonly row: DocumentOnReplica;
  readonly generation: string | null;
  readonly findings: readonly Finding[];
  readonly conflicts: readonly Conflict[];
}

const DOCUMENT_FIELDS = Object.keys(FIELD_POLICY) as DocumentField[];

/** Null: one of the two instances was never asked for its version. */
export function versionPair(master: string | null, replica: string | null): VersionPair | null {
  return VERSION_PAIRS.find((pair) => pair === `${master}->${replica}`) ?? null;
}

/** One row a field, one cell a replica. */
export function fieldMatrix(
  masterGeneration: string | null,
  columns: readonly MatrixColumn[],
): { readonly field: DocumentField; readonly cells: readonly Cell[] }[] {
  const policies = columns.map(({ generation }) => {
    const pair = versionPair(masterGeneration, generation) ?? 'v3->v3';
    return new Map(fidelityOf(pair).flatMap((row) => (row.area === 'document' ? [[row.field, row] as const] : [])));
  });
  return DOCUMENT_FIELDS.map((field) => ({
    field,
    cells: columns.map((column, at) => cellOf(field, column, policies[at]?.get(field))),
  }));
}

function cellOf(field: string, { row, findings, conflicts }: MatrixColumn, policy: FidelityRow | undefined): Cell {
  const cell = (
    state: CellState,
    why: string | null,
    values: Cell['values'] = null,
    decide: Cell['decide'] = null,
  ): Cell => ({ state, why, values, decide });
  if (row.status === 'excluded') return cell('not_replicated', 'the document is excluded on this replica');
  const conflict = conflicts.find(
    (one) => one.field === field && ['open', 'keep_replica', 'keep_master'].includes(one.state),
  );
  if (conflict !== undefined)
    return cell('differs', conflictWords(conflict.state), sidesOf(conflict.shown), `/conflicts/${conflict.id}`);
  for (const finding of findings) {
    if (finding.state === 'repaired') continue;
    const found = finding.fields.find((one) => one.field === field);
    if (found !== undefined)
      return cell('differs', finding.message, { master: found.master, copy: found.copy }, overwritePath(finding));
  }
  const said = row.report.find((one) => one.field === field);
  if (said !== undefined) {
    const state = {
      rejected: 'differs',
      waiting: 'waiting',
      derived: 'derived',
      not_replicable: 'not_replicated',
    } as const;
    return cell(state[said.kind], said.reason);
  }
  if (policy?.fidelity === 'not_replicable' || policy?.fidelity === 'absent')
    return cell('not_replicated', policy.reason);
  if (policy?.fidelity === 'derived') return cell('derived', policy.reason);
  return unsaid(field, row);
}

/** Nothing is said about the field: it is as the link as a whole. */
function unsaid(field: string, row: DocumentOnReplica): Cell {
  const cell = (state: CellState, why: string | null): Cell => ({ state, why, values: null, decide: null });
  if (row.replica_doc_id === null) return cell('unknown', 'no copy yet');
  if (row.status === 'error' && row.error_code?.includes(field) === true) return cell('differs', row.error_msg);
  if (row.waiting) return cell('waiting', 'the master changed since, or work is open');
  if (row.status !== 'ok') return cell('unknown', row.error_msg ?? 'work on it is not done');
  return cell('equal', null);
}

function conflictWords(state: Conflict['state']): string {
  if (state === 'keep_replica') return "edited on the replica; a person kept the replica's value";
  if (state === 'keep_master') return "edited on the replica; the master's value will be written";
  return 'edited on the replica; nobody has decided yet';
}
