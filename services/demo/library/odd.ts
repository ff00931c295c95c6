import { makePages } from './content.ts';
import { FILE_FORMS, type FileKind, heavyFile } from './files.ts';
import type { LibraryDocument } from './model.ts';
import type { Random } from './random.ts';
import { NO_PERMISSIONS, OFFICE, TAXONOMY, WORKSHOP } from './taxonomy.ts';

type Overrides = Partial<Omit<LibraryDocument, 'key'>> & { readonly kind?: FileKind; readonly subject?: string };

export interface OddOptions {
  readonly random: Random;
  /** Length of the big file. */
  readonly heavyBytes: number;
  readonly seed: number;
}

/** One document for each thing that has gone wrong somewhere: every line here is a trap for a replicator. */
export function makeOddDocuments({ random, heavyBytes, seed }: OddOptions): LibraryDocument[] {
  let number = 5000;
  const odd = (key: string, overrides: Overrides): LibraryDocument => {
    number += 1;
    return makeOdd(random, key, number, overrides);
  };
  const original = odd('twin-one', { title: 'Twin, the first', asn: 3001, subject: 'Twin' });
  return [
    ...oddTitles(odd),
    ...oddNames(odd),
    ...oddDates(odd),
    ...oddFields(odd),
    ...oddNotes(odd),
    ...linkedCircle(odd),
    original,
    odd('twin-two', {
      title: 'Twin, the second',
      asn: 3002,
      tags: ['House'],
      bytes: original.bytes,
      fileName: 'twin again.pdf',
      twinOf: original.key,
    }),
    // Bigger than what a careless client holds in memory or a careless server's limit lets through.
    odd('heavy', {
      title: 'A file of 64 MiB',
      fileName: 'heavy.pdf',
      bytes: () =>
        heavyFile(['A plan of the house in every detail.', 'Heavy, but of one page only.'], heavyBytes, seed),
    }),
    // Nothing but a file: every other field must stay empty on a replica that would like to guess.
    odd('bare', { title: 'bare', kind: 'text' }),
  ];
}

type Odd = (key: string, overrides: Overrides) => LibraryDocument;

function makeOdd(random: Random, key: string, number: number, overrides: Overrides): LibraryDocument {
  const { kind = 'pdf', subject = 'Sample', ...rest } = overrides;
  const form = FILE_FORMS[kind];
  const pages = makePages(random, subject, number, 1);
  return {
    key,
    fileName: `${key}.${form.extension}`,
    mimeType: form.mimeType,
    bytes: () => form.encode(pages),
    title: key,
    created: '2020-02-29',
    asn: null,
    correspondent: null,
    documentType: null,
    storagePath: null,
    tags: [],
    owner: null,
    permissions: NO_PERMISSIONS,
    fields: {},
    links: {},
    notes: [],
    editedContent: null,
    twinOf: null,
    ...rest,
  };
}

/** Titles are templates at upload and cut to 127 characters there, but not in a PATCH (paperless-api.md 5.4, 7). */
function oddTitles(odd: Odd): LibraryDocument[] {
  return [
    // Upload cuts at 127 and PATCH allows 128: the last character shows which way it came.
    odd('title-long', { title: `128 ${'characters '.repeat(11)}end`, kind: 'text' }),
    // As an upload's title the first would be filled in, and the second would fail the consumption.
    odd('title-template', { title: 'Paid to {{ correspondent }} on {{ created_year }}', kind: 'text' }),
    odd('title-broken-template', { title: '100 {% of it {{ and {# no end', kind: 'text' }),
    odd('title-quotes', { title: `"Double", 'single', \\ back/slash & <b>tag</b>`, kind: 'text' }),
    odd('title-rtl', { title: 'חשבונית מס׳ 17 – תשלום', tags: ['דחוף'], correspondent: 'שירות לקוחות' }),
    odd('title-emoji', { title: '🎉 Family 👨‍👩‍👧 and a flag 🇨🇭', tags: ['Müll ♻'] }),
    odd('title-spaces', { title: 'Spaces    inside\tand a tab', kind: 'text' }),
    // Inside a text neither is white space to be trimmed; at its ends one is, for Python.
    odd('title-joiner', { title: 'Zero\u200bwidth and\u00a0hard space', kind: 'text' }),
    // Near what an unfinished upload is called, but not it.
    odd('title-marker-like', { title: 'pngx is not a marker without its dot', kind: 'text' }),
    odd('title-braces-tag', { title: 'Tagged with braces', tags: ['{{ braces }} & "quotes"'], kind: 'text' }),
  ];
}

