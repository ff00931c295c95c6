/** Documents put straight into a simulated library, as people of that instance would have left them. */
import type { Simulator } from '../../support/simulator.ts';
import { type DocumentRow, noPermissions } from '../../../services/simulator/state/model.ts';

export interface NewDocument {
  readonly title?: string;
  readonly text?: string;
  readonly asn?: number | null;
  readonly tags?: readonly number[];
  readonly notes?: readonly string[];
  readonly customFields?: DocumentRow['customFields'];
}

export function addDocument({ store, profile }: Simulator, document: NewDocument = {}): number {
  const id = store.documents.takeId();
  const content = document.text ?? `Letter ${id} of the harbour office.`;
  const file = store.blobs.put(Buffer.from(content));
  const now = store.clock.now();
  store.saveDocument({
    id,
    title: document.title ?? `Letter ${id}`,
    content,
    mimeType: 'text/plain',
    file,
    archive: null,
    checksum: profile === 'v3' ? file.sha256 : file.md5,
    archiveChecksum: null,
    pageCount: null,
    created: '2021-03-04',
    modified: now,
    added: now,
    deletedAt: null,
    deletion: null,
    archiveSerialNumber: document.asn === undefined ? 100 + id : document.asn,
    originalFileName: `letter-${id}.txt`,
    correspondent: null,
    documentType: null,
    storagePath: null,
    owner: null,
    permissions: noPermissions(),
    tags: [...(document.tags ?? [])],
    customFields: [...(document.customFields ?? [])],
    notes: (document.notes ?? []).map((note) => ({
      id: store.takeNoteId(),
      note,
      created: store.clock.now(),
      user: null,
    })),
    rootDocument: null,
    versionLabel: null,
  });
  return id;
}

/** A change as a person makes it: `modified` moves. */
export function editDocument({ store }: Simulator, id: number, change: Partial<DocumentRow>): void {
  const row = store.documents.get(id);
  if (!row) throw new Error(`no document ${id}`);
  store.saveDocument(Object.assign(row, change, { modified: store.clock.now() }));
}

export function addTag({ store }: Simulator, name: string): number {
  const id = store.matching.tag.takeId();
  const common = { match: '', matchingAlgorithm: 0, isInsensitive: true, owner: null, permissions: noPermissions() };
  store.matching.tag.save({ id, name, ...common, color: '#a6cee3', isInboxTag: false, parent: null, path: '' });
  return id;
}

const MODELS = [
  'document',
  'tag',
  'correspondent',
  'documenttype',
  'storagepath',
  'customfield',
  'user',
  'group',
  'note',
  'paperlesstask',
  'uisettings',
];

/** What is left to the token's user when it is no superuser any more. */
export function grantViews({ store }: Simulator): void {
  for (const user of store.users.values())
    store.users.save(Object.assign(user, { permissions: MODELS.map((name) => `view_${name}`) }));
}

/** No document that is there can be changed: paperless answers its own HTML 500, without effect (paperless-api.md 16). */
export function lockDatabase({ store }: Simulator): () => void {
  const before = new Map([...store.documents.values()].map((row) => [row.id, structuredClone(row)]));
  const save = store.saveDocument.bind(store);
  store.saveDocument = (row) => {
    const known = before.get(row.id);
    if (!known) return save(row);
    Object.assign(row, structuredClone(known));
    throw new Error('database is locked');
  };
  return () => {
    // The method of the class shows again.
    Reflect.deleteProperty(store, 'saveDocument');
  };
}

/** A workflow of the instance that changes a document after every save, a moment after the answer. */
export function rewriteAfterSave({ store }: Simulator, change: Partial<DocumentRow>): () => void {
  const save = store.saveDocument.bind(store);
  store.saveDocument = (row) => {
    const saved = save(row);
    queueMicrotask(() => save(Object.assign(row, change, { modified: store.clock.now() })));
    return saved;
  };
  return () => {
    Reflect.deleteProperty(store, 'saveDocument');
  };
}

export function addNote(instance: Simulator, id: number, note: string): void {
  const { store } = instance;
  const notes = store.documents.get(id)?.notes ?? [];
  editDocument(instance, id, {
    notes: [...notes, { id: store.takeNoteId(), note, created: store.clock.now(), user: null }],
  });
}

export function addSelectField(
  { store }: Simulator,
  name: string,
  options: readonly (readonly [id: string, label: string])[],
): number {
  const id = store.customFields.takeId();
  store.customFields.save({
    id,
    name,
    dataType: 'select',
    extraData: { select_options: options.map(([option, label]) => ({ id: option, label })) },
    created: store.clock.now(),
  });
  return id;
}
