import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { pdfFile, type SampleFile, textFile } from '../support/files.ts';
import type { Library } from '../support/library.ts';

export function uploadBehaviour(library: Library): void {
  describe('an upload', () => {
    outcome(library);
    contents(library);
    titles(library);
    fileNames(library);
    automation(library);
    refusals(library);
    cutRequests(library);
  });
}

function outcome(library: Library): void {
  test('is answered with the uuid of its task, as a JSON string', async () => {
    const answer = await library.post({});
    expect(answer.status).toBe(200);
    await library.ended(z.uuid().parse(answer.json));
  });

  test('becomes a document with the given title, date and number, owned by the uploader alone', async () => {
    const [title, asn, file] = [library.name('complete'), library.asn(), library.text('complete')];
    const document = await library.upload({ file, title, created: '1969-07-20', asn });
    expect(document).toMatchObject({
      title,
      created: '1969-07-20',
      archive_serial_number: asn,
      original_file_name: file.name,
      owner: library.userId,
      permissions: { view: { users: [], groups: [] }, change: { users: [], groups: [] } },
      content: file.bytes.toString('utf8'),
      mime_type: 'text/plain',
      page_count: null,
      archived_file_name: null,
      tags: [],
      custom_fields: [],
      notes: [],
      correspondent: null,
      document_type: null,
      storage_path: null,
    });
  });
}

function contents(library: Library): void {
  test('of a PDF counts its pages and tells its type by the bytes', async () => {
    const file = pdfFile(
      `${library.name('paged')}.pdf`,
      `${library.name('paged')}, with a text layer of more than fifty characters`,
    );
    const document = await library.upload({ file: { ...file, type: 'application/octet-stream' } });
    expect(document).toMatchObject({ page_count: 1, mime_type: 'application/pdf', original_file_name: file.name });
  });

  test('keeps the blanks around the text of a text file, which no PATCH could restore', async () => {
    const name = library.name('blanks');
    const document = await library.upload({ file: textFile(`${name}.txt`, `\n  ${name}  \n\n`) });
    expect(document.content).toBe(`\n  ${name}  \n\n`);
  });
}

function titles(library: Library): void {
  test('keeps a marker title to the letter, since it holds no brace', async () => {
    const title = `pngx.${library.run}.m41.a1`;
    expect((await library.upload({ title })).title).toBe(title);
  });

  test('without a title takes the stem of the file name', async () => {
    const file = library.text('stem');
    expect((await library.upload({ file })).title).toBe(file.name.replace(/\.txt$/, ''));
  });

  test('with an unknown placeholder as title falls back to the stem: titles never travel with the upload', async () => {
    const file = library.text('placeholder');
    const document = await library.upload({ file, title: 'Total {{ nonsense }} due' });
    expect(document.title).toBe(file.name.replace(/\.txt$/, ''));
  });

  test('with a broken template as title fails as a whole', async () => {
    const row = await library.ended(await library.send({ title: '{% broken' }));
    expect(row).toMatchObject({ status: 'FAILURE', related_document: null });
  });

  test('cuts the title to 127 characters, one less than a PATCH takes', async () => {
    const title = `${library.name('long')} `.padEnd(140, 'x');
    expect((await library.upload({ title })).title).toBe(title.slice(0, 127));
  });
}

function fileNames(library: Library): void {
  test('composes a decomposed file name on 3.x and keeps it as sent on 2.x', async () => {
    const name = `${library.name('u\u0308ber')}.txt`;
    const document = await library.upload({ file: textFile(name, `Named ${name}`) });
    expect(document.original_file_name).toBe(library.generation === 3 ? name.normalize('NFC') : name);
  });

  test('keeps a file name of blanks, signs and pictographs', async () => {
    const name = `${library.name('a + b, [c] № 7 – 😀')}.txt`;
    const document = await library.upload({ file: textFile(name, `Named ${name}`) });
    expect(document.original_file_name).toBe(name);
  });

  test('strips the folders from a file name', async () => {
    const name = `${library.name('deep')}.txt`;
    const document = await library.upload({ file: textFile(`../up/${name}`, `Named ${name}`) });
    expect(document.original_file_name).toBe(name);
  });
}

