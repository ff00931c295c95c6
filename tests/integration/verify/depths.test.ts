import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RECEIPT_HEADER, receiptLine } from '../../../shared/domain/verification.ts';
import { ask } from '../../support/paperless-calls.ts';
import { Stage } from './stage.ts';

const DOCUMENTS = 12;

describe.each([
  ['v3', 'v3'],
  ['v2', 'v2'],
  ['v3', 'v2'],
  ['v2', 'v3'],
] as const)('verification of a %s master and its %s replica', (from, to) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.inStep([from, to], DOCUMENTS, {
      prepare: async (master) => {
        await ask(master, 'POST', '/api/documents/2/notes/', { note: 'paid' });
        await ask(master, 'PATCH', '/api/documents/3/', { archive_serial_number: 33, title: 'A title' });
      },
    });
  });
  afterAll(() => stage?.stop());

  it('finds every document equal at each depth, and keeps the deepest with the link', async () => {
    for (const depth of ['list', 'metadata', 'checksum', 'bytes', 'list'] as const) {
      stage.master.clearRequests();
      stage.replica.clearRequests();
      const { verification, rows } = await stage.verify(depth);
      expect(verification).toMatchObject({
        state: 'done',
        compared: DOCUMENTS,
        equal: DOCUMENTS,
        findings: 0,
        skipped: 0,
        subset: false,
        master_documents: DOCUMENTS,
        replica_documents: DOCUMENTS,
      });
      expect(rows.map((row) => [row.outcome, row.depth])).toEqual(rows.map(() => ['equal', depth]));
      const writes = [...stage.master.requests(), ...stage.replica.requests()].filter(({ method }) => method !== 'GET');
      expect(writes).toEqual([]);
    }
    const links = await stage.controller.links();
    expect(links.map((link) => link.verified_depth)).toEqual(links.map(() => 'bytes'));
    expect(links.every((link) => link.checksum_at !== null && link.bytes_at !== null)).toBe(true);
    expect(await stage.findings()).toEqual([]);
  });

  it('names in the ledger what was compared, with hashes of both sides', async () => {
    const { verification, rows } = await stage.verify('bytes');
    for (const row of rows) {
      expect(row.copy_file).toMatch(/^sha256:[0-9a-f]{64}$/);
      expect(row.master_file).toMatch(/^(sha256:[0-9a-f]{64}|md5:[0-9a-f]{32})$/);
      expect(row.master_fields).toBe(row.copy_fields);
      expect(row.master_fields).not.toBeNull();
    }
    expect(verification.bytes_read).toBeGreaterThan(0);
  });

  it('reads no file below depth bytes, and asks 3.x for nothing but pages of documents', async () => {
    stage.replica.clearRequests();
    await stage.verify('checksum');
    const paths = stage.replica.requests().map(({ path }) => path);
    expect(paths.some((path) => path.endsWith('/download/'))).toBe(false);
    if (to === 'v3') expect(paths.filter((path) => /^\/api\/documents\/\d+\//.test(path))).toEqual([]);
  });

  it('gives a digest that anybody can compute from the receipt, whatever is verified later', async () => {
    const { verification, rows } = await stage.verify('metadata');
    await stage.verify('checksum');
    const text = RECEIPT_HEADER + rows.map(receiptLine).join('');
    expect(createHash('sha256').update(text).digest('hex')).toBe(verification.digest);
  });

  it('verifies a single document, and no other', async () => {
    const { verification, rows } = await stage.verify('bytes', { scope: 'document', masterDocId: 3 });
    expect(rows.map((row) => row.master_doc_id)).toEqual([3]);
    expect(verification).toMatchObject({ compared: 1, equal: 1 });
  });

  it('forgets what it verified as soon as the document changes', async () => {
    await ask(stage.master, 'PATCH', '/api/documents/5/', { title: 'Changed' });
    await stage.master.idle();
    await stage.cycle();
    const link = (await stage.controller.links()).find((one) => one.master_doc_id === 5);
    expect(link).toMatchObject({ verified_at: null, verified_depth: null, checksum_at: null });
    expect(link?.bytes_at).not.toBeNull();
  });
});
