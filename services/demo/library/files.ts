import { encodeJpeg } from './jpeg.ts';
import { heavyPdf, scannedPdf, textPdf } from './pdf.ts';
import { encodePng } from './png.ts';
import { noise } from './random.ts';
import { typewrite } from './raster.ts';
import { encodeTiff } from './tiff.ts';

export type FileKind = 'pdf' | 'scan' | 'png' | 'jpeg' | 'tiff' | 'text';

export interface FileForm {
  readonly extension: string;
  readonly mimeType: string;
  readonly encode: (pages: readonly (readonly string[])[]) => Buffer;
}

/** A picture has one page: only what stands on the first is seen. */
const first = (pages: readonly (readonly string[])[]) => typewrite(pages[0] ?? []);

export const FILE_FORMS: Readonly<Record<FileKind, FileForm>> = {
  pdf: { extension: 'pdf', mimeType: 'application/pdf', encode: textPdf },
  scan: {
    extension: 'pdf',
    mimeType: 'application/pdf',
    encode: (pages) => scannedPdf(pages.map((lines) => typewrite(lines))),
  },
  png: { extension: 'png', mimeType: 'image/png', encode: (pages) => encodePng(first(pages)) },
  jpeg: { extension: 'jpg', mimeType: 'image/jpeg', encode: (pages) => encodeJpeg(first(pages)) },
  tiff: { extension: 'tiff', mimeType: 'image/tiff', encode: (pages) => encodeTiff(first(pages)) },
  text: {
    extension: 'txt',
    mimeType: 'text/plain',
    encode: (pages) => Buffer.from(`${pages.map((lines) => lines.join('\n')).join('\n\n')}\n`, 'utf8'),
  },
};

/** Exactly `length` bytes, or a little more where that is less than the page itself needs. */
export function heavyFile(lines: readonly string[], length: number, seed: number): Buffer {
  const padding = (bytes: number) => heavyPdf(lines, noise(seed, Math.max(0, bytes)));
  const frame = padding(0).length;
  // The filler's own length is written in digits, and so are the offsets behind it: two rounds settle it.
  const second = padding(length - frame);
  return padding(length - frame - (second.length - length));
}
