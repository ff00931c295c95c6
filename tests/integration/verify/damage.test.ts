import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import type { FindingKind } from '../../../shared/domain/verification.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import type { Simulator } from '../../support/simulator.ts';
import { Stage } from './stage.ts';

/** Documents that nobody damages lie between those that somebody does. */
const DOCUMENTS = 14;

async function furnish(master: Simulator): Promise<void> {
  await ask(master, 'POST', '/api/tags/', { name: 'Urgent', owner: null });
  const field = (await ask(master, 'POST', '/api/custom_fields/', { name: 'See', data_type: 'documentlink' })) as {
    id: number;
  };
  await ask(master, 'PATCH', '/api/documents/4/', { tags: [1] });
  await ask(master, 'PATCH', '/api/documents/5/', { custom_fields: [{ field: field.id, value: [6] }] });
  await ask(master, 'POST', '/api/documents/7/notes/', { note: 'the first' });
  await ask(master, 'POST', '/api/documents/7/notes/', { note: 'the second' });
}

describe.each([
  ['v3', 'v3'],
  ['v2', 'v2'],
] as const)('a damaged copy (%s master, %s replica)', (from, to) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.inStep([from, to], DOCUMENTS, { prepare: furnish });
  });
  afterAll(() => stage?.stop());

  const copyOf = (masterId: number) => stage.copyOf(masterId);
  const patchCopy = async (masterId: number, body: Record<string, unknown>): Promise<void> => {
    await stage.ask('PATCH', `/api/documents/${await copyOf(masterId)}/`, body);
    await stage.replica.idle();
  };
  const equalAgain = async (): Promise<void> => {
    expect((await stage.verify('bytes')).verification).toMatchObject({ compared: DOCUMENTS, equal: DOCUMENTS });
    const { master, replica } = stage;
    const comparison = await compareInstances({ master, replica });
    expect(comparison).toMatchObject({ equal: true, missing: [], extra: [], doubled: [], markers: [] });
  };
  /** Found by its name, put right by a cycle that nobody asked for, and verified again as deep. */
  const foundAndRepaired = async (kind: FindingKind, masterId: number, fields?: readonly string[]) => {
    const { verification, rows } = await stage.verify('checksum');
    expect(rows.filter((row) => row.outcome === 'different').map((row) => row.master_doc_id)).toEqual([masterId]);
    const found = (await stage.findings()).filter((one) => one.verification_id === verification.id);
    expect(found.map((one) => [one.kind, one.master_doc_id])).toEqual([[kind, masterId]]);
    if (fields) expect(found[0]?.fields.map(({ field }) => field)).toEqual(fields);
    const settled = await stage.settled(found[0]?.id ?? 0);
    expect([settled.state, settled.reason]).toEqual(['repaired', null]);
    expect(settled.verified_again_by).toBeGreaterThan(verification.id);
    await equalAgain();
  };

  it('is found and comes back when it is in the trash', async () => {
    await stage.ask('DELETE', `/api/documents/${await copyOf(2)}/`);
    await foundAndRepaired('missing', 2);
  });

  it('is found and uploaded again when it was purged', async () => {
    const id = await copyOf(3);
    await stage.ask('DELETE', `/api/documents/${id}/`);
    await stage.ask('POST', '/api/trash/', { action: 'empty', documents: [id] });
    await foundAndRepaired('missing', 3);
    expect(await copyOf(3)).not.toBe(id);
  });

  it('is found and mended when its title, text and date were altered', async () => {
    await patchCopy(4, { title: 'Somebody else', content: 'other words', created: '1999-01-01' });
    await foundAndRepaired('field_differs', 4, ['title', 'content', 'created']);
    const [finding] = (await stage.findings()).filter((one) => one.kind === 'field_differs');
    const shown = JSON.stringify(finding?.fields);
    expect(shown).toContain('Somebody else');
    // E8: of the text only its length and a hash are kept.
    expect(shown).not.toContain('other words');
  });

  it('is found and mended when a tag was taken off', async () => {
    await patchCopy(4, { tags: [] });
    await foundAndRepaired('field_differs', 4, ['tags']);
  });

  it('is found and mended when its link to another document was removed', async () => {
    const copy = (await stage.ask('GET', `/api/documents/${await copyOf(5)}/`)) as {
      custom_fields: { field: number }[];
    };
    await patchCopy(5, { custom_fields: copy.custom_fields.map(({ field }) => ({ field, value: [] })) });
    const { rows } = await stage.verify('metadata');
    // paperless keeps links both ways, so the other end lost its own.
    expect(rows.filter((row) => row.outcome === 'different').map((row) => row.master_doc_id)).toContain(5);
    expect((await stage.findings()).some((one) => one.kind === 'link_differs')).toBe(true);
    await stage.allSettled();
    await equalAgain();
  });

  it('is found and mended when its owner is another', async () => {
    const eve = (await stage.ask('POST', '/api/users/', { username: 'eve', password: 'long-enough-1' })) as {
      id: number;
    };
    await patchCopy(6, { owner: eve.id });
    await foundAndRepaired('wrong_owner', 6, ['owner']);
  });

  it('is found and mended when a note was lost', async () => {
    const id = await copyOf(7);
    const notes = (await stage.ask('GET', `/api/documents/${id}/notes/`)) as { id: number }[];
    await stage.ask('DELETE', `/api/documents/${id}/notes/?id=${notes[0]?.id}`);
    await foundAndRepaired('note_lost', 7, ['notes']);
  });

  it('keeps a note that a user of the replica wrote, and lists it', async () => {
    const id = await copyOf(8);
    await stage.ask('POST', `/api/documents/${id}/notes/`, { note: 'mine' });
    const { verification } = await stage.verify('metadata');
    expect(verification).toMatchObject({ equal: DOCUMENTS, findings: 1 });
    expect(await stage.finding('note_added')).toMatchObject({ master_doc_id: 8, state: 'open' });
    await stage.cycle();
    expect(await stage.ask('GET', `/api/documents/${id}/notes/`)).toHaveLength(1);
  });

  it('is named when its bytes rotted on disk: found by reading them, and by nothing less', async () => {
    const id = await copyOf(9);
    stage.replica.setFault('alter-download', { match: { pathPrefix: `/api/documents/${id}/download/` } });
    expect((await stage.verify('checksum')).verification).toMatchObject({ equal: DOCUMENTS });
    const { rows } = await stage.verify('bytes');
    expect(rows.filter((row) => row.outcome === 'different').map((row) => row.master_doc_id)).toEqual([9]);
    const found = await stage.finding('file_damaged');
    expect(found).toMatchObject({ master_doc_id: 9, depth: 'bytes', state: 'open' });
    expect(found.hint).toContain('backup');
    const link = (await stage.controller.links()).find((one) => one.master_doc_id === 9);
    expect(link).toMatchObject({ verified_at: null, verified_depth: null, bytes_at: null });
    stage.replica.clearFaults();
    await stage.verify('bytes');
    expect(await stage.finding('file_damaged')).toMatchObject({ state: 'repaired' });
  });

  it('is named when its file is gone from the disk', async () => {
    const id = await copyOf(10);
    stage.replica.setFault('file-missing', { match: { pathPrefix: `/api/documents/${id}/download/` } });
    await stage.verify('bytes', { scope: 'document', masterDocId: 10 });
    stage.replica.clearFaults();
    const [found] = (await stage.findings()).filter((one) => one.kind === 'file_damaged' && one.state === 'open');
    expect(found).toMatchObject({ master_doc_id: 10 });
    expect(found?.fields[0]).toMatchObject({ copyHash: null });
    await stage.verify('bytes', { scope: 'document', masterDocId: 10 });
  });

  it('is found when it is a second copy that bears our mark, and trashed where it is provably ours', async () => {
    // A 2.20 replica refuses the same bytes twice; other bytes under our mark prove nothing, so they stay.
    const name = to === 'v3' ? 'doc-11' : 'under our mark';
    await uploadText(stage.replica, name, { title: 'pngx.c0ffee00.m11.a1', archive_serial_number: 2_000_000_011 });
    await stage.replica.idle();
    const [surplus] = stage.replica.store.documents.filter((row) => row.archiveSerialNumber === 2_000_000_011);
    await stage.verify('list');
    const found = await stage.finding('twin');
    expect(found).toMatchObject({ master_doc_id: 11, replica_doc_id: surplus?.id, link_id: null });
    const settled = await stage.settled(found.id);
    expect([settled.state, surplus?.deletedAt !== null]).toEqual(to === 'v3' ? ['repaired', true] : ['open', false]);
    if (to === 'v2') {
      expect(settled.reason).toContain('could not be proven');
      await stage.ask('DELETE', `/api/documents/${surplus?.id}/`);
    }
  });

  it('leaves a document of the replica alone, and names it', async () => {
    await uploadText(stage.replica, 'private matters');
    await stage.replica.idle();
    const { verification } = await stage.verify('list');
    const foreign = await stage.finding('foreign');
    expect(foreign).toMatchObject({ state: 'open', link_id: null, last_verification_id: verification.id });
    expect(foreign.message).toContain('private matters');
    stage.replica.clearRequests();
    await stage.cycle();
    const id = foreign.replica_doc_id ?? 0;
    const writes = stage.replica.requests().filter(({ method }) => method !== 'GET');
    expect(writes.filter(({ path }) => path.includes(`/${id}/`))).toEqual([]);
    await stage.ask('DELETE', `/api/documents/${id}/`);
    await stage.verify('list');
    expect(await stage.finding('foreign')).toMatchObject({ state: 'repaired' });
  });
});
