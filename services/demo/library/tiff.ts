import type { Raster } from './raster.ts';

const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const HEADER_BYTES = 8;
const ENTRY_BYTES = 12;

/** One uncompressed grey strip, little endian: the plainest file that every reader of TIFF takes. */
export function encodeTiff({ width, height, pixels, dpi }: Raster): Buffer {
  const entryCount = 11;
  const ratioAt = HEADER_BYTES + 2 + entryCount * ENTRY_BYTES + 4;
  const stripAt = ratioAt + 8;
  const entries: readonly (readonly [tag: number, type: number, value: number])[] = [
    [256, LONG, width],
    [257, LONG, height],
    [258, SHORT, 8], // bits a sample
    [259, SHORT, 1], // not compressed
    [262, SHORT, 1], // 0 is black
    [273, LONG, stripAt],
    [277, SHORT, 1],
    [278, LONG, height],
    [279, LONG, pixels.length],
    [282, RATIONAL, ratioAt],
    [283, RATIONAL, ratioAt],
  ];
  const out = Buffer.alloc(stripAt + pixels.length);
  out.write('II*\0', 0, 'latin1');
  out.writeUInt32LE(HEADER_BYTES, 4);
  out.writeUInt16LE(entryCount, HEADER_BYTES);
  for (const [index, [tag, type, value]] of entries.entries()) {
    const at = HEADER_BYTES + 2 + index * ENTRY_BYTES;
    out.writeUInt16LE(tag, at);
    out.writeUInt16LE(type, at + 2);
    out.writeUInt32LE(1, at + 4);
    out.writeUInt32LE(value, at + 8);
  }
  out.writeUInt32LE(dpi, ratioAt);
  out.writeUInt32LE(1, ratioAt + 4);
  out.set(pixels, stripAt);
  return out;
}
