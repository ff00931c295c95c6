/** Bodies of writes: every chunk passes the guard, the pace and the count before it may leave. */
import { AppError } from '../kernel/errors.ts';
import type { WriteGuard } from '../kernel/limits.ts';
import type { ExchangeBody, Progress } from './exchange.ts';

const JSON_CHUNK = 64 * 1024;

export interface BodyRules {
  readonly guard: WriteGuard;
  readonly noProgressMs: number;
  readonly firstByteMs: number;
  /** Resolves when so many more bytes may leave (E8). */
  readonly pace: (bytes: number) => Promise<void>;
  /** Files have a watchdog instead of a total time. */
  readonly file: boolean;
}

/** Where the bytes come from, before any rule applies. */
export interface BodySource {
  readonly type: string;
  readonly length: number;
  bytes(): AsyncIterable<Uint8Array>;
}

export function jsonSource(value: unknown): BodySource {
  const buffer = Buffer.from(JSON.stringify(value), 'utf8');
  return {
    type: 'application/json',
    length: buffer.length,
    async *bytes() {
      for (let at = 0; at < buffer.length; at += JSON_CHUNK) yield buffer.subarray(at, at + JSON_CHUNK);
    },
  };
}

/**
 * The rules as one generator. A throw here destroys the socket before the last byte, and paperless drops a request that
 * is cut in its body (paperless-api.md 16); that is why `handedOver` is set right before the last chunk and not after.
 */
export function guardedBody(source: BodySource, rules: BodyRules): ExchangeBody {
  return {
    type: source.type,
    length: source.length,
    async *chunks(progress: Progress) {
      let sent = 0;
      try {
        for await (const chunk of source.bytes()) {
          if (rules.file) {
            // It is we who hold the bytes back, not the other side.
            progress.rest();
            await rules.pace(chunk.length);
          }
          sent += chunk.length;
          if (sent > source.length) throw bodyChanged();
          rules.guard.assertAlive();
          progress.handedOver = sent === source.length;
          if (rules.file) progress.expectWithin(progress.handedOver ? rules.firstByteMs : rules.noProgressMs);
          yield chunk;
        }
        if (sent !== source.length) throw bodyChanged();
      } catch (error) {
        if (error instanceof AppError) progress.own ??= error;
        throw error;
      }
    },
  };
}

export function bodyChanged(): AppError {
  return new AppError({
    code: 'file_changed',
    class: 'transient',
    message: 'The file to send is not the one that was announced; nothing was sent to its end.',
    hint: 'It is downloaded again.',
  });
}
