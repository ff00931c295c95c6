/**
 * The one way to an instance: headers, limits, retries of reads, the guard of writes, and the checks every answer has to
 * pass before its content counts (E4). Topic files (`documents.ts`, `tasks.ts`, ...) ask for a route and a shape.
 */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { z } from 'zod';
import { AppError } from '../kernel/errors.ts';
import { guardedBody, jsonSource } from './body.ts';
import type { BodySource } from './body.ts';
import { DEFAULT_TIMEOUTS } from './client.ts';
import type { ClientDeps, Connection, Timeouts } from './client.ts';
import { classifyAnswer, unusableAnswer } from './errors.ts';
import { exchange } from './exchange.ts';
import type { Answer, Exchange, ExchangeResult } from './exchange.ts';
import { headerOf, isFromPaperless, isJson, isWrite } from './facts.ts';
import type { RequestFacts } from './facts.ts';
import { classifyFault } from './faults.ts';
import { retryRead } from './retry.ts';
import { buildUrl } from './url.ts';
import type { Query } from './url.ts';

/** A 429 without a Retry-After. */
const UNSTATED_REST_MS = 2000;
const MAX_JSON_BYTES = 256 * 1024 * 1024;

export interface ApiRequest extends RequestFacts {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path template, e.g. `/api/documents/{id}/`. */
  readonly route: string;
  readonly id?: number | undefined;
  /** What stands for `{version}` in the route. */
  readonly versionId?: number | undefined;
  readonly query?: Query | undefined;
  /** 9 is the only version both generations speak; 10 for the tasks of v3 (protocol F2). */
  readonly apiVersion?: 9 | 10 | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: BodySource | undefined;
  /** File bytes flow, in the request or in the answer: no total time, a watchdog instead. */
  readonly file?: boolean | undefined;
  readonly sink?: Exchange['sink'];
  readonly signal?: AbortSignal | undefined;
}

export interface Http {
  readonly target: number;
  readonly clock: ClientDeps['clock'];
  /** Resolves when so many more bytes of a file may pass (E8). */
  pass(bytes: number, signal: AbortSignal | undefined): Promise<void>;
  /** X-Version of the latest answer that bore one. */
  seenVersion(): string | null;
  /** A read, repeated a few times where that can help. */
  read<T>(request: ApiRequest, interpret: (answer: Answer) => T): Promise<T>;
  /** A write, sent once and only while the guard holds. */
  write<T>(request: ApiRequest, interpret: (answer: Answer) => T): Promise<T>;
}

interface State {
  readonly connection: Connection;
  readonly deps: ClientDeps;
  readonly timeouts: Timeouts;
  readonly authorities: readonly string[] | undefined;
  readonly reads: Exchange['agent'];
  readonly writes: Exchange['agent'];
  version: string | null;
}

export function createHttp(connection: Connection, deps: ClientDeps): Http {
  const ca = connection.tls?.ca;
  // Idle sockets end after 30 s: a client that is dropped must not hold connections for ever.
  const kept = { keepAlive: true, timeout: 30_000 };
  const state: State = {
    connection,
    deps,
    timeouts: { ...DEFAULT_TIMEOUTS, ...connection.timeouts },
    // a list of one's own replaces the public authorities, so they are named again
    authorities: ca === undefined ? undefined : [...rootCertificates, ca],
    reads: { http: new HttpAgent(kept), https: new HttpsAgent(kept) },
    // A kept socket that the server closes at that very moment would make an unknown outcome of a write that never
    // arrived; a connection of its own costs a handshake.
    writes: { http: new HttpAgent({ keepAlive: false }), https: new HttpsAgent({ keepAlive: false }) },
    version: null,
  };
  return {
    target: connection.target,
    clock: deps.clock,
    pass: (bytes, signal) => paced(deps, connection.target, bytes, signal),
    seenVersion: () => state.version,
    read: (request, interpret) => retryRead(() => sendOnce(state, request, interpret), deps, request.signal),
    write: (request, interpret) => sendOnce(state, request, interpret),
  };
}

async function sendOnce<T>(state: State, request: ApiRequest, interpret: (answer: Answer) => T): Promise<T> {
  const { slots, clock } = state.deps;
  return await slots.run(
    state.connection.target,
    async (lost) => {
      const stop = request.signal === undefined ? lost : AbortSignal.any([lost, request.signal]);
      // Inside the slot: who waits for the pace is counted as open, and nobody overtakes.
      await state.deps.pace?.request(state.connection.target, stop);
      const started = clock.monotonic();
      let status: number | null = null;
      let outcome = 'ok';
      try {
        const result = await exchange(describeExchange(state, request, lost));
        status = statusOf(result);
        const answer = settle(state, request, result);
        return interpret(answer);
      } catch (error) {
        outcome = error instanceof AppError ? error.code : 'internal_error';
        noteRefusal(state, error);
        throw error;
      } finally {
        const ms = clock.monotonic() - started;
        const { method, route } = request;
        state.deps.onRequest?.({ target: state.connection.target, method, path: route, status, ms, outcome });
      }
    },
    request.signal,
  );
}

/** 429: the instance is left alone for as long as it says, by every process (E14). */
function noteRefusal({ deps, connection }: State, error: unknown): void {
  if (!(error instanceof AppError) || error.class !== 'rate-limited') return;
  deps.pace?.refused(connection.target, error.retryAfterMs ?? UNSTATED_REST_MS);
}