function automation(library: Library): void {
  test('gets every inbox tag, asked for or not, and a PATCH of the tags takes it away', async () => {
    const inbox = await library.make('tags', 'inbox', { is_inbox_tag: true });
    const plain = await library.make('tags', 'plain');
    const document = await library.upload({ tags: [plain.id] });
    // Only now is the tag harmless to the other tests: every later upload would bear it.
    await library.call(`/api/tags/${inbox.id}/`, { method: 'PATCH', json: { is_inbox_tag: false } });
    expect(document.tags.toSorted((a, b) => a - b)).toEqual([inbox.id, plain.id]);
    expect((await library.patch(document.id, { tags: [plain.id] })).tags).toEqual([plain.id]);
  });

  test('is not touched by objects of matching algorithm 0, though their words occur in it', async () => {
    const word = library.name('needle');
    const more = { match: word, matching_algorithm: 0 };
    for (const kind of ['tags', 'correspondents', 'document_types'] as const) await library.make(kind, 'silent', more);
    await library.make('storage_paths', 'silent', { ...more, path: '{{ title }}' });
    const document = await library.upload({ file: textFile(`${word}.txt`, `There is a ${word} in here`) });
    expect(document).toMatchObject({ tags: [], correspondent: null, document_type: null, storage_path: null });
  });

  test('is matched by the default algorithm: so the engine always names one', async () => {
    const word = library.name('magnet').replaceAll(' ', '-');
    const name = library.name('matching');
    const tag = await library.create('tags', { name, match: word, owner: null });
    expect(tag).toMatchObject({ matching_algorithm: 1 });
    const document = await library.upload({ file: textFile(`${word}.txt`, `There is a ${word} in here`) });
    expect(document.tags).toEqual([tag.id]);
  });
}

async function refused(library: Library, file: SampleFile, more: Record<string, string> = {}) {
  const form = new FormData();
  form.append('document', new Blob([new Uint8Array(file.bytes)], { type: file.type }), file.name);
  for (const [part, value] of Object.entries(more)) form.append(part, value);
  const answer = await library.call('/api/documents/post_document/', { method: 'POST', form });
  return [answer.status, answer.json];
}

function refusals(library: Library): void {
  test('of no file, or of an empty one, is refused at once', async () => {
    const form = new FormData();
    form.append('title', 'nothing');
    const none = await library.call('/api/documents/post_document/', { method: 'POST', form });
    expect([none.status, none.json]).toEqual([400, { document: ['No file was submitted.'] }]);
    expect(await refused(library, textFile('empty.txt', ''))).toEqual([
      400,
      { document: ['The submitted file is empty.'] },
    ]);
  });

  test('of a type that cannot be read is refused at once, whatever its name says', async () => {
    const zip = Buffer.from('PK\x05\x06'.padEnd(22, '\0'), 'latin1');
    expect(await refused(library, { name: 'note.txt', type: 'text/plain', bytes: zip })).toEqual([
      400,
      { document: ['File type application/zip not supported'] },
    ]);
  });

  test.each([
    ['created', 'yesterday', /^Datetime has wrong format\. /],
    ['tags', '2000000000', /^Invalid pk "2000000000" - object does not exist\.$/],
    ['correspondent', '2000000000', /^Invalid pk "2000000000" - object does not exist\.$/],
    ['archive_serial_number', '-1', /^Ensure this value is greater than or equal to 0\.$/],
    ['archive_serial_number', '4294967296', /^Ensure this value is less than or equal to 4294967295\.$/],
    ['archive_serial_number', 'R7', /^A valid integer is required\.$/],
  ])('with %s=%s is refused at once', async (part, value, message) => {
    const [status, errors] = await refused(library, library.text('refused'), { [part]: value });
    expect([status, errors]).toEqual([400, { [part]: [expect.stringMatching(message)] }]);
  });

  test('in JSON is refused with 415', async () => {
    const answer = await library.call('/api/documents/post_document/', { method: 'POST', json: { title: 'x' } });
    expect(answer.status).toBe(415);
  });
}

function cutRequests(library: Library): void {
  test('that is cut off in its body leaves nothing: its number stays free', async () => {
    const asn = library.asn();
    await cutUpload(library, asn);
    // The queue is served in order: had the cut one been taken in, it would hold the number by now.
    expect((await library.upload({ asn })).archive_serial_number).toBe(asn);
    expect(await library.ids(`title__iexact=pngx.${library.run}.cut`)).toEqual([]);
  });
}

/** Sends an upload without the end of its file, as a guarded write does that has to stop. */
async function cutUpload(library: Library, asn: number): Promise<void> {
  const part = (name: string, value: string) => `--cut\r\nContent-Disposition: form-data; ${name}\r\n\r\n${value}`;
  const parts = [
    part('name="title"', `pngx.${library.run}.cut`),
    part('name="archive_serial_number"', String(asn)),
    part('name="document"; filename="cut.txt"', `half of ${library.run}`),
  ];
  const { hostname, port } = new URL(library.target.url);
  const socket = connect({ host: hostname, port: Number(port || 80) });
  await once(socket, 'connect');
  const head = [
    'POST /api/documents/post_document/ HTTP/1.1',
    `Host: ${hostname}:${port}`,
    `Authorization: Token ${library.target.token}`,
    'Content-Type: multipart/form-data; boundary=cut',
    'Content-Length: 100000',
  ];
  await new Promise<void>((sent) => socket.write([...head, '', ...parts].join('\r\n'), () => sent()));
  socket.destroy();
}
