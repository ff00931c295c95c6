/** What a request was and what came back, as far as classification needs it. */

/**
 * What a request is for decides what an answer means: a 403 on a list says something about the token, on one object about
 * that object; a 500 after a read is repeatable, after a write it leaves the outcome unknown.
 * `create` is not idempotent (upload, note, taxonomy); `change` sends absolute values or ends in a fixed state.
 */
export type Purpose = 'list' | 'object' | 'create' | 'change';

export interface RequestFacts {
  readonly method: string;
  readonly route: string;
  readonly purpose: Purpose;
}

export interface AnswerFacts {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export function isWrite(request: RequestFacts): boolean {
  return request.purpose === 'create' || request.purpose === 'change';
}

export function headerOf(answer: AnswerFacts, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** Only authenticated answers of paperless bear X-Version, whatever their status (paperless-api.md 1.4); proxies' do not. */
export function isFromPaperless(answer: AnswerFacts): boolean {
  return headerOf(answer, 'x-version') !== undefined;
}

export function isJson(answer: AnswerFacts): boolean {
  return /^application\/(json|[\w.+-]+\+json)\b/i.test(headerOf(answer, 'content-type') ?? '');
}

/** Seconds or an HTTP date, as milliseconds from `now`. */
export function retryAfterMs(answer: AnswerFacts, now: Date): number | undefined {
  const value = headerOf(answer, 'retry-after');
  if (value === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}
