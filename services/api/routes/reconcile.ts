/** Matching copies anew, and the matches that wait for a person (E17, E18). */
import { z } from '@hono/zod-openapi';
import * as proposalsRepo from '../../../shared/db/proposals.repo.ts';
import { reconciliationsOf, type ReconcileMode } from '../../../shared/db/reconcile.repo.ts';
import type { MatchProposal } from '../../../shared/db/tables-reconcile.ts';
import { decideMatch } from '../../../shared/replication/decide-match.ts';
import { confirmReplica, openReconcile } from '../../../shared/replication/open-reconcile.ts';
import { planReconcile } from '../../../shared/replication/plan-reconcile.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { notFound } from '../http-error.ts';
import { cursorAfter, flag, id, idParam, pageSize } from '../input.ts';
import { answer, ASKS_INSTANCES, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import * as schemas from '../schemas/reconcile.ts';
import { startedRun } from '../schemas/status.ts';

const tags = ['Reconcile'];
const postStart = (mode: ReconcileMode, summary: string) =>
  operation({
    method: 'post',
    path: `/{id}/${mode}`,
    operationId: mode,
    summary,
    tags,
    request: { params: idParam, query: z.strictObject({ dry_run: flag.default(false) }) },
    responses: {
      200: answer('With dry_run: the plan.', schemas.reconcilePlan),
      202: answer('It is on its way.', startedRun),
    },
    problems: [409, ...ASKS_INSTANCES],
  });
const STARTS = {
  reconcile: postStart('reconcile', 'Match the documents that a replica has already, without uploading any again'),
  resync: postStart('resync', 'Forget what is known of the copies, match them anew and compare everything'),
} as const;
const getReconciliations = operation({
  method: 'get',
  path: '/{id}/reconciliations',
  operationId: 'listReconciliations',
  summary: 'Earlier matchings and what they found, newest first',
  tags,
  request: { params: idParam, query: z.strictObject({ cursor: id.optional(), limit: pageSize(20, 200) }) },
  responses: { 200: answer('A page of them.', schemas.reconciliations) },
});
const postConfirm = operation({
  method: 'post',
  path: '/{id}/confirm',
  operationId: 'confirmReplica',
  summary: 'Say that what looks wrong about a replica is as it should be',
  tags: ['Replicas'],
  request: { params: idParam, body: jsonBody(z.strictObject({ accept: z.enum(['missing', 'identities']) })) },
  responses: { 200: answer('Nothing has to run.', startedRun), 202: answer('A run looks at it.', startedRun) },
  problems: [409, ...ASKS_INSTANCES],
});

/** Under /api/replicas. */
export function reconcileRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  for (const mode of ['reconcile', 'resync'] as const) addStart(routes, deps, mode);
  routes.openapi(getReconciliations, async (c) => {
    const { cursor, limit } = c.req.valid('query');
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const reconciliations = await reconciliationsOf(deps.db, replica.id, { before: cursor, limit });
    return c.json({ reconciliations, next_cursor: cursorAfter(reconciliations, limit) }, 200);
  });
  addProposals(routes, deps);
  routes.openapi(postConfirm, async (c) => {
    const { accept } = c.req.valid('json');
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const runId = await confirmReplica(deps, replica, accept, c.req.raw.signal);
    deps.log.info(`Someone confirmed replica "${replica.name}": ${accept}.`, { replicaId: replica.id });
    return runId === null ? c.json({ run_id: null }, 200) : c.json({ run_id: runId }, 202);
  });
  return routes;
}

function addStart(routes: Routes, deps: ApiDeps, mode: ReconcileMode): void {
  routes.openapi(STARTS[mode], async (c) => {
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    if (c.req.valid('query').dry_run) {
      const plan = await planReconcile(deps, replica, mode, c.req.raw.signal);
      return c.json({ dry_run: true as const, ...plan, proposals: plan.proposals.map(presentPlanned) }, 200);
    }
    const runId = await openReconcile(deps, replica.id, mode);
    deps.log.info(`Someone started a ${mode} of replica "${replica.name}".`, { replicaId: replica.id, runId });
    return c.json({ run_id: runId }, 202);
  });
}

const getProposals = operation({
  method: 'get',
  path: '/{id}/proposals',
  operationId: 'listProposals',
  summary: 'Matches that wait for a person, and those that were decided',
  tags,
  request: {
    params: idParam,
    query: z.strictObject({
      state: z.enum(schemas.PROPOSAL_STATES).optional(),
      cursor: id.optional(),
      limit: pageSize(100, 1000),
    }),
  },
  responses: { 200: answer('A page of proposals.', schemas.proposalPage) },
});
const VERBS = {
  accept: { decision: 'accepted', summary: 'This is the copy' },
  reject: { decision: 'rejected', summary: 'This is not the copy' },
} as const;

function addProposals(routes: Routes, deps: ApiDeps): void {
  routes.openapi(getProposals, async (c) => {
    const { state, cursor, limit } = c.req.valid('query');
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const proposals = await proposalsRepo.listProposals(deps.db, replica.id, { state, after: cursor, limit });
    return c.json({ proposals: proposals.map(presentProposal), next_cursor: cursorAfter(proposals, limit) }, 200);
  });
  for (const verb of ['accept', 'reject'] as const) {
    const postDecision = operation({
      method: 'post',
      path: `/{id}/proposals/{proposal}/${verb}`,
      operationId: `${verb}Proposal`,
      summary: VERBS[verb].summary,
      tags,
      request: { params: z.object({ id, proposal: id }) },
      responses: { 202: answer('The proposal as it is now.', schemas.decidedProposal) },
      problems: [409],
    });
    routes.openapi(postDecision, async (c) => {
      const given = c.req.valid('param');
      const replica = await existingReplica(deps.db, given.id);
      const found = await proposalsRepo.findProposal(deps.db, replica.id, given.proposal);
      if (found === undefined) throw notFound(`The proposal ${given.proposal}`, 'proposal_not_found');
      const { proposal, runId } = await decideMatch(deps, found, VERBS[verb].decision);
      const where = { replicaId: replica.id, docId: proposal.master_doc_id };
      deps.log.info(`Someone ${proposal.state} replica document #${proposal.replica_doc_id} as a copy.`, where);
      return c.json({ proposal: presentProposal(proposal), run_id: runId }, 202);
    });
  }
}

function presentProposal({ link_id: _link, replica_id: _replica, ...row }: MatchProposal) {
  return row;
}

function presentPlanned({ masterId, copyId, rule, shown }: proposalsRepo.NewProposal) {
  return { master_doc_id: masterId, replica_doc_id: copyId, rule, shown };
}
