/** One paperless instance as the suite speaks to it: every answer as it came, nothing retried, no redirect followed. */

export interface Call {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly json?: unknown;
  readonly form?: FormData;
  readonly headers?: Readonly<Record<string, string>>;
  /** Version in the Accept header; null leaves it out, so that the instance takes its default. */
  readonly api?: number | null;
  /** Whole Authorization header; null sends none. */
  readonly auth?: string | null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  readonly text: string;
  /** The parsed body; undefined where the answer is not JSON: several refusals are text (paperless-api.md 1.2). */
  readonly json: unknown;
}

export interface Instance {
  readonly url: string;
  readonly token: string;
}

const ANSWER_LIMIT_MS = 60_000;

export async function call(instance: Instance, path: string, options: Call = {}): Promise<Answer> {
  const headers: Record<string, string> = {
    accept: acceptHeader(options.api),
    'accept-language': 'en',
    'accept-encoding': 'identity',
    ...options.headers,
  };
  const auth = options.auth === undefined ? `Token ${instance.token}` : options.auth;
  if (auth !== null) headers['authorization'] = auth;
  if (options.json !== undefined) headers['content-type'] = 'application/json';
  const body = options.json === undefined ? (options.form ?? null) : JSON.stringify(options.json);
  const response = await fetch(new URL(path, instance.url), {
    method: options.method ?? 'GET',
    headers,
    body,
    redirect: 'manual',
    // Real instances sometimes apply a write and never answer it (H26); such a test must fail by itself.
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  return readAnswer(response);
}

function acceptHeader(api: number | null | undefined): string {
  if (api === null) return 'application/json';
  return `application/json; version=${api ?? 9}`;
}

async function readAnswer(response: Response): Promise<Answer> {
  const bytes = Buffer.from(await response.arrayBuffer());
  const text = bytes.toString('utf8');
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false;
  const json: unknown = isJson && text !== '' ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, bytes, text, json };
}
