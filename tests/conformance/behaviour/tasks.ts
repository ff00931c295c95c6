import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Library } from '../support/library.ts';
import { instant, taskRow } from '../support/shapes.ts';

const tenRow = z.looseObject({
  id: z.number().int(),
  task_id: z.string(),
  task_type: z.string(),
  trigger_source: z.string(),
  status: z.enum(['pending', 'started', 'success', 'failure', 'revoked']),
  date_created: instant,
  date_started: instant.nullable(),
  date_done: instant.nullable(),
  input_data: z.looseObject({ filename: z.string(), overrides: z.looseObject({}) }),
  result_data: z.looseObject({}).nullable(),
  related_document_ids: z.array(z.number().int()),
});
const tenPage = z.strictObject({
  count: z.number().int(),
  next: z.string().nullable(),
  previous: z.string().nullable(),
  results: z.array(tenRow),
});

export function taskBehaviour(library: Library): void {
  describe('the task of an upload', () => {
    rowsInVersionNine(library);
    lookups(library);
    if (library.generation === 2) return;
    rowsInVersionTen(library);
    lookupsInVersionTen(library);
  });
}

function rowsInVersionNine(library: Library): void {
  test('is visible as soon as the upload is answered', async () => {
    const taskId = await library.send({});
    const rows = z.array(taskRow).parse((await library.call(`/api/tasks/?task_id=${taskId}`)).json);
    expect(rows).toMatchObject([{ task_id: taskId, task_name: 'consume_file', acknowledged: false }]);
    await library.ended(taskId);
  });

  test('ends as SUCCESS and names the document, in a plain array in version 9', async () => {
    const file = library.text('told');
    const row = await library.ended(await library.send({ file }));
    expect(row).toMatchObject({ status: 'SUCCESS', task_file_name: file.name });
    const id = Number(row.related_document);
    expect(row.result).toBe(`Success. New document id ${id} created`);
    expect(row.related_document).toBe(library.generation === 2 ? String(id) : id);
  });
}

function lookups(library: Library): void {
  test('that nobody made is an empty array', async () => {
    const answer = await library.call(`/api/tasks/?task_id=${randomUUID()}`);
    expect([answer.status, answer.json]).toEqual([200, []]);
  });

  test('stays and goes on naming the document after that was trashed and purged: a row is no proof', async () => {
    const taskId = await library.send({});
    const row = await library.ended(taskId);
    const id = Number(row.related_document);
    await library.trash(id);
    expect((await library.trashAction('empty', [id])).status).toBe(200);
    const again = z.array(taskRow).parse((await library.call(`/api/tasks/?task_id=${taskId}`)).json);
    expect(again).toMatchObject([{ status: 'SUCCESS', related_document: row.related_document }]);
  });

  test('is found among those of one status, spelt as each generation spells it', async () => {
    const taskId = await library.send({});
    await library.ended(taskId);
    // Both generations know the name of the task in version 9, in version 10 it is task_type.
    const named = await library.call(`/api/tasks/?task_name=consume_file&task_id=${taskId}`);
    expect(z.array(taskRow).parse(named.json)).toHaveLength(1);
    const [own, other] = library.generation === 2 ? ['SUCCESS', 'success'] : ['success', 'SUCCESS'];
    const rows = z.array(taskRow).parse((await library.call(`/api/tasks/?status=${own}&task_id=${taskId}`)).json);
    expect(rows.map((row) => row.task_id)).toEqual([taskId]);
    expect((await library.call(`/api/tasks/?status=${other}`)).status).toBe(400);
  });
}

async function tenRows(library: Library, query: string) {
  return tenPage.parse((await library.call(`/api/tasks/?${query}`, { api: 10 })).json);
}

function rowsInVersionTen(library: Library): void {
  test('shows the marker title and the number in version 10, in a page', async () => {
    const [title, asn, file] = [`pngx.${library.run}.m51.a1`, library.asn(), library.text('ten')];
    const taskId = await library.send({ file, title, asn, created: '2024-03-05' });
    const row = await library.ended(taskId);
    const { count, results } = await tenRows(library, `task_id=${taskId}`);
    expect(count).toBe(1);
    expect(results[0]).toMatchObject({
      task_id: taskId,
      task_type: 'consume_file',
      trigger_source: 'api_upload',
      status: 'success',
      input_data: { filename: file.name, overrides: { title, asn, created: '2024-03-05' } },
      result_data: { document_id: row.related_document },
      related_document_ids: [row.related_document],
    });
  });

  test('shows why it failed in version 10', async () => {
    const asn = library.asn();
    await library.upload({ asn });
    const taskId = await library.send({ asn });
    await library.ended(taskId);
    const [row] = (await tenRows(library, `task_id=${taskId}`)).results;
    expect(row).toMatchObject({ status: 'failure', related_document_ids: [] });
    expect(row?.result_data?.['error_message']).toMatch(new RegExp(`Given ASN ${asn} already exists!$`));
  });
}

function lookupsInVersionTen(library: Library): void {
  test('is found by is_complete and by date_created_after in version 10', async () => {
    const taskId = await library.send({});
    const row = await library.ended(taskId);
    const found = async (query: string) =>
      (await tenRows(library, `task_type=consume_file&task_id=${taskId}&${query}`)).count;
    expect([await found('is_complete=true'), await found('is_complete=false')]).toEqual([1, 0]);
    const created = encodeURIComponent(row.date_created);
    expect([
      await found(`date_created_after=${created}`),
      await found('date_created_after=2100-01-01T00:00:00Z'),
    ]).toEqual([1, 0]);
  });

  test('that nobody made is an empty page in version 10', async () => {
    expect(await tenRows(library, `task_id=${randomUUID()}`)).toEqual({
      count: 0,
      next: null,
      previous: null,
      results: [],
    });
  });
}
