/**
 * Names are changed between the form and the database in ways that a client must foresee when it compares
 * `original_file_name`: paths, entities, composition.
 */

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0' };

function unescapeHtml(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      return ENTITIES[(name ?? '').toLowerCase()] ?? whole;
    },
  );
}

const MAX_LENGTH = 255;

/** What Django makes of the name of an upload (paperless-api.md 4). */
export function cleanFileName(name: string, compose: boolean): string {
  const base = unescapeHtml(name).replaceAll('\\', '/').split('/').at(-1) ?? '';
  const printable = base.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\u2028\u2029]/gu, '').trim();
  const composed = compose ? printable.normalize('NFC') : printable;
  if (composed.length <= MAX_LENGTH) return composed;
  const dot = composed.lastIndexOf('.');
  const extension = dot > 0 ? composed.slice(dot) : '';
  return composed.slice(0, Math.max(0, MAX_LENGTH - extension.length)) + extension;
}
