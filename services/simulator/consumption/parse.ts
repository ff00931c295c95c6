/**
 * What a parser gives: text, pages, archive. Which documents get an archive differs between the generations and is the
 * reason why archives are not compared (paperless-api.md 5.9).
 */

import type { Profile } from '../profile.ts';
import type { Blob, BlobStore } from '../state/blobs.ts';
import { hasResolution } from './image.ts';
import { archivePdf } from './archive.ts';
import { readPdf } from './pdf.ts';

export interface Parsed {
  readonly content: string;
  readonly pageCount: number | null;
  readonly archive: Blob | null;
}

/** The parser's own message; the consumer puts the file name before it. */
export class ParseError extends Error {}

/** What is read of a PDF or a picture at most; a document above it is parsed by its beginning. */
const READ_LIMIT = 128 << 20;

/** What becomes the content of a text file at most: every list of documents would carry all of it. */
const TEXT_LIMIT = 1 << 20;

/** A page with more text than this counts as born digital on v3 and gets no archive (paperless-api.md 5.9). */
const BORN_DIGITAL_LENGTH = 50;

export async function parse(blobs: BlobStore, profile: Profile, mimeType: string, file: Blob): Promise<Parsed> {
  const isText = mimeType.startsWith('text/') || mimeType === 'application/csv';
  const bytes = await blobs.read(file, Math.min(file.size, isText ? TEXT_LIMIT : READ_LIMIT));
  if (mimeType === 'application/pdf') return parsePdf(blobs, profile, file, bytes);
  if (mimeType.startsWith('image/')) return parseImage(blobs, profile, mimeType, file, bytes);
  return { content: bytes.toString('utf8').replaceAll('\0', ''), pageCount: null, archive: null };
}

function parsePdf(blobs: BlobStore, profile: Profile, file: Blob, bytes: Buffer): Parsed {
  const pdf = readPdf(bytes);
  if (!pdf) throw new ParseError('SubprocessOutputError: Ghostscript PDF/A rendering failed');
  if (pdf.isEncrypted) return { content: '', pageCount: profile.name === 'v3' ? null : pdf.pages, archive: null };
  const isBornDigital = pdf.text.length > BORN_DIGITAL_LENGTH;
  const hasArchive = profile.name === 'v2' || !isBornDigital;
  const archive = hasArchive ? blobs.put(archivePdf(file.sha256, pdf.text, pdf.pages)) : null;
  return { content: pdf.text, pageCount: pdf.pages, archive };
}

function parseImage(blobs: BlobStore, profile: Profile, mimeType: string, file: Blob, bytes: Buffer): Parsed {
  if (profile.name === 'v2' && !hasResolution(mimeType, bytes)) {
    throw new ParseError('DpiError: Input file is an image, but the resolution (DPI) is not credible.');
  }
  return { content: '', pageCount: null, archive: blobs.put(archivePdf(file.sha256, '', 1)) };
}
