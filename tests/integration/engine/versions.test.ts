import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { addVersion, deleteVersion, filesOf, restore, rotate } from '../../support/versions.ts';

describe('versions of a 3.x master on a 3.x replica', () => {
  let master: Simulator;
  let replica: Simulator;
  let controller: Controller;
  const copyOf = async (id: number) =>
    (await controller.links()).find((link) => link.master_doc_id === id)?.replica_doc_id ?? 0;
  const cycleEndsEqual = async (...ids: number[]) => {
    const run = await controller.cycle();
    const links = await controller.links();
    expect(links.map((link) => [link.master_doc_id, link.status, link.error_code, link.error_msg])).toEqual(
      links.map((link) => [link.master_doc_id, 'ok', null, null]),
    );
    expect(run.outcome).toBe('ok');
    for (const id of ids) expect(await filesOf(replica, await copyOf(id))).toEqual(await filesOf(master, id));
  };
  const sent = () => replica.requests().filter((request) => request.path.endsWith('/update_version/')).length;

  beforeAll(async () => {
    master = await simulator('v3');
    replica = await simulator('v3');
    for (let n = 1; n <= 3; n += 1) await uploadText(master, `doc-${n}`, { archive_serial_number: n });
    await master.idle();
    await addVersion(master, 1, 'second of one', 'signed');
    await addVersion(master, 1, 'third of one');
    await ask(master, 'PATCH', '/api/documents/1/', { content: 'words of the newest' });
    controller = await Controller.start({ master, replicas: { copy: replica } });
  });
  afterAll(async () => {
    await controller?.stop();
    await master?.stop();
    await replica?.stop();
  });

  it('go over at first sync, the first file as the document, the others in their order, with labels and text', async () => {
    await cycleEndsEqual(1, 2, 3);
    const copy = (await ask(replica, 'GET', `/api/documents/${await copyOf(1)}/`)) as { content: string };
    expect(copy.content).toBe('words of the newest');
    expect(sent()).toBe(2);
  });

  it('follow one by one as they come, and cost nothing when nothing changed', async () => {
    replica.clearRequests();
    await addVersion(master, 2, 'second of two', 'paid');
    await addVersion(master, 1, 'fourth of one');
    await cycleEndsEqual(1, 2);
    expect(sent()).toBe(2);
    await ask(master, 'PATCH', '/api/documents/1/', { title: 'Renamed' });
    replica.clearRequests();
    await cycleEndsEqual(1);
    expect(sent()).toBe(0);
  });

  it('a changed label and one of the first file are carried over', async () => {
    const [root, second] = await filesOf(master, 1);
    await ask(master, 'PATCH', `/api/documents/1/versions/${root?.id}/`, { version_label: 'original' });
    await ask(master, 'PATCH', `/api/documents/1/versions/${second?.id}/`, { version_label: null });
    await cycleEndsEqual(1);
  });

  it('a deleted one is deleted, and comes back from the trash when it is restored on the master', async () => {
    const [, second] = await filesOf(master, 1);
    const copy = await copyOf(1);
    const [, copied] = await filesOf(replica, copy);
    replica.clearRequests();
    await deleteVersion(master, 1, second?.id ?? 0);
    await cycleEndsEqual(1);
    await restore(master, second?.id ?? 0);
    // A restored version bumps nothing (F10): something else makes the document move here.
    await ask(master, 'PATCH', '/api/documents/1/', { title: 'Renamed again' });
    await cycleEndsEqual(1);
    expect((await filesOf(replica, copy))[1]?.id).toBe(copied?.id);
    expect(sent()).toBe(0);
  });

  it('one restored in the middle whose copy was purged is sent again together with the later ones, in order', async () => {
    const [, second] = await filesOf(master, 1);
    const copy = await copyOf(1);
    await deleteVersion(master, 1, second?.id ?? 0);
    await cycleEndsEqual(1);
    await ask(replica, 'POST', '/api/trash/', { action: 'empty' });
    await restore(master, second?.id ?? 0);
    await ask(master, 'PATCH', '/api/documents/1/', { title: 'Once more' });
    replica.clearRequests();
    await cycleEndsEqual(1);
    expect(sent()).toBe(3);
    expect(await filesOf(replica, copy)).toHaveLength(4);
  });

  it('one that somebody of the replica added is moved to the trash there, and said', async () => {
    const copy = await copyOf(2);
    await addVersion(replica, copy, 'by a user of the replica', 'mine');
    await ask(master, 'PATCH', '/api/documents/2/', { title: 'Two' });
    await cycleEndsEqual(2);
    const conflicts = await controller.db.selectFrom('conflicts').selectAll().execute();
    expect(conflicts).toMatchObject([{ field: 'file', master_doc_id: 2 }]);
    const trash = (await ask(replica, 'GET', '/api/trash/')) as { results: { root_document: number | null }[] };
    expect(trash.results.filter((row) => row.root_document === copy)).not.toHaveLength(0);
  });

  it('one that somebody of the replica deleted comes back', async () => {
    const copy = await copyOf(2);
    const [, second] = await filesOf(replica, copy);
    await deleteVersion(replica, copy, second?.id ?? 0);
    await ask(master, 'PATCH', '/api/documents/2/', { title: 'Two again' });
    replica.clearRequests();
    await cycleEndsEqual(2);
    expect(sent()).toBe(0);
  });

  it('a rotated document has a version more', async () => {
    await rotate(master, 3);
    await cycleEndsEqual(3);
    expect(await filesOf(replica, await copyOf(3))).toHaveLength(2);
  });
});
