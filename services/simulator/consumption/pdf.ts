/**
 * Just enough of PDF to count pages and to tell broken, encrypted, scanned and born-digital files apart, since each of these
 * is treated differently at consumption. Cross-reference tables are not trusted: a truncated file has none and is accepted.
 */

import { inflateSync } from 'node:zlib';
import { streamText } from './pdf-text.ts';

export interface PdfContents {
  readonly pages: number;
  readonly text: string;
  readonly isEncrypted: boolean;
}

interface PdfObject {
  readonly id: number;
  readonly dictionary: string;
  readonly stream: Buffer | null;
}

/**
 * Reads a PDF the tolerant way: by its objects, not by its cross-reference table, so that a truncated file still gives what
 * it holds. Null if there is nothing that could be a document.
 */
export function readPdf(bytes: Buffer): PdfContents | null {
  const objects = findObjects(bytes);
  const all = [...objects, ...objects.flatMap(packedObjects)];
  const isEncrypted =
    /\/Encrypt\b/.test(bytes.toString('latin1', Math.max(0, bytes.length - 4096))) ||
    all.some((o) => o.dictionary.includes('/Encrypt '));
  const pages = all.filter((object) => /\/Type\s*\/Page(?![A-Za-z])/.test(object.dictionary));
  const isDocument = all.some((object) => /\/Type\s*\/(Catalog|Pages?)(?![A-Za-z])/.test(object.dictionary));
  if (!isDocument) return null;
  return {
    pages: Math.max(1, pages.length, statedPages(all)),
    text: isEncrypted ? '' : pagesText(pages, all),
    isEncrypted,
  };
}

function statedPages(objects: readonly PdfObject[]): number {
  const counts = objects
    .filter((object) => /\/Type\s*\/Pages\b/.test(object.dictionary))
    .map((object) => Number(/\/Count\s+(\d+)/.exec(object.dictionary)?.[1] ?? 0));
  return Math.max(0, ...counts);
}

function findObjects(bytes: Buffer): PdfObject[] {
  const source = bytes.toString('latin1');
  const objects: PdfObject[] = [];
  // Bounded on purpose: on a long run of digits an open repetition would take quadratic time.
  const start = /(?<!\d)(\d{1,10})\s{1,8}\d{1,5}\s{1,8}obj\b/g;
  for (let match = start.exec(source); match; match = start.exec(source)) {
    const object = readObject(source, bytes, Number(match[1]), start.lastIndex);
    objects.push(object.value);
    start.lastIndex = object.end;
  }
  return objects;
}

function readObject(source: string, bytes: Buffer, id: number, from: number): { value: PdfObject; end: number } {
  const endObject = source.indexOf('endobj', from);
  const streamAt = source.indexOf('stream', from);
  const end = endObject < 0 ? source.length : endObject;
  if (streamAt < 0 || streamAt > end) return { value: { id, dictionary: source.slice(from, end), stream: null }, end };
  const dictionary = source.slice(from, streamAt);
  const begin = streamAt + 'stream'.length + (source.startsWith('\r\n', streamAt + 6) ? 2 : 1);
  const stated = Number(/\/Length\s+(\d+)(?!\s+\d+\s+R)/.exec(dictionary)?.[1] ?? Number.NaN);
  const marked = source.indexOf('endstream', Number.isNaN(stated) ? begin : begin + stated);
  const stop = marked < 0 ? source.length : marked;
  return {
    value: { id, dictionary, stream: bytes.subarray(begin, Number.isNaN(stated) ? stop : begin + stated) },
    end: stop,
  };
}

function decoded(object: PdfObject): Buffer | null {
  if (!object.stream) return null;
  if (!/\/Filter/.test(object.dictionary)) return object.stream;
  if (!/\/FlateDecode/.test(object.dictionary)) return null;
  try {
    return inflateSync(object.stream);
  } catch {
    return null;
  }
}

/** Objects inside an object stream, which have no stream of their own. */
function packedObjects(object: PdfObject): PdfObject[] {
  if (!/\/Type\s*\/ObjStm/.test(object.dictionary)) return [];
  const body = decoded(object)?.toString('latin1') ?? '';
  const first = Number(/\/First\s+(\d+)/.exec(object.dictionary)?.[1] ?? 0);
  const numbers = body.slice(0, first).trim().split(/\s+/).map(Number);
  const packed: PdfObject[] = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) {
    const next = numbers[at + 3];
    const dictionary = body.slice(first + (numbers[at + 1] ?? 0), next === undefined ? undefined : first + next);
    packed.push({ id: numbers[at] ?? 0, dictionary, stream: null });
  }
  return packed;
}

function pagesText(pages: readonly PdfObject[], all: readonly PdfObject[]): string {
  const byId = new Map(all.map((object) => [object.id, object]));
  const texts = pages.map((page) => {
    const [, list, single] = /\/Contents\s*(?:\[([^\]]*)\]|(\d+)\s+\d+\s+R)/.exec(page.dictionary) ?? [];
    const ids = single
      ? [Number(single)]
      : [...(list ?? '').matchAll(/(\d+)\s+\d+\s+R/g)].map((found) => Number(found[1]));
    const parts = ids.map((id) => byId.get(id)).map((object) => (object ? decoded(object) : null));
    return streamText(parts.map((part) => part?.toString('latin1') ?? '').join('\n'));
  });
  return texts.filter((text) => text !== '').join('\n\n');
}
