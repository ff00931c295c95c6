/**
 * One request, once: sends it with got, takes the answer in, and says of a failure how far the request had got. No retry,
 * no classification; `http.ts` adds both. got's own errors never leave this file: they carry the token (S3).
 */
import type { Agent as HttpAgent, ClientRequest, IncomingHttpHeaders } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import got from 'got';
import { AppError } from '../kernel/errors.ts';
import type { TlsOptions } from './client.ts';
import type { Fault } from './faults.ts';
import { guardedLookup } from './lookup.ts';
import { isForbiddenAddress } from '../kernel/forbidden-hosts.ts';

/** More of an error page is not worth reading. */
const MAX_ERROR_BYTES = 64 * 1024;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Empty when `sink` took the body. */
  readonly text: string;
}

export interface ExchangeBody {
  readonly type: string;
  readonly length: number;
  /** Sets `progress.handedOver` before it yields the last chunk; throws an AppError to cut the request. */
  chunks(progress: Progress): AsyncGenerator<Uint8Array>;
}

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agent: { readonly http: HttpAgent; readonly https: HttpsAgent };
  readonly tls: TlsOptions;
  readonly authorities: readonly string[] | undefined;
  readonly body?: ExchangeBody | undefined;
  /** Called with a 200's chunks instead of collecting them; `start` may refuse by throwing. */
  readonly sink?: { start(answer: Answer): Promise<void>; take(chunk: Uint8Array): Promise<void> } | undefined;
  readonly maxAnswerBytes: number;
  readonly connectMs: number;
  /** Runs when the connection stands, before the first byte leaves. */
  readonly beforeFirstByte: () => void;
  /** Limit of the whole exchange, or null: then the two below hold. */
  readonly answerMs: number | null;
  readonly firstByteMs: number;
  readonly noProgressMs: number;
  readonly stops: readonly { readonly kind: 'caller' | 'slot' | 'fenced'; readonly signal: AbortSignal }[];
}

export type ExchangeResult = { readonly answer: Answer } | { readonly fault: Fault; readonly partial: Answer | null };

/** How far a request has come, and the watchdog over it. */
export class Progress {
  connected = false;
  handedOver = false;
  answer: Answer | null = null;
  /** What ended it from our side; the first one counts. */
  stopped: { readonly kind: Fault['kind']; readonly reason?: unknown } | null = null;
  /** An error of ours (file altered, disk full, fenced): passed on as it is. */
  own: AppError | null = null;
  private timer: NodeJS.Timeout | undefined;
  private ended = false;
  private readonly onStop: (error: Error) => void;

  constructor(onStop: (error: Error) => void) {
    this.onStop = onStop;
  }

  stop(kind: Fault['kind'], reason?: unknown): void {
    this.stopped ??= { kind, reason };
    this.onStop(new Error(kind));
  }

  /** (Re)starts the watchdog: the next sign of life has to come within `ms`. */
  expectWithin(ms: number): void {
    clearTimeout(this.timer);
    // a body may yield once more after an early answer; it must not leave a timer behind
    if (!this.ended) this.timer = setTimeout(() => this.stop('time'), ms);
  }

  /** Nothing is expected of the other side until `expectWithin` is called again. */
  rest(): void {
    clearTimeout(this.timer);
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }
}

/** Thrown through got to end a request for a reason of ours. */
function ownError(progress: Progress, error: unknown): Error {
  if (error instanceof AppError) progress.own ??= error;
  return new Error('stopped');
}

export async function exchange(spec: Exchange): Promise<ExchangeResult> {
  // `destroy` is set below; a stop before that point is seen by the check right after it.
  let destroy: (error: Error) => void = () => undefined;
  const progress = new Progress((error) => destroy(error));
  const release = listenToStops(spec, progress);
  try {
    if (progress.stopped !== null) return failed(progress, undefined);
    progress.handedOver = spec.body === undefined;
    const stream = got.stream(spec.url, gotOptions(spec, progress));
    destroy = (error) => stream.destroy(error);
    stream.on('request', (request: ClientRequest) => watchConnection(request, spec, progress));
    progress.expectWithin(spec.answerMs ?? spec.connectMs * 3 + spec.firstByteMs);
    const answer = await receive(stream, spec, progress);
    // All is there: no error to end with, which got would dress up and trace back at a tenth of the cost of the request.
    destroy = () => stream.destroy();
    return progress.own === null ? { answer } : failed(progress, undefined);
  } catch (error) {
    return failed(progress, error);
  } finally {
    release();
    progress.end();
    destroy(new Error('done'));
  }
}

