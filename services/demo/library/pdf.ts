import { encodeJpeg } from './jpeg.ts';
import type { Raster } from './raster.ts';

const PAGE_WIDTH = 595;
const PAGE_HEIGHT = 842;

/** A born-digital document: the text is there as text, so that no recognition is needed. */
export function textPdf(pages: readonly (readonly string[])[]): Buffer {
  return assemble(pages.map(textPage), []);
}

/** What a scanner leaves: a picture a page and no text at all. */
export function scannedPdf(pages: readonly Raster[]): Buffer {
  return assemble(pages.map(picturePage), []);
}

/**
 * A small page and a very big stream that nothing refers to: the file is as big as `filler`, yet cheap for paperless to
 * read, so that only the transfer is heavy.
 */
export function heavyPdf(lines: readonly string[], filler: Buffer): Buffer {
  return assemble([textPage(lines)], [stream('', filler)]);
}

/** In pieces until the very end: a big stream is copied once only. */
type PdfObject = readonly Buffer[];

interface Page {
  readonly content: Buffer;
  readonly resources: string;
  readonly objects: readonly PdfObject[];
}

function textPage(lines: readonly string[]): Page {
  const shown = lines.map((line) => `(${line.replace(/[\\()]/g, String.raw`\$&`)}) Tj T*`).join('\n');
  return {
    content: Buffer.from(`BT /F1 11 Tf 15 TL 56 780 Td\n${shown}\nET`, 'latin1'),
    resources: '/Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >> >>',
    objects: [],
  };
}

function picturePage(raster: Raster): Page {
  const { width, height, dpi } = raster;
  const shape = `/Type /XObject /Subtype /Image /Width ${width} /Height ${height}`;
  const image = stream(`${shape} /ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /DCTDecode`, encodeJpeg(raster));
  const points = (dots: number) => ((dots / dpi) * 72).toFixed(2);
  const bottom = PAGE_HEIGHT - Number(points(height)) - 36;
  return {
    content: Buffer.from(`q ${points(width)} 0 0 ${points(height)} 36 ${bottom.toFixed(2)} cm /Im1 Do Q`, 'latin1'),
    resources: '/XObject << /Im1 OBJECT 0 R >>',
    objects: [image],
  };
}

function stream(dictionary: string, data: Buffer): PdfObject {
  const head = Buffer.from(`<< ${dictionary} /Length ${data.length} >>\nstream\n`, 'latin1');
  return [head, data, Buffer.from('\nendstream', 'latin1')];
}

function plain(text: string): PdfObject {
  return [Buffer.from(text, 'latin1')];
}

function assemble(pages: readonly Page[], unused: readonly PdfObject[]): Buffer {
  // Objects 1 and 2 are the catalogue and the page tree; a page's own objects follow it.
  const bodies: PdfObject[] = [plain('<< /Type /Catalog /Pages 2 0 R >>'), []];
  const kids: number[] = [];
  for (const page of pages) {
    const number = bodies.length + 1;
    kids.push(number);
    const resources = page.resources.replace('OBJECT', String(number + 2));
    const box = `/MediaBox [0 0 ${PAGE_WIDTH} ${PAGE_HEIGHT}]`;
    bodies.push(
      plain(`<< /Type /Page /Parent 2 0 R ${box} /Contents ${number + 1} 0 R /Resources << ${resources} >> >>`),
      stream('', page.content),
      ...page.objects,
    );
  }
  bodies[1] = plain(`<< /Type /Pages /Kids [${kids.map((kid) => `${kid} 0 R`).join(' ')}] /Count ${kids.length} >>`);
  return serialise([...bodies, ...unused]);
}

function serialise(objects: readonly PdfObject[]): Buffer {
  const parts: Buffer[] = [Buffer.from('%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n', 'latin1')];
  let at = parts[0]?.length ?? 0;
  const offsets: number[] = [];
  for (const [index, object] of objects.entries()) {
    const pieces = [...plain(`${index + 1} 0 obj\n`), ...object, ...plain('\nendobj\n')];
    offsets.push(at);
    parts.push(...pieces);
    at += pieces.reduce((sum, piece) => sum + piece.length, 0);
  }
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const size = objects.length + 1;
  const trailer = `trailer << /Size ${size} /Root 1 0 R >>\nstartxref\n${at}\n%%EOF\n`;
  return Buffer.concat([...parts, ...plain(`xref\n0 ${size}\n0000000000 65535 f \n${rows}${trailer}`)]);
}
