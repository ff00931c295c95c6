/** A hint of the master is a row before it is answered (E24); what comes of it is the leader's to see to. */
import { findHint, takeHint as insertHint, type NewHint, type TakenHint } from '../../db/webhook-events.repo.ts';
import { AppError } from '../../kernel/errors.ts';
import type { EngineDeps } from '../deps.ts';

/** Several hints of one document within this time become one look: paperless sends one for each of its own saves. */
export const DEBOUNCE_MS = 5000;

export function takeHint({ db }: Pick<EngineDeps, 'db'>, hint: NewHint): Promise<TakenHint> {
  return insertHint(db, hint, DEBOUNCE_MS);
}

/**
 * A person wants the document of a hint looked at again: a hint of its own, and at once.
 * @throws webhook_event_not_found
 */
export async function replayHint(
  { db }: Pick<EngineDeps, 'db'>,
  id: number,
): Promise<TakenHint & { documentId: number }> {
  const event = await findHint(db, id);
  if (event === undefined)
    throw new AppError({
      code: 'webhook_event_not_found',
      class: 'not-found',
      message: `There is no webhook event ${id}.`,
      hint: 'Those that are over are removed after log_retention_days.',
    });
  const { master_doc_id: documentId, kind } = event;
  const taken = await insertHint(db, { documentId, kind, body: 'replay', fields: { event: String(id) } }, 0);
  return { ...taken, documentId };
}