function gotOptions(spec: Exchange, progress: Progress) {
  const { body, tls } = spec;
  const length: Record<string, string> =
    body === undefined ? {} : { 'content-type': body.type, 'content-length': String(body.length) };
  return {
    method: spec.method as 'GET',
    headers: { ...spec.headers, ...length },
    // An empty text ends a DELETE's request; without it got waits for somebody to write into the stream.
    ...(body !== undefined ? { body: body.chunks(progress) } : spec.method === 'GET' ? {} : { body: '' }),
    agent: spec.agent,
    throwHttpErrors: false,
    followRedirect: false,
    dnsLookup: guardedLookup(() => ownError(progress, forbiddenAddress())),
    decompress: false,
    retry: { limit: 0 },
    timeout: { lookup: spec.connectMs, connect: spec.connectMs, secureConnect: spec.connectMs },
    https: {
      ...(spec.authorities === undefined ? {} : { certificateAuthority: [...spec.authorities] }),
      ...(tls.certificate === undefined ? {} : { certificate: tls.certificate }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
      ...(tls.passphrase === undefined ? {} : { passphrase: tls.passphrase }),
    },
  } as const;
}

function listenToStops(spec: Exchange, progress: Progress): () => void {
  const listeners = spec.stops.map(({ kind, signal }) => {
    const listener = () => progress.stop(kind, signal.reason);
    if (signal.aborted) listener();
    else signal.addEventListener('abort', listener, { once: true });
    return () => signal.removeEventListener('abort', listener);
  });
  return () => {
    for (const remove of listeners) remove();
  };
}

/**
 * Connecting takes time in which a process may be fenced, so the guard is asked again when the line stands. `prepend`:
 * node sends what it has buffered in a later listener of the same event.
 */
function watchConnection(request: ClientRequest, spec: Exchange, progress: Progress): void {
  const stands = (socket: Socket) => () => {
    try {
      if (isForbiddenAddress(socket.remoteAddress ?? '')) throw forbiddenAddress();
      spec.beforeFirstByte();
      progress.connected = true;
    } catch (error) {
      socket.destroy();
      request.destroy(ownError(progress, error));
    }
  };
  request.once('socket', (socket: Socket) => {
    if (socket.connecting) socket.prependOnceListener('connect', stands(socket));
    else stands(socket)();
  });
}

function forbiddenAddress(): AppError {
  return new AppError({
    code: 'url_forbidden_host',
    class: 'config',
    message: 'The host name leads to a link-local or metadata address.',
    scope: 'instance',
  });
}

type GotStream = ReturnType<typeof got.stream>;

async function receive(stream: GotStream, spec: Exchange, progress: Progress): Promise<Answer> {
  const { statusCode, headers } = await new Promise<{ statusCode: number; headers: IncomingHttpHeaders }>(
    (resolve, reject) => {
      stream.once('response', resolve);
      // stays attached: an error between the response and the first read would otherwise be nobody's
      stream.on('error', reject);
    },
  );
  const head: Answer = { status: statusCode, headers, text: '' };
  progress.answer = head;
  if (spec.answerMs === null) progress.expectWithin(spec.noProgressMs);
  const sink = statusCode === 200 ? spec.sink : undefined;
  if (sink === undefined) return await collect(stream, head, spec, progress);
  try {
    await sink.start(head);
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      // Our own disk and pace are no silence of the other side.
      if (spec.answerMs === null) progress.rest();
      await sink.take(chunk);
      if (spec.answerMs === null) progress.expectWithin(spec.noProgressMs);
    }
  } catch (error) {
    throw error instanceof AppError ? ownError(progress, error) : error;
  }
  return head;
}

async function collect(stream: GotStream, head: Answer, spec: Exchange, progress: Progress): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > spec.maxAnswerBytes) throw ownError(progress, answerTooLarge());
    chunks.push(chunk);
    if (spec.answerMs === null) progress.expectWithin(spec.noProgressMs);
    if (head.status < 400) continue;
    // Kept up to date so that an error status is still told when its body is cut off.
    progress.answer = { ...head, text: Buffer.concat(chunks).toString('utf8') };
    if (size > MAX_ERROR_BYTES) break;
  }
  return { ...head, text: Buffer.concat(chunks).toString('utf8') };
}

function answerTooLarge(): AppError {
  return new AppError({
    code: 'answer_too_large',
    class: 'not-an-api',
    message: 'The answer is larger than any answer of paperless.',
    scope: 'instance',
  });
}

function failed(progress: Progress, error: unknown): ExchangeResult {
  const code = (error as { code?: unknown } | undefined)?.code;
  const timedOut = (error as { name?: unknown } | undefined)?.name === 'TimeoutError';
  const stopped = progress.stopped;
  const fault: Fault = {
    kind: stopped?.kind ?? (timedOut ? 'time' : 'network'),
    code: typeof code === 'string' ? code : undefined,
    reached: progress.connected && progress.handedOver,
    answerBegan: progress.answer !== null,
    reason: stopped?.reason,
    own: progress.own ?? undefined,
  };
  return { fault, partial: progress.answer };
}
