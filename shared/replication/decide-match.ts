/** A person's word on a proposed match (E17). */
import { decideProposal } from '../db/proposals.repo.ts';
import type { MatchProposal } from '../db/tables-reconcile.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import { openCycle, type OpenCycleDeps } from './open-cycle.ts';

/**
 * Only the word is written here; the document job carries it out under the link's lease, after it has seen that both
 * documents are still the ones that were shown. Returns the run that does so, null where none may be started now.
 */
export async function decideMatch(
  deps: OpenCycleDeps,
  proposal: MatchProposal,
  state: 'accepted' | 'rejected',
): Promise<{ proposal: MatchProposal; runId: number | null }> {
  const decided = await decideProposal(deps.db, proposal, state);
  if (!decided)
    throw new AppError({
      code: 'proposal_decided',
      class: 'conflict',
      status: 409,
      message: `The proposal is ${proposal.state} already.`,
      hint: 'GET /api/replicas/{id}/proposals?state=open lists those that wait.',
    });
  try {
    const { runId } = await openCycle(deps, { trigger: 'manual', replicaId: proposal.replica_id });
    return { proposal: decided, runId };
  } catch (thrown) {
    // A replica that is paused or suspended does it when it runs again.
    if (toAppError(thrown).class !== 'conflict') throw thrown;
    return { proposal: decided, runId: null };
  }
}
