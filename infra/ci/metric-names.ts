/** Names of series: as docs/operations.md lists them, and as queries of dashboards and rules use them. */
import type { SeriesInfo } from '../../shared/telemetry/metrics.ts';

export interface DocumentedSeries extends SeriesInfo {
  readonly on: string;
}

/** `| `name{label}`, `name` | api | ... |` */
export function documentedSeries(markdown: string): DocumentedSeries[] {
  return markdown.split('\n').flatMap((line) => {
    const [, names = '', on = ''] = line.split(' | ').length < 3 ? [] : line.split('|').map((cell) => cell.trim());
    return [...names.matchAll(/`(pngx_\w+)(?:\{([\w,]+)\})?`/g)].map(([, name = '', labels]) => ({
      name,
      labels: labels?.split(',') ?? [],
      on,
    }));
  });
}

/** What Prometheus calls the parts of a histogram leads back to the series itself. */
export function usedSeries(query: string): string[] {
  const names = [...query.matchAll(/\bpngx_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, ''));
  return [...new Set(names)];
}
