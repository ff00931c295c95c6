/**
 * Texts of PDFs made by common generators. Fonts with their own encoding come out as their codes; a real instance would OCR
 * or map them, and no client may depend on the exact text.
 */

/** Strings, names and operators of a content stream; numbers and arrays matter only as far as they carry text. */
const TOKEN =
  /\((?:\\[\s\S]|[^\\()]|\((?:\\[\s\S]|[^\\()])*\))*\)|<[0-9A-Fa-f\s]*>|[[\]]|-?\d*\.?\d+|[A-Za-z'"*]+|\/[^\s/[\]()<>]+/g;

/** The text that a content stream shows: one line for every move to another line. */
export function streamText(stream: string): string {
  const lines: string[] = [];
  let line = '';
  let strings: string[] = [];
  const flush = (): void => {
    if (line.trim() !== '') lines.push(line.trim());
    line = '';
  };
  for (const [token] of stream.matchAll(TOKEN)) {
    const first = token[0];
    if (first === '(') strings.push(literal(token.slice(1, -1)));
    else if (first === '<') strings.push(hexadecimal(token.slice(1, -1)));
    else if (/^[A-Za-z'"*]/.test(token)) {
      if (["'", '"', 'T*', 'Td', 'TD', 'ET', 'Tm'].includes(token)) flush();
      if (['Tj', 'TJ', "'", '"'].includes(token)) line += strings.join('');
      strings = [];
    }
  }
  flush();
  return lines.join('\n');
}

const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

function literal(text: string): string {
  return text.replace(/\\([0-7]{1,3}|\r?\n|[\s\S])/g, (_whole, escaped: string) => {
    if (/^[0-7]/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped, 8));
    if (/^\r?\n$/.test(escaped)) return '';
    return ESCAPES[escaped] ?? escaped;
  });
}

function hexadecimal(text: string): string {
  const digits = text.replace(/\s/g, '');
  return Buffer.from(digits.length % 2 === 1 ? `${digits}0` : digits, 'hex').toString('latin1');
}
