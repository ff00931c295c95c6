import type { Raster } from './raster.ts';

/**
 * Baseline JPEG with one grey component, after ITU-T T.81. The example tables of its annex K are used as they stand:
 * a decoder takes any, and these compress typed pages well enough.
 */
const QUANTA = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];
const DC_LENGTHS = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
const DC_SYMBOLS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
const AC_LENGTHS = [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d];
const AC_SYMBOLS = [
  ...Buffer.from(
    '0102030004110512213141061351610722711432' +
      '8191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a434445464748494a53545556' +
      '5758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8a9aab2b3' +
      'b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa',
    'hex',
  ),
];
const END_OF_BLOCK = 0x00;
const SIXTEEN_ZEROS = 0xf0;

const ZIGZAG = zigzag();
const COSINES = Float64Array.from({ length: 64 }, (_, i) => {
  const frequency = i >> 3;
  return Math.cos(((2 * (i & 7) + 1) * frequency * Math.PI) / 16) * (frequency === 0 ? Math.SQRT1_2 : 1) * 0.5;
});

type Codes = ReadonlyMap<number, { readonly bits: number; readonly length: number }>;
const DC_CODES = huffmanCodes(DC_LENGTHS, DC_SYMBOLS);
const AC_CODES = huffmanCodes(AC_LENGTHS, AC_SYMBOLS);

export function encodeJpeg(raster: Raster): Buffer {
  const { width, height, dpi } = raster;
  const frame = Buffer.from([8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0]);
  const density = Buffer.from([0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 1, dpi >> 8, dpi & 255, dpi >> 8, dpi & 255, 0, 0]);
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xe0, density),
    segment(0xdb, Buffer.from([0, ...ZIGZAG.map((at) => QUANTA[at] ?? 1)])),
    segment(0xc0, frame),
    segment(0xc4, Buffer.from([0x00, ...DC_LENGTHS, ...DC_SYMBOLS])),
    segment(0xc4, Buffer.from([0x10, ...AC_LENGTHS, ...AC_SYMBOLS])),
    segment(0xda, Buffer.from([1, 1, 0x00, 0, 63, 0])),
    scan(raster),
    Buffer.from([0xff, 0xd9]),
  ]);
}

function segment(marker: number, body: Buffer): Buffer {
  const length = body.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 255]), body]);
}

function scan(raster: Raster): Buffer {
  const writer = bitWriter();
  // Most of a typed page is plain paper, which need not be transformed again and again.
  const flat = new Map<number, readonly number[]>();
  let previousDc = 0;
  for (let top = 0; top < raster.height; top += 8) {
    for (let left = 0; left < raster.width; left += 8) {
      const block = samples(raster, left, top);
      const shade = block[0] ?? 0;
      const isFlat = block.every((sample) => sample === shade);
      const coded = (isFlat && flat.get(shade)) || quantise(transform(block));
      if (isFlat) flat.set(shade, coded);
      previousDc = writeBlock(writer, coded, previousDc);
    }
  }
  return writer.finish();
}

/** Blocks that hang over the edge repeat the last row and column, so that no false edge has to be coded. */
function samples({ width, height, pixels }: Raster, left: number, top: number): Float64Array {
  const block = new Float64Array(64);
  for (let i = 0; i < 64; i += 1) {
    const x = Math.min(left + (i & 7), width - 1);
    const y = Math.min(top + (i >> 3), height - 1);
    block[i] = (pixels[y * width + x] ?? 255) - 128;
  }
  return block;
}

function transform(block: Float64Array): Float64Array {
  return alongRows(alongRows(block));
}

/** One pass a direction: transforms each row and turns the block, so that two passes do rows and columns. */
function alongRows(block: Float64Array): Float64Array {
  const out = new Float64Array(64);
  for (let row = 0; row < 8; row += 1) {
    for (let frequency = 0; frequency < 8; frequency += 1) {
      let sum = 0;
      for (let x = 0; x < 8; x += 1) sum += (block[row * 8 + x] ?? 0) * (COSINES[frequency * 8 + x] ?? 0);
      out[frequency * 8 + row] = sum;
    }
  }
  return out;
}

function quantise(block: Float64Array): number[] {
  return ZIGZAG.map((at) => Math.round((block[at] ?? 0) / (QUANTA[at] ?? 1)));
}

function writeBlock(writer: BitWriter, block: readonly number[], previousDc: number): number {
  const dc = block[0] ?? 0;
  writeValue(writer, DC_CODES, 0, dc - previousDc);
  let zeros = 0;
  for (let i = 1; i < 64; i += 1) {
    const value = block[i] ?? 0;
    if (value === 0) {
      zeros += 1;
      continue;
    }
    for (; zeros > 15; zeros -= 16) writeCode(writer, AC_CODES, SIXTEEN_ZEROS);
    writeValue(writer, AC_CODES, zeros, value);
    zeros = 0;
  }
  if (zeros > 0) writeCode(writer, AC_CODES, END_OF_BLOCK);
  return dc;
}

function writeValue(writer: BitWriter, codes: Codes, zeros: number, value: number): void {
  const size = value === 0 ? 0 : 32 - Math.clz32(Math.abs(value));
  writeCode(writer, codes, (zeros << 4) | size);
  if (size > 0) writer.write(value < 0 ? value + (1 << size) - 1 : value, size);
}

function writeCode(writer: BitWriter, codes: Codes, symbol: number): void {
  const code = codes.get(symbol);
  if (code === undefined) throw new Error(`No code for symbol ${symbol}.`);
  writer.write(code.bits, code.length);
}

interface BitWriter {
  write(bits: number, length: number): void;
  finish(): Buffer;
}

function bitWriter(): BitWriter {
  const bytes: number[] = [];
  let pending = 0;
  let held = 0;
  const write = (bits: number, length: number) => {
    for (let i = length - 1; i >= 0; i -= 1) {
      pending = (pending << 1) | ((bits >> i) & 1);
      held += 1;
      if (held < 8) continue;
      bytes.push(pending);
      // A 0xff inside the scan is followed by a zero, else readers would take it for a marker.
      if (pending === 0xff) bytes.push(0);
      pending = 0;
      held = 0;
    }
  };
  const finish = () => {
    if (held > 0) write(0x7f, 8 - held);
    return Buffer.from(bytes);
  };
  return { write, finish };
}

function huffmanCodes(lengths: readonly number[], symbols: readonly number[]): Codes {
  const codes = new Map<number, { bits: number; length: number }>();
  let bits = 0;
  let next = 0;
  for (const [index, count] of lengths.entries()) {
    for (let i = 0; i < count; i += 1) {
      codes.set(symbols[next] ?? 0, { bits, length: index + 1 });
      next += 1;
      bits += 1;
    }
    bits <<= 1;
  }
  return codes;
}

function zigzag(): number[] {
  const cells = Array.from({ length: 64 }, (_, at) => at);
  const diagonal = (at: number) => (at >> 3) + (at & 7);
  const along = (at: number) => (diagonal(at) % 2 === 0 ? at & 7 : at >> 3);
  return cells.sort((a, b) => diagonal(a) - diagonal(b) || along(a) - along(b));
}
