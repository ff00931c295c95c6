/** docs/operations.md says of every series what it tells; nothing else has to be read to build an alert. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { documentedSeries } from '../../../infra/ci/metric-names.ts';
import { createMetrics } from '../../../shared/telemetry/metrics.ts';

const TEXT = readFileSync(fileURLToPath(new URL('../../../docs/operations.md', import.meta.url)), 'utf8');
const documented = documentedSeries(TEXT);

function shownBy(role: string): string[] {
  const metrics = createMetrics({ version: '1', role, queue: 'postgres' }, { process: false });
  return metrics.series().map(inWords).sort();
}
function inWords({ name, labels }: { name: string; labels: readonly string[] }): string {
  return `${name}{${labels.toSorted().join(',')}}`;
}

describe('the table of series in docs/operations.md', () => {
  test.each(['api', 'standalone'])('has what %s shows, with its labels, and nothing else', (role) => {
    expect(documented.map(inWords).sort()).toEqual(shownBy(role));
  });

  test('has what a worker shows: what is counted where it happens, and nothing that PostgreSQL knows', () => {
    const everywhere = documented.filter(({ on }) => on === 'all');
    expect(everywhere.map(inWords).sort()).toEqual(shownBy('worker'));
    expect(shownBy('worker').join()).not.toMatch(/pngx_replica_|pngx_leader|pngx_sync_running/);
  });
});
