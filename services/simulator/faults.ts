import { z } from 'zod';

/** Where in the life of a request or of a consumption a fault strikes. */
type Stage = 'request' | 'answer' | 'file' | 'list' | 'consumption' | 'instance';

interface Fault {
  readonly stage: Stage;
  readonly does: string;
  /** What `value` means, when the fault takes one. */
  readonly value?: string;
}

/** Every fault the simulator can be given, by name. */
export const FAULTS = {
  unauthorized: { stage: 'request', does: '401: the token is not known' },
  forbidden: { stage: 'request', does: '403: the permission is missing' },
  'not-acceptable': { stage: 'request', does: '406: the API version is not offered' },
  'html-login': { stage: 'request', does: '200 with the HTML login page, as a proxy in front may answer' },
  redirect: { stage: 'request', does: '302 to another host', value: 'the location' },
  'locked-500': { stage: 'request', does: 'HTML 500: the database is locked, nothing was done' },
  'too-large': { stage: 'request', does: 'HTML 413 of a proxy' },
  throttled: { stage: 'request', does: '429 with Retry-After', value: 'seconds to wait' },
  'http-status': { stage: 'request', does: 'HTML answer with any status, nothing was done', value: 'the status' },
  slow: { stage: 'request', does: 'waits before it handles the request', value: 'milliseconds' },
  down: { stage: 'request', does: 'resets the connection before anything is done' },
  'never-answer': {
    stage: 'request',
    does: 'keeps the connection open without an answer',
    value: 'what is applied: all (default), part or none',
  },
  'drop-after-commit': { stage: 'answer', does: 'applies the request and resets the connection' },
  'bad-gateway-after-accept': { stage: 'answer', does: 'applies the request and answers 502' },
  'truncated-body': { stage: 'answer', does: 'sends half of the body and resets the connection' },
  'slow-body': { stage: 'answer', does: 'sends the body in two halves', value: 'milliseconds between them' },
  'wrong-shape': { stage: 'answer', does: 'JSON of a shape nobody expects' },
  'empty-list': { stage: 'answer', does: 'lists are empty although the library is not' },
  'short-list': {
    stage: 'answer',
    does: 'count and ids of a list leave documents out that are there',
    value: 'how many',
  },
  'file-missing': { stage: 'file', does: '404 for a file that is in the database and not on disk' },
  'alter-download': { stage: 'file', does: 'sends other bytes of the same length' },
  'change-before-download': { stage: 'file', does: 'the file is replaced between its metadata and its download' },
  'page-shift': { stage: 'list', does: 'touches the first document of the list before a later page is read' },
  'task-row-missing': { stage: 'consumption', does: 'the upload is consumed without a task row' },
  'task-stuck-pending': {
    stage: 'consumption',
    does: 'the message is lost: the row stays PENDING, nothing is consumed',
  },
  'task-stuck-started': { stage: 'consumption', does: 'the worker dies: the row stays STARTED, nothing is consumed' },
  'task-vanished': { stage: 'consumption', does: 'the row is gone when the consumption is done' },
  'task-done-without-id': { stage: 'consumption', does: 'SUCCESS without a document' },
  'task-failed-after-commit': { stage: 'consumption', does: 'the row says FAILURE although the document is stored' },
  'slow-consumption': { stage: 'consumption', does: 'a consumption takes longer', value: 'milliseconds' },
  'consumption-fails': { stage: 'consumption', does: 'the row says FAILURE', value: 'the reason' },
  'temp-file-lost': { stage: 'consumption', does: 'the uploaded file is gone before it is consumed' },
  resurrect: { stage: 'consumption', does: 'the message comes again: SUCCESS turns into FAILURE, file not found' },
  'delivered-twice': { stage: 'consumption', does: 'two workers run one message at the same time' },
  'alter-bytes': { stage: 'consumption', does: 'a script rewrites the original', value: 'fixed (default) or random' },
  'asn-barcode': { stage: 'consumption', does: 'a barcode replaces the posted ASN', value: 'the ASN' },
  'barcode-split': { stage: 'consumption', does: 'a separator splits the file; parts inherit all', value: 'parts' },
  'late-commit': { stage: 'consumption', does: 'times are taken long before the row is seen', value: 'milliseconds' },
  'webhook-lost': { stage: 'instance', does: 'a webhook of a workflow is never sent' },
  'webhook-twice': { stage: 'instance', does: 'a webhook of a workflow is sent twice' },
  'token-demoted': { stage: 'instance', does: 'the superuser has lost its rights' },
  'clock-skew': { stage: 'instance', does: 'the clock is wrong while this is set', value: 'milliseconds' },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

const NAMES = Object.keys(FAULTS) as [FaultName, ...FaultName[]];

const faultMatch = z.object({
  method: z.string().optional(),
  pathPrefix: z.string().optional(),
  pathSuffix: z.string().optional(),
  /** A part of the query string or, for consumptions, of the file name. */
  contains: z.string().optional(),
});

export const faultRule = z.object({
  name: z.enum(NAMES),
  match: faultMatch.default({}),
  /** Strikes this many times, then is over; without it, until it is cleared. */
  times: z.number().int().positive().optional(),
  /** Lets this many matching ones pass first. */
  skip: z.number().int().nonnegative().default(0),
  value: z.union([z.string(), z.number()]).optional(),
});

export type FaultRule = z.output<typeof faultRule>;
export type FaultArgument = Omit<z.input<typeof faultRule>, 'name'>;

/** What a rule is compared with: a request, or an upload under the path it came by. */
export interface Occasion {
  readonly method: string;
  readonly path: string;
  readonly detail: string;
}

interface Armed {
  readonly rule: FaultRule;
  left: number;
  skip: number;
}

export class FaultBoard {
  readonly #armed: Armed[] = [];
  readonly #changed: (board: FaultBoard) => void;

  constructor(rules: readonly FaultRule[], changed: (board: FaultBoard) => void = () => undefined) {
    this.#changed = changed;
    for (const rule of rules) this.set(rule);
  }

  set(rule: z.input<typeof faultRule>): void {
    const parsed = faultRule.parse(rule);
    this.#armed.push({ rule: parsed, left: parsed.times ?? Number.POSITIVE_INFINITY, skip: parsed.skip });
    this.#changed(this);
  }

  clear(name?: FaultName): void {
    for (let at = this.#armed.length - 1; at >= 0; at -= 1) {
      if (name === undefined || this.#armed[at]?.rule.name === name) this.#armed.splice(at, 1);
    }
    this.#changed(this);
  }

  get rules(): FaultRule[] {
    return this.#armed.filter((armed) => armed.left > 0).map((armed) => armed.rule);
  }

  /** The rule that strikes now, counted as used; null in the usual case that there is none. */
  strike(name: FaultName, occasion: Occasion): FaultRule | null {
    for (const armed of this.#armed) {
      if (armed.rule.name !== name || armed.left <= 0 || !matches(armed.rule, occasion)) continue;
      if (armed.skip > 0) {
        armed.skip -= 1;
        continue;
      }
      armed.left -= 1;
      return armed.rule;
    }
    return null;
  }

  strikes(stage: Stage, occasion: Occasion): FaultRule[] {
    if (this.#armed.length === 0) return [];
    return NAMES.filter((name) => FAULTS[name].stage === stage).flatMap((name) => this.strike(name, occasion) ?? []);
  }
}

function matches({ match }: FaultRule, occasion: Occasion): boolean {
  return (
    (match.method === undefined || match.method === occasion.method) &&
    (match.pathPrefix === undefined || occasion.path.startsWith(match.pathPrefix)) &&
    (match.pathSuffix === undefined || occasion.path.endsWith(match.pathSuffix)) &&
    (match.contains === undefined || occasion.detail.includes(match.contains))
  );
}

/** Reads `NAME[=ARG]` of the command line; ARG holds a method, a path, `x2`, `skip=1` and `value=...` in any order. */
export function parseFault(text: string): FaultRule {
  const [name = '', ...rest] = text.split('=');
  const rule: Record<string, unknown> & { match: Record<string, string> } = { name, match: {} };
  for (const word of rest.join('=').split(/\s+/).filter(Boolean)) {
    const [key, value] = [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)];
    if (/^x\d+$/.test(word)) rule.times = Number(word.slice(1));
    else if (key === 'skip') rule.skip = Number(value);
    else if (key === 'contains' || key === 'pathSuffix') rule.match[key] = value;
    else if (/^[A-Z]+$/.test(word)) rule.match.method = word;
    else if (word.startsWith('/')) rule.match.pathPrefix = word;
    else rule.value = key === 'value' ? value : word;
  }
  return faultRule.parse(rule);
}
