import { describe, expect, it } from 'vitest';
import { isConsumeTask, toConsumeTask } from '../../../shared/paperless/task-mapper.ts';
import * as wire from '../../../shared/paperless/wire.ts';

const NOW = new Date('2026-01-01T10:00:10Z');
const V2 = {
  id: 5,
  task_id: 'u',
  task_name: 'consume_file',
  task_file_name: 'scan.pdf',
  date_created: '2026-01-01T10:00:00.5Z',
  date_done: '2026-01-01T10:00:05Z',
  type: 'auto_task',
  status: 'SUCCESS',
  result: 'Success. New document id 12 created',
  acknowledged: false,
  related_document: '12',
  owner: 2,
};
const V3 = {
  id: 5,
  task_id: 'u',
  task_type: 'consume_file',
  trigger_source: 'api_upload',
  status: 'success',
  date_created: '2026-01-01T10:00:00Z',
  date_started: '2026-01-01T10:00:01Z',
  date_done: '2026-01-01T10:00:05Z',
  input_data: {
    filename: 'scan.pdf',
    mime_type: 'text/plain',
    overrides: { title: 'pngx.abc.m1.a1', asn: 2000000001 },
  },
  result_data: { document_id: 12 },
  related_document_ids: [12],
  acknowledged: false,
  owner: 2,
};
const map = (row: unknown, now = NOW) => toConsumeTask(wire.taskRow.parse(row), now);
const failed = (result: string, related: string | number | null = null) =>
  map({ ...V2, status: 'FAILURE', result, related_document: related });

describe('a task row', () => {
  it('of v2 names its document as text', () => {
    expect(map(V2)).toEqual({
      taskId: 'u',
      state: 'success',
      fileName: 'scan.pdf',
      documentId: 12,
      duplicateOf: null,
      duplicateInTrash: false,
      text: 'Success. New document id 12 created',
      created: '2026-01-01T10:00:00.5Z',
      started: null,
      done: '2026-01-01T10:00:05Z',
      overrides: null,
    });
  });

  it('of v3 names its document as a number and shows what was posted', () => {
    expect(map(V3)).toMatchObject({
      state: 'success',
      documentId: 12,
      started: '2026-01-01T10:00:01Z',
      overrides: { title: 'pngx.abc.m1.a1', asn: 2000000001 },
    });
  });

  it('of v3 in API 9 is read too', () => {
    expect(map({ ...V2, type: 'manual_task', related_document: 12, duplicate_documents: [] }).documentId).toBe(12);
  });

  it('that split a file is a success without a document', () => {
    expect(map({ ...V2, result: 'Barcode splitting complete!', related_document: null })).toMatchObject({
      state: 'success',
      documentId: null,
    });
    expect(map({ ...V3, result_data: { reason: 'Barcode splitting complete!' } })).toMatchObject({
      documentId: null,
      text: 'Barcode splitting complete!',
    });
  });

  for (const [text, n, trashed] of [
    ['a.txt: Not consuming a.txt: It is a duplicate of Holder (#7).', 7, false],
    ['a.txt: Not consuming a.txt: It is a duplicate of Holder (#7). Note: existing document is in the trash.', 7, true],
    ['a.txt: Not consuming a.txt: It is a duplicate of Bill (#99). (#7).', 7, false],
    ['a.txt: Not consuming a.txt: It is a duplicate of two\nlines (#7).', 7, false],
    ['Not consuming: It is a duplicate of document #7', 7, false],
    ['a.txt: Not consuming a.txt: Given ASN 500 already exists! Note: existing document is in the trash.', null, false],
    ['It is a duplicate of x (#3).txt: Unsupported mime type text/html', null, false],
  ] as const)
    it(`"${text}" names ${n}`, () => {
      expect(failed(text)).toMatchObject({ state: 'failure', duplicateOf: n, duplicateInTrash: trashed, text });
    });

  it('of v3 tells a duplicate in its data', () => {
    const row = {
      ...V3,
      status: 'failure',
      result_data: { duplicate_of: 9, duplicate_in_trash: true },
      related_document_ids: [9],
    };
    expect(map(row)).toMatchObject({ state: 'failure', documentId: null, duplicateOf: 9, duplicateInTrash: true });
  });

  it('of v3 that failed tells the reason', () => {
    const row = {
      ...V3,
      status: 'failure',
      result_data: { error_type: 'ConsumerError', error_message: 'x: Given ASN 1 already exists!', traceback: 't' },
    };
    expect(map(row).text).toBe('x: Given ASN 1 already exists!');
  });

  it('with a memory address for a text is not final yet, until it stays so', () => {
    const row = { ...V2, status: 'FAILURE', result: '<traceback object at 0x7f12>', related_document: null };
    expect(map(row)).toMatchObject({ state: 'started', text: null });
    expect(map(row, new Date('2026-01-01T10:05:00Z'))).toMatchObject({ state: 'failure', text: null });
  });

  it('in any other state is told as it is', () => {
    const states = ['PENDING', 'STARTED', 'REVOKED', 'RETRY', 'SOMETHING'].map(
      (status) => map({ ...V2, status, result: null, related_document: null, date_done: null }).state,
    );
    expect(states).toEqual(['pending', 'started', 'revoked', 'pending', 'other']);
  });

  it('of another kind of work is no consume task', () => {
    expect(isConsumeTask(wire.taskRow.parse({ ...V2, task_name: 'check_sanity' }))).toBe(false);
    expect(
      isConsumeTask(wire.taskRow.parse({ ...V3, task_type: 'bulk_update', input_data: null, result_data: null })),
    ).toBe(false);
  });
});
