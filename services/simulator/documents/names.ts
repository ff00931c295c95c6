/**
 * Names of files as they are offered and stored. Neither is the name a file was uploaded under.
 */

import type { DocumentRow } from '../state/model.ts';
import type { Store } from '../state/store.ts';

const EXTENSIONS: Record<string, string> = {
  'application/pdf': '.pdf',
  'image/jpeg': '.jpg',
  'image/png': '.png',
  'image/tiff': '.tif',
  'image/gif': '.gif',
  'image/bmp': '.bmp',
  'image/webp': '.webp',
  'image/heic': '.heic',
  'text/plain': '.txt',
  'text/csv': '.csv',
  'application/csv': '.csv',
  'message/rfc822': '.eml',
};

export const extensionOf = (mimeType: string): string => EXTENSIONS[mimeType] ?? '';

/** The name a download is offered under: date, correspondent, title (paperless-api.md 3.2). */
export function publicName(store: Store, row: DocumentRow, archive: boolean): string {
  const correspondent = row.title === '' ? undefined : store.matching.correspondent.get(row.correspondent)?.name;
  const name = [row.created, correspondent, row.title].filter((part) => part !== undefined).join(' ');
  const extension = archive ? '.pdf' : extensionOf(row.mimeType);
  return `${name}${extension}`.replace(/[\\/:*?"<>|\p{Cc}]/gu, '-');
}

/** Name of the stored file in the media directory. */
export const mediaName = (row: DocumentRow, extension: string): string =>
  `${String(row.id).padStart(7, '0')}${extension}`;

export function contentDisposition(kind: 'attachment' | 'inline', name: string): string {
  const ascii = name
    .normalize('NFKD')
    .replaceAll(',', '_')
    .replace(/[^\x20-\x7e]/g, '');
  const quoted = encodeURIComponent(name).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${kind}; filename="${ascii}"; filename*=utf-8''${quoted}`;
}
