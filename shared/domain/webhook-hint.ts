/**
 * What a webhook of paperless names, whatever form its sender gave the body (paperless-api.md 13): the id of a document, as
 * such (3.x) or in its address (2.20 knows no other way, and writes "None" before it where PAPERLESS_URL is not set).
 */
export type HintKind = 'added' | 'updated' | 'changed';

export interface Hint {
  readonly documentId: number;
  readonly kind: HintKind;
  /** What may be kept: values only of what names the document, of the others their length. */
  readonly fields: Readonly<Record<string, string>>;
}

const ID_FIELDS = ['doc_id', 'document_id', 'id', 'doc', 'document'];
const KIND_FIELDS = ['event', 'kind', 'trigger'];
const KINDS: Readonly<Record<string, HintKind>> = {
  added: 'added',
  document_added: 'added',
  updated: 'updated',
  document_updated: 'updated',
};
const ADDRESS = /(?:^|\/)documents\/(\d{1,15})(?:[/?#]|$)/;
const ADDRESS_IN_TEXT = /(?:^|[\s"'=(/])documents\/(\d{1,15})(?=[/?#\s"')]|$)/;
const ID_IN_TEXT = /(?:^|[\s,;&?{"'])(?:doc_id|document_id)["']?\s*[:=]\s*["']?(\d{1,15})(?!\d)/;
const MAX_FIELDS = 20;
const MAX_NAME = 64;

/** Null: no document is named. */
export function hintOfFields(given: Readonly<Record<string, unknown>>): Hint | null {
  const entries = Object.entries(given);
  const documentId = namedId(entries) ?? addressedId(entries);
  if (documentId === null) return null;
  return { documentId, kind: kindOf(entries), fields: keptFields(entries) };
}

/** A body that somebody wrote by hand: the first id, or else the first address, that stands in it. */
export function hintOfText(text: string): Hint | null {
  const found = ID_IN_TEXT.exec(text) ?? ADDRESS_IN_TEXT.exec(text) ?? /^\s*(\d{1,15})\s*$/.exec(text);
  const documentId = positive(found?.[1]);
  if (documentId === null) return null;
  return { documentId, kind: 'changed', fields: { document: String(documentId), text: lengthOf(text) } };
}

type Entries = readonly (readonly [string, unknown])[];

function namedId(entries: Entries): number | null {
  for (const name of ID_FIELDS) {
    const value = entries.find(([key]) => key.toLowerCase() === name)?.[1];
    const id = typeof value === 'number' ? positive(String(value)) : typeof value === 'string' ? positive(value) : null;
    if (id !== null) return id;
  }
  return null;
}

function addressedId(entries: Entries): number | null {
  // What is called an address first: a title may quote one.
  const sorted = [...entries].sort(([a], [b]) => Number(isAddressName(b)) - Number(isAddressName(a)));
  for (const [, value] of sorted) {
    const id = typeof value === 'string' ? positive(ADDRESS.exec(value.trim())?.[1]) : null;
    if (id !== null) return id;
  }
  return null;
}

const isAddressName = (name: string) => /url|link|^doc(ument)?$/i.test(name);

/** PostgreSQL's bigint and a double hold these. */
function positive(text: string | undefined): number | null {
  if (text === undefined || !/^\s*\d{1,15}\s*$/.test(text)) return null;
  const id = Number(text);
  return id > 0 ? id : null;
}

function kindOf(entries: Entries): HintKind {
  for (const [name, value] of entries)
    if (KIND_FIELDS.includes(name.toLowerCase()) && typeof value === 'string') {
      const kind = KINDS[value.trim().toLowerCase()];
      if (kind !== undefined) return kind;
    }
  return 'changed';
}

/** Titles and names are nobody's business here, and a value may be a secret: what is not the document is only measured. */
function keptFields(entries: Entries): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of entries.slice(0, MAX_FIELDS)) kept[plain(name)] = shown(value);
  if (entries.length > MAX_FIELDS) kept['...'] = `${entries.length - MAX_FIELDS} more`;
  return kept;
}

function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string')
    return value === null ? 'null' : typeof value === 'boolean' ? String(value) : 'an object';
  if (positive(value) !== null) return value.trim();
  const address = ADDRESS.exec(value.trim())?.[1];
  if (address !== undefined) return `.../documents/${address}/`;
  const kind = KINDS[value.trim().toLowerCase()];
  return kind === undefined ? lengthOf(value) : value.trim().toLowerCase();
}

const lengthOf = (value: string) => `${value.length} characters`;

/** A name goes into rows, pages and logs. */
function plain(name: string): string {
  return [...name]
    .map((letter) => (/[\p{L}\p{N} ._-]/u.test(letter) ? letter : '?'))
    .join('')
    .slice(0, MAX_NAME);
}

/** paperless sends the hint of a new document from inside its transaction: looked for again after so many seconds, then left. */
const AGAIN_SECONDS = [3, 7, 15, 30, 60, 120] as const;

/** Seconds until the next look after so many that found nothing; null: no more. */
export function nextLookAfter(looks: number): number | null {
  return AGAIN_SECONDS[looks - 1] ?? null;
}
