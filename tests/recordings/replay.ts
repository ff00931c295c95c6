import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Simulator } from '../support/simulator.ts';
import { type Captured, differences, fill } from './placeholders.ts';
import type { RecordedRequest, Step } from './transcript.ts';

const COMPARED_HEADERS = [
  'content-type',
  'x-api-version',
  'x-version',
  'etag',
  'content-disposition',
  'last-modified',
  'location',
  'retry-after',
  'www-authenticate',
  'cache-control',
];

interface Answer {
  status: number;
  headers: Record<string, string>;
  json?: unknown;
  text?: string;
  bytes?: { length: number; sha256: string };
}

/** Longer texts are recorded by their beginning. */
const WHOLE_TEXT = 2000;

function authorization(auth: string, token: string): string | null {
  if (auth === 'none') return null;
  if (auth.startsWith('basic:')) return `Basic ${Buffer.from(auth.slice('basic:'.length)).toString('base64')}`;
  return `Token ${auth.startsWith('token:') ? auth.slice('token:'.length) : token}`;
}

function form(request: RecordedRequest, files: URL): FormData {
  const body = new FormData();
  for (const [name, value] of Object.entries(request.form ?? {})) {
    for (const item of Array.isArray(value) ? value : [value]) {
      body.append(name, typeof item === 'object' ? JSON.stringify(item) : String(item));
    }
  }
  if (request.file) {
    const { field = 'document', name, type, path } = request.file;
    body.append(field, new Blob([readFileSync(new URL(path, files))], { type }), name);
  }
  return body;
}

function bodyOf(request: RecordedRequest, files: URL): { body?: FormData | string; type?: string } {
  if (request.form || request.file) return { body: form(request, files) };
  if (request.raw !== undefined) return { body: request.raw, type: request.contentType ?? 'application/json' };
  return request.json === undefined ? {} : { body: JSON.stringify(request.json), type: 'application/json' };
}

/** Replays the steps of one transcript against one simulator. */
export class Replay {
  readonly #simulator: Simulator;
  readonly #files: URL;
  #values: Record<string, string | number>;

  constructor(simulator: Simulator, files: URL) {
    this.#simulator = simulator;
    this.#files = files;
    this.#values = { base: simulator.url, run: 'replayed' };
  }

  /** What is otherwise than recorded; values the step captures are known to later ones. */
  async step(step: Step): Promise<string[]> {
    // The recording waited some seconds for the background; here its end is known.
    if (step.settle !== undefined) await this.#simulator.idle();
    const answer = await this.#perform(step);
    const captures = this.#capture(answer, step.capture ?? {});
    return [...captures, ...differences(step.response, answer, this.#values as Captured)];
  }

  async #perform(step: Step): Promise<Answer> {
    if (!step.poll) return this.#send(step.request);
    const deadline = Date.now() + 10_000;
    for (;;) {
      const answer = await this.#send(step.request);
      const value = at(answer.json, step.poll.path);
      const isReached = step.poll.in ? step.poll.in.includes(value) : value !== undefined && value !== null;
      const isHalfStored = JSON.stringify(answer.json ?? '').includes('<traceback object at');
      if ((isReached && !isHalfStored) || Date.now() > deadline) return answer;
      await this.#simulator.idle();
      await wait(5);
    }
  }

  async #send(recorded: RecordedRequest): Promise<Answer> {
    const request = fill(recorded, this.#values);
    const { body, type } = bodyOf(request, this.#files);
    const credentials = authorization(request.auth ?? 'token', this.#simulator.token);
    const headers = {
      accept: request.accept ?? `application/json; version=${request.api ?? 9}`,
      'accept-language': 'en',
      'accept-encoding': 'identity',
      ...request.headers,
      ...(credentials === null ? {} : { authorization: credentials }),
      ...(type === undefined ? {} : { 'content-type': type }),
    };
    const response = await fetch(this.#simulator.url + request.path, {
      method: request.method,
      headers,
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    });
    return describe(response, request.bytes ?? false);
  }

  #capture(answer: Answer, captures: Readonly<Record<string, string>>): string[] {
    return Object.entries(captures).flatMap(([name, from]) => {
      const value = captured(answer, from);
      if (value === undefined) return [`nothing to capture as ${name} at ${from}`];
      this.#values[name] =
        typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : (value as string | number);
      return [];
    });
  }
}

function at(json: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | null)?.[key], json);
}

function captured(answer: Answer, from: string): unknown {
  if (from === '') return answer.json;
  if (from.startsWith('header:')) return answer.headers[from.slice('header:'.length)];
  if (!from.startsWith('/')) return at(answer.json, from);
  return new RegExp(from.slice(1, -1)).exec(JSON.stringify(answer.json) ?? answer.text ?? '')?.[1];
}

async function describe(response: Response, asBytes: boolean): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const type = (response.headers.get('content-type') ?? '').split(';')[0] ?? '';
  const present = COMPARED_HEADERS.filter((name) => response.headers.has(name));
  const headers = Object.fromEntries(present.map((name) => [name, response.headers.get(name) ?? '']));
  const answer: Answer = { status: response.status, headers };
  if (type === 'application/json') answer.json = JSON.parse(bytes.toString('utf8') || 'null');
  else if (type.startsWith('text/') && !asBytes) {
    answer.text = bytes.length > WHOLE_TEXT ? `${bytes.toString('utf8', 0, 200)}...` : bytes.toString('utf8');
  } else answer.bytes = { length: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
  return answer;
}
