import type { z } from 'zod';

/**
 * A small paperless reader and writer of the demo's own. It shares nothing with the controller's client: what judges the
 * controller must not repeat its mistakes.
 */
export interface Instance {
  readonly url: string;
  readonly token: string;
}

export interface PaperlessHttp {
  readonly url: string;
  /** Answers so far, files included. */
  requests(): number;
  /** As the instance's last answer said in X-Version, e.g. "3.0.5"; null before the first one. */
  version(): string | null;
  get<S extends z.ZodType>(path: string, shape: S): Promise<z.output<S>>;
  /** `shape` null: any JSON. Not sent again when it fails. */
  post<S extends z.ZodType>(path: string, json: unknown, shape: S): Promise<z.output<S>>;
  /** Absolute values, so sent again when the instance is in trouble for a moment. */
  patch<S extends z.ZodType>(path: string, json: unknown, shape: S): Promise<z.output<S>>;
  delete(path: string): Promise<void>;
  upload<S extends z.ZodType>(path: string, form: FormData, shape: S): Promise<z.output<S>>;
  /** The body as it arrives; the caller reads it to its end. */
  download(path: string): Promise<AsyncIterable<Uint8Array>>;
  /** The same instance, seen by another user. */
  as(token: string): PaperlessHttp;
}

export class HttpFailure extends Error {
  readonly status: number;
  readonly body: string;
  constructor(method: string, path: string, status: number, body: string) {
    super(`${method} ${path} was answered ${status}: ${body.slice(0, 300)}`);
    this.status = status;
    this.body = body;
  }
}

/** Some writes are applied and never answered (paperless-api.md 18, 26): waiting has an end. */
const ANSWER_LIMIT_MS = 120_000;
const TRIES = 4;

/** Shared by all users of one instance. */
interface Count {
  requests: number;
  version: string | null;
}

export function connect(instance: Instance, count: Count = { requests: 0, version: null }): PaperlessHttp {
  const base = instance.url.replace(/\/+$/, '');
  const call = (method: string, path: string, body?: RequestBody) =>
    send({ base, instance, count }, method, path, body);
  const parsed = async <S extends z.ZodType>(shape: S, method: string, path: string, body?: RequestBody) =>
    parse(shape, await call(method, path, body), `${method} ${path}`);
  return {
    url: base,
    requests: () => count.requests,
    version: () => count.version,
    get: (path, shape) => persistently(() => parsed(shape, 'GET', path)),
    post: (path, json, shape) => parsed(shape, 'POST', path, { json }),
    patch: (path, json, shape) => persistently(() => parsed(shape, 'PATCH', path, { json })),
    delete: async (path) => void (await (await call('DELETE', path)).arrayBuffer()),
    upload: (path, form, shape) => parsed(shape, 'POST', path, { form }),
    download: async (path) => {
      const { body } = await persistently(() => call('GET', path));
      if (body === null) throw new Error(`GET ${path} came without a body.`);
      return body;
    },
    as: (token) => connect({ url: base, token }, count),
  };
}

type RequestBody = { readonly json: unknown } | { readonly form: FormData };
interface Line {
  readonly base: string;
  readonly instance: Instance;
  readonly count: Count;
}

async function send(
  { base, instance, count }: Line,
  method: string,
  path: string,
  body?: RequestBody,
): Promise<Response> {
  const headers: Record<string, string> = {
    authorization: `Token ${instance.token}`,
    // 9 is the only version that both generations take (paperless-api.md 1.3).
    accept: 'application/json; version=9',
    'accept-language': 'en',
    // Compressed bodies lose their length and weaken ETags (paperless-api.md 3.2).
    'accept-encoding': 'identity',
  };
  if (body && 'json' in body) headers['content-type'] = 'application/json';
  const answer = await fetch(base + path, {
    method,
    headers,
    // A redirect leads to a login page at best, and a token away at worst.
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    ...(body && { body: 'json' in body ? JSON.stringify(body.json) : body.form }),
  });
  count.requests += 1;
  count.version = answer.headers.get('x-version') ?? count.version;
  if (!answer.ok) throw new HttpFailure(method, path, answer.status, await answer.text());
  return answer;
}

async function parse<S extends z.ZodType>(shape: S, answer: Response, what: string): Promise<z.output<S>> {
  const text = await answer.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error(`${what} was answered ${answer.status} without JSON: ${text.slice(0, 200)}`);
  }
  const result = shape.safeParse(json);
  if (!result.success) throw new Error(`${what} was answered in an unknown shape: ${result.error.message}`);
  return result.data;
}

/** A locked SQLite answers 500 for a moment (paperless-api.md 16); everything else is said at once. */
async function persistently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const passing = !(error instanceof HttpFailure) ? error instanceof TypeError : error.status >= 500;
      if (!passing || attempt === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** attempt));
    }
  }
}

/** Runs `work` on all items, at most `limit` at a time; the first failure is thrown once the running ones have ended. */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failure: { readonly cause: unknown } | null = null;
  const worker = async () => {
    for (const item of queue) {
      if (failure) return;
      try {
        await work(item);
      } catch (cause) {
        failure ??= { cause };
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failure) throw (failure as { readonly cause: unknown }).cause;
}
