import { z } from '@hono/zod-openapi';
import { LINK_KINDS } from '../../../shared/domain/taxonomy/vocabulary.ts';
import { count, list, maybeId, maybeText } from './common.ts';

export const kind = z.enum(LINK_KINDS);
const named = { kind, master_id: z.int(), name: z.string() };

export const taxonomy = z
  .strictObject({
    pairs: list(
      z.strictObject({
        ...named,
        replica_obj_id: z.int(),
        created_by_us: z.boolean(),
        held_back: z.strictObject({ matching_algorithm: z.int(), is_inbox_tag: z.boolean() }).nullable(),
        refused: list(z.strictObject({ value: z.string(), why: z.string() })),
      }),
    ),
    unmatched: list(z.strictObject({ ...named, reason: maybeText })),
    ambiguous: list(
      z.strictObject({
        ...named,
        reason: maybeText,
        candidates: list(z.strictObject({ replica_obj_id: z.int(), name: maybeText, owner: maybeText })),
      }),
    ),
    replica_only: list(z.strictObject({ kind, replica_obj_id: z.int(), name: z.string() })),
    deleted_on_master: list(
      z.strictObject({
        ...named,
        replica_obj_id: maybeId,
        created_by_us: z.boolean(),
        approved: z.boolean(),
        kept_because: maybeText,
      }),
    ),
    missing_on_master: list(z.strictObject({ kind, names: list(z.string()), known: count })),
    planned: list(z.string()).meta({ description: 'What the next sweep would do.' }),
  })
  .openapi('Taxonomy');

export const taxonomyChoice = z.strictObject({
  ...named,
  replica_obj_id: maybeId,
  state: z.enum(['creating', 'linked', 'ambiguous', 'failed', 'gone']),
  choice: z.enum(['chosen', 'new']).nullable(),
  approved: z.boolean(),
});
