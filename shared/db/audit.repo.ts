/** What operators did (S7): a row before the act, its answer after it, so that a crash hides nobody. */
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

export async function insertAudit(db: Db, entry: AuditEntry): Promise<number> {
  const json = (value: unknown) => (value === undefined ? null : JSON.stringify(value));
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

export async function noteAuditStatus(db: Db, id: number, status: number): Promise<void> {
  await db.updateTable('audit_log').set({ status }).where('id', '=', id).execute();
}
