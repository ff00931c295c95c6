import type { PaperlessDocument } from '../../../../shared/domain/model.ts';
import type { TranslationTables } from '../../../../shared/domain/translate/tables.ts';

export const document = (over: Partial<PaperlessDocument> = {}): PaperlessDocument => ({
  id: 7,
  title: 'Invoice',
  content: 'text',
  created: '2024-01-01',
  modified: '2024-05-06T07:08:09.123456Z',
  added: '2024-05-06T07:08:09.123456Z',
  asn: null,
  correspondent: null,
  documentType: null,
  storagePath: null,
  tags: [],
  owner: null,
  permissions: null,
  customFields: [],
  notes: [],
  originalFileName: 'invoice.pdf',
  hasArchive: true,
  mimeType: 'application/pdf',
  pageCount: 1,
  versions: [],
  ...over,
});

/** Everything of the master with the id n has the id 100 + n on the replica. */
export const tables = (over: Partial<TranslationTables> = {}): TranslationTables => ({
  taxonomy: {
    tag: new Map([
      [1, 101],
      [2, 102],
    ]),
    correspondent: new Map([[1, 101]]),
    document_type: new Map([[1, 101]]),
    storage_path: new Map([[1, 101]]),
  },
  unmapped: new Map(),
  fields: new Map([
    [1, { replicaId: 101, name: 'amount', dataType: 'monetary', options: new Map() }],
    [2, { replicaId: 102, name: 'state', dataType: 'select', options: new Map([['a', 'x']]) }],
    [3, { replicaId: 103, name: 'related', dataType: 'documentlink', options: new Map() }],
  ]),
  users: new Map([[1, 101]]),
  groups: new Map([[1, 101]]),
  userNames: new Map([
    [1, 'ada'],
    [2, 'bob'],
  ]),
  groupNames: new Map([[2, 'staff']]),
  tokenUser: 900,
  unknownOwner: 'token_user',
  tagParents: new Map([
    [101, null],
    [102, 101],
  ]),
  ...over,
});
