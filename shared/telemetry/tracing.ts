/**
 * Traces (O5), where OTEL_EXPORTER_OTLP_ENDPOINT is set. The libraries are loaded then and only then; until then, and
 * without it, every function here does nothing.
 */
import { runWithContext } from './context.ts';
import { maskText } from './mask.ts';

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** What a span may be told while it lasts. */
export interface OpenSpan {
  note(attributes: Attributes): void;
  /** What was expected of it did not come about; the text is masked. */
  fail(message: string): void;
}

export interface Tracer {
  /** Whatever is traced inside becomes a child. */
  during<T>(name: string, attributes: Attributes, work: (span: OpenSpan, traceId: string) => T): T;
  /** Something that has just ended, and took so long. */
  ended(name: string, attributes: Attributes, ms: number, failed: string | null): void;
  /** Sends what is left; bounded in time. */
  stop(): Promise<void>;
}

export interface TracingOptions {
  readonly endpoint: string;
  /** `name=value,...` as OpenTelemetry writes it; sent along with every batch. */
  readonly headers?: string | undefined;
  readonly version: string;
  readonly role: string;
  readonly processId: string;
}

const SILENT: OpenSpan = { note: () => undefined, fail: () => undefined };

let tracer: Tracer | null = null;

/** Returns what ends it. A collector that is away costs its spans, nothing else. */
export async function startTracing(options: TracingOptions): Promise<() => Promise<void>> {
  const { openTracer } = await import('./otel.ts');
  const opened = openTracer(options);
  tracer = opened;
  return async () => {
    if (tracer === opened) tracer = null;
    await opened.stop();
  };
}

/** The work as a span; its log lines carry the trace's id. */
export function traced<T>(name: string, attributes: Attributes, work: (span: OpenSpan) => Promise<T>): Promise<T> {
  if (tracer === null) return work(SILENT);
  return tracer.during(name, attributes, async (span, traceId) => {
    try {
      return await runWithContext({ trace_id: traceId }, () => work(span));
    } catch (error) {
      span.fail(maskText(error instanceof Error ? error.message : String(error)));
      throw error;
    }
  });
}

/** A span of the past, as a child of the current one. */
export function traceEnded(name: string, attributes: Attributes, ms: number, failed: string | null): void {
  tracer?.ended(name, attributes, ms, failed);
}
