import { collectDefaultMetrics, Registry } from 'prom-client';
import { processSeries, replicaSeries, stateSeries } from './series.ts';

/** A series as it is declared, for whoever compares names. */
export interface SeriesInfo {
  readonly name: string;
  readonly labels: readonly string[];
}

export interface Metrics
  extends ReturnType<typeof processSeries>,
    ReturnType<typeof replicaSeries>,
    ReturnType<typeof stateSeries> {
  readonly contentType: string;
  /** Called before each scrape, to fill gauges from the database. One that fails is left out, not the whole scrape. */
  onScrape(fill: () => Promise<void> | void): void;
  /** Those of ours that this process shows; node's own (`process_*`, `nodejs_*`) aside. */
  series(): readonly SeriesInfo[];
  render(): Promise<string>;
}

/** What PostgreSQL knows is told by those who answer people: a worker would only repeat it, or say 0 (O2). */
const TELLS_STATE = new Set(['api', 'standalone']);

/** A registry of its own, so that two services in one process (or two tests) do not share counters by accident. */
export function createMetrics(
  build: { version: string; role: string; queue: string },
  options: { process?: boolean } = {},
): Metrics {
  const registry = new Registry();
  if (options.process !== false) collectDefaultMetrics({ register: registry });
  const shown = TELLS_STATE.has(build.role) ? [registry] : [];
  const all = { ...processSeries([registry]), ...replicaSeries(shown), ...stateSeries(shown) };
  all.buildInfo.set(build, 1);
  const fills: (() => Promise<void> | void)[] = [];
  return {
    ...all,
    contentType: registry.contentType,
    onScrape: (fill) => void fills.push(fill),
    series: () =>
      // The declaration has the labels; the library's type of it does not say so.
      (registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[])
        .filter(({ name }) => name.startsWith('pngx_'))
        .map(({ name, labelNames }) => ({ name, labels: labelNames })),
    render: async () => {
      await Promise.allSettled(fills.map(async (fill) => fill()));
      return registry.metrics();
    },
  };
}
