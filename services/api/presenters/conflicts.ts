/** What waits for a person's word: edits on a replica, possible copies, names that several objects bear. */
import { findConflict, listConflicts, type Conflict, type ConflictFilter } from '../../../shared/db/conflicts.repo.ts';
import { findProposal, listProposals } from '../../../shared/db/proposals.repo.ts';
import type { MatchProposal } from '../../../shared/db/tables-reconcile.ts';
import { listAmbiguous, type AmbiguousName } from '../../../shared/db/taxonomy.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { nextAfter, replicaNames, type Names } from './names.ts';

export type { AmbiguousName, Conflict, MatchProposal };

const PAGE = 50;

export interface ConflictPage {
  readonly conflicts: readonly Conflict[];
  readonly next: number | null;
  readonly proposals: readonly MatchProposal[];
  readonly nextProposal: number | null;
  readonly ambiguous: readonly AmbiguousName[];
  readonly nextAmbiguous: number | null;
  readonly names: Names;
}

/** Where each of the three lists goes on: they do so by themselves. */
export interface ConflictCursors {
  readonly before: number | undefined;
  readonly proposal: number | undefined;
  readonly name: number | undefined;
}

export async function loadConflictPage(
  { db }: Pick<ApiDeps, 'db'>,
  filter: ConflictFilter,
  { before, proposal, name }: ConflictCursors,
): Promise<ConflictPage> {
  const replicaId = filter.replicaId ?? null;
  const [conflicts, proposals, ambiguous, names] = await Promise.all([
    listConflicts(db, filter, { before, limit: PAGE }),
    listProposals(db, replicaId, { state: 'open', after: proposal, limit: PAGE }),
    listAmbiguous(db, replicaId, { after: name, limit: PAGE }),
    replicaNames(db),
  ]);
  return {
    ...{ conflicts, proposals, ambiguous, names },
    next: nextAfter(conflicts, PAGE),
    nextProposal: nextAfter(proposals, PAGE),
    nextAmbiguous: nextAfter(ambiguous, PAGE),
  };
}

export async function loadConflict({ db }: Pick<ApiDeps, 'db'>, conflictId: number) {
  const [conflict, names] = await Promise.all([findConflict(db, conflictId), replicaNames(db)]);
  if (conflict === undefined) throw notFound(`The conflict ${conflictId}`, 'conflict_not_found');
  return { conflict, names };
}

export async function existingProposal({ db }: Pick<ApiDeps, 'db'>, replicaId: number, id: number) {
  const proposal = await findProposal(db, replicaId, id);
  if (proposal === undefined) throw notFound(`The proposal ${id}`, 'proposal_not_found');
  return proposal;
}
