import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { decideConflict } from '../../../shared/db/conflicts.repo.ts';
import { keepMaster } from '../../../shared/replication/keep-master.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';

const DOCUMENTS = 30;

for (const [from, to] of [
  ['v3', 'v3'],
  ['v2', 'v2'],
] as const)
  describe(`a sweep, ${from} master and ${to} replica`, () => {
    let master: Simulator;
    let replica: Simulator;
    let controller: Controller;

    beforeAll(async () => {
      master = await simulator(from);
      replica = await simulator(to);
      for (const name of ['Red', 'Blue']) await ask(master, 'POST', '/api/tags/', { name, owner: null });
      for (let n = 1; n <= DOCUMENTS; n += 1) await uploadText(master, `doc-${n}`, { tags: n % 2 === 0 ? 1 : 2 });
      await master.idle();
      controller = await Controller.start({ master, replicas: { copy: replica } });
      expect((await controller.cycle()).outcome).toBe('ok');
    });
    afterAll(async () => {
      await controller?.stop();
      await master?.stop();
      await replica?.stop();
    });

    const clear = () => {
      master.clearRequests();
      replica.clearRequests();
    };
    const writes = () => replica.requests().filter((request) => request.method !== 'GET');
    const copyOf = async (masterId: number) => {
      const link = (await controller.links()).find((one) => one.master_doc_id === masterId);
      return link?.replica_doc_id ?? 0;
    };
    const sweepEndsEqual = async () => {
      expect((await controller.sweep()).outcome).toBe('ok');
      expect(await compareInstances({ master, replica })).toMatchObject({ equal: true });
    };

    it('of equal libraries writes nothing, looks at no document by itself and reads each side by the hundred', async () => {
      clear();
      await sweepEndsEqual();
      const { last_sweep_at: swept, sweep_position: position } = await controller.replica('copy');
      expect(swept).not.toBeNull();
      expect(position).toBeNull();
      clear();
      await controller.sweep();
      expect(writes()).toEqual([]);
      for (const side of [master, replica]) {
        expect(side.requests().filter((request) => /^\/api\/documents\/\d/.test(request.path))).toEqual([]);
        expect(side.requests().length).toBeLessThanOrEqual(DOCUMENTS / 100 + 50);
      }
    });

    it('finds what a cycle cannot: a deleted tag takes no document along in "modified"', async () => {
      await ask(master, 'DELETE', '/api/tags/1/');
      await master.idle();
      await controller.cycle();
      expect(await compareInstances({ master, replica })).toMatchObject({ equal: false });
      await sweepEndsEqual();
    });

    it('goes on where a run that ended too early had left it', async () => {
      const id = await copyOf(5);
      await ask(replica, 'PATCH', `/api/documents/${id}/`, { title: 'somebody was here' });
      await controller.db.updateTable('replicas').set({ sweep_position: 2 }).execute();
      await controller.cycle();
      expect(await compareInstances({ master, replica })).toMatchObject({ equal: true });
      expect((await controller.replica('copy')).sweep_position).toBeNull();
    });

    it('finds a field that somebody edited on the replica, keeps before and after, and lets the master win', async () => {
      const id = await copyOf(7);
      await ask(replica, 'PATCH', `/api/documents/${id}/`, { title: 'mine', content: 'my secret words' });
      await sweepEndsEqual();
      const found = await controller.db
        .selectFrom('conflicts')
        .selectAll()
        .where('master_doc_id', '=', 7)
        .orderBy('field')
        .execute();
      expect(found.map(({ field, state }) => [field, state])).toEqual([
        ['content', 'overwritten'],
        ['title', 'overwritten'],
      ]);
      expect(found[1]?.shown).toEqual({ master: 'doc-7', replica: 'mine' });
      expect(JSON.stringify(found)).not.toContain('secret');
    });

    it('brings back what was moved to the trash of the replica, without an upload', async () => {
      const id = await copyOf(9);
      await ask(replica, 'DELETE', `/api/documents/${id}/`);
      clear();
      await sweepEndsEqual();
      expect(await copyOf(9)).toBe(id);
      expect(writes().some((request) => request.path.includes('post_document'))).toBe(false);
    });

    it('uploads anew what was purged on the replica', async () => {
      const id = await copyOf(11);
      await ask(replica, 'DELETE', `/api/documents/${id}/`);
      await ask(replica, 'POST', '/api/trash/', { action: 'empty', documents: [id] });
      await sweepEndsEqual();
      expect(await copyOf(11)).not.toBe(id);
    });

    it('follows a deleted note and posts a lost one again', async () => {
      const notes = (await ask(master, 'POST', '/api/documents/13/notes/', { note: 'one' })) as { id: number }[];
      await ask(master, 'POST', '/api/documents/13/notes/', { note: 'two' });
      await controller.cycle();
      expect(await compareInstances({ master, replica })).toMatchObject({ equal: true });
      const id = await copyOf(13);
      const copies = (await ask(replica, 'GET', `/api/documents/${id}/notes/`)) as { id: number; note: string }[];
      const lost = copies.find((note) => note.note.endsWith('two'));
      await ask(replica, 'DELETE', `/api/documents/${id}/notes/?id=${lost?.id}`);
      await ask(master, 'DELETE', `/api/documents/13/notes/?id=${notes[0]?.id}`);
      await sweepEndsEqual();
      const after = (await ask(replica, 'GET', `/api/documents/${id}/notes/`)) as { note: string }[];
      expect(after.map((note) => note.note.split('\n')[1])).toEqual(['two']);
    });
  });

