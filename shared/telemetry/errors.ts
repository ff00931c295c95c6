import { AppError } from '../kernel/errors.ts';

/** An error as the log shows it. */
export interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly class?: string;
  readonly status?: number;
  readonly method?: string;
  readonly stack?: string;
  readonly cause?: ErrorFields;
}

function textOf(source: object, name: string): string | undefined {
  const value: unknown = (source as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * Named fields only, never the error's own enumeration: an error of the HTTP client has its whole request in `options`,
 * with the Authorization header, and pino's own serializer prints it.
 */
export function serializeError(thrown: unknown, depth = 3): ErrorFields {
  if (!(thrown instanceof Error)) return { name: 'NonError', message: String(thrown) };
  const code = textOf(thrown, 'code');
  const method = textOf(thrown, 'method');
  const status: unknown = (thrown as { status?: unknown }).status;
  const wantsStack = !(thrown instanceof AppError) || thrown.class === 'internal';
  return {
    name: thrown.name,
    message: thrown.message,
    ...(code === undefined ? {} : { code }),
    ...(thrown instanceof AppError ? { class: thrown.class } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    ...(method === undefined ? {} : { method }),
    ...(wantsStack && thrown.stack !== undefined ? { stack: thrown.stack.split('\n').slice(1, 8).join('\n') } : {}),
    ...(thrown.cause instanceof Error && depth > 0 ? { cause: serializeError(thrown.cause, depth - 1) } : {}),
  };
}
