import { z } from 'zod';
import type { PaperlessHttp } from '../http.ts';
import type { LibraryDocument, LibraryNote } from '../library/index.ts';
import { noteWire, taskWire } from '../wire.ts';
import { anything, idOf, ownerId, permissionIds } from './people.ts';
import type { Names } from './taxonomy.ts';

/** A picture on a busy real instance waits for those before it, each read letter by letter. */
const CONSUMPTION_LIMIT_MS = 15 * 60_000;
const FIRST_LOOK_MS = 40;
const LONGEST_PAUSE_MS = 2_000;

/** Uploads one document, waits until it is consumed, and makes it what the library says; links come later. */
export async function fileDocument(http: PaperlessHttp, document: LibraryDocument, names: Names): Promise<number> {
  const id = await upload(http, document);
  // Everything in one request, nulls too: consumption has added inbox tags and whatever the rules matched.
  await http.patch(`/api/documents/${id}/`, patchBody(document, names), anything);
  // One after the other and after the PATCH: 2.x saves whole rows, so writes at the same time undo each other.
  for (const note of document.notes) await writeNote(http, id, note, names);
  return id;
}

async function upload(http: PaperlessHttp, document: LibraryDocument): Promise<number> {
  const form = new FormData();
  const file = new Blob([new Uint8Array(document.bytes())], { type: document.mimeType });
  form.append('document', file, document.fileName);
  // No title: it would be rendered as a template and cut (paperless-api.md 5.4).
  form.append('created', document.created);
  const task = await http.upload('/api/documents/post_document/', form, z.string());
  return consumed(http, task, document.key);
}

async function consumed(http: PaperlessHttp, task: string, key: string): Promise<number> {
  const deadline = performance.now() + CONSUMPTION_LIMIT_MS;
  for (let pause = FIRST_LOOK_MS; performance.now() < deadline; pause = Math.min(pause * 1.6, LONGEST_PAUSE_MS)) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    const [row] = await http.get(`/api/tasks/?task_id=${task}`, z.array(taskWire));
    if (row?.status === 'SUCCESS' && row.related_document !== null) return Number(row.related_document);
    if (row && ['SUCCESS', 'FAILURE', 'REVOKED'].includes(row.status))
      throw new Error(`"${key}" was not consumed: ${row.result ?? row.status}`);
  }
  throw new Error(`"${key}" was not consumed in time.`);
}

function patchBody(document: LibraryDocument, names: Names) {
  const ref = (ids: ReadonlyMap<string, number>, name: string | null) => (name === null ? null : idOf(ids, name));
  return {
    title: document.title,
    created: document.created,
    archive_serial_number: document.asn,
    correspondent: ref(names.correspondents, document.correspondent),
    document_type: ref(names.documentTypes, document.documentType),
    storage_path: ref(names.storagePaths, document.storagePath),
    tags: withParents(document.tags, names).map((name) => idOf(names.tags, name)),
    custom_fields: fieldValues(document, names),
    owner: ownerId(names, document.owner),
    set_permissions: permissionIds(names, document.permissions),
    ...(document.editedContent !== null && { content: document.editedContent }),
  };
}

/** A tag that comes without its parents would be dropped together with them (paperless-api.md 7). */
function withParents(tags: readonly string[], names: Names): string[] {
  const closed = new Set<string>();
  for (const tag of tags) {
    for (let name: string | undefined = tag; name !== undefined; name = names.parents.get(name)) closed.add(name);
  }
  return [...closed];
}

function fieldValues({ fields }: LibraryDocument, names: Names) {
  return Object.entries(fields).map(([name, value]) => {
    const field = names.fields.get(name);
    if (!field) throw new Error(`The library uses the field "${name}", which it does not define.`);
    const isOption = field.options.size > 0 && typeof value === 'string';
    return { field: field.id, value: isOption ? (field.options.get(value) ?? value) : value };
  });
}

async function writeNote(http: PaperlessHttp, id: number, { author, text }: LibraryNote, names: Names): Promise<void> {
  const line = author === 'token-user' ? http : await names.asUser(author.user);
  const path = `/api/documents/${id}/notes/`;
  const before = await line.get(path, z.array(noteWire));
  // Trouble is answered 200 with an object (paperless-api.md 9): only a list is a yes, and only one that grew.
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    const answer = await line.post(path, { note: text }, z.union([z.array(noteWire), z.object({ error: z.string() })]));
    const after = Array.isArray(answer) ? answer : await line.get(path, z.array(noteWire));
    if (after.length > before.length) return;
    await new Promise((resolve) => setTimeout(resolve, 500 * attempt));
  }
  throw new Error(`The instance took no note on document ${id}.`);
}
