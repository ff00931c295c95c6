import { randomBytes } from 'node:crypto';
import type { Blob } from '../state/blobs.ts';
import type { Store } from '../state/store.ts';
import { stem, suffix, type Upload } from './upload.ts';

/** What a pre-consume script leaves of the file: the same change each time, or another one each time. */
export async function alteredFile(store: Store, file: Blob, atRandom: boolean): Promise<Blob> {
  const mark = atRandom ? randomBytes(8).toString('hex') : 'stamped';
  return store.blobs.put(Buffer.concat([await store.blobs.read(file), Buffer.from(`\n% ${mark}\n`)]));
}

/** The parts of a split file: re-saved, named after it, and with everything it was posted with (paperless-api.md 5.5). */
export async function splitFile(store: Store, upload: Upload, parts: number): Promise<Upload[]> {
  const bytes = await store.blobs.read(upload.file);
  return Array.from({ length: parts }, (_, at) => ({
    ...upload,
    fileName: `${stem(upload.fileName)}_document_${at}${suffix(upload.fileName)}`,
    file: store.blobs.put(Buffer.concat([bytes, Buffer.from(`\n% part ${at}\n`)])),
  }));
}
