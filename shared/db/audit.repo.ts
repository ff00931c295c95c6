/** What operators did (S7): a row before the act, its answer after it, so that a crash hides nobody. */
import { sql, type Selectable } from 'kysely';
import type { AuditLogTable } from './door-tables.ts';
import type { Db } from './tables.ts';

export interface AuditEntry {
  readonly actor: string;
  readonly via: string;
  readonly action: string;
  readonly target?: string | null | undefined;
  readonly status?: number | null | undefined;
  readonly requestId?: string | null | undefined;
  readonly source?: string | null | undefined;
  /** Without secrets. */
  readonly before?: unknown;
  readonly after?: unknown;
}

const json = (value: unknown): string | null => (value === undefined ? null : JSON.stringify(value));

export async function insertAudit(db: Db, entry: AuditEntry): Promise<number> {
  const { id } = await db
    .insertInto('audit_log')
    .values({
      actor: entry.actor,
      via: entry.via,
      action: entry.action,
      target: entry.target ?? null,
      status: entry.status ?? null,
      request_id: entry.requestId ?? null,
      source: entry.source ?? null,
      before: json(entry.before),
      after: json(entry.after),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** How it was answered, and what it changed: without secrets. */
export async function noteAuditOutcome(
  db: Db,
  id: number,
  { status, before, after }: { readonly status: number } & Pick<AuditEntry, 'before' | 'after'>,
): Promise<void> {
  await db
    .updateTable('audit_log')
    .set({ status, before: json(before), after: json(after) })
    .where('id', '=', id)
    .execute();
}

export type AuditRow = Selectable<AuditLogTable>;
export interface AuditFilter {
  /** The whole name. */
  readonly actor?: string | undefined;
  /** Part of it. */
  readonly action?: string | undefined;
  readonly target?: string | undefined;
  /** Only acts that changed a value of which the log keeps both sides. */
  readonly changed?: boolean;
}

/** Newest first. */
export function listAudit(
  db: Db,
  { actor, action, target, changed }: AuditFilter,
  page: { readonly before?: number | undefined; readonly limit: number },
): Promise<AuditRow[]> {
  let query = db.selectFrom('audit_log').selectAll().orderBy('id', 'desc').limit(page.limit);
  if (actor !== undefined) query = query.where('actor', '=', actor);
  // Not LIKE, in which a typed % would mean something.
  if (action !== undefined) query = query.where(sql<boolean>`position(lower(${action}) in lower(action)) > 0`);
  if (target !== undefined)
    query = query.where(sql<boolean>`position(lower(${target}) in lower(coalesce(target, ''))) > 0`);
  if (changed) query = query.where('after', 'is not', null);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return query.execute();
}
