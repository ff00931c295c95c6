/** What of a job may be looked at: ids and words that we know. Everything else in it is hidden, whoever put it there (S3). */
import { maskText } from '../../../shared/telemetry/mask.ts';

const IDS = new Set(['runId', 'linkId', 'replicaId', 'verificationId', 'chunk', 'generation', 'epoch']);
const WORDS = new Set(['task', 'ok', 'outcome']);
export const HIDDEN = '[hidden]';

/** Payloads and results. */
export function redactPayload(payload: unknown): unknown {
  if (payload === null || payload === undefined || typeof payload === 'boolean') return payload ?? null;
  if (typeof payload !== 'object') return HIDDEN;
  if (Array.isArray(payload)) return payload.map(redactPayload);
  return Object.fromEntries(Object.entries(payload).map(([name, value]) => [maskText(name), shownValue(name, value)]));
}

function shownValue(name: string, value: unknown): unknown {
  if (IDS.has(name) && (value === null || typeof value === 'number')) return value;
  if (WORDS.has(name) && (typeof value === 'boolean' || (typeof value === 'string' && /^[a-z_]{1,40}$/.test(value))))
    return value;
  return HIDDEN;
}

const PAYLOADS = new Set(['data', 'returnValue', 'returnvalue', 'progress', 'telemetry']);

/** An answer that holds jobs in some shape. */
export function redactJobs(value: unknown): unknown {
  if (typeof value === 'string') return maskText(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(redactJobs);
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, PAYLOADS.has(name) ? redactPayload(item) : redactJobs(item)]),
  );
}
