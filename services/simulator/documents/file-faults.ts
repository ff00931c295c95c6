/**
 * Faults of files, kept apart from the handlers that they disturb.
 */

import type { Context } from '../context.ts';
import { addVersion } from './versions.ts';
import { touch } from './links.ts';

/** Other bytes of the same length, so that only a hash can tell. */
export function alteredBytes(bytes: Buffer): Buffer {
  const altered = Buffer.from(bytes);
  const at = altered.length >>> 1;
  if (altered.length > 0) altered[at] = (altered[at] ?? 0) ^ 0x01;
  return altered;
}

/** Somebody edits the file after its metadata was read: in place on v2, as a new version on v3 (paperless-api.md 8). */
export async function replaceBeforeDownload(context: Context): Promise<void> {
  const { store, instance } = context;
  const occasion = { method: context.method, path: context.path, detail: context.path };
  if (!instance.faults.strike('change-before-download', occasion)) return;
  const row = store.documents.get(context.id());
  if (!row) return;
  const file = store.blobs.put(Buffer.concat([await store.blobs.read(row.file), Buffer.from('\n% edited\n')]));
  if (context.isV3) {
    addVersion(store, row, { file, checksum: file.sha256, label: null, owner: row.owner });
    return;
  }
  store.index.forgetChecksum(row.checksum, row);
  row.file = file;
  row.checksum = file.md5;
  touch(store, row);
}
