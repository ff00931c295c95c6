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

/** Exactly `length` bytes, where that is more than the page itself needs. */
export function heavyFile(lines: readonly string[], length: number, seed: number): Buffer {
  const frame = heavyPdf(lines, Buffer.alloc(0));
  const [, start = ''] = /startxref\n(\d+)/.exec(frame.toString('latin1')) ?? [];
  // The filler's length and the offset behind it stand in the file in digits, of which there are more than in the frame.
  const moreDigits = 2 * String(length).length - '0'.length - start.length;
  return heavyPdf(lines, noise(seed, Math.max(0, length - frame.length - moreDigits)));
}
