import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SampleFile } from '../support/files.ts';
import type { Library } from '../support/library.ts';
import type { Doc } from '../support/shapes.ts';
import { micros } from '../support/values.ts';

/** 3.x keeps every file of a document; 2.x rewrites the only one in place and has no such endpoint. */
export function versionBehaviour(library: Library): void {
  if (library.generation === 2) return;
  describe('versions of a file', () => {
    newestFile(library);
    labels(library);
    deletions(library);
    inTrash(library);
  });
}

async function addVersion(library: Library, id: number, file: SampleFile, label: string): Promise<number> {
  const form = new FormData();
  form.append('document', new Blob([new Uint8Array(file.bytes)], { type: file.type }), file.name);
  form.append('version_label', label);
  const answer = await library.call(`/api/documents/${id}/update_version/`, { method: 'POST', form });
  expect(answer.status, answer.text).toBe(200);
  const row = await library.ended(z.uuid().parse(answer.json));
  expect(row.status, row.result ?? '').toBe('SUCCESS');
  return Number(row.related_document);
}

async function twoVersions(library: Library, label: string) {
  const [first, second] = [library.text('first'), library.text('second')];
  const root: Doc = await library.upload({ file: first, asn: library.asn() });
  const version = await addVersion(library, root.id, second, label);
  return { first, second, root, version };
}

function newestFile(library: Library): void {
  test('the list of versions names label and checksum, newest first, and modified moves', async () => {
    const label = `pngx.${library.run}.v7.1`;
    const { first, second, root, version } = await twoVersions(library, label);
    const now = await library.document(root.id);
    expect(now.versions).toMatchObject([
      { id: version, version_label: label, is_root: false, checksum: library.checksum(second.bytes) },
      { id: root.id, version_label: null, is_root: true, checksum: library.checksum(first.bytes) },
    ]);
    expect(micros(now.modified)).toBeGreaterThan(micros(root.modified));
    expect(now).toMatchObject({ added: root.added, archive_serial_number: root.archive_serial_number });
  });

  test('download, metadata and content follow the newest file; name and checksum filter do not', async () => {
    const { first, second, root, version } = await twoVersions(library, 'newer');
    const bytes = async (query: string) =>
      (await library.call(`/api/documents/${root.id}/download/?original=true${query}`)).text;
    expect(await bytes('')).toBe(second.bytes.toString());
    expect(await bytes(`&version=${root.id}`)).toBe(first.bytes.toString());
    expect(await bytes(`&version=${version}`)).toBe(second.bytes.toString());
    const metadata = (await library.call(`/api/documents/${root.id}/metadata/`)).json;
    expect(metadata).toMatchObject({
      original_checksum: library.checksum(second.bytes),
      original_filename: second.name,
    });
    expect(await library.document(root.id)).toMatchObject({
      content: second.bytes.toString(),
      original_file_name: first.name,
    });
    expect(await library.ids(`checksum__iexact=${library.checksum(first.bytes)}`)).toEqual([root.id]);
    expect(await library.ids(`checksum__iexact=${library.checksum(second.bytes)}`)).toEqual([]);
  });

  test('a version is no document of its own', async () => {
    const { version } = await twoVersions(library, 'row');
    expect((await library.call(`/api/documents/${version}/`)).status).toBe(404);
    expect(await library.ids(`id__in=${version}`)).toEqual([]);
  });
}

function labels(library: Library): void {
  test('a label is a marker: PATCHed away when the version is accounted for', async () => {
    const { root, version } = await twoVersions(library, `pngx.${library.run}.v8.1`);
    const patch = (json: unknown) =>
      library.call(`/api/documents/${root.id}/versions/${version}/`, { method: 'PATCH', json });
    expect((await patch({ version_label: 'signed' })).json).toMatchObject({ id: version, version_label: 'signed' });
    expect((await patch({ version_label: null })).json).toMatchObject({ id: version, version_label: null });
    expect((await patch({ version_label: 'x'.repeat(65) })).status).toBe(400);
  });

  test('the task of a version shows the label and names the version, never the document (F10)', async () => {
    const label = `pngx.${library.run}.v9.1`;
    const { root, version } = await twoVersions(library, label);
    const page = await library.call('/api/tasks/?task_type=consume_file&ordering=-date_created&page_size=5', {
      api: 10,
    });
    const rows = z.looseObject({ results: z.array(z.looseObject({})) }).parse(page.json).results;
    const row = rows.find((task) => JSON.stringify(task['input_data']).includes(label));
    expect(row).toMatchObject({ input_data: { overrides: { version_label: label } }, related_document_ids: [version] });
    expect(JSON.stringify(row?.['input_data'])).not.toContain(String(root.added));
  });

  test('taking the newest version away makes the one before it current', async () => {
    const { first, root, version } = await twoVersions(library, 'gone');
    const answer = await library.call(`/api/documents/${root.id}/versions/${version}/`, { method: 'DELETE' });
    expect([answer.status, answer.json]).toEqual([200, { result: 'OK', current_version_id: root.id }]);
    expect((await library.document(root.id)).content).toBe(first.bytes.toString());
  });
}

