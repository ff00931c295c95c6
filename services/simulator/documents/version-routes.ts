/**
 * Versions, on v3 only. A version is a row with an id from the same sequence as documents, and the task that makes one never
 * names the root: only the label and, when done, the id of the version (engine-protocol.md F10).
 */

import { uploadedDocument } from '../consumption/post-document.ts';
import { noOverrides } from '../consumption/upload.ts';
import type { Context } from '../context.ts';
import { badRequest, forbiddenText, HttpError, json, notFound, type Reply, text } from '../http/reply.ts';
import { readInput, REQUIRED, textField, nullable } from '../rest/input.ts';
import type { Route } from '../router.ts';
import type { DocumentRow } from '../state/model.ts';
import { canChange, canSee, owns } from '../users/permissions.ts';
import { touch } from './links.ts';
import { newestVersion, versionJson } from './serialize.ts';
import { fireWorkflows } from '../workflows/fire.ts';

const MAX_LABEL = 64;

function rootOf(context: Context): DocumentRow {
  const { store } = context;
  if (!context.isV3) throw notFound();
  const row = store.documents.get(context.id());
  const root = row?.rootDocument === null ? row : store.documents.get(row?.rootDocument ?? null);
  if (!root || root.deletedAt !== null) throw notFound();
  return root;
}

function readRoot(context: Context): Reply {
  context.require('view_document');
  const row = context.store.documents.get(context.id());
  if (!context.isV3 || !row) throw notFound();
  if (!canSee(context.user, row)) throw forbiddenText();
  return json({ root_id: row.rootDocument ?? row.id });
}

/** POST of another file for a document: it takes the way of an upload and becomes a version (paperless-api.md 8.1). */
async function updateVersion(context: Context): Promise<Reply> {
  context.require('add_document');
  const root = rootOf(context);
  if (!context.may('change_document') || !canChange(context.user, root)) throw forbiddenText();
  const { file, errors } = await uploadedDocument(context, await context.body(), false);
  const { version_label: label } = readInput(await context.input(), { version_label: textField({ max: MAX_LABEL }) });
  if (!file) throw badRequest(errors);
  const taskId = context.instance.consumer.accept({
    fileName: file.name,
    mimeType: file.mimeType,
    file: file.blob,
    source: 'web_ui',
    overrides: noOverrides(),
    versionOf: root.id,
    versionLabel: label || null,
    actor: context.user.id,
  });
  return json(taskId);
}

function versionOf(context: Context, root: DocumentRow): DocumentRow {
  const version = context.store.documents.get(context.id(1));
  if (!version || version.deletedAt !== null) throw notFound();
  if (version !== root && version.rootDocument !== root.id) throw notFound();
  return version;
}

async function labelVersion(context: Context): Promise<Reply> {
  context.require('change_document');
  const root = rootOf(context);
  if (!canChange(context.user, root)) throw forbiddenText();
  const version = versionOf(context, root);
  const input = await context.input();
  if (!('version_label' in input)) throw badRequest({ version_label: [REQUIRED] });
  const { version_label: label } = readInput(input, { version_label: nullable(textField({ max: MAX_LABEL })) });
  version.versionLabel = label || null;
  context.store.saveDocument(version);
  touch(context.store, root);
  fireWorkflows(context.instance, 'updated', root);
  return json(versionJson(version));
}

/** The version goes to the trash as an entry of its own (paperless-api.md 8.1). */
function deleteVersion(context: Context): Reply {
  context.require('delete_document');
  const { store } = context;
  const root = rootOf(context);
  if (!owns(context.user, root)) throw forbiddenText();
  const version = versionOf(context, root);
  if (version === root) throw badText('Cannot delete the root/original version. Delete the document instead.');
  version.deletedAt = store.clock.now();
  version.deletion = store.takeDeletion();
  store.saveDocument(version);
  touch(store, root);
  fireWorkflows(context.instance, 'updated', root);
  return json({ result: 'OK', current_version_id: newestVersion(store, root).id });
}

const badText = (message: string): HttpError => new HttpError(text(message, 400));

export const versionRoutes: readonly Route[] = [
  { path: 'documents/:id/root/', methods: { GET: readRoot } },
  { path: 'documents/:id/update_version/', methods: { POST: updateVersion } },
  { path: 'documents/:id/versions/:id/', methods: { PATCH: labelVersion, DELETE: deleteVersion } },
];
