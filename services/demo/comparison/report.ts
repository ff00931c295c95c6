import type { Comparison, DocumentRef } from './types.ts';

const LISTED = 10;

/** One replica's table; what is as it should be takes one line, what is not is listed. */
export function printComparison(
  name: string,
  comparison: Comparison,
  more: readonly (readonly [string, string])[] = [],
): string {
  const fields = Object.entries(comparison.differing);
  const { derived, taxonomy, requests } = comparison;
  const rows: (readonly [string, string])[] = [
    ['documents on the master', String(comparison.documents)],
    ['identical', String(comparison.identical)],
    [
      'differing by field',
      fields.length === 0 ? '0' : fields.map(([field, { count }]) => `${field} ${count}`).join(', '),
    ],
    ['files compared by hash', String(comparison.filesCompared)],
    [
      'missing, extra, doubled',
      [comparison.missing, comparison.extra, comparison.doubled].map((l) => l.length).join(', '),
    ],
    ['blocked with reason', String(comparison.blocked.length)],
    [
      'taxonomy',
      `${taxonomy.compared} compared, ${taxonomy.differences.length} differing, ${taxonomy.heldBack} held back`,
    ],
    ['left behind', String(comparison.markers.length)],
    [
      'made by the replica itself',
      `archive ${derived.archive}, type ${derived.mime_type}, pages ${derived.page_count} differ`,
    ],
    ['not replicable', String(comparison.notReplicable.length)],
    ...more,
    ['comparison', `${comparison.seconds.toFixed(1)} s, ${requests.master} + ${requests.replica} requests`],
    ['verdict', verdict(comparison)],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`);
  return [`Replica "${name}"`, ...lines, ...details(comparison)].join('\n');
}

function verdict({ equal, blocked }: Comparison): string {
  if (!equal) return 'NOT EQUAL';
  return blocked.length === 0 ? 'EQUAL' : `EQUAL but for the ${blocked.length} blocked, which it cannot hold`;
}

function details(comparison: Comparison): string[] {
  const differences = Object.values(comparison.differing).flatMap(({ examples }) =>
    examples.map((one) => `    ${one.field}: ${one.masterId} -> ${one.replicaId}: ${one.master} | ${one.replica}`),
  );
  return [
    ...differences,
    ...list('missing', comparison.missing.map(refLine)),
    ...list('extra', comparison.extra.map(refLine)),
    ...list('doubled', comparison.doubled.map(refLine)),
    ...list(
      'blocked',
      comparison.blocked.map(({ masterId, title, reason, byNature }) => {
        const verdict = byNature ? '' : ' (could be there: counts as missing)';
        return `${masterId} "${title}": ${reason}${verdict}`;
      }),
    ),
    ...list('left behind', comparison.markers),
    ...list('taxonomy', comparison.taxonomy.differences),
    ...list('not replicable', comparison.notReplicable),
  ];
}

const refLine = ({ id, title }: DocumentRef) => `${id} "${title}"`;

function list(what: string, lines: readonly string[]): string[] {
  const shown = lines.slice(0, LISTED).map((line) => `    ${what}: ${line}`);
  return lines.length > LISTED ? [...shown, `    ${what}: and ${lines.length - LISTED} more`] : shown;
}
