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

export interface AuditChange {
  /** "replica 2, paused_at" */
  readonly what: string;
  /** Null: there was none. */
  readonly before: string | null;
  /** Null: there is none any more. */
  readonly after: string | null;
}

type Plain = Readonly<Record<string, unknown>>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Only what differs between before and after: whole rows were noted, and who reads them looks for the change. */
export function changesIn({ before, after }: Pick<AuditRow, 'before' | 'after'>): AuditChange[] {
  const changes: AuditChange[] = [];
  const walk = (path: readonly string[], was: unknown, is: unknown): void => {
    if (isPlain(was ?? {}) && isPlain(is ?? {}) && (isPlain(was) || isPlain(is))) {
      const [old, now] = [isPlain(was) ? was : {}, isPlain(is) ? is : {}];
      for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) walk([...path, key], old[key], now[key]);
      return;
    }
    const [left, right] = [shown(was), shown(is)];
    if (left === right) return;
    changes.push({
      what: path.join(', ') || 'all',
      before: left,
      after: right,
    });
  };
  walk([], before, after);
  return changes;
}

function shown(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
