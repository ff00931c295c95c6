/**
 * Only the resolution of a picture is read; v2 refuses to make a PDF of one that has none.
 */

/** Whether a picture says how large its dots are; v2 cannot make an archive of one that does not (paperless-api.md 5.8). */
export function hasResolution(mimeType: string, bytes: Buffer): boolean {
  if (mimeType === 'image/png') return pngHasResolution(bytes);
  if (mimeType === 'image/jpeg') return jpegHasResolution(bytes);
  if (mimeType === 'image/bmp') return bytes.length > 42 && bytes.readUInt32LE(38) > 0;
  return mimeType === 'image/tiff' ? tiffHasResolution(bytes) : false;
}

function pngHasResolution(bytes: Buffer): boolean {
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (type === 'pHYs') return bytes[at + 16] === 1;
    if (type === 'IDAT') return false;
    at += 12 + length;
  }
  return false;
}

function jpegHasResolution(bytes: Buffer): boolean {
  // JFIF: unit 1 is dots an inch, 2 dots a centimetre, 0 only a ratio.
  return bytes.toString('latin1', 6, 10) === 'JFIF' && (bytes[13] === 1 || bytes[13] === 2);
}

function tiffHasResolution(bytes: Buffer): boolean {
  const little = bytes.toString('latin1', 0, 2) === 'II';
  const short = (at: number): number => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const long = (at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  if (bytes.length < 8) return false;
  const directory = long(4);
  if (directory + 2 > bytes.length) return false;
  const entries = short(directory);
  for (let at = 0; at < entries && directory + 2 + at * 12 + 2 <= bytes.length; at += 1) {
    if (short(directory + 2 + at * 12) === 282) return true;
  }
  return false;
}