describe('edits on a replica where a person decides', () => {
  let master: Simulator;
  let replica: Simulator;
  let controller: Controller;

  beforeAll(async () => {
    master = await simulator('v3');
    replica = await simulator('v3');
    for (let n = 1; n <= 3; n += 1) await uploadText(master, `doc-${n}`);
    await master.idle();
    controller = await Controller.start({ master, replicas: { copy: replica } });
    await controller.cycle();
    await controller.db.updateTable('replicas').set({ conflict_policy: 'person' }).execute();
  });
  afterAll(async () => {
    await controller?.stop();
    await master?.stop();
    await replica?.stop();
  });

  const link = async (id = 1) => (await controller.links()).find((one) => one.master_doc_id === id);
  // Uploads end in any order, and the replica numbers them as they come.
  const copy = async (id = 1) => `/api/documents/${(await link(id))?.replica_doc_id}/`;
  const edit = async (title: string) => ask(replica, 'PATCH', await copy(), { title });
  const title = async () => ((await ask(replica, 'GET', await copy())) as { title: string }).title;
  const conflict = () =>
    controller.db.selectFrom('conflicts').selectAll().orderBy('id', 'desc').executeTakeFirstOrThrow();

  it('stay as they are and are not green, while all other fields follow the master', async () => {
    await edit('mine');
    await ask(master, 'PATCH', '/api/documents/1/', { created: '1999-01-02' });
    await controller.sweep();
    expect(await title()).toBe('mine');
    expect(await ask(replica, 'GET', await copy())).toMatchObject({ created: '1999-01-02' });
    expect(await link()).toMatchObject({ status: 'error', phase: 'blocked', error_code: 'conflict_open' });
    expect(await conflict()).toMatchObject({ field: 'title', state: 'open' });
  });

  it('are kept on a word, and the next sweep leaves them alone', async () => {
    await decideConflict(controller.db, (await conflict()).id, 'keep_replica');
    await controller.cycle();
    expect(await title()).toBe('mine');
    expect(await link()).toMatchObject({ status: 'ok', phase: 'ok' });
    const path = await copy();
    replica.clearRequests();
    await controller.sweep();
    expect(replica.requests().filter((request) => request.path.startsWith(path))).toEqual([]);
  });

  it('are asked about again when the master changes the same field, and go on a word', async () => {
    await ask(master, 'PATCH', '/api/documents/1/', { title: 'theirs' });
    await controller.cycle();
    expect(await conflict()).toMatchObject({ state: 'open' });
    expect(await title()).toBe('mine');
    await decideConflict(controller.db, (await conflict()).id, 'keep_master');
    await controller.cycle();
    expect(await title()).toBe('theirs');
    expect(await conflict()).toMatchObject({ state: 'overwritten' });
    expect(await link()).toMatchObject({ status: 'ok' });
  });

  it('are written over at once where a person said so before any run had noticed them', async () => {
    await edit('mine again');
    await keepMaster(
      { db: controller.db, log: { info: () => undefined, warning: () => undefined, error: () => undefined } },
      await found('title'),
    );
    await controller.cycle();
    expect(await title()).toBe('theirs');
    expect(await conflict()).toMatchObject({ field: 'title', state: 'overwritten' });
    expect(await link()).toMatchObject({ status: 'ok' });
  });

  /** As a comparison leaves it. */
  async function found(field: string): Promise<number> {
    const { db } = controller;
    const of = await link();
    const at = {
      replica_id: of?.replica_id ?? 0,
      link_id: of?.id,
      master_doc_id: 1,
      replica_doc_id: of?.replica_doc_id,
    };
    const asked = { scope: 'replica', depth: 'metadata', trigger: 'manual', asked_by: 'test', state: 'done' } as const;
    const { id } = await db
      .insertInto('verifications')
      .values({ replica_id: at.replica_id, ...asked })
      .returning('id')
      .executeTakeFirstOrThrow();
    const fields = JSON.stringify([{ field, masterHash: 'm', copyHash: 'c', master: 'theirs', copy: 'mine again' }]);
    const seen = { verification_id: id, last_verification_id: id, last_seen_at: new Date() };
    const row = await db
      .insertInto('findings')
      .values({ ...at, ...seen, fields, kind: 'field_differs', depth: 'metadata', message: 'other' })
      .returning('id')
      .executeTakeFirstOrThrow();
    return row.id;
  }

  it('a deleted copy stays deleted until somebody wants it back', async () => {
    await ask(replica, 'DELETE', await copy(2));
    await controller.sweep();
    expect(await link(2)).toMatchObject({ phase: 'blocked', error_code: 'conflict_open' });
    await decideConflict(controller.db, (await conflict()).id, 'keep_master');
    await controller.cycle();
    expect(await compareInstances({ master, replica })).toMatchObject({ equal: true });
  });
});
