/**
 * The checks before parsing. Between them and the insert lies the whole consumption: two workers may both pass, and the
 * unique columns of the database decide (store-document.ts).
 */

import { MAX_ASN } from '../documents/patch.ts';
import type { DocumentRow } from '../state/model.ts';
import type { Surroundings } from './consumer.ts';
import type { Upload } from './upload.ts';

/** Ends a consumption; its message is what the task row shows. */
export class ConsumerError extends Error {
  readonly duplicateOf: number | null;
  readonly resultData: Record<string, unknown> | null;

  constructor(message: string, duplicateOf: number | null = null, resultData: Record<string, unknown> | null = null) {
    super(message);
    this.duplicateOf = duplicateOf;
    this.resultData = resultData;
  }
}

const IN_TRASH = ' Note: existing document is in the trash.';

/** Duplicate first, then ASN (paperless-api.md 5.1); neither is asked again before the row is inserted. */
export function checkBeforehand(around: Surroundings, upload: Upload): void {
  if (around.profile.refusesDuplicates) refuseDuplicate(around, upload);
  if (upload.overrides.asn !== null && upload.versionOf === null) checkAsn(around, upload, upload.overrides.asn);
}

function refuseDuplicate({ store, profile }: Surroundings, { fileName, file }: Upload): void {
  const known = store.index.withChecksum(file[profile.checksum]);
  if (known.length > 1) {
    throw new ConsumerError(`get() returned more than one Document -- it returned ${known.length}!`);
  }
  const [twin] = known;
  if (!twin) return;
  const trashed = twin.deletedAt !== null;
  const message = `It is a duplicate of ${twin.title} (#${twin.id}).${trashed ? IN_TRASH : ''}`;
  throw new ConsumerError(`${fileName}: Not consuming ${fileName}: ${message}`, trashed ? null : twin.id);
}

function checkAsn({ store }: Surroundings, { fileName }: Upload, asn: number): void {
  if (asn < 0 || asn > MAX_ASN) {
    throw new ConsumerError(
      `${fileName}: Not consuming ${fileName}: Given ASN ${asn} is out of range [0, 4,294,967,295]`,
    );
  }
  const holder: DocumentRow | undefined = store.index.withAsn(asn);
  if (!holder) return;
  const note = holder.deletedAt === null ? '' : IN_TRASH;
  throw new ConsumerError(`${fileName}: Not consuming ${fileName}: Given ASN ${asn} already exists!${note}`);
}
