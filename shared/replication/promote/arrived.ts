/**
 * Uploads that are on the replica under a reserved number and a marker title, and could not be finished, because the old master
 * is away or a person did not want to wait. As documents of the master they need a number and a title of their own (H5).
 */
import { takeArrived, uploadsOf, type UnfinishedUpload } from '../../db/promotions.repo.ts';
import { titleOfFile } from '../../domain/promotion.ts';
import type { Checksum, PaperlessReader, PaperlessWriter, ReservedRow } from '../../paperless/api.ts';
import type { EngineDeps } from '../deps.ts';

export interface Arriving {
  readonly deps: Pick<EngineDeps, 'db' | 'log'>;
  readonly replicaId: number;
  readonly asnBase: number;
  readonly writer: PaperlessWriter;
  /** Null: it does not answer. */
  readonly oldMaster: PaperlessReader | null;
  readonly signal: AbortSignal;
}

/** Absolute values, to be repeated. What is not provably an upload of ours is left as it is, and counted. */
export async function settleArrived(
  work: Arriving,
  reserved: readonly ReservedRow[],
): Promise<{ readonly settled: number; readonly left: readonly number[] }> {
  const uploads = await uploadsOf(
    work.deps.db,
    work.replicaId,
    reserved.map((row) => (row.asn ?? 0) - work.asnBase),
  );
  const left: number[] = [];
  for (const row of reserved) {
    const upload = uploads.get((row.asn ?? 0) - work.asnBase);
    if (upload && (await isOurs(work, row, upload))) await settle(work, row, upload);
    else left.push(row.id);
  }
  return { settled: reserved.length - left.length, left };
}

/** The copy of the link already, or the very bytes of its upload. */
async function isOurs(work: Arriving, row: ReservedRow, upload: UnfinishedUpload): Promise<boolean> {
  if (upload.replica_doc_id === row.id) return true;
  if (upload.replica_doc_id !== null) return false;
  const checksum = await work.writer.originalChecksum(row.id, work.signal);
  if (!checksum || !sameBytes(checksum, upload)) return false;
  return takeArrived(work.deps.db, upload.link_id, { id: row.id, added: row.added, checksum: checksum.hex });
}

const sameBytes = ({ algorithm, hex }: Checksum, { md5, sha256 }: UnfinishedUpload): boolean =>
  hex === (algorithm === 'md5' ? md5 : sha256);

async function settle(work: Arriving, row: ReservedRow, upload: UnfinishedUpload): Promise<void> {
  const original = await work.oldMaster?.document(upload.master_doc_id, work.signal).catch(() => null);
  const title = original?.title ?? (row.title.startsWith('pngx.') ? titleOfFile(upload.file_name ?? 'document') : null);
  await work.writer.patchDocument(
    row.id,
    { archive_serial_number: original?.asn ?? null, ...(title === null ? {} : { title }) },
    work.signal,
  );
  work.deps.log.warning(`Document #${row.id} of the new master had only just arrived: it lacks tags and fields.`, {
    replicaId: work.replicaId,
    docId: upload.master_doc_id,
    code: 'promotion_bare_document',
  });
}
