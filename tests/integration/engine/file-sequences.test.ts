import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { addVersion, deleteVersion, filesOf, restore, rotate } from '../../support/versions.ts';

let open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.reverse()) await one.stop();
  open = [];
});
async function start<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const started = await starting;
  open.push(started);
  return started;
}

/** Numbers from a seed: a failing sequence can be played again. */
function random(seed: string): (below: number) => number {
  let count = 0;
  return (below) => createHash('sha256').update(`${seed} ${count++}`).digest().readUInt32BE() % below;
}

async function untilDone(controller: Controller): Promise<void> {
  const waiting = async () =>
    (await controller.links()).filter((link) => link.status !== 'ok' || link.dirty_seq !== link.applied_seq);
  for (let n = 0; n < 12 && (n === 0 || (await waiting()).length > 0); n += 1) {
    await controller.cycle();
    await controller.db.updateTable('sync_map').set({ next_due_at: null }).execute();
  }
  expect((await waiting()).map((link) => [link.master_doc_id, link.error_code, link.error_msg])).toEqual([]);
}

const DOCUMENTS = 3;
const SEEDS = (process.env['SEEDS'] ?? 'harbour,orchard').split(',');

describe.each(SEEDS)('whatever is done to the versions on a 3.x master (seed %s)', (seed) => {
  it('3.x has the same list, and 2.20 the newest file', { timeout: 240_000 }, async () => {
    const pick = random(seed);
    const master = await start(simulator('v3'));
    const [list, newest] = [await start(simulator('v3')), await start(simulator('v2'))];
    for (let n = 1; n <= DOCUMENTS; n += 1) await uploadText(master, `doc-${n}`, { archive_serial_number: n });
    await master.idle();
    const controller = await start(Controller.start({ master, replicas: { list, newest } }));
    await controller.db.updateTable('replicas').set({ replace_files_on_v2: true }).execute();
    await untilDone(controller);
    let texts = 0;
    for (let round = 0; round < 5; round += 1) {
      for (let step = 0; step < 4; step += 1) {
        const id = 1 + pick(DOCUMENTS);
        await change(master, id, pick, () => `text ${(texts += 1)}`);
        await ask(master, 'PATCH', `/api/documents/${id}/`, { title: `After ${round}.${step}` });
      }
      // Now and then what was thrown away is gone for good.
      if (pick(3) === 0) await ask(list, 'POST', '/api/trash/', { action: 'empty' });
      await untilDone(controller);
      for (const { master_doc_id: id, replica_doc_id: copy } of await controller.links('list'))
        expect(await filesOf(list, copy ?? 0)).toEqual(await filesOf(master, id));
      for (const replica of [list, newest])
        expect(await compareInstances({ master, replica })).toMatchObject({ equal: true, markers: [], extra: [] });
    }
    const open = await controller.db
      .selectFrom('version_attempts')
      .select('id')
      .where('state', 'not in', ['success'])
      .execute();
    expect(open).toEqual([]);
  });
});

async function change(master: Simulator, id: number, pick: (below: number) => number, text: () => string) {
  const later = (await filesOf(master, id)).slice(1);
  const one = later[pick(Math.max(1, later.length))];
  const trash = (await ask(master, 'GET', '/api/trash/?page_size=100')) as {
    results: { id: number; root_document: number | null }[];
  };
  const away = trash.results.filter((row) => row.root_document === id);
  switch (pick(5)) {
    case 0:
      return one ? deleteVersion(master, id, one.id) : addVersion(master, id, text());
    case 1:
      return away[0] ? restore(master, away[pick(away.length)]?.id ?? 0) : addVersion(master, id, text(), 'signed');
    case 2:
      return ask(master, 'PATCH', `/api/documents/${id}/versions/${one?.id ?? id}/`, { version_label: text() });
    default:
      return addVersion(master, id, text());
  }
}

describe('a file that is edited in place on a 2.20 master', () => {
  it('becomes a version on 3.x, the earlier ones stay below, and a new title sends nothing', async () => {
    const master = await start(simulator('v2'));
    const replica = await start(simulator('v3'));
    await uploadText(master, 'one');
    await master.idle();
    const controller = await start(Controller.start({ master, replicas: { copy: replica } }));
    await untilDone(controller);
    for (let turn = 1; turn <= 2; turn += 1) {
      await rotate(master, 1);
      await untilDone(controller);
      expect(await filesOf(replica, 1)).toHaveLength(1 + turn);
      expect(await compareInstances({ master, replica })).toMatchObject({ equal: true, markers: [] });
    }
    replica.clearRequests();
    await ask(master, 'PATCH', '/api/documents/1/', { title: 'Renamed' });
    await untilDone(controller);
    expect(replica.requests().some((request) => request.path.endsWith('/update_version/'))).toBe(false);
  });
});
