import { readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { ask } from '../../support/paperless-calls.ts';
import type { Simulator } from '../../support/simulator.ts';
import { Stage } from './stage.ts';

const PDF = new URL('../../recordings/files/alpha.pdf', import.meta.url);

/** The fourth document is one whose pages can be turned. */
async function uploadPdf(master: Simulator): Promise<void> {
  const body = new FormData();
  body.append('document', new Blob([await readFile(PDF)], { type: 'application/pdf' }), 'alpha.pdf');
  await ask(master, 'POST', '/api/documents/post_document/', body);
}

describe('a copy whose file was altered on the replica', () => {
  let stage: Stage;
  afterEach(() => stage?.stop());

  const copyOf = (masterId: number) => stage.copyOf(masterId);
  const rotateCopy = async () => {
    const documents = [await copyOf(4)];
    await stage.ask('POST', '/api/documents/bulk_edit/', { documents, method: 'rotate', parameters: { degrees: 90 } });
    await stage.replica.idle();
  };
  const onlyFourthDiffers = async (depth: 'metadata' | 'checksum' | 'bytes') => {
    const { rows } = await stage.verify(depth);
    expect(rows.filter((row) => row.outcome === 'different').map((row) => row.master_doc_id)).toEqual([4]);
    return stage.finding('file_differs');
  };
  const equalAgain = async () => {
    expect((await stage.verify('bytes')).verification).toMatchObject({ compared: 4, equal: 4 });
    expect(await compareInstances({ master: stage.master, replica: stage.replica })).toMatchObject({ equal: true });
  };

  it('3.x keeps it as a new version: found by the list of versions, and taken away again', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3, { prepare: uploadPdf });
    const body = new FormData();
    body.append('document', new Blob(['not the same\n'], { type: 'text/plain' }), 'other.txt');
    await stage.ask('POST', `/api/documents/${await copyOf(4)}/update_version/`, body);
    await stage.replica.idle();
    const found = await onlyFourthDiffers('metadata');
    expect(found.fields.map(({ field }) => field)).toEqual(['file']);
    expect(await stage.settled(found.id)).toMatchObject({ state: 'repaired', reason: null });
    await equalAgain();
  });

  it('2.20 changes it in place: found by its checksum, and named as what cannot be put back there', async () => {
    stage = await Stage.inStep(['v2', 'v2'], 3, { prepare: uploadPdf });
    await rotateCopy();
    expect((await stage.verify('metadata')).verification).toMatchObject({ equal: 4 });
    const found = await onlyFourthDiffers('checksum');
    const settled = await stage.settled(found.id);
    expect(settled).toMatchObject({ state: 'open', depth: 'checksum' });
    expect(settled.reason).toContain('replace_files_on_v2');
    const link = (await stage.controller.links()).find((one) => one.master_doc_id === 4);
    expect(link).toMatchObject({ verified_at: null, bytes_at: null, phase: 'blocked' });
  });

  it('2.20 gets the file anew where its replica allows that', async () => {
    stage = await Stage.inStep(['v3', 'v2'], 3, { prepare: uploadPdf });
    await stage.controller.db.updateTable('replicas').set({ replace_files_on_v2: true }).execute();
    await rotateCopy();
    const found = await onlyFourthDiffers('checksum');
    expect(await stage.settled(found.id)).toMatchObject({ state: 'repaired', reason: null });
    await equalAgain();
  });

  it('is found by its bytes alone where somebody exchanged the file behind the back of the replica', async () => {
    stage = await Stage.inStep(['v2', 'v3'], 3, { prepare: uploadPdf });
    const row = stage.replica.store.documents.get(await copyOf(4));
    if (!row) throw new Error('the copy is not there');
    row.file = stage.replica.store.blobs.put(Buffer.from('exchanged'));
    expect((await stage.verify('checksum')).verification).toMatchObject({ equal: 4 });
    const { rows } = await stage.verify('bytes');
    expect(rows.filter((one) => one.outcome === 'different').map((one) => one.master_doc_id)).toEqual([4]);
    expect(await stage.finding('file_damaged')).toMatchObject({ depth: 'bytes', state: 'open' });
  });

  it("names the master's file where that is the damaged one", async () => {
    stage = await Stage.inStep(['v2', 'v3'], 3, { prepare: uploadPdf });
    stage.master.setFault('alter-download', { match: { pathPrefix: '/api/documents/4/download/' } });
    await stage.verify('bytes');
    const found = await stage.finding('file_damaged');
    expect(found.message).toContain('master');
    expect(found.hint).toContain('sanity checker');
  });
});
