/**
 * The one way of a message over HTTP: a limit of time, a bounded answer, no redirect, no address that may not be reached. An
 * error names the host alone: the rest of an address may be what opens the channel (S3).
 */
import { lookup } from 'node:dns';
import type { IncomingMessage } from 'node:http';
import got from 'got';
import { SECOND } from '../kernel/clock.ts';
import { AppError, type ErrorClass } from '../kernel/errors.ts';
import { isForbiddenHost } from '../kernel/forbidden-hosts.ts';
import { guardLookup } from '../kernel/guarded-lookup.ts';
import type { HttpMessage, Net } from './transport.ts';

/** Shorter than the claim of a delivery (replication/notify/deliver.ts), so that no second process sends meanwhile. */
export const SEND_MS = 15 * SECOND;
const MAX_ANSWER = 64 * 1024;
const MAX_TOLD = 200;

export interface NetOptions {
  /** Never repeated, whatever a receiver answers. */
  readonly secrets: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export function openNet({ secrets, signal, timeoutMs = SEND_MS }: NetOptions): Net {
  return {
    timeoutMs,
    http: (message) => post(message, secrets, signal, timeoutMs),
    resolve: resolveHost,
  };
}

async function post(
  message: HttpMessage,
  secrets: readonly string[],
  signal: AbortSignal | undefined,
  timeoutMs: number,
): Promise<void> {
  const { host } = new URL(message.url);
  const limit = AbortSignal.timeout(timeoutMs);
  const stop = signal === undefined ? limit : AbortSignal.any([signal, limit]);
  let answer: { head: IncomingMessage; text: string };
  try {
    answer = await exchange(message, stop);
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    if (signal?.aborted === true) throw stopped();
    throw limit.aborted ? tooSlow(host) : unreached(host, thrown);
  }
  const status = answer.head.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  throw refused(host, status, answer.head, told(answer.text, secrets));
}

async function exchange(message: HttpMessage, signal: AbortSignal): Promise<{ head: IncomingMessage; text: string }> {
  let own: AppError | null = null;
  const stream = got.stream(message.url, {
    method: message.method,
    headers: { 'user-agent': 'pngx-controller', ...message.headers },
    body: message.body,
    throwHttpErrors: false,
    followRedirect: false,
    decompress: false,
    retry: { limit: 0 },
    dnsLookup: guardLookup(() => (own = forbidden()), lookup),
  });
  const end = () => void stream.destroy(new Error('stopped'));
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  try {
    const head = await new Promise<IncomingMessage>((resolve, reject) => {
      stream.once('response', resolve);
      stream.on('error', reject);
    });
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      // What stands further back changes nothing: the status was told.
      if (size > MAX_ANSWER) break;
    }
    return { head, text: Buffer.concat(chunks).toString('utf8') };
  } catch (thrown) {
    throw own ?? thrown;
  } finally {
    signal.removeEventListener('abort', end);
    stream.destroy();
  }
}

function resolveHost(host: string): Promise<string> {
  if (isForbiddenHost(host)) return Promise.reject(forbidden());
  return new Promise((resolve, reject) => {
    guardLookup(forbidden, lookup)(host, (error, address) => {
      if (error instanceof AppError) reject(error);
      else if (error !== null) reject(unreached(host, error));
      else resolve(String(address));
    });
  });
}

function fault(code: string, errorClass: ErrorClass, message: string, more: Partial<AppError> = {}): AppError {
  return new AppError({ code, class: errorClass, scope: 'instance', message, ...more });
}

export function forbidden(): AppError {
  return fault('url_forbidden_host', 'config', 'The host name leads to a link-local or metadata address.');
}

export function stopped(): AppError {
  return fault('cancelled', 'cancelled', 'The sending was stopped.');
}

export function tooSlow(host: string): AppError {
  return fault('notify_timeout', 'transient', `${host} did not answer in time.`);
}

const UNTRUSTED = /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA)/;

/** Of the library's error only its code is told: its text holds the whole address. */
export function unreached(host: string, thrown: unknown): AppError {
  const { code } = thrown as { code?: unknown };
  const what = typeof code === 'string' && /^[A-Z0-9_]+$/.test(code) ? code : 'connection lost';
  if (UNTRUSTED.test(what))
    return fault('notify_untrusted', 'config', `The certificate of ${host} is not trusted (${what}).`);
  return fault('notify_unreachable', 'transient', `${host} cannot be reached (${what}).`);
}

function refused(host: string, status: number, head: IncomingMessage, words: string): AppError {
  const said = words === '' ? '' : `: ${words}`;
  const text = `${host} answered ${status}${said}`;
  if (status === 429) {
    const seconds = Number(head.headers['retry-after']);
    const retryAfterMs = Number.isFinite(seconds) && seconds > 0 ? seconds * SECOND : undefined;
    return fault('notify_rate_limited', 'rate-limited', text, { status, retryAfterMs });
  }
  if (status >= 500 || status === 408 || status === 425)
    return fault('notify_server_error', 'transient', text, { status });
  if (status === 401 || status === 403) return fault('notify_token_refused', 'auth', text, { status });
  if (status >= 400) return fault('notify_refused', 'invalid', text, { status });
  return fault(
    'notify_moved',
    'not-an-api',
    `${text}. A redirect is not followed: enter the address that it leads to`,
    {
      status,
    },
  );
}

/** What a receiver says of a refusal helps; only as text that it marks as such, without what was sent to it. */
function told(text: string, secrets: readonly string[]): string {
  let words = '';
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null)
      for (const name of ['description', 'errorDescription', 'error', 'message'] as const) {
        const value = (body as Record<string, unknown>)[name];
        if (typeof value === 'string' && words === '') words = value;
      }
  } catch {
    return '';
  }
  for (const secret of secrets) if (secret.length > 2) words = words.replaceAll(secret, '********');
  return words
    .replaceAll(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_TOLD);
}