function paced({ pace }: ClientDeps, target: number, bytes: number, signal: AbortSignal | undefined): Promise<void> {
  return pace === undefined ? Promise.resolve() : pace.bytes(target, bytes, signal);
}

function describeExchange(state: State, request: ApiRequest, lost: AbortSignal): Exchange {
  const { connection, deps, timeouts } = state;
  const write = isWrite(request);
  const guard = write ? requireGuard(deps) : undefined;
  guard?.assertAlive();
  const path = request.route.replace('{id}', String(request.id)).replace('{version}', String(request.versionId));
  const file = request.file === true;
  const stops: Exchange['stops'][number][] = [{ kind: 'slot', signal: lost }];
  if (request.signal !== undefined) stops.push({ kind: 'caller', signal: request.signal });
  if (guard !== undefined) stops.push({ kind: 'fenced', signal: guard.fenced });
  const pace = (bytes: number) => paced(deps, connection.target, bytes, request.signal);
  const rules = { ...timeouts, pace, file };
  return {
    method: request.method,
    url: buildUrl(connection.baseUrl, path, request.query),
    headers: headersOf(connection, request),
    agent: write ? state.writes : state.reads,
    tls: connection.tls ?? {},
    authorities: state.authorities,
    body:
      guard !== undefined && request.body !== undefined ? guardedBody(request.body, { ...rules, guard }) : undefined,
    sink: request.sink,
    maxAnswerBytes: MAX_JSON_BYTES,
    connectMs: timeouts.connectMs,
    beforeFirstByte: () => guard?.assertAlive(),
    answerMs: file ? null : timeouts.answerMs,
    firstByteMs: timeouts.firstByteMs,
    noProgressMs: timeouts.noProgressMs,
    stops,
  };
}

function requireGuard(deps: ClientDeps) {
  if (deps.guard !== undefined) return deps.guard;
  throw new AppError({ code: 'internal_error', class: 'internal', message: 'A client without a guard cannot write.' });
}

/** paperless translates its texts and compresses its answers unless told not to (paperless-api.md 1.2, 3.2). */
function headersOf(connection: Connection, request: ApiRequest): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': 'pngx-controller' };
  for (const [name, value] of Object.entries(connection.headers ?? {})) headers[name.toLowerCase()] = value;
  for (const name of ['host', 'connection', 'content-length', 'transfer-encoding', 'expect']) delete headers[name];
  return {
    ...headers,
    ...request.headers,
    authorization: `Token ${connection.token}`,
    accept: `application/json; version=${request.apiVersion ?? 9}`,
    'accept-language': 'en',
    'accept-encoding': 'identity',
  };
}

function statusOf(result: ExchangeResult): number | null {
  return 'answer' in result ? result.answer.status : (result.partial?.status ?? null);
}

/** Any end of an exchange becomes an answer that may be read, or an AppError. */
function settle(state: State, request: ApiRequest, result: ExchangeResult): Answer {
  if ('fault' in result) {
    const { fault, partial } = result;
    // An error status says enough even when its body was cut off, or when the server refused before it had read all.
    if (partial !== null && partial.status >= 300 && fault.kind === 'network' && fault.own === undefined)
      throw classifyAnswer(request, partial, state.deps.clock.now());
    throw classifyFault(request, fault);
  }
  const { answer } = result;
  state.version = headerOf(answer, 'x-version') ?? state.version;
  const unchanged = answer.status === 304 && request.headers?.['if-none-match'] !== undefined;
  if (answer.status >= 300 && !unchanged) throw classifyAnswer(request, answer, state.deps.clock.now());
  if (!isFromPaperless(answer))
    throw unusableAnswer(request, answer, 'it does not come from paperless (no X-Version header)');
  return answer;
}

/** The JSON of an answer in the shape it must have; anything else is never taken for an empty one (E4). */
export function parseAs<T>(request: ApiRequest, answer: Answer, schema: z.ZodType<T>): T {
  if (!isJson(answer)) throw unusableAnswer(request, answer, 'it is not JSON');
  let json: unknown;
  try {
    json = JSON.parse(answer.text);
  } catch {
    throw unusableAnswer(request, answer, 'its JSON is broken');
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const place = parsed.error.issues[0]?.path.filter((step) => typeof step === 'string').join('.') ?? '';
  throw unusableAnswer(request, answer, `its JSON has another shape than expected${place === '' ? '' : ` (${place})`}`);
}

export async function readJson<T>(http: Http, request: ApiRequest, schema: z.ZodType<T>): Promise<T> {
  return await http.read(request, (answer) => parseAs(request, answer, schema));
}

export async function writeJson<T>(http: Http, request: ApiRequest, json: unknown, schema: z.ZodType<T>): Promise<T> {
  return await http.write({ ...request, body: jsonSource(json) }, (answer) => parseAs(request, answer, schema));
}

/** The instance's own clock: watermarks and holds are measured by it, so its absence is not papered over with ours. */
export function serverDateOf(request: ApiRequest, answer: Answer): number {
  const date = Date.parse(headerOf(answer, 'date') ?? '');
  if (Number.isNaN(date)) throw unusableAnswer(request, answer, 'it bears no Date header');
  return date;
}
