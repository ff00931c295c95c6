/** The only file that knows OpenTelemetry. Loaded by `tracing.ts`, when traces are wanted. */
import {
  context,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes as OtelAttributes,
  type Span,
} from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Attributes, OpenSpan, Tracer, TracingOptions } from './tracing.ts';

/** Of the 25 s to stop. */
const STOP_MS = 2000;

export function openTracer({ endpoint, headers, version, role, processId }: TracingOptions): Tracer {
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: parseHeaders(headers),
    timeoutMillis: 5000,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'pngx-controller',
      'service.version': version,
      'service.instance.id': processId,
      'pngx.role': role,
    }),
    spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 2000, maxQueueSize: 8192 })],
  });
  const contexts = new AsyncLocalStorageContextManager().enable();
  context.setGlobalContextManager(contexts);
  const tracer = provider.getTracer('pngx-controller', version);
  return {
    during(name, attributes, work) {
      const span = tracer.startSpan(name, { attributes: known(attributes), kind: SpanKind.INTERNAL });
      const run = () => work(handle(span), span.spanContext().traceId);
      const result = context.with(trace.setSpan(context.active(), span), run);
      if (result instanceof Promise)
        void result.then(
          () => span.end(),
          () => span.end(),
        );
      else span.end();
      return result;
    },
    ended(name, attributes, ms, failed) {
      const now = Date.now();
      const options = { attributes: known(attributes), kind: SpanKind.CLIENT, startTime: now - ms };
      const span = tracer.startSpan(name, options);
      if (failed !== null) handle(span).fail(failed);
      span.end(now);
    },
    async stop() {
      await provider.forceFlush({ timeoutMillis: STOP_MS }).catch(() => undefined);
      await Promise.race([
        provider.shutdown().catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, STOP_MS).unref()),
      ]);
      context.disable();
    },
  };
}

function handle(span: Span): OpenSpan {
  return {
    note: (attributes) => void span.setAttributes(known(attributes)),
    fail: (message) => void span.setStatus({ code: SpanStatusCode.ERROR, message }),
  };
}

function known(attributes: Attributes): OtelAttributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) as OtelAttributes;
}

function parseHeaders(text = ''): Record<string, string> {
  const pairs = text.split(',').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at < 1 ? [] : [[pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())]];
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}
