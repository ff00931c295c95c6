import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { pdfFile, pngFile, type SampleFile } from '../support/files.ts';
import type { Library } from '../support/library.ts';
import { micros, must } from '../support/values.ts';

const metadataShape = z.looseObject({
  original_checksum: z.string(),
  original_size: z.number().int(),
  original_mime_type: z.string(),
  has_archive_version: z.boolean(),
  original_filename: z.string(),
  archive_checksum: z.string().nullable(),
});

export function fileBehaviour(library: Library): void {
  const samples: [string, () => SampleFile][] = [
    ['text file', () => library.text('bytes')],
    ['picture', () => pngFile(`${library.name('picture')}.png`, library.name('colour'))],
    [
      'PDF',
      () =>
        pdfFile(
          `${library.name('page')}.pdf`,
          `${library.name('page')}, with a text layer of more than fifty characters`,
        ),
    ],
  ];
  describe.each(samples)('the file of a %s', (_kind, make) => originalFile(library, make));
  describe('the cheap checksum probe', () => checksumProbe(library));
  describe('the files of a trashed document', () => trashedFiles(library));
}

function originalFile(library: Library, make: () => SampleFile): void {
  test('comes back byte for byte with original=true, and its checksum is told', async () => {
    const file = make();
    const document = await library.upload({ file });
    const answer = await library.call(`/api/documents/${document.id}/download/?original=true`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toMatch(new RegExp(`^${file.type}`));
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment; /);
    expect(answer.headers.get('content-length')).toBe(String(file.bytes.length));
    expect(answer.bytes.equals(file.bytes)).toBe(true);
    const metadata = metadataShape.parse((await library.call(`/api/documents/${document.id}/metadata/`)).json);
    expect(metadata).toMatchObject({
      original_checksum: library.checksum(file.bytes),
      original_size: file.bytes.length,
      original_mime_type: file.type,
      original_filename: file.name,
    });
    if (library.generation === 3) {
      expect(document.versions).toMatchObject([
        { id: document.id, is_root: true, checksum: library.checksum(file.bytes) },
      ]);
    }
  });
}

function checksumProbe(library: Library): void {
  const probe = (id: number, part: string) =>
    library.call(`/api/documents/${id}/${part}`, { headers: { 'if-none-match': '*' } });

  test('preview of the original answers 304 with the checksum as ETag, and no body', async () => {
    const file = library.text('probe');
    const document = await library.upload({ file });
    const answer = await probe(document.id, 'preview/?original=true');
    expect([answer.status, answer.headers.get('etag'), answer.bytes.length]).toEqual([
      304,
      `"${library.checksum(file.bytes)}"`,
      0,
    ]);
  });

  test('metadata answers 304 with the checksum, which 3.x follows with modified', async () => {
    const file = library.text('probe');
    const document = await library.upload({ file });
    const answer = await probe(document.id, 'metadata/');
    expect([answer.status, answer.bytes.length]).toEqual([304, 0]);
    const [, checksum, modified] = must(/^"([0-9a-f]+)(?::(.+))?"$/.exec(answer.headers.get('etag') ?? ''));
    expect(checksum).toBe(library.checksum(file.bytes));
    if (library.generation === 2) expect(modified).toBeUndefined();
    else expect([micros(must(modified)), must(modified).slice(-6)]).toEqual([micros(document.modified), '+00:00']);
  });

  test('the plain preview of a document without archive has no ETag and sends the file', async () => {
    const file = library.text('probe');
    const document = await library.upload({ file });
    const answer = await probe(document.id, 'preview/');
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, null]);
    expect(answer.bytes.equals(file.bytes)).toBe(true);
  });
}

function trashedFiles(library: Library): void {
  test('are still sent, while the document, its metadata and its notes are a 404', async () => {
    const file = library.text('trashed');
    const { id } = await library.upload({ file });
    await library.trash(id);
    const status = async (part: string) => (await library.call(`/api/documents/${id}/${part}`)).status;
    expect((await library.call(`/api/documents/${id}/download/?original=true`)).bytes.equals(file.bytes)).toBe(true);
    expect([await status(''), await status('metadata/'), await status('notes/')]).toEqual([404, 404, 404]);
  });

  test('are not reached by the checksum probe: metadata is a 404, preview sends the file (F9)', async () => {
    const file = library.text('trashed');
    const { id } = await library.upload({ file });
    await library.trash(id);
    const headers = { 'if-none-match': '*' };
    expect((await library.call(`/api/documents/${id}/metadata/`, { headers })).status).toBe(404);
    const preview = await library.call(`/api/documents/${id}/preview/?original=true`, { headers });
    expect([preview.status, preview.headers.get('etag'), preview.bytes.length]).toEqual([200, null, file.bytes.length]);
  });

  test('a purged document has no file', async () => {
    const { id } = await library.upload();
    await library.trash(id);
    await library.trashAction('empty', [id]);
    const answer = await library.call(`/api/documents/${id}/download/?original=true`);
    expect([answer.status, answer.json]).toEqual([404, { detail: 'Not found.' }]);
  });
}
