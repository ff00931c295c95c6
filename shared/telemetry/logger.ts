import { type DestinationStream, type Logger as PinoLogger, multistream, pino } from 'pino';
import { z } from 'zod';
import { currentContext } from './context.ts';
import { serializeError } from './errors.ts';
import { LogFile } from './log-file.ts';
import { maskFields, maskText } from './mask.ts';

export type Logger = PinoLogger;
export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** A log line as the `logs` table keeps it. */
export interface LogEvent {
  readonly ts: Date;
  readonly level: LogLevel;
  readonly msg: string;
  readonly runId: number | null;
  readonly replica: string | null;
  readonly replicaId: number | null;
  readonly docId: number | null;
  /** Everything else, masked. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LoggerOptions {
  readonly level?: LogLevel;
  /** LOG_FILE. */
  readonly file?: string | undefined;
  /** Replaces standard output; tests read it. */
  readonly output?: { write(line: string): void };
  /** Told every line from `info` up, for the `logs` table; see `batchEvents`. */
  readonly onEvent?: (event: LogEvent) => void;
  /** On every line, such as the role and the process id. */
  readonly base?: Readonly<Record<string, unknown>>;
}

/** Our level names are those of the reference; pino calls one of them differently. */
const PINO_LEVEL = { debug: 'debug', info: 'info', warning: 'warn', error: 'error' } as const;
const LABEL: Readonly<Record<string, LogLevel>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warning',
  error: 'error',
  fatal: 'error',
};

const line = z.looseObject({
  ts: z.string(),
  level: z.enum(['debug', 'info', 'warning', 'error']),
  msg: z.string().default(''),
  run_id: z.number().nullish(),
  replica: z.string().nullish(),
  replica_id: z.number().nullish(),
  doc_id: z.number().nullish(),
});

function toEvent(text: string): LogEvent | null {
  const parsed = line.safeParse(JSON.parse(text));
  if (!parsed.success) return null;
  const { ts, level, msg, run_id, replica, replica_id, doc_id, ...fields } = parsed.data;
  return {
    ts: new Date(ts),
    level,
    msg,
    runId: run_id ?? null,
    replica: replica ?? null,
    replicaId: replica_id ?? null,
    docId: doc_id ?? null,
    fields,
  };
}

function eventStream(onEvent: (event: LogEvent) => void): DestinationStream {
  return {
    write: (text) => {
      const event = toEvent(text);
      if (event !== null) onEvent(event);
    },
  };
}

function destinations(options: LoggerOptions, level: 'debug' | 'info' | 'warn' | 'error') {
  const streams: { level: typeof level; stream: DestinationStream }[] = [
    { level, stream: options.output ?? pino.destination({ fd: 1, sync: true }) },
  ];
  if (options.file !== undefined) streams.push({ level, stream: new LogFile(options.file) });
  if (options.onEvent !== undefined) streams.push({ level: 'info', stream: eventStream(options.onEvent) });
  return multistream(streams);
}

/** JSON lines with `ts, level, msg` and the fields of the current context; nothing secret gets through. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const level = PINO_LEVEL[options.level ?? 'info'];
  return pino(
    {
      level,
      base: options.base ?? {},
      messageKey: 'msg',
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: {
        level: (label) => ({ level: LABEL[label] ?? 'info' }),
        log: (fields) => maskFields(fields) as Record<string, unknown>,
        // Of the root only: pino prints a child's fields through `streamWrite` alone.
        bindings: (fields) => maskFields(fields) as Record<string, unknown>,
      },
      mixin: () => currentContext(),
      // What the call itself says wins over the context.
      mixinMergeStrategy: (fields, context) => ({ ...context, ...fields }),
      // maskFields has made plain fields of errors already; pino's own serializer must not see one.
      serializers: { err: (value: unknown) => (value instanceof Error ? serializeError(value) : value) },
      hooks: { streamWrite: maskText },
    },
    destinations(options, level),
  );
}

export interface EventBatcher {
  add(event: LogEvent): void;
  /** Writes what is left; call before the database is closed. */
  flush(): Promise<void>;
}

/**
 * Collects events and hands them on in batches. When the database is away they are kept up to a limit, oldest dropped
 * first: standard output has them all. `store` must not log from `info` up, or it would feed itself.
 */
export function batchEvents(
  store: (events: readonly LogEvent[]) => Promise<void>,
  options: { everyMs?: number; maxBatch?: number; maxKept?: number } = {},
): EventBatcher {
  const { everyMs = 500, maxBatch = 500, maxKept = 10_000 } = options;
  const kept: LogEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const write = async () => {
    while (kept.length > 0) {
      const batch = kept.splice(0, maxBatch);
      try {
        await store(batch);
      } catch {
        kept.unshift(...batch);
        kept.splice(0, Math.max(0, kept.length - maxKept));
        return;
      }
    }
  };
  const run = () => {
    timer = undefined;
    writing = writing.then(write).then(() => {
      // What could not be stored is tried again at the same pace.
      if (kept.length > 0) timer ??= setTimeout(() => void run(), everyMs * 4).unref();
    });
    return writing;
  };
  return {
    add(event) {
      kept.push(event);
      if (kept.length > maxKept) kept.shift();
      timer ??= setTimeout(() => void run(), everyMs).unref();
    },
    async flush() {
      clearTimeout(timer);
      await run();
    },
  };
}
