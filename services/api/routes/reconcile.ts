/** Matching copies anew, the matches that wait for a person, and what a person says about an instance (E17, E18, E26). */
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import * as proposalsRepo from '../../../shared/db/proposals.repo.ts';
import { reconciliationsOf, type ReconcileMode } from '../../../shared/db/reconcile.repo.ts';
import { findReplica } from '../../../shared/db/replicas.repo.ts';
import type { Replica } from '../../../shared/db/tables.ts';
import type { MatchProposal } from '../../../shared/db/tables-reconcile.ts';
import { confirmReplica, openReconcile } from '../../../shared/replication/open-reconcile.ts';
import { planReconcile } from '../../../shared/replication/plan-reconcile.ts';
import { decideMatch } from '../../../shared/replication/decide-match.ts';
import { endSeeding, seedingOf, startSeeding } from '../../../shared/replication/seeding.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { bodyOf, id, idOf, pageSize, queryOf } from '../input.ts';

const startQuery = z.strictObject({ dry_run: z.enum(['0', '1']).default('0') });
const listQuery = z.strictObject({ limit: pageSize(20, 200) });
const proposalQuery = z.strictObject({
  state: z.enum(['open', 'accepted', 'rejected', 'linked', 'stale']).optional(),
  cursor: id.optional(),
  limit: pageSize(100, 1000),
});
const confirmation = z.strictObject({ accept: z.enum(['missing', 'identities']) });

export function reconcileRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  for (const mode of ['reconcile', 'resync'] as const) addStart(routes, deps, mode);
  routes.get('/:id/reconciliations', async (c) => {
    const { limit } = queryOf(c, listQuery);
    const replica = await existing(deps, idOf(c));
    return c.json({ reconciliations: await reconciliationsOf(deps.db, replica.id, limit) });
  });
  addProposals(routes, deps);
  addSeeding(routes, deps);
  routes.post('/:id/confirm', async (c) => {
    const { accept } = await bodyOf(c, confirmation);
    const replica = await existing(deps, idOf(c));
    const runId = await confirmReplica(deps, replica, accept, c.req.raw.signal);
    deps.log.info(`Someone confirmed replica "${replica.name}": ${accept}.`, { replicaId: replica.id });
    return runId === null ? c.json({ run_id: null }) : c.json({ run_id: runId }, 202);
  });
  return routes;
}

function addStart(routes: Hono, deps: ApiDeps, mode: ReconcileMode): void {
  routes.post(`/:id/${mode}`, async (c) => {
    const { dry_run: dryRun } = queryOf(c, startQuery);
    const replica = await existing(deps, idOf(c));
    if (dryRun === '1') {
      const plan = await planReconcile(deps, replica, mode, c.req.raw.signal);
      return c.json({ dry_run: true, ...plan, proposals: plan.proposals.map(presentPlanned) });
    }
    const runId = await openReconcile(deps, replica.id, mode);
    deps.log.info(`Someone started a ${mode} of replica "${replica.name}".`, { replicaId: replica.id, runId });
    return c.json({ run_id: runId }, 202);
  });
}

function addSeeding(routes: Hono, deps: ApiDeps): void {
  const shown = async (c: Context) => {
    const replica = await existing(deps, idOf(c));
    return c.json({ seeding: await seedingOf(deps, replica, c.req.raw.signal) });
  };
  routes.get('/:id/seeding', shown);
  routes.post('/:id/seeding', async (c) => {
    const replica = await existing(deps, idOf(c));
    await startSeeding(deps, replica, deps.clock.now());
    deps.log.info(`Replica "${replica.name}" is held for seeding.`, { replicaId: replica.id });
    return shown(c);
  });
  routes.delete('/:id/seeding', async (c) => {
    const replica = await existing(deps, idOf(c));
    await endSeeding(deps, replica, 'up');
    deps.log.info(`Seeding of replica "${replica.name}" was given up.`, { replicaId: replica.id });
    return shown(c);
  });
}

function addProposals(routes: Hono, deps: ApiDeps): void {
  routes.get('/:id/proposals', async (c) => {
    const { state, cursor, limit } = queryOf(c, proposalQuery);
    const replica = await existing(deps, idOf(c));
    const proposals = await proposalsRepo.listProposals(deps.db, replica.id, { state, after: cursor, limit });
    const last = proposals.length === limit ? proposals.at(-1) : undefined;
    return c.json({
      proposals: proposals.map(presentProposal),
      next_cursor: last === undefined ? null : String(last.id),
    });
  });
  for (const verb of ['accept', 'reject'] as const)
    routes.post(`/:id/proposals/:proposal/${verb}`, async (c) => {
      const replica = await existing(deps, idOf(c));
      const given = id.safeParse(c.req.param('proposal'));
      const found = given.success ? await proposalsRepo.findProposal(deps.db, replica.id, given.data) : undefined;
      if (found === undefined) throw notFound(`The proposal ${c.req.param('proposal')}`, 'proposal_not_found');
      const { proposal, runId } = await decideMatch(deps, found, verb === 'accept' ? 'accepted' : 'rejected');
      const where = { replicaId: replica.id, docId: proposal.master_doc_id };
      deps.log.info(`Someone ${proposal.state} replica document #${proposal.replica_doc_id} as a copy.`, where);
      return c.json({ proposal: presentProposal(proposal), run_id: runId }, 202);
    });
}

function presentProposal({ link_id: _link, replica_id: _replica, ...row }: MatchProposal) {
  return row;
}

function presentPlanned({ masterId, copyId, rule, shown }: proposalsRepo.NewProposal) {
  return { master_doc_id: masterId, replica_doc_id: copyId, rule, shown };
}

async function existing(deps: ApiDeps, replicaId: number): Promise<Replica> {
  const replica = await findReplica(deps.db, replicaId);
  if (replica === undefined) throw replicaNotFound(replicaId);
  return replica;
}
