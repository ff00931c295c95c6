import { describe, expect, test } from 'vitest';
import { pngFile } from '../support/files.ts';
import type { Library } from '../support/library.ts';

export function duplicateBehaviour(library: Library): void {
  describe('bytes that the library knows already', () => {
    if (library.generation === 2) refusedTwins(library);
    else acceptedTwins(library);
    archives(library);
  });
}

function refusedTwins(library: Library): void {
  test('are refused, and the refusal names the document', async () => {
    const file = library.text('twin');
    const first = await library.upload({ file });
    const row = await library.ended(await library.send({ file }));
    expect(row).toMatchObject({ status: 'FAILURE', related_document: String(first.id) });
    expect(row.result).toBe(
      `${file.name}: Not consuming ${file.name}: It is a duplicate of ${first.title} (#${first.id}).`,
    );
  });

  test('are refused while the other copy is in the trash', async () => {
    const file = library.text('twin');
    const first = await library.upload({ file });
    await library.trash(first.id);
    const row = await library.ended(await library.send({ file }));
    expect(row).toMatchObject({ status: 'FAILURE', related_document: null });
    expect(row.result).toMatch(new RegExp(`\\(#${first.id}\\)\\. Note: existing document is in the trash\\.$`));
  });

  test('are welcome again when the other copy is purged', async () => {
    const file = library.text('twin');
    const first = await library.upload({ file });
    await library.trash(first.id);
    await library.trashAction('empty', [first.id]);
    expect((await library.upload({ file })).id).not.toBe(first.id);
  });
}

function acceptedTwins(library: Library): void {
  test('become another document, and both name each other', async () => {
    const file = library.text('twin');
    const first = await library.upload({ file });
    const second = await library.upload({ file });
    expect(second.id).not.toBe(first.id);
    expect(second.duplicate_documents).toEqual([{ id: first.id, title: first.title, deleted_at: null }]);
    expect(await library.ids(`checksum__iexact=${library.checksum(file.bytes)}&ordering=id`)).toEqual([
      first.id,
      second.id,
    ]);
  });

  test('become another document while the other copy is in the trash', async () => {
    const file = library.text('twin');
    const first = await library.upload({ file });
    await library.trash(first.id);
    const second = await library.upload({ file });
    expect(second.duplicate_documents).toMatchObject([{ id: first.id, deleted_at: expect.any(String) }]);
    expect(await library.ids(`checksum__iexact=${library.checksum(file.bytes)}`)).toEqual([second.id]);
  });
}

function archives(library: Library): void {
  test('count on 2.x as known when they are the archive of another document, on 3.x never (H3)', async () => {
    const picture = await library.upload({ file: pngFile(`${library.name('scan')}.png`, library.name('scan')) });
    expect(picture.archived_file_name).toMatch(/\.pdf$/);
    const { bytes } = await library.call(`/api/documents/${picture.id}/download/`);
    const file = { name: `${library.name('archive')}.pdf`, type: 'application/pdf', bytes };
    const row = await library.ended(await library.send({ file }));
    if (library.generation === 3) expect(row).toMatchObject({ status: 'SUCCESS' });
    else expect(row).toMatchObject({ status: 'FAILURE', related_document: String(picture.id) });
  });
}