function deletions(library: Library): void {
  const remove = (root: number, version: number) =>
    library.call(`/api/documents/${root}/versions/${version}/`, { method: 'DELETE' });
  const rootOf = async (id: number) => (await library.call(`/api/documents/${id}/root/`)).json;

  test('the first file cannot be deleted, but bears a label like any other', async () => {
    const { root } = await twoVersions(library, 'kept');
    expect((await remove(root.id, root.id)).status).toBe(400);
    const path = `/api/documents/${root.id}/versions/${root.id}/`;
    const answer = await library.call(path, { method: 'PATCH', json: { version_label: 'original' } });
    expect([answer.status, answer.json]).toMatchObject([200, { id: root.id, version_label: 'original' }]);
    expect((await remove(root.id, 2_000_000_000)).status).toBe(404);
  });

  test('a deleted version lies in the trash under its root and comes back to its place, unseen by modified', async () => {
    const { root, version } = await twoVersions(library, 'first');
    const newest = await addVersion(library, root.id, library.text('third'), 'newest');
    expect((await remove(root.id, version)).status).toBe(200);
    expect(await rootOf(version)).toEqual({ root_id: root.id });
    const before = await library.document(root.id);
    expect(before.versions?.map((one) => one.id)).toEqual([newest, root.id]);
    expect((await library.trashAction('restore', [version])).status).toBe(200);
    const after = await library.document(root.id);
    expect(after.versions?.map((one) => one.id)).toEqual([newest, version, root.id]);
    expect(after.modified).toBe(before.modified);
  });

  test('a version may repeat the bytes of another one, and is known under its own file name', async () => {
    const { first, root } = await twoVersions(library, 'other');
    const again = await addVersion(library, root.id, { ...first, name: `${library.run}-again.txt` }, 'again');
    const now = await library.document(root.id);
    expect(now.versions?.[0]).toMatchObject({ id: again, checksum: library.checksum(first.bytes) });
    const metadata = (await library.call(`/api/documents/${root.id}/metadata/?version=${again}`)).json;
    expect(metadata).toMatchObject({ original_filename: `${library.run}-again.txt` });
    expect(now.original_file_name).toBe(first.name);
  });

  test('text goes to the newest version only', async () => {
    const { first, root } = await twoVersions(library, 'text');
    await library.patch(root.id, { content: 'written later' });
    expect((await library.document(root.id)).content).toBe('written later');
    const own = await library.call(`/api/documents/${root.id}/?version=${root.id}`);
    expect(own.json).toMatchObject({ content: first.bytes.toString() });
  });
}

function inTrash(library: Library): void {
  const remove = (root: number, version: number) =>
    library.call(`/api/documents/${root}/versions/${version}/`, { method: 'DELETE' });
  const versionsOf = async (id: number) => (await library.document(id)).versions?.map((version) => version.id);
  const trashRow = z.looseObject({ id: z.number(), root_document: z.number().nullable(), added: z.string() });
  const inTrashNow = async () => {
    const answer = await library.call('/api/trash/?page_size=100000');
    return z.looseObject({ results: z.array(trashRow) }).parse(answer.json).results;
  };

  test('a version that was taken away is an entry of the trash that names its document, and keeps its added', async () => {
    const { root, version } = await twoVersions(library, 'entry');
    const added = (await library.document(root.id)).versions?.find(({ id }) => id === version)?.added;
    await remove(root.id, version);
    expect((await inTrashNow()).find(({ id }) => id === version)).toMatchObject({ root_document: root.id, added });
  });

  test('a document takes its versions to the trash and back, but not one that lay there before', async () => {
    const { root, version } = await twoVersions(library, 'before');
    const newest = await addVersion(library, root.id, library.text('third'), 'with it');
    await remove(root.id, version);
    await library.trash(root.id);
    const ids = new Set((await inTrashNow()).map(({ id }) => id));
    expect([root.id, version, newest].every((id) => ids.has(id))).toBe(true);
    expect((await library.trashAction('restore', [root.id])).status).toBe(200);
    expect(await versionsOf(root.id)).toEqual([newest, root.id]);
    // It came back with its document, so it is not in the trash any more.
    expect((await library.trashAction('restore', [newest])).status).toBe(400);
  });

  test('a purged document takes its versions with it', async () => {
    const { root, version } = await twoVersions(library, 'purged');
    await library.trash(root.id);
    expect((await library.trashAction('empty', [root.id])).status).toBe(200);
    expect((await inTrashNow()).some(({ id }) => id === version || id === root.id)).toBe(false);
  });
}
