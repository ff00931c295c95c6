import { describe, expect, test } from 'vitest';
import type { Library } from '../support/library.ts';

const TAKEN_BY_ONE_ANSWERS = /already exists!|UNIQUE constraint failed|duplicate key value|database is locked/;
const HIGHEST = 2_147_483_647;

export function fenceBehaviour(library: Library): void {
  describe('the archive serial number as a fence (F1)', () => {
    refusedUploads(library);
    racingUploads(library);
    numberRange(library);
    release(library);
  });
  describe('the identity of a document (F7)', () => identity(library));
}

function refusedUploads(library: Library): void {
  test('an upload under the number of a living document is accepted by HTTP and refused by the consumer', async () => {
    const asn = library.asn();
    const holder = await library.upload({ asn });
    const row = await library.ended(await library.send({ asn }));
    expect(row).toMatchObject({ status: 'FAILURE', related_document: null });
    expect(row.result).toMatch(new RegExp(`Given ASN ${asn} already exists!$`));
    expect(await library.ids(`archive_serial_number=${asn}`)).toEqual([holder.id]);
  });

  test('the trash holds its numbers, too, and the refusal says so', async () => {
    const asn = library.asn();
    const holder = await library.upload({ asn });
    await library.trash(holder.id);
    const row = await library.ended(await library.send({ asn }));
    expect(row.status).toBe('FAILURE');
    expect(row.result).toMatch(
      new RegExp(`Given ASN ${asn} already exists! Note: existing document is in the trash\\.$`),
    );
    expect(await library.ids(`archive_serial_number=${asn}`)).toEqual([]);
  });

  test('a second upload of the same file under the same number never makes a second document', async () => {
    const [asn, file] = [library.asn(), library.text('repeated')];
    const holder = await library.upload({ file, asn, title: `pngx.${library.run}.m61.a1` });
    const row = await library.ended(await library.send({ file, asn, title: `pngx.${library.run}.m61.a2` }));
    expect(row.status).toBe('FAILURE');
    // 2.x looks at the bytes first and names the document; 3.x accepts known bytes and stops at the number.
    const reason =
      library.generation === 2
        ? `It is a duplicate of ${holder.title} (#${holder.id}).`
        : `Given ASN ${asn} already exists!`;
    expect(row.result?.endsWith(reason), row.result ?? '').toBe(true);
    expect(await library.ids(`checksum__iexact=${library.checksum(file.bytes)}`)).toEqual([holder.id]);
  });
}

function racingUploads(library: Library): void {
  test('of several uploads racing for one number, one becomes a document and no other does', async () => {
    const asn = library.asn();
    const titles = [1, 2, 3, 4].map((attempt) => `pngx.${library.run}.m62.a${attempt}`);
    const tasks = await Promise.all(titles.map((title) => library.send({ asn, title })));
    const rows = await Promise.all(tasks.map((task) => library.ended(task)));
    const lost = rows.filter((row) => row.status === 'FAILURE');
    expect(lost).toHaveLength(3);
    // The loser's text varies with the moment, so no decision may rest on it.
    for (const row of lost) expect(row.result).toMatch(TAKEN_BY_ONE_ANSWERS);
    expect(await library.ids(`archive_serial_number=${asn}`)).toHaveLength(1);
    expect(await library.ids(`title__istartswith=pngx.${library.run}.m62.`)).toHaveLength(1);
  });
}

function numberRange(library: Library): void {
  test('2,147,483,647 is the last number every database takes, and it works (F4)', async () => {
    const document = await library.upload({ asn: HIGHEST });
    expect(document.archive_serial_number).toBe(HIGHEST);
    expect(await library.ids(`archive_serial_number__gte=${HIGHEST}`)).toEqual([document.id]);
    expect((await library.patch(document.id, { archive_serial_number: null })).archive_serial_number).toBeNull();
    expect((await library.patch(document.id, { archive_serial_number: HIGHEST })).archive_serial_number).toBe(HIGHEST);
    await library.patch(document.id, { archive_serial_number: null });
  });

  test('0 is a number like any other', async () => {
    const [holder] = await library.rows('archive_serial_number=0&fields=id');
    const document = await library.upload();
    if (holder !== undefined) return;
    expect((await library.patch(document.id, { archive_serial_number: 0 })).archive_serial_number).toBe(0);
  });
}

function release(library: Library): void {
  test('one PATCH replaces marker and number, and the number is free at once', async () => {
    const [reserved, final] = [library.asn(), library.asn()];
    const document = await library.upload({ asn: reserved, title: `pngx.${library.run}.m63.a1` });
    const title = library.name('final');
    expect(await library.patch(document.id, { title, archive_serial_number: final })).toMatchObject({
      title,
      archive_serial_number: final,
    });
    expect((await library.upload({ asn: reserved })).archive_serial_number).toBe(reserved);
  });

  test('a trashed holder keeps number and title through a restore, and frees the number when purged', async () => {
    const [asn, title] = [library.asn(), `pngx.${library.run}.m64.a1`];
    const document = await library.upload({ asn, title });
    await library.trash(document.id);
    expect((await library.trashAction('restore', [document.id])).status).toBe(200);
    expect(await library.document(document.id)).toMatchObject({ title, archive_serial_number: asn });
    await library.trash(document.id);
    expect((await library.trashAction('empty', [document.id])).status).toBe(200);
    expect((await library.upload({ asn })).archive_serial_number).toBe(asn);
  });
}

function identity(library: Library): void {
  test('added survives PATCH, trash and restore unchanged to the microsecond, and cannot be set', async () => {
    const { id, added } = await library.upload();
    expect((await library.patch(id, { title: library.name('other'), added: '2000-01-01T00:00:00Z' })).added).toBe(
      added,
    );
    await library.trash(id);
    await library.trashAction('restore', [id]);
    expect((await library.document(id)).added).toBe(added);
  });

  test('a purged id is not given to the next document', async () => {
    const first = await library.upload();
    await library.trash(first.id);
    await library.trashAction('empty', [first.id]);
    expect((await library.upload()).id).toBeGreaterThan(first.id);
  });
}
