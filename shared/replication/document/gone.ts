/** The master document was deleted while its link had open work. Deleting copies is a decision of its own (E20). */
import { UPLOADING, type Phase } from '../../domain/document-state.ts';
import { end, go, readCopy, reservedFor, type DocumentWork, type Step } from './work.ts';

/**
 * Nothing uploaded: the link rests as `gone`. An upload under way is awaited and claimed first, so that it does not stay
 * behind unknown; a copy keeps what it has, but never a reserved ASN or a marker title.
 */
export async function endGone(work: DocumentWork): Promise<Step> {
  if (work.link.replica_doc_id === null) {
    if (UPLOADING.includes(work.link.phase as Phase)) return go('awaiting');
    return end('gone', 'deleted_on_master', 'Deleted on the master before it was uploaded.');
  }
  const copy = await readCopy(work);
  const reserved = reservedFor(work);
  const body = {
    ...(copy && copy.asn !== null && copy.asn === reserved ? { archive_serial_number: null } : {}),
    ...(copy?.title.startsWith('pngx.') ? { title: copy.originalFileName ?? `document ${copy.id}` } : {}),
  };
  if (copy && Object.keys(body).length > 0) {
    await work.writer.patchDocument(copy.id, body, work.signal);
    work.copy = null;
  }
  return end('gone', 'deleted_on_master', 'Deleted on the master; the copy is kept.');
}
