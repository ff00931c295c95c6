/** What operators did: who, when, from where, what, and how it was answered (S7). */
import { z } from '@hono/zod-openapi';
import { listAudit, type AuditRow } from '../../../shared/db/audit.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { text } from '../input.ts';

export type { AuditRow };

export const AUDIT_FILTERS = {
  actor: text(200).optional().meta({ description: 'The whole name.' }),
  action: text(200).optional().meta({ description: 'Part of it, such as "POST".' }),
  target: text(200).optional().meta({ description: 'Part of the address.' }),
};
const filter = z.strictObject(AUDIT_FILTERS);

/** Newest first. `before` is the id of the last row that the caller has. */
export function loadAudit(
  { db }: Pick<ApiDeps, 'db'>,
  wanted: z.output<typeof filter>,
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<AuditRow[]> {
  return listAudit(db, wanted, page);
}
