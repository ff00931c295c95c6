/** A grey picture: what a scanner sees. 0 is black, 255 is white. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
  readonly dpi: number;
}

/** Seven rows a letter, five dots a row, each row one digit of base 32 (the leftmost dot is the highest bit). */
const LETTERS: Readonly<Record<string, string>> = {
  A: 'ehhvhhh',
  B: 'uhhuhhu',
  C: 'ehggghe',
  D: 'uhhhhhu',
  E: 'vgguggv',
  F: 'vgguggg',
  G: 'ehgnhhf',
  H: 'hhhvhhh',
  I: 'e44444e',
  J: '72222ic',
  K: 'hikokih',
  L: 'ggggggv',
  M: 'hrllhhh',
  N: 'hhpljhh',
  O: 'ehhhhhe',
  P: 'uhhuggg',
  Q: 'ehhhlid',
  R: 'uhhukih',
  S: 'fgge11u',
  T: 'v444444',
  U: 'hhhhhhe',
  V: 'hhhhha4',
  W: 'hhhllla',
  X: 'hha4ahh',
  Y: 'hhha444',
  Z: 'v1248gv',
  0: 'ehjlphe',
  1: '4c4444e',
  2: 'eh1248v',
  3: 'v2421he',
  4: '26aiv22',
  5: 'vgu11he',
  6: '68guhhe',
  7: 'v124888',
  8: 'ehhehhe',
  9: 'ehhf12c',
  '.': '00000cc',
  ',': '0000448',
  '-': '000v000',
  ':': '0cc0cc0',
};

const ROWS = 7;
const COLUMNS = 5;

export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly dpi: number;
  /** Dots of the picture a dot of a letter. */
  readonly scale: number;
}

/** Big enough for text recognition to find the words, small enough to be quick about it. */
export const RECEIPT: Sheet = { width: 600, height: 400, dpi: 100, scale: 3 };

export function typewrite(lines: readonly string[], sheet: Sheet = RECEIPT): Raster {
  const { width, height, dpi, scale } = sheet;
  const pixels = new Uint8Array(width * height).fill(255);
  const margin = 8 * scale;
  for (const [row, line] of lines.entries()) {
    const top = margin + row * (ROWS + 5) * scale;
    if (top + ROWS * scale > height) break;
    for (const [column, letter] of [...line.toUpperCase()].entries()) {
      const left = margin + column * (COLUMNS + 1) * scale;
      if (left + COLUMNS * scale <= width) stamp({ pixels, width, left, top, scale }, letter);
    }
  }
  return { width, height, pixels, dpi };
}

interface Place {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

function stamp(place: Place, letter: string): void {
  const glyph = LETTERS[letter];
  if (glyph === undefined) return;
  for (const [row, digit] of [...glyph].entries()) {
    const dots = Number.parseInt(digit, 32);
    for (let column = 0; column < COLUMNS; column += 1) {
      if ((dots >> (COLUMNS - 1 - column)) & 1) dot(place, column, row);
    }
  }
}

function dot({ pixels, width, left, top, scale }: Place, column: number, row: number): void {
  const x = left + column * scale;
  for (let y = top + row * scale; y < top + (row + 1) * scale; y += 1)
    pixels.fill(0, y * width + x, y * width + x + scale);
}
