/**
 * The reserved ASN R and the marker title M of an upload (protocol section 1). R is a function of the master id alone, so
 * that an upload is recognised after a restore of our database and even by a second controller.
 */
export const MAX_ASN = 2_147_483_647; // PostgreSQL's integer; paperless' serializer would take twice as much (F4)
const TITLE_PREFIX = 'pngx.';

export function reservedAsn(asnBase: number, masterDocId: number): number | null {
  const asn = asnBase + masterDocId;
  return asn <= MAX_ASN ? asn : null;
}

/** No braces (titles of uploads are rendered as templates) and under 64 characters. */
export function markerTitle(controllerId: string, masterDocId: number, attempt: number): string {
  return `${TITLE_PREFIX}${controllerId}.m${masterDocId}.a${attempt}`;
}

/** The master id a marker names, whatever controller wrote it; null for a title that is no marker. */
export function markedMasterId(title: string): number | null {
  const parts = /^pngx\.[0-9a-z]+\.m(\d+)\.a\d+$/i.exec(title);
  return parts ? Number(parts[1]) : null;
}

/** Whether the title or ASN shows that a document belongs to an unfinished upload of `masterDocId`. */
export function bearsMark(row: { title: string; asn: number | null }, asnBase: number, masterDocId: number): boolean {
  const reserved = reservedAsn(asnBase, masterDocId);
  // Beyond the range there is no R, and "no number" must not equal "no reserved number".
  return (reserved !== null && row.asn === reserved) || markedMasterId(row.title) === masterDocId;
}
