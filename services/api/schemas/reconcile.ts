import { z } from '@hono/zod-openapi';
import { count, list, maybeId, maybeText, maybeTime, nextCursor, time } from './common.ts';

export const PROPOSAL_STATES = ['open', 'accepted', 'rejected', 'linked', 'stale'] as const;
const rule = z.enum(['asn', 'title_created']);
const shown = z.record(z.string(), z.unknown());

export const proposal = z
  .strictObject({
    id: z.int(),
    master_doc_id: z.int(),
    master_added: z.string(),
    replica_doc_id: z.int(),
    replica_added: z.string(),
    rule,
    shown,
    state: z.enum(PROPOSAL_STATES),
    created_at: time,
    decided_at: maybeTime,
  })
  .openapi('MatchProposal');
export const proposalPage = z.strictObject({ proposals: list(proposal), next_cursor: nextCursor });
export const decidedProposal = z.strictObject({ proposal, run_id: maybeId });

export const reconcilePlan = z
  .strictObject({
    dry_run: z.literal(true),
    summary: z.looseObject({ masters: count, copies: count, kept: count, proposals: count, missing: count }),
    documents: list(z.strictObject({ master_doc_id: z.int(), replica_doc_id: maybeId, rule: maybeText })).meta({
      description: 'What would be linked to what; without a copy the next cycle uploads it.',
    }),
    proposals: list(z.strictObject({ master_doc_id: z.int(), replica_doc_id: z.int(), rule, shown })),
    truncated: z.boolean().meta({ description: 'Rows beyond the first thousand are counted only.' }),
  })
  .openapi('ReconcilePlan');

export const reconciliations = z.strictObject({
  reconciliations: list(
    z.strictObject({
      id: z.int(),
      replica_id: z.int(),
      run_id: maybeId,
      mode: z.enum(['reconcile', 'resync']),
      started_at: time,
      finished_at: maybeTime,
      summary: z.record(z.string(), z.unknown()).nullable(),
    }),
  ),
  next_cursor: nextCursor,
});

const documents = count;
export const seeding = z.strictObject({
  seeding: z
    .strictObject({
      state: z.enum(['not_started', 'waiting', 'importing', 'imported', 'done']),
      master: z.strictObject({ version: z.string(), documents }),
      replica: z.strictObject({ version: z.string(), documents, linked: count }),
      problems: list(z.string()),
      steps: list(
        z.strictObject({
          title: z.string(),
          where: z.enum(['here', 'master', 'replica']),
          done: z.boolean(),
          commands: z.strictObject({ docker: z.string(), bare: z.string() }).optional(),
          notes: list(z.string()).optional(),
        }),
      ),
    })
    .openapi('Seeding'),
});
