import { postDocument } from '../consumption/post-document.ts';
import type { Context } from '../context.ts';
import { json, notFound, type Reply } from '../http/reply.ts';
import type { Route } from '../router.ts';
import { bulkEdit, dedicated } from './bulk-edit.ts';
import { download, metadata, preview, thumbnail } from './files.ts';
import { listDocuments, serializeOptions } from './list.ts';
import { visibleDocument } from './lookup.ts';
import { addNote, crash, deleteNote, listNotes } from './notes.ts';
import { updateDocument } from './patch.ts';
import { selectionData } from './selection-data.ts';
import { documentJson } from './serialize.ts';
import { changeTrash, deleteDocument, listTrash } from './trash.ts';
import { versionRoutes } from './version-routes.ts';

function readDocument(context: Context): Reply {
  const row = visibleDocument(context);
  const asked = context.isV3 ? context.query.given('version') : null;
  const version = asked === null ? {} : { version: versionForContent(context, Number(asked)) };
  return json(documentJson(row, serializeOptions(context, { withDuplicates: true, ...version })));
}

function versionForContent(context: Context, id: number) {
  const row = visibleDocument(context);
  const version = context.store.documents.get(id);
  if (version && (version === row || version.rootDocument === row.id) && version.deletedAt === null) return version;
  throw notFound();
}

/** An id that is no number is looked up all the same, and not found. */
function noSuchDocument(context: Context): Reply {
  context.require('view_document');
  throw notFound();
}

function nextAsn(context: Context): Reply {
  // The trash is left out, so the number may be refused (engine-protocol.md F4).
  return json((context.store.index.highestAsn() ?? 0) + 1);
}

export const documentRoutes: readonly Route[] = [
  { path: 'documents/', methods: { GET: listDocuments } },
  { path: 'documents/post_document/', methods: { POST: postDocument } },
  { path: 'documents/next_asn/', methods: { GET: nextAsn } },
  { path: 'documents/bulk_edit/', methods: { POST: bulkEdit } },
  { path: 'documents/selection_data/', methods: { POST: selectionData } },
  ...['delete', 'reprocess', 'rotate', 'merge', 'edit_pdf', 'remove_password'].map((name) => ({
    path: `documents/${name}/`,
    methods: { POST: dedicated(name) },
  })),
  {
    path: 'documents/:id/',
    methods: { GET: readDocument, PATCH: updateDocument, PUT: updateDocument, DELETE: deleteDocument },
  },
  { path: 'documents/:id/download/', methods: { GET: download } },
  { path: 'documents/:id/preview/', methods: { GET: preview } },
  { path: 'documents/:id/metadata/', methods: { GET: metadata } },
  { path: 'documents/:id/thumb/', methods: { GET: thumbnail } },
  {
    path: 'documents/:id/notes/',
    methods: { GET: listNotes, POST: addNote, DELETE: deleteNote, PATCH: crash, PUT: crash },
  },
  { path: 'documents/:word/', methods: { GET: noSuchDocument, PATCH: noSuchDocument, DELETE: noSuchDocument } },
  { path: 'trash/', methods: { GET: listTrash, POST: changeTrash } },
  ...versionRoutes,
];
