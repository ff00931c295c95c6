/** A real HTTP server whose answers a test writes itself, and a client with short pauses against it. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError } from '../../../shared/kernel/errors.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import type { RequestSlots, WriteGuard } from '../../../shared/kernel/limits.ts';
import type { PaperlessReader, PaperlessWriter } from '../../../shared/paperless/api.ts';
import type { Connection, RequestEvent, WriterDeps } from '../../../shared/paperless/client.ts';
import { createReader } from '../../../shared/paperless/reader.ts';
import { createWriter } from '../../../shared/paperless/writer.ts';

export const TOKEN = '0123456789abcdef0123456789abcdef01234567';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  /** Resolves with the whole body; rejects when it was cut. */
  readonly body: Promise<Buffer>;
}
export type Script = (request: IncomingMessage, response: ServerResponse, seen: Seen) => void | Promise<void>;

export interface Instance {
  readonly url: string;
  readonly seen: Seen[];
  readonly server: Server;
  close(): Promise<void>;
}

export async function serve(script: Script): Promise<Instance> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const body = readBody(request);
    body.catch(() => undefined);
    const entry = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    seen.push(entry);
    void script(request, response, entry);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** As paperless answers: JSON with its version headers. */
export function answer(response: ServerResponse, status: number, json: unknown, version: 'v2' | 'v3' = 'v3'): void {
  const text = json === undefined ? '' : JSON.stringify(json);
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-version': version === 'v3' ? '3.0.5' : '2.20.15',
    'x-api-version': version === 'v3' ? '10' : '9',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

export const UI_SETTINGS = { user: { id: 2, username: 'admin', is_superuser: true, is_staff: true }, settings: {} };

/** Answers the probe and leaves everything else to the test. */
export function withProbe(version: 'v2' | 'v3', script: Script): Script {
  return (request, response, seen) =>
    request.url?.startsWith('/api/ui_settings/') === true
      ? answer(response, 200, UI_SETTINGS, version)
      : script(request, response, seen);
}

export const openSlots: RequestSlots = {
  run: (_target, work) => work(new AbortController().signal),
};

export class TestGuard implements WriteGuard {
  private readonly controller = new AbortController();
  readonly fenced = this.controller.signal;
  asked = 0;
  /** From which question on the process counts as dead. */
  deadFrom = Number.POSITIVE_INFINITY;

  assertAlive(): void {
    this.asked += 1;
    if (this.asked >= this.deadFrom || this.fenced.aborted) throw fencedError();
  }

  fence(): void {
    this.controller.abort(fencedError());
  }
}

function fencedError(): AppError {
  return new AppError({ code: 'worker_fenced', class: 'cancelled', message: 'The process was declared dead.' });
}

export interface Client {
  readonly reader: PaperlessReader;
  readonly writer: PaperlessWriter;
  readonly guard: TestGuard;
  readonly events: RequestEvent[];
}

export function connect(url: string, connection: Partial<Connection> = {}, deps: Partial<WriterDeps> = {}): Client {
  const guard = new TestGuard();
  const events: RequestEvent[] = [];
  const to: Connection = { target: 7, baseUrl: url, token: TOKEN, ...connection };
  const given: WriterDeps = {
    slots: openSlots,
    guard,
    clock: systemClock,
    onRequest: (event) => events.push(event),
    retryDelaysMs: [1, 1, 1],
    ...deps,
  };
  return { reader: createReader(to, given), writer: createWriter(to, given), guard, events };
}

/** What a call failed with; fails the test when it did not fail. */
export async function failure(work: Promise<unknown>): Promise<AppError> {
  const result = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in result) throw new Error(`expected a failure, got ${JSON.stringify(result.value)}`);
  if (!(result.error instanceof AppError)) throw result.error;
  return result.error;
}
