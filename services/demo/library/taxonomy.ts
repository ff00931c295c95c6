import type { Library, LibraryPermissions } from './model.ts';

/** Who may write notes: the library's users get their rights from this group. */
const MEMBER_RIGHTS = [
  'view_document',
  'change_document',
  'add_document',
  'view_note',
  'add_note',
  'delete_note',
  'view_tag',
  'view_correspondent',
  'view_documenttype',
  'view_storagepath',
  'view_customfield',
  'view_uisettings',
];
const READER_RIGHTS = ['view_document', 'view_tag', 'view_correspondent', 'view_documenttype', 'view_uisettings'];

export const OFFICE = { user: 'office' } as const;
export const WORKSHOP = { user: 'workshop' } as const;
export const NO_PERMISSIONS: LibraryPermissions = {
  view: { users: [], groups: [] },
  change: { users: [], groups: [] },
};
/** Objects with owners are scoped by them, and not seen by everybody (paperless-api.md 1.5, 10.3). */
const readableByWorkshop: LibraryPermissions = {
  view: { users: ['workshop'], groups: ['auditors'] },
  change: { users: [], groups: [] },
};

/** Roles, not persons. */
type People = Pick<Library, 'groups' | 'users'>;
type Taxonomy = Pick<Library, 'tags' | 'correspondents' | 'documentTypes' | 'storagePaths' | 'customFields'>;

export const PEOPLE: People = {
  groups: [
    { name: 'members', permissions: MEMBER_RIGHTS },
    { name: 'auditors', permissions: READER_RIGHTS },
  ],
  users: [
    { username: 'office', groups: ['members'] },
    { username: 'workshop', groups: ['members', 'auditors'] },
  ],
};

/** Parents stand before their children, as paperless wants them created. */
export const TAXONOMY: Taxonomy = {
  tags: [
    // Given to every upload by the instance itself; a copy must end with what the master says, not with these.
    { name: 'Inbox', color: '#e53935', isInbox: true },
    { name: 'Later', color: '#FFB300', isInbox: true, owner: OFFICE },
    // Three levels: a tag brings its parents along, and leaves with them.
    { name: 'Finance', color: '#1e88e5' },
    { name: 'Taxes', color: '#1565c0', parent: 'Finance' },
    { name: 'Income tax 2019', color: '#0d47a1', parent: 'Taxes' },
    { name: 'Invoices', color: '#90caf9', parent: 'Finance', match: 'invoice amount', matching: 'any' },
    { name: 'House', color: '#43a047' },
    { name: 'Garden', color: '#2e7d32', parent: 'House' },
    { name: 'Tools', color: '#1b5e20', parent: 'Garden', match: 'rake spade', matching: 'all', isInsensitive: false },
    { name: 'Heating', color: '#a5d6a7', parent: 'House', match: 'boiler', matching: 'literal' },
    { name: 'Müll ♻', color: '#6d4c41', match: 'm(ü|ue)ll', matching: 'regex' },
    { name: 'דחוף', color: '#000000' },
    { name: '{{ braces }} & "quotes"', color: '#ffffff' },
    { name: 'Office only', color: '#8e24aa', owner: OFFICE, permissions: readableByWorkshop },
    // The classifier's own choice, where there is one.
    { name: 'Guessed', color: '#a6cee3', matching: 'auto' },
    { name: 'Never used', color: '#eeeeee' },
  ],
  correspondents: [
    { name: 'City Waterworks', match: 'waterworks', matching: 'literal' },
    { name: 'Northern Railway' },
    { name: 'Tax Office', match: 'tax office', matching: 'fuzzy' },
    { name: 'Bakery "Zur Mühle"' },
    { name: 'Łódź Trading' },
    { name: 'שירות לקוחות' },
    { name: 'Telephone & Cable', owner: WORKSHOP, permissions: readableByWorkshop },
    { name: '🐝 Beekeepers' },
  ],
  documentTypes: [
    { name: 'Invoice', match: 'invoice', matching: 'any' },
    { name: 'Letter' },
    { name: 'Contract', owner: 'token-user' },
    { name: 'Receipt' },
    { name: 'Gebrauchsanweisung' },
  ],
  storagePaths: [
    { name: 'By year', path: '{{ created_year }}/{{ correspondent }}/{{ title }}' },
    { name: 'By type', path: 'types/{{ document_type }}/{{ created }} {{ title }}' },
    { name: 'Attic', path: 'attic/{{ title }}', owner: OFFICE },
  ],
  // All ten types, money with and without a currency of its own, and two fields that link.
  customFields: [
    { name: 'Reference', type: 'string' },
    { name: 'Website', type: 'url' },
    { name: 'Guaranteed until', type: 'date' },
    { name: 'Paid', type: 'boolean' },
    { name: 'Pieces', type: 'integer' },
    { name: 'Weight', type: 'float' },
    { name: 'Amount', type: 'monetary', currency: 'EUR' },
    { name: 'Deposit', type: 'monetary' },
    { name: 'Belongs to', type: 'documentlink' },
    { name: 'Answers', type: 'documentlink' },
    { name: 'State', type: 'select', options: ['Open', 'Paid in full', 'Disputed {{ x }}', 'מבוטל'] },
    { name: 'Summary', type: 'longtext' },
  ],
};
