import { makePages } from './content.ts';
import { FILE_FORMS, type FileKind } from './files.ts';
import type { LibraryDocument, LibraryNote, LibraryOwner, LibraryPermissions } from './model.ts';
import type { Random } from './random.ts';
import { NO_PERMISSIONS, OFFICE, TAXONOMY, WORKSHOP } from './taxonomy.ts';

/** Pictures are few, because a real instance reads each of them letter by letter, for seconds. */
const KINDS: readonly FileKind[] = [
  'pdf',
  'text',
  'pdf',
  'scan',
  'pdf',
  'text',
  'png',
  'pdf',
  'jpeg',
  'text',
  'pdf',
  'tiff',
];
const SUBJECTS = ['Water bill', 'Season ticket', 'Rent', 'Delivery note', 'Order', 'Repair', 'Guarantee', 'Statement'];
const FIRST_ASN = 1001;

/** The bulk of a library: nothing odd about any of it, and everything used by some of it. */
export function makeOrdinaryDocuments(random: Random, count: number): LibraryDocument[] {
  return Array.from({ length: count }, (_, index) => makeOrdinary(random, index, count));
}

function makeOrdinary(random: Random, index: number, count: number): LibraryDocument {
  const kind = KINDS[index % KINDS.length] ?? 'pdf';
  const form = FILE_FORMS[kind];
  const subject = random.pick(SUBJECTS);
  const pages = makePages(random, subject, index + 1, kind === 'pdf' ? random.int(1, 3) : 1);
  const owner = random.pick<LibraryOwner>([null, null, 'token-user', OFFICE, WORKSHOP]);
  return {
    key: keyOf(index),
    fileName: `${keyOf(index)} ${subject.toLowerCase()}.${form.extension}`,
    mimeType: form.mimeType,
    bytes: () => form.encode(pages),
    title: `${subject} ${index + 1}`,
    created: `${random.int(1991, 2025)}-${twoDigits(random.int(1, 12))}-${twoDigits(random.int(1, 28))}`,
    asn: random.chance(0.4) ? FIRST_ASN + index : null,
    correspondent: random.chance(0.8) ? random.pick(TAXONOMY.correspondents).name : null,
    documentType: random.chance(0.8) ? random.pick(TAXONOMY.documentTypes).name : null,
    storagePath: random.chance(0.5) ? random.pick(TAXONOMY.storagePaths).name : null,
    tags: makeTags(random),
    owner,
    permissions: random.chance(0.2) ? SHARED : NO_PERMISSIONS,
    fields: makeFields(random, index),
    links: makeLinks(index, count),
    notes: makeNotes(index, owner),
    editedContent: random.chance(0.15)
      ? `Read by hand.\r\n\r\n  ${subject} ${index + 1}, checked\tline by line.`
      : null,
    twinOf: null,
  };
}

const keyOf = (index: number) => `d${String(index + 1).padStart(3, '0')}`;
const twoDigits = (value: number) => String(value).padStart(2, '0');

const SHARED: LibraryPermissions = {
  view: { users: ['workshop'], groups: ['auditors', 'members'] },
  change: { users: ['office'], groups: ['members'] },
};

/** A set: the parents of what is picked come by themselves, here as on any instance. */
function makeTags(random: Random): string[] {
  const picked = Array.from({ length: random.int(0, 3) }, () => random.pick(USED_TAGS).name);
  return [...new Set(picked)];
}

const USED_TAGS = TAXONOMY.tags.filter((tag) => tag.name !== 'Never used');

function makeFields(random: Random, index: number): LibraryDocument['fields'] {
  const samples: LibraryDocument['fields'] = {
    Reference: `R-${random.int(1, 9999)}/${index}`,
    Website: `https://example.org/orders/${index}?page=1&all=yes#top`,
    'Guaranteed until': `20${random.int(26, 39)}-02-28`,
    Paid: random.chance(0.5),
    Pieces: random.int(-50, 5000),
    Weight: random.int(1, 90_000) / 1000,
    Amount: `EUR${random.int(1, 9999)}.${twoDigits(random.int(0, 99))}`,
    Deposit: `${random.int(1, 500)}.${random.int(1, 9)}5`,
    State: random.pick(['Open', 'Paid in full', 'Disputed {{ x }}', 'מבוטל']),
    Summary: `Line one of ${index}\nLine two\n\n- and a list`,
  };
  return Object.fromEntries(Object.entries(samples).filter(() => random.chance(0.25)));
}

/** Some name a later document and one before them, so that no order of work can write all links at once. */
function makeLinks(index: number, count: number): LibraryDocument['links'] {
  if (index % 9 !== 2) return {};
  const targets = [index - 2, index + 5].filter((target) => target >= 0 && target < count);
  return { 'Belongs to': targets.map(keyOf) };
}

/** Only who may change a document can write on it; so notes of others stand where nobody, or they, own it. */
function makeNotes(index: number, owner: LibraryOwner): LibraryNote[] {
  if (index % 5 !== 1) return [];
  const notes: LibraryNote[] = [{ author: 'token-user', text: `Checked against order ${index}.` }];
  if (owner === null || owner === 'token-user')
    notes.push({ author: 'token-user', text: 'Second look:\n  all fine.\n' });
  if (owner === null) notes.push({ author: OFFICE, text: 'Sent a copy.' }, { author: WORKSHOP, text: 'Got it.' });
  else if (owner !== 'token-user') notes.push({ author: owner, text: 'This one is ours.' });
  return notes;
}
