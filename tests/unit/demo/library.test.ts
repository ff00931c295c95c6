import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Library, makeLibrary } from '../../../services/demo/library/index.ts';
import { encodeJpeg } from '../../../services/demo/library/jpeg.ts';
import { encodePng } from '../../../services/demo/library/png.ts';
import { typewrite } from '../../../services/demo/library/raster.ts';
import { encodeTiff } from '../../../services/demo/library/tiff.ts';

const HEAVY = 200_000;
const library = makeLibrary({ heavyBytes: HEAVY });
const byKey = (key: string) => {
  const document = library.documents.find((one) => one.key === key);
  if (!document) throw new Error(`No document "${key}".`);
  return document;
};
const hashes = ({ documents }: Library) =>
  documents.map((document) => createHash('sha256').update(document.bytes()).digest('hex'));

describe('the demo library', () => {
  it('has at least eighty documents, of every format', () => {
    expect(library.documents.length).toBeGreaterThanOrEqual(80);
    const types = new Set(library.documents.map(({ mimeType }) => mimeType));
    expect([...types].sort()).toEqual(['application/pdf', 'image/jpeg', 'image/png', 'image/tiff', 'text/plain']);
  });

  it('is the same for the same seed and another one for another seed', () => {
    const [first, again, other] = [1, 1, 2].map((seed) => makeLibrary({ seed, ordinary: 12, heavyBytes: HEAVY }));
    expect(hashes(again as Library)).toEqual(hashes(first as Library));
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(first));
  });

  it('has exactly two documents with the same bytes, and says so', () => {
    const all = hashes(library);
    expect(all.length - new Set(all).size).toBe(1);
    expect(library.documents.filter(({ twinOf }) => twinOf !== null).map(({ key }) => key)).toEqual(['twin-two']);
  });

  it('uses all ten types of custom fields, with and without a value', () => {
    expect(new Set(library.customFields.map(({ type }) => type)).size).toBe(10);
    const plain = library.customFields.filter(({ type }) => type !== 'documentlink').map(({ name }) => name);
    expect(Object.keys(byKey('fields-all').fields).sort()).toEqual([...plain].sort());
    expect(new Set(Object.values(byKey('fields-null').fields))).toEqual(new Set([null]));
  });

  it('names only what it defines', () => {
    const keys = new Set(library.documents.map(({ key }) => key));
    const tags = new Set(library.tags.map(({ name }) => name));
    const fields = new Set(library.customFields.map(({ name }) => name));
    for (const document of library.documents) {
      for (const tag of document.tags) expect(tags).toContain(tag);
      for (const name of [...Object.keys(document.fields), ...Object.keys(document.links)])
        expect(fields).toContain(name);
      for (const target of Object.values(document.links).flat()) expect(keys).toContain(target);
    }
  });

  it('gives no archive serial number twice and none in the range kept for uploads', () => {
    const numbers = library.documents.flatMap(({ asn }) => asn ?? []);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(Math.max(...numbers)).toBeLessThan(2_000_000_000);
  });

  it('has the odd things: a title of 128 characters, a decomposed name, dates before 1970, links in a circle', () => {
    expect(Math.max(...library.documents.map(({ title }) => title.length))).toBe(128);
    expect(library.documents.some(({ fileName }) => fileName !== fileName.normalize('NFC'))).toBe(true);
    expect(library.documents.some(({ created }) => created < '1970-01-01')).toBe(true);
    const next = (key: string) => byKey(key).links['Belongs to']?.[0] ?? '';
    expect(next(next(next('circle-one')))).toBe('circle-one');
  });

  it('makes the big file exactly as big as asked for', () => {
    expect(byKey('heavy').bytes().length).toBe(HEAVY);
  });
});

describe('the files of the library', () => {
  const raster = typewrite(['SAMPLE 1']);

  it('are PDFs whose table of objects leads to the objects', () => {
    for (const key of ['d001', 'date-old', 'heavy']) {
      const pdf = byKey(key).bytes().toString('latin1');
      const table = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(pdf)?.[1]);
      const rows = /^xref\n0 (\d+)\n/.exec(pdf.slice(table));
      const offsets = [...pdf.slice(table).matchAll(/(\d{10}) 00000 n/g)].map(([, offset]) => Number(offset));
      expect(offsets.length).toBe(Number(rows?.[1]) - 1);
      for (const [index, offset] of offsets.entries())
        expect(pdf.slice(offset)).toMatch(new RegExp(`^${index + 1} 0 obj\n`));
    }
  });

  it('are pictures whose pixels can be read back', () => {
    const png = encodePng(raster);
    const start = png.indexOf('IDAT') + 4;
    const rows = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
    expect(Buffer.from(rows.subarray(1, 1 + raster.width))).toEqual(
      Buffer.from(raster.pixels.subarray(0, raster.width)),
    );
    const tiff = encodeTiff(raster);
    expect(tiff.subarray(tiff.length - raster.pixels.length)).toEqual(Buffer.from(raster.pixels));
  });

  it('are JPEGs with a frame of the right size between their first and last marker', () => {
    const jpeg = encodeJpeg(raster);
    expect(jpeg.subarray(0, 2).toString('hex')).toBe('ffd8');
    expect(jpeg.subarray(-2).toString('hex')).toBe('ffd9');
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    expect([jpeg.readUInt16BE(frame + 7), jpeg.readUInt16BE(frame + 5)]).toEqual([raster.width, raster.height]);
  });
});
