import { z } from '@hono/zod-openapi';
import { count, list, maybeId, maybeText, nextCursor, time } from './common.ts';

export const LOG_LEVELS = ['info', 'warning', 'error'] as const;

const log = z
  .strictObject({
    id: z.int(),
    created_at: time,
    level: z.enum(LOG_LEVELS),
    message: z.string(),
    code: maybeText,
    run_id: maybeId,
    replica_id: maybeId,
    replica: maybeText,
    doc_id: maybeId,
  })
  .openapi('LogLine');
export const logPage = z.strictObject({ logs: list(log), next_cursor: nextCursor });
export const logInContext = z.strictObject({ log, around: list(log) });
export const deletedLogs = z.strictObject({ deleted: count });
