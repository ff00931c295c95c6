/** Replicas that take an upload or a value otherwise than it was sent, and master documents that move while they are read. */
import { afterEach, describe, expect, it } from 'vitest';
import type { DocumentRow } from '../../../services/simulator/state/model.ts';
import { addDocument, addSelectField, editDocument, rewriteAfterSave } from './library.ts';
import { expectUnwritten, live, posts, Stage, writes } from './stage.ts';

const RESERVED = 2_000_000_000;
let stage: Stage;
afterEach(() => stage.close());

const copyOf = async (id: number): Promise<DocumentRow | undefined> =>
  stage.copy.store.documents.get((await stage.link(id)).replica_doc_id ?? 0);

describe.each(['v2', 'v3'] as const)('archive serial numbers on a %s replica', (replica) => {
  it('of a master document that a foreign document holds stay empty, are named, and are set once they are free', async () => {
    stage = await Stage.open({ replica, documents: [{ asn: 7 }] });
    const foreign = addDocument(stage.copy, { asn: 7, text: 'foreign' });
    await stage.cycle();
    expect(await stage.link(1)).toMatchObject({ status: 'pending', phase: 'linking', error_code: 'asn_taken' });
    expect((await copyOf(1))?.archiveSerialNumber).toBeNull();
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
    editDocument(stage.copy, foreign, { archiveSerialNumber: null });
    await stage.heal();
    expect((await copyOf(1))?.archiveSerialNumber).toBe(7);
    expect(posts(stage.copy)).toHaveLength(1);
    expectUnwritten(stage.master);
  });

  it('of a master document that a trashed document holds are reported, the rest is carried', async () => {
    stage = await Stage.open({ replica, documents: [{ asn: 7, title: 'Carried all the same' }] });
    const foreign = addDocument(stage.copy, { asn: 7, text: 'foreign' });
    editDocument(stage.copy, foreign, { deletedAt: stage.copy.store.clock.now(), deletion: 1 });
    expect((await stage.cycle()).outcome).toBe('partial');
    expect(await stage.link(1)).toMatchObject({ status: 'error', phase: 'failed', error_code: 'field_rejected' });
    expect(await copyOf(1)).toMatchObject({ archiveSerialNumber: null, title: 'Carried all the same' });
    stage.copy.store.removeDocument(stage.copy.store.documents.get(foreign) as DocumentRow);
    await stage.heal();
    await stage.expectEqual();
  });

  it.each(['live', 'in the trash'])(
    'that are reserved for an upload and held by a foreign document (%s): nothing is overwritten, adopted or sent again',
    async (where) => {
      stage = await Stage.open({ replica, documents: [{}] });
      await stage.heal();
      const id = stage.add();
      const foreign = addDocument(stage.copy, { asn: RESERVED + id, text: 'foreign' });
      if (where === 'in the trash')
        editDocument(stage.copy, foreign, { deletedAt: stage.copy.store.clock.now(), deletion: 1 });
      stage.copy.clearRequests();
      await stage.cycle();
      await stage.cycle();
      expect(await stage.link(id)).toMatchObject({
        status: 'error',
        phase: 'failed',
        error_code: 'asn_refused',
        replica_doc_id: null,
      });
      expect(stage.copy.store.documents.get(foreign)).toMatchObject({
        archiveSerialNumber: RESERVED + id,
        title: `Letter ${foreign}`,
        deletedAt: where === 'live' ? null : expect.any(Number),
      });
      expect(posts(stage.copy).length).toBeLessThanOrEqual(1);
      expect(writes(stage.copy).filter(({ method }) => method === 'PATCH' || method === 'DELETE')).toEqual([]);
      stage.copy.store.removeDocument(stage.copy.store.documents.get(foreign) as DocumentRow);
      stage.edit(id);
      await stage.heal();
      await stage.expectEqual('copy', { surplusPosts: posts(stage.copy).length - 1 });
    },
  );
});

