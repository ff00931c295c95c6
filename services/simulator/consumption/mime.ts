/**
 * The part of libmagic that decides over the types paperless takes, and over the common ones it refuses.
 */

/** The type of a file by its first bytes, as libmagic tells it; names and declared types do not count (paperless-api.md 4). */
export function sniffMimeType(head: Buffer): string {
  const ascii = head.toString('latin1', 0, 4096);
  for (const [type, matches] of SIGNATURES) if (matches(ascii)) return type;
  if (!looksLikeText(head)) return 'application/octet-stream';
  return textType(head.toString('utf8'));
}

const starts =
  (...prefixes: string[]) =>
  (ascii: string): boolean =>
    prefixes.some((prefix) => ascii.startsWith(prefix));

const SIGNATURES: readonly (readonly [string, (ascii: string) => boolean])[] = [
  ['application/pdf', (ascii) => ascii.slice(0, 1024).includes('%PDF-')],
  ['image/png', starts('\x89PNG\r\n\x1a\n')],
  ['image/jpeg', starts('\xff\xd8\xff')],
  ['image/tiff', starts('II*\0', 'MM\0*')],
  ['image/gif', starts('GIF87a', 'GIF89a')],
  ['image/bmp', starts('BM')],
  ['image/webp', (ascii) => ascii.startsWith('RIFF') && ascii.slice(8, 12) === 'WEBP'],
  ['image/heic', (ascii) => /^ftyp(heic|heix|hevc|mif1)/.test(ascii.slice(4, 12))],
  ['application/zip', starts('PK\x03\x04', 'PK\x05\x06')],
  ['application/gzip', starts('\x1f\x8b')],
  ['application/x-7z-compressed', starts("7z\xbc\xaf'\x1c")],
  ['application/x-executable', starts('\x7fELF')],
];

function looksLikeText(head: Buffer): boolean {
  // Only the codes that libmagic never finds in a text; bytes above 127 may be any 8-bit alphabet.
  for (const byte of head) {
    if (byte < 0x07 || (byte > 0x0d && byte < 0x1b) || (byte > 0x1b && byte < 0x20) || byte === 0x7f) return false;
  }
  return true;
}

const TEXTS: readonly (readonly [string, RegExp])[] = [
  ['text/x-shellscript', /^#! ?(\/usr)?\/bin\/(env )?(ba|da|z|k)?sh\b/],
  ['text/x-script.python', /^#! ?\S*(env )?python/],
  ['text/x-perl', /^#! ?\S*(env )?perl/],
  ['text/rtf', /^\{\\rtf/],
  ['text/xml', /^<\?xml /],
  ['text/html', /^\s*<(!doctype html|html|head|title)\b/i],
  ['message/rfc822', /^(Received|Return-Path|From|Delivered-To|Message-ID): .*\r?\n[A-Za-z-]+: /i],
];

function textType(text: string): string {
  for (const [type, pattern] of TEXTS) if (pattern.test(text)) return type;
  if (isJson(text)) return 'application/json';
  return isTable(text) ? 'text/csv' : 'text/plain';
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Every line has the same number of commas, at least one, over at least three lines; ten lines are enough. */
function isTable(text: string): boolean {
  const lines = text.split('\n').slice(0, -1).slice(0, 10);
  const commas = lines.map((line) => line.replace(/"[^"]*"/g, '').split(',').length - 1);
  return lines.length > 2 && (commas[0] ?? 0) > 0 && commas.every((count) => count === commas[0]);
}

export const SUPPORTED_TYPES: ReadonlySet<string> = new Set([
  'application/pdf',
  'image/jpeg',
  'image/png',
  'image/tiff',
  'image/gif',
  'image/bmp',
  'image/webp',
  'image/heic',
  'text/plain',
  'text/csv',
  'application/csv',
]);
