/** What a paperless client is made from. `deps.ts` of a service builds these; nothing here reads settings or environment. */
import type { Clock } from '../kernel/clock.ts';
import type { Pace, RequestSlots, WriteGuard } from '../kernel/limits.ts';

export interface Timeouts {
  /** DNS, TCP and TLS, each. */
  readonly connectMs: number;
  /** The whole exchange where the answer is JSON (H26: every answer has a limit). */
  readonly answerMs: number;
  /** Files: until the first byte of the answer. v3 collects the whole file before it sends (paperless-api.md 3.2). */
  readonly firstByteMs: number;
  /** Files: the longest pause between two chunks, in either direction. Never a total time: files may be huge. */
  readonly noProgressMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 10_000,
  answerMs: 60_000,
  firstByteMs: 300_000,
  noProgressMs: 60_000,
};

/** E30: self-signed instances and access proxies. PEM texts. */
export interface TlsOptions {
  /** Trusted besides the public authorities. */
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
  readonly passphrase?: string | undefined;
}

export interface Connection {
  /** 0 is the master, otherwise the replica's id. */
  readonly target: number;
  /** As `parseInstanceUrl` gave it: http(s), no trailing slash, a base path is allowed. */
  readonly baseUrl: string;
  readonly token: string;
  readonly timeouts?: Partial<Timeouts> | undefined;
  readonly tls?: TlsOptions | undefined;
  /** For access proxies; they cannot replace the headers the protocol needs. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** One try of one request, for metrics and logs. `path` is a template: no ids, no query. */
export interface RequestEvent {
  readonly target: number;
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
  readonly ms: number;
  /** `ok` or the code of the error. */
  readonly outcome: string;
}

export interface ClientDeps {
  readonly slots: RequestSlots;
  /** None: as many requests and bytes as the slots let through. */
  readonly pace?: Pace | undefined;
  /** Needed by a writer; a reader never asks it. */
  readonly guard?: WriteGuard | undefined;
  readonly clock: Clock;
  readonly onRequest?: ((event: RequestEvent) => void) | undefined;
  /** Pauses before the second, third and fourth try of a read; jittered. */
  readonly retryDelaysMs?: readonly number[] | undefined;
  /** 0 to 1; the jitter's source. */
  readonly random?: (() => number) | undefined;
}

export interface WriterDeps extends ClientDeps {
  readonly guard: WriteGuard;
}