describe('what a replica makes of an upload', () => {
  it('other bytes than were sent: never green, uploads to it wait for a person, other changes go on', async () => {
    stage = await Stage.open();
    await stage.heal();
    const [first, second] = [stage.add(), stage.add()];
    stage.copy.setFault('alter-bytes', { times: 1 });
    await stage.cycle();
    const altered = (await stage.link(first)).error_code === 'altered_by_replica' ? first : second;
    expect(await stage.link(altered)).toMatchObject({
      status: 'error',
      phase: 'blocked',
      error_code: 'altered_by_replica',
    });
    expect((await stage.controller.replica('copy')).uploads_held).not.toBeNull();
    stage.copy.clearRequests();
    const later = stage.add();
    stage.edit(1, 'Edited while uploads are held');
    await stage.cycle();
    expect(await stage.link(later)).toMatchObject({ status: 'pending', error_code: 'uploads_held' });
    expect(await stage.link(1)).toMatchObject({ status: 'ok' });
    expect(posts(stage.copy)).toEqual([]);
    expectUnwritten(stage.master);
  });

  it.each(['v2', 'v3'] as const)(
    'a barcode ASN in place of ours (%s): the fence is off, loudly; the copy is taken by its identity and ends equal',
    async (replica) => {
      stage = await Stage.open({ replica });
      await stage.heal();
      const id = stage.add();
      stage.copy.setFault('asn-barcode', { value: 777, times: 1 });
      await stage.heal();
      expect(await stage.controller.replica('copy')).toMatchObject({ asn_fence: false });
      expect(stage.logged('fence_off')).toBe(1);
      expect((await copyOf(id))?.archiveSerialNumber).toBe(100 + id);
      await stage.expectEqual();
    },
  );

  it('a workflow that rewrites a field after every save: named, not chased for ever, all else is carried', async () => {
    stage = await Stage.open({ documents: [{}] });
    await stage.heal();
    const stopWorkflow = rewriteAfterSave(stage.copy, { title: 'What the workflow wants' });
    editDocument(stage.master, 1, { title: 'What the master has', created: '1999-12-31' });
    stage.copy.clearRequests();
    expect((await stage.cycle()).outcome).toBe('partial');
    expect(await stage.link(1)).toMatchObject({
      status: 'error',
      phase: 'failed',
      error_code: 'rewritten_by_replica',
      retry_count: 1,
    });
    expect(writes(stage.copy)).toHaveLength(3);
    expect((await copyOf(1))?.created).toBe('1999-12-31');
    stopWorkflow();
    await stage.heal();
    await stage.expectEqual();
  });

  it('a select field of its own that lacks an option and cannot be changed: the field stays empty and is reported, all else is carried', async () => {
    stage = await Stage.open({ documents: [] });
    const field = addSelectField(stage.master, 'Shelf', [
      ['north', 'North'],
      ['south', 'South'],
    ]);
    addSelectField(stage.copy, 'Shelf', [['other-id', 'North']]);
    stage.copy.setFault('forbidden', { match: { method: 'PATCH', pathPrefix: '/api/custom_fields/' } });
    const north = stage.add({
      title: 'On the north shelf',
      customFields: [{ id: 1, field, columns: { select: 'north' } }],
    });
    const south = stage.add({
      title: 'On the south shelf',
      customFields: [{ id: 2, field, columns: { select: 'south' } }],
    });
    expect((await stage.cycle()).outcome).toBe('partial');
    expect(await stage.link(north)).toMatchObject({ status: 'ok' });
    expect((await copyOf(north))?.customFields[0]?.columns).toMatchObject({ select: 'other-id' });
    expect(await stage.link(south)).toMatchObject({ status: 'error', phase: 'failed', error_code: 'field_rejected' });
    expect((await stage.link(south)).error_msg).toMatch(/Shelf/);
    expect((await copyOf(south))?.title).toBe('On the south shelf');
    const shelf = [...stage.copy.store.customFields.values()][0];
    if (shelf)
      stage.copy.store.customFields.save(
        Object.assign(shelf, {
          extraData: {
            select_options: [
              { id: 'other-id', label: 'North' },
              { id: 'new-id', label: 'South' },
            ],
          },
        }),
      );
    await stage.heal();
    expect((await copyOf(south))?.customFields[0]?.columns).toMatchObject({ select: 'new-id' });
    expectUnwritten(stage.master);
  });
});

describe.each(['v2', 'v3'] as const)('a document of a %s master that moves while it is read', (master) => {
  const onceBefore = (path: RegExp, change: () => void) => {
    let left = 1;
    return {
      onRequest: (event: { target: number; path: string }) =>
        void (event.target === 0 && path.test(event.path) && left-- > 0 && change()),
    };
  };

  it('deleted between list and download: it rests as gone, and nothing unfinished of it stays on the replica', async () => {
    const seen = onceBefore(/^\/api\/documents\/\{id\}\/$/, () =>
      editDocument(stage.master, 1, { deletedAt: stage.master.store.clock.now(), deletion: 1 }),
    );
    stage = await Stage.open({ master, documents: [{}, {}], ...seen });
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(await stage.link(1)).toMatchObject({ phase: 'gone', status: 'ok', error_code: 'deleted_on_master' });
    // 3.x still sends the file of a document in the trash: then it is a copy of what was deleted later, and it is kept.
    const left = live(stage.copy).filter(({ originalFileName }) => originalFileName === 'letter-1.txt');
    expect(left.length).toBeLessThanOrEqual(master === 'v3' ? 1 : 0);
    expect(
      live(stage.copy).filter(
        ({ title, archiveSerialNumber }) => title.startsWith('pngx.') || (archiveSerialNumber ?? 0) >= RESERVED,
      ),
    ).toEqual([]);
    expect(await stage.link(2)).toMatchObject({ status: 'ok' });
    expectUnwritten(stage.master);
    stage.copy.clearRequests();
    expect((await stage.cycle()).outcome).toBe('ok');
    expectUnwritten(stage.copy);
  });

  it('replaced between metadata and download: what is stored is one whole file, the newest', async () => {
    stage = await Stage.open({ master, documents: [{}] });
    stage.master.setFault('change-before-download', { times: 1 });
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(posts(stage.copy)).toHaveLength(1);
    expect(live(stage.copy)).toHaveLength(1);
    expect(await stage.link(1)).toMatchObject({ phase: 'ok', status: 'ok', retry_count: 0 });
    await stage.expectEqual();
  });

  it('whose stored file is damaged: never sent, an attempt used, the others go on', async () => {
    stage = await Stage.open({ master, documents: [{}, {}] });
    stage.master.setFault('alter-download', { match: { pathPrefix: '/api/documents/1/' } });
    expect((await stage.cycle()).outcome).toBe('partial');
    expect(await stage.link(1)).toMatchObject({
      phase: 'failed',
      status: 'error',
      error_code: 'master_file_mismatch',
      retry_count: 1,
      replica_doc_id: null,
    });
    expect(await stage.link(2)).toMatchObject({ status: 'ok' });
    expect(posts(stage.copy)).toHaveLength(1);
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
    stage.master.clearFaults();
    await stage.heal();
    await stage.expectEqual();
  });
});
