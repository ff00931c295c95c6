/** What the replica that is to become the master shows, and what stands in the way (E27, E29). Reads only. */
import { copiesAfter, sampleOfCopies } from '../../db/identity.repo.ts';
import { censusAgainstLinks } from '../../db/links.repo.ts';
import type { Db, Replica } from '../../db/tables.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { markedMasterId } from '../../domain/markers.ts';
import { AppError, toAppError } from '../../kernel/errors.ts';
import type { Capabilities, PaperlessReader, ReservedRow } from '../../paperless/api.ts';

const SAMPLE = 50;

export interface Candidate {
  readonly facts: Capabilities;
  readonly documents: number;
  /** Live documents with a reserved number. */
  readonly reserved: readonly ReservedRow[];
  /** Of the trash: they would hold the number again once somebody restores them. */
  readonly reservedInTrash: readonly number[];
}

/**
 * @throws token_not_superuser, replica_shrunk, identity_changed, and whatever keeps the instance from answering: what is not
 * proven to be the replica we know never becomes the master.
 */
export async function lookAtCandidate(
  { db, asnBase }: { readonly db: Db; readonly asnBase: number },
  replica: Replica,
  reader: PaperlessReader,
  signal?: AbortSignal,
): Promise<Candidate> {
  const facts = await reader.probe(signal);
  if (!facts.isSuperuser)
    throw refused('token_not_superuser', replica, 'its token is not a superuser’s, and would see only a part of it');
  const { ids } = await reader.census(signal);
  const counts = await censusAgainstLinks(db, replica.id, ids);
  if (counts.missing > Math.max(20, Math.ceil(counts.linked / 100)))
    throw refused('replica_shrunk', replica, `${counts.missing} of ${counts.linked} copies are missing there`);
  await confirmSample(db, replica, reader, signal);
  const trash = await reader.trash(signal);
  return {
    facts,
    documents: ids.length,
    reserved: await reader.reserved(asnBase, signal),
    reservedInTrash: trash
      .filter((row) => row.rootDocument === null)
      .filter((row) => (row.asn ?? 0) >= asnBase || markedMasterId(row.title) !== null)
      .map((row) => row.id),
  };
}

async function confirmSample(
  db: Db,
  replica: Replica,
  reader: PaperlessReader,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sample = await sampleOfCopies(db, replica.id, SAMPLE, false);
  const read = await reader.identities(
    sample.map((copy) => copy.replica_doc_id),
    signal,
  );
  const added = new Map(read.map((row) => [row.id, row.added]));
  const wrong = sample.filter((copy) => {
    const now = added.get(copy.replica_doc_id);
    return now !== undefined && checkIdentity(copy.replica_added, now) === 'other';
  });
  if (wrong.length > 0)
    throw refused('identity_changed', replica, `${wrong.length} of ${sample.length} sampled copies are others there`);
  if (sample.length === 0 && (await copiesAfter(db, replica.id, 0, 1)).length === 0)
    throw refused('replica_unknown', replica, 'nothing of it is known yet');
}

function refused(code: string, replica: Replica, why: string): AppError {
  return new AppError({
    code,
    class: 'conflict',
    status: 409,
    message: `Replica "${replica.name}" cannot become the master: ${why}.`,
    hint: 'Look at the instance and reconcile it first. Nothing was changed.',
  });
}

/** Whether the old master still answers: what is not on the replica can then be brought over before. */
export async function masterAnswers(
  reader: PaperlessReader,
  signal?: AbortSignal,
): Promise<{ readonly reachable: boolean; readonly error: string | null }> {
  try {
    await reader.probe(signal);
    return { reachable: true, error: null };
  } catch (thrown) {
    return { reachable: false, error: toAppError(thrown).message };
  }
}
