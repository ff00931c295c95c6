import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { hashFiles } from './comparison/files.ts';
import { judgeDocuments } from './comparison/findings.ts';
import { findMarkers } from './comparison/markers.ts';
import { pairDocuments } from './comparison/pair.ts';
import { readInstance, type Snapshot } from './comparison/read.ts';
import { printComparison } from './comparison/report.ts';
import { compareTaxonomy } from './comparison/taxonomy.ts';
import type { Comparison, ComparisonRequest } from './comparison/types.ts';
import { connect } from './http.ts';

export type * from './comparison/types.ts';
export { printComparison };

/**
 * Reads both sides whole, files included, and says whether the replica is what the master is. It knows the product's
 * promise and nothing of how the controller keeps it: nothing that the controller recorded is believed.
 */
export async function compareInstances(request: ComparisonRequest): Promise<Comparison> {
  const started = performance.now();
  const [master, replica] = [connect(request.master), connect(request.replica)];
  const [left, right] = await Promise.all([readInstance(master), readInstance(replica)]);
  const sides = { master: left, replica: right };
  const [ours, theirs] = await Promise.all([
    hashFiles(master, left.documents, progress(request, 'files of the master', left)),
    hashFiles(replica, right.documents, progress(request, 'files of the replica', right)),
  ]);
  const pairing = pairDocuments(ours, theirs);
  const finding = {
    documents: left.documents.length,
    filesCompared: pairing.pairs.length,
    ...judgeDocuments(sides, pairing, request.blocked ?? []),
    taxonomy: compareTaxonomy(sides),
    markers: findMarkers(right, left),
    requests: { master: master.requests(), replica: replica.requests() },
    seconds: (performance.now() - started) / 1000,
  };
  return { equal: isEqual(finding), ...finding };
}

function progress({ onProgress }: ComparisonRequest, what: string, { documents }: Snapshot) {
  return (done: number) => onProgress?.(what, done, documents.length);
}

/** Equal but for what is impossible: an empty comparison is never equal, since it proves nothing. */
function isEqual(found: Omit<Comparison, 'equal'>): boolean {
  const accounted = found.identical + found.blocked.filter(({ byNature }) => byNature).length;
  const surplus = found.extra.length + found.doubled.length + found.markers.length + found.taxonomy.differences.length;
  return found.documents > 0 && accounted === found.documents && surplus === 0;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      master: { type: 'string' },
      'master-token': { type: 'string' },
      replica: { type: 'string' },
      'replica-token': { type: 'string' },
    },
  });
  const { master, 'master-token': masterToken, replica, 'replica-token': replicaToken } = values;
  if (!master || !masterToken || !replica || !replicaToken) {
    console.error('Usage: compare.ts --master URL --master-token T --replica URL --replica-token T');
    process.exitCode = 2;
    return;
  }
  const comparison = await compareInstances({
    master: { url: master, token: masterToken },
    replica: { url: replica, token: replicaToken },
  });
  console.log(printComparison(replica, comparison));
  process.exitCode = comparison.equal ? 0 : 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