/** v3 keeps names composed, v2 as sent (paperless-api.md 4). */
function oddNames(odd: Odd): LibraryDocument[] {
  return [
    odd('name-decomposed', { fileName: 'Müllabfuhr März.txt'.normalize('NFD'), kind: 'text' }),
    odd('name-composed', { fileName: 'Größe Ångström.pdf'.normalize('NFC') }),
    odd('name-rtl', { fileName: 'חשבון.txt', kind: 'text' }),
    odd('name-dots', { fileName: 'a.b..c (copy) [1] #2 100%.final.pdf' }),
  ];
}

/** A date is a date: clocks that count from 1970, and time zones, must not touch it. */
function oddDates(odd: Odd): LibraryDocument[] {
  return [
    odd('date-before-epoch', { created: '1969-12-31', asn: 1, tags: ['Later'] }),
    odd('date-old', { created: '1848-03-18', kind: 'scan', subject: 'Deed', asn: 3010 }),
    // The greatest number below those that are kept for uploads.
    odd('date-future', { created: '2037-12-31', kind: 'text', asn: 1_999_999_999 }),
  ];
}

const plainFields = TAXONOMY.customFields.filter(({ type }) => type !== 'documentlink').map(({ name }) => name);

/** Values at the ends of what paperless takes, none at all, and texts that no reader could have found in the file. */
function oddFields(odd: Odd): LibraryDocument[] {
  return [
    odd('fields-all', {
      tags: ['Income tax 2019', 'Tools', 'Inbox'],
      correspondent: 'Tax Office',
      documentType: 'Contract',
      storagePath: 'By year',
      asn: 3020,
      owner: OFFICE,
      permissions: {
        view: { users: ['workshop'], groups: ['auditors'] },
        change: { users: ['workshop'], groups: ['members'] },
      },
      fields: {
        Reference: '  kept with its spaces ',
        Website: 'tel:+41441234567',
        'Guaranteed until': '1969-07-20',
        Paid: false,
        Pieces: -2_147_483_648,
        Weight: 0.1,
        Amount: 'EUR-1234.50',
        Deposit: 'CHF0.05',
        State: 'Disputed {{ x }}',
        Summary: `${'A long text, line by line.\n'.repeat(40)}The end – ✔`,
      },
    }),
    // The field is on the document and has no value: not the same as a document without the field.
    odd('fields-null', { kind: 'text', fields: Object.fromEntries(plainFields.map((name) => [name, null])) }),
    odd('fields-empty', { kind: 'text', fields: { Reference: '', Website: '', Amount: '', Summary: '', Pieces: 0 } }),
    odd('content-edited', {
      kind: 'png',
      editedContent: `Words that no reader found.\r\nΩ ≈ ç √ ∫ 𝄞\n\n\n${'long '.repeat(2000)}end`,
    }),
    odd('content-emptied', { kind: 'jpeg', editedContent: '' }),
  ];
}

/** Equal texts are two notes, an empty one is a note, and the white space of all of them is theirs. */
function oddNotes(odd: Odd): LibraryDocument[] {
  return [
    odd('notes-many', {
      kind: 'text',
      notes: [
        { author: 'token-user', text: 'First of several' },
        { author: OFFICE, text: 'Several lines:\n\n1. one\n2. two\n' },
        { author: WORKSHOP, text: 'Emoji ✅ and "quotes" and {{ braces }}' },
        { author: 'token-user', text: 'First of several' },
        { author: OFFICE, text: '' },
      ],
    }),
    odd('notes-owned', {
      owner: WORKSHOP,
      notes: [
        { author: WORKSHOP, text: 'Mine.' },
        { author: 'token-user', text: '  indented\n\tand tabbed  ' },
      ],
    }),
  ];
}

/** Three documents that name each other round and round, one of which names itself a second way as well. */
function linkedCircle(odd: Odd): LibraryDocument[] {
  return [
    odd('circle-one', {
      kind: 'text',
      links: { 'Belongs to': ['circle-two'], Answers: ['circle-three', 'fields-all'] },
    }),
    odd('circle-two', { kind: 'text', links: { 'Belongs to': ['circle-three'] } }),
    odd('circle-three', { kind: 'text', links: { 'Belongs to': ['circle-one'], Answers: ['heavy'] } }),
    // The field with an empty list, which paperless also leaves behind when the last link goes.
    odd('links-none', { kind: 'text', links: { Answers: [] } }),
  ];
}
