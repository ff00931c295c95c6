/** Ambiguous matches are listed for a person, never guessed (E17): equal number, or equal title and date, but other bytes. */
import * as repo from '../../db/proposals.repo.ts';
import { proposePairs } from '../../domain/match.ts';
import type { IdentityRow } from '../../paperless/api.ts';
import { groupsOf, sidesOf } from './match-copies.ts';
import type { Scan } from './scan.ts';

const PROPOSALS_A_BATCH = 100;

type Nominated = Omit<repo.NewProposal, 'shown'>;

export interface Proposed {
  readonly proposals: number;
  /** Master documents that wait for a person's word. */
  readonly documents: number;
}

/** Hands each batch to `take`: a dry run shows them, a run saves them. */
export async function proposeMatches(
  scan: Scan,
  take: (proposals: readonly repo.NewProposal[]) => Promise<void>,
): Promise<Proposed> {
  const refused = await repo.rejectedAmong(scan.db, scan.id, scan.replicaId);
  const seen = new Set<string>();
  const documents = new Set<number>();
  let batch: Nominated[] = [];
  const flush = async (): Promise<void> => {
    await take(await withFacts(scan, batch));
    batch = [];
  };
  for await (const nominated of nominations(scan, refused)) {
    const pair = `${nominated.masterId}:${nominated.copyId}`;
    if (seen.has(pair)) continue;
    seen.add(pair);
    documents.add(nominated.masterId);
    if (batch.push(nominated) >= PROPOSALS_A_BATCH) await flush();
  }
  if (batch.length > 0) await flush();
  return { proposals: seen.size, documents: documents.size };
}

async function* nominations(scan: Scan, refused: ReadonlySet<string>): AsyncGenerator<Nominated> {
  for (const pair of await repo.equalNumbers(scan.db, scan.id))
    if (!refused.has(`${pair.masterId}:${pair.copyId}`)) yield { ...pair, rule: 'asn' };
  const isRefused = (masterId: number, copyId: number): boolean => refused.has(`${masterId}:${copyId}`);
  for await (const groups of groupsOf(scan, 'title_key'))
    for (const rows of groups)
      for (const pair of proposePairs(...sidesOf(rows), isRefused)) yield { ...pair, rule: 'title_created' };
}

/** What a person needs to tell two documents apart; the scan itself keeps hashes only. */
async function withFacts(scan: Scan, batch: readonly Nominated[]): Promise<repo.NewProposal[]> {
  const read = async (instance: Scan['master'], ids: number[]) =>
    new Map((await instance.identities(ids, scan.signal)).map((row) => [row.id, row]));
  const masters = await read(scan.master, [...new Set(batch.map(({ masterId }) => masterId))]);
  const copies = await read(scan.replica, [...new Set(batch.map(({ copyId }) => copyId))]);
  return batch.map((nominated) => ({
    ...nominated,
    shown: { master: factsOf(masters.get(nominated.masterId)), replica: factsOf(copies.get(nominated.copyId)) },
  }));
}

function factsOf(row: IdentityRow | undefined): Record<string, unknown> | null {
  if (!row) return null;
  const { title, created, added, asn, originalFileName } = row;
  return { title, created, added, archive_serial_number: asn, original_file_name: originalFileName };
}
