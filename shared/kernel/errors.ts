import { isLostConnection } from './lost-connection.ts';

/**
 * The one taxonomy of errors (architecture.md section 4). Errors are values: adapters classify what they saw,
 * `domain/retry-policy.ts` decides what becomes of it. Codes are stable and listed in docs/error-codes.md.
 */
export const ERROR_CLASSES = [
  'auth', // the instance refused the token
  'permission', // the token may not do this
  'incompatible', // not a version we know
  'not-an-api', // HTML, a redirect, a shape that is not paperless'
  'rate-limited',
  'transient', // network fault, 5xx: the same request may succeed later
  'not-found',
  'invalid', // the instance refused values (400)
  'too-large',
  'unsupported-type',
  'duplicate',
  'unknown-outcome', // a write was sent and no clean answer came: never repeated blindly
  'conflict', // another process owns the work, or the row moved on
  'cancelled', // shutdown, timeout of the run, lost lease
  'config', // our own settings or environment
  'internal', // a bug of ours
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

export interface AppErrorInit {
  readonly code: string;
  readonly class: ErrorClass;
  readonly message: string;
  /** What a person can do about it. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Which side it happened on; `instance` faults never use up a document's attempts. */
  readonly scope?: 'document' | 'instance' | undefined;
  readonly status?: number | undefined;
  /** Fields an instance named in a 400, as `field -> texts`. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** Every error that crosses a module border. `message` and `hint` never hold secrets, URL queries or document text. */
export class AppError extends Error {
  readonly code: string;
  readonly class: ErrorClass;
  readonly hint: string | undefined;
  readonly scope: 'document' | 'instance';
  readonly status: number | undefined;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly retryAfterMs: number | undefined;
  /** The instance it happened on: 0 the master, else the replica's id. Set where a client is handed out. */
  target: number | undefined;

  constructor(init: AppErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'AppError';
    this.code = init.code;
    this.class = init.class;
    this.hint = init.hint;
    this.scope = init.scope ?? 'document';
    this.status = init.status;
    this.fields = init.fields;
    this.retryAfterMs = init.retryAfterMs;
  }
}

/**
 * Turns anything thrown into an AppError; what is not ours becomes `internal` and keeps its cause. Instances' own lost
 * connections never come here as they are: the paperless client knows whether a request was on its way.
 */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof Error && thrown.name === 'AbortError')
    return new AppError({ code: 'cancelled', class: 'cancelled', message: 'The work was stopped.', cause: thrown });
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  // Says nothing about a document or an instance: the work is left as it stands, for whoever finds the server back.
  if (isLostConnection(thrown))
    return new AppError({
      code: 'connection_lost',
      class: 'cancelled',
      message: `The database or the queue went away: ${message}`,
      cause: thrown,
    });
  return new AppError({ code: 'internal_error', class: 'internal', message: `Unexpected: ${message}`, cause: thrown });
}

/** Makes a forgotten case of an exhaustive switch a compile error. */
export function assertNever(value: never): never {
  throw new AppError({
    code: 'internal_error',
    class: 'internal',
    message: `Unhandled case: ${JSON.stringify(value)}`,
  });
}
