/** Masters whose answers would delete everything if they were believed. Nothing goes, whatever they say (E4, H2, H4). */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultArgument, FaultName } from '../../../services/simulator/faults.ts';
import { confirmMaster } from '../../../shared/replication/confirm-master.ts';
import { addDocument, editDocument } from '../faults/library.ts';
import type { Stage } from '../faults/stage.ts';
import { letTimePass, live, MINUTES } from '../faults/stage.ts';
import {
  letDaysPass,
  DOCUMENTS,
  expectUntouched,
  FEW,
  openScene,
  purgeOn,
  sweep,
  tombstones,
  trashed,
  trashOn,
  uploads,
} from './scene.ts';

let stage: Stage;
afterEach(() => stage?.close());

const DOCUMENT_LIST: FaultArgument = { match: { pathPrefix: '/api/documents/' } };
const TRASH: FaultArgument = { match: { pathPrefix: '/api/trash/' } };

const master = () => stage.db.selectFrom('master_state').selectAll().executeTakeFirstOrThrow();
const confirm = (what: Parameters<typeof confirmMaster>[1]) =>
  confirmMaster({ db: stage.db, log: stage.controller.log }, what);

/** What the master shows of its list is cut to this; as a proxy with a stale cache, or a broken filter, may do. */
function showOnly(count: number): () => void {
  const { documents } = stage.master.store;
  const hidden = [...documents.values()].filter((row) => row.id > count);
  const kept = hidden.map((row) => structuredClone(row));
  for (const row of hidden) stage.master.store.removeDocument(row);
  return () => {
    for (const row of kept) stage.master.store.saveDocument(row);
  };
}

describe('a master that answers, once documents were deleted there and all was ready to follow,', () => {
  it.each([
    ['an empty list with 200', 'empty-list', DOCUMENT_LIST],
    ['406', 'not-acceptable', {}],
    ['half a page', 'truncated-body', DOCUMENT_LIST],
    ['an HTML login page', 'html-login', {}],
    ['401', 'unauthorized', {}],
    ['403 on its list', 'forbidden', DOCUMENT_LIST],
    ['JSON of another shape', 'wrong-shape', DOCUMENT_LIST],
    ['403 on its trash', 'forbidden', TRASH],
    ['an HTML login page for its trash', 'html-login', TRASH],
    ['half of its trash', 'truncated-body', TRASH],
  ] as readonly [string, FaultName, FaultArgument][])(
    '%s deletes nothing',
    { timeout: 60_000 },
    async (_what, name, argument) => {
      stage = await openScene({ mode: 'delete', ...FEW });
      await purgeOn(stage.master, 4);
      await sweep(stage);
      stage.master.setFault(name, argument);
      await sweep(stage);
      await sweep(stage);
      expectUntouched(stage, FEW.documents.length);
      expect(await tombstones(stage)).toEqual([]);
      stage.master.clearFaults();
      await sweep(stage);
      expect(trashed(stage.copy)).toHaveLength(1);
    },
  );

  it('a redirect deletes nothing, and no token goes where it leads', async () => {
    const strangers: unknown[] = [];
    const other = createServer((request, response) => {
      strangers.push(request.headers);
      response.end('{"count":0,"results":[],"all":[]}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    stage = await openScene({ mode: 'delete', ...FEW });
    stage.master.setFault('redirect', { value: `http://localhost:${(other.address() as AddressInfo).port}/api/` });
    for (let n = 0; n < 3; n += 1) expect((await sweep(stage)).error_code).toBe('redirected');
    expectUntouched(stage, FEW.documents.length);
    expect(strangers).toEqual([]);
    await new Promise((resolve) => other.close(resolve));
  });

  it('a list that lacks a few of its documents deletes none of them: each is asked for by its id', async () => {
    stage = await openScene({ mode: 'delete', ...FEW });
    stage.master.setFault('short-list', { match: { contains: 'fields=id&page_size=1' }, value: 3 });
    for (let n = 0; n < 3; n += 1) await sweep(stage);
    expectUntouched(stage, FEW.documents.length);
    stage.master.clearFaults();
    expect((await sweep(stage)).outcome).toBe('ok');
    await stage.expectEqual();
  });

  it('an empty trash, though the document lies in it, deletes nothing before two sweeps agree', async () => {
    stage = await openScene({ mode: 'delete', ...FEW });
    await trashOn(stage.master, 4);
    stage.master.setFault('empty-list', TRASH);
    await sweep(stage);
    expectUntouched(stage, FEW.documents.length);
    stage.master.clearFaults();
    await sweep(stage);
    expect(await tombstones(stage)).toMatchObject([{ reason: 'trashed_on_master', state: 'trashed' }]);
  });
});

describe('a master that is seen through a token without superuser rights', () => {
  it('has nothing deleted, however many sweeps see less than there is', async () => {
    stage = await openScene({ mode: 'delete', ...FEW });
    const foreign = [...stage.master.store.users.values()][0];
    for (const id of [4, 5]) editDocument(stage.master, id, { owner: (foreign?.id ?? 1) + 7 });
    await stage.cycle();
    stage.copy.clearRequests();
    stage.master.setFault('token-demoted');
    for (let n = 0; n < 3; n += 1) await sweep(stage);
    expectUntouched(stage, FEW.documents.length);
    expect(await stage.db.selectFrom('master_absences').selectAll().execute()).toEqual([]);
    stage.master.clearFaults();
    await sweep(stage);
    expectUntouched(stage, FEW.documents.length);
  });

  it('and loses them in mid-run has nothing deleted either', async () => {
    stage = await openScene({
      mode: 'delete',
      ...FEW,
      racePoint: async (point) => {
        if (point === 'sweep.batch') stage.master.setFault('token-demoted');
      },
    });
    await purgeOn(stage.master, 4);
    await sweep(stage);
    stage.master.clearFaults();
    await sweep(stage);
    expectUntouched(stage, FEW.documents.length);
    expect(await stage.run()).toMatchObject({
      outcome: 'failed',
      error_code: 'master_not_visible',
      error_side: 'master',
    });
  });
});

describe('a master that was restored from an old backup', () => {
  it('deletes none of the documents made since, until a newer one or a person says so', {
    timeout: 60_000,
  }, async () => {
    stage = await openScene({ mode: 'delete' });
    stage.master.act('backup');
    for (let n = 0; n < 3; n += 1) stage.add();
    await stage.cycle();
    expect(live(stage.copy)).toHaveLength(DOCUMENTS + 3);
    stage.copy.clearRequests();
    stage.master.act('restore-backup');
    for (let n = 0; n < 3; n += 1) await sweep(stage);
    expectUntouched(stage, DOCUMENTS + 3);
    expect(await confirm('disappearance')).toEqual([25, 26, 27]);
    await sweep(stage);
    // A person said that they are gone; how many may go at once is still the guard's to say.
    expectUntouched(stage, DOCUMENTS + 3);
    expect((await stage.controller.replica('copy')).deletions_held).toContain('3 of 27 copies');
  });

  it('is found by documents that are as they were earlier, and nothing is deleted until a person confirms', async () => {
    stage = await openScene({ mode: 'delete' });
    await trashOn(stage.master, 4);
    stage.master.act('backup');
    await stage.master.idle();
    stage.master.store.saveDocument(
      Object.assign(stage.master.store.documents.get(4) ?? addMissing(), { deletedAt: null, deletion: null }),
    );
    for (const id of [4, 8, 9]) editDocument(stage.master, id, { title: `Edited ${id}` });
    await stage.cycle();
    await stage.expectEqual();
    stage.copy.clearRequests();
    stage.master.act('restore-backup');
    await sweep(stage);
    await sweep(stage);
    expectUntouched(stage);
    expect(stage.logged('master_rolled_back')).toBeGreaterThan(0);
    await confirm('rollback');
    await sweep(stage);
    expect(trashed(stage.copy)).toHaveLength(1);
  });

  it('and gives its ids out again: the links are set aside, nothing is overwritten, nothing deleted', {
    timeout: 60_000,
  }, async () => {
    stage = await openScene({ mode: 'delete' });
    stage.master.act('backup');
    for (let n = 0; n < 3; n += 1) stage.add({ title: 'Before the restore' });
    await stage.cycle();
    stage.copy.clearRequests();
    stage.master.act('restore-backup');
    for (let n = 0; n < 2; n += 1) stage.add({ title: 'After the restore', text: `Other ${n}`, asn: null });
    await sweep(stage);
    await sweep(stage);
    await sweep(stage);
    expectUntouched(stage, DOCUMENTS + 3);
    expect(live(stage.copy).filter((row) => row.title === 'Before the restore')).toHaveLength(3);
    expect(await stage.link(25)).toMatchObject({ phase: 'blocked', error_code: 'identity_changed' });
    expect((await master()).suspended_code).toBeNull();
    expect(await confirm('identities')).toEqual([25, 26]);
    await stage.cycle();
    expect(live(stage.copy).filter((row) => row.title === 'After the restore')).toHaveLength(2);
    expect(await stage.link(25)).toMatchObject({ phase: 'ok' });
  });

  it('with more ids given out again than a few is suspended by name until a person confirms', {
    timeout: 60_000,
  }, async () => {
    stage = await openScene({ mode: 'delete' });
    stage.master.act('backup');
    for (let n = 0; n < 7; n += 1) stage.add();
    await stage.cycle();
    stage.copy.clearRequests();
    stage.master.act('restore-backup');
    for (let n = 0; n < 7; n += 1) stage.add({ text: `Other ${n}`, asn: null });
    expect(await sweep(stage)).toMatchObject({
      outcome: 'failed',
      error_code: 'master_restored',
      error_side: 'master',
    });
    stage.master.clearRequests();
    expect(await sweep(stage)).toMatchObject({ outcome: 'failed', error_code: 'master_restored' });
    expectUntouched(stage, DOCUMENTS + 7);
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0, suspended_at: null });
    expect(await confirm('identities')).toHaveLength(7);
    await stage.cycle();
    await letTimePass(stage.db, 20 * MINUTES);
    await stage.cycle();
    expect(live(stage.copy)).toHaveLength(DOCUMENTS + 14);
    expect((await stage.controller.links()).every((link) => link.phase === 'ok')).toBe(true);
  });
});

describe('a master that gives out an id for the first time below those it gave out before', () => {
  it('is suspended when that document is younger than the newest known one by more than an hour', async () => {
    stage = await openScene();
    const id = addDocument(stage.master);
    stage.add();
    const row = stage.master.store.documents.get(id);
    if (row) stage.master.store.removeDocument(row);
    await stage.cycle();
    if (row) stage.master.store.saveDocument({ ...row, added: row.added + 2 * 60 * MINUTES * 1000 });
    expect(await stage.cycle()).toMatchObject({ outcome: 'failed', error_code: 'master_restored' });
    await confirm('identities');
    expect((await stage.cycle()).outcome).toBe('ok');
  });

  it('goes on when it only became visible late', async () => {
    stage = await openScene();
    const id = addDocument(stage.master);
    stage.add();
    const row = stage.master.store.documents.get(id);
    if (row) stage.master.store.removeDocument(row);
    await stage.cycle();
    if (row) stage.master.store.saveDocument(row);
    expect((await stage.cycle()).outcome).toBe('ok');
    await stage.expectEqual();
  });
});

describe('a master that lost many documents at once', () => {
  it('fails every cycle by name, until they are back or a person says that they are gone; then the guard asks', {
    timeout: 90_000,
  }, async () => {
    stage = await openScene({ mode: 'trash' });
    const back = showOnly(2);
    expect(await sweep(stage)).toMatchObject({ outcome: 'failed', error_code: 'master_shrunk' });
    expect(await sweep(stage)).toMatchObject({ outcome: 'failed', error_code: 'master_shrunk' });
    expect(await master()).toMatchObject({ suspended_code: 'master_shrunk' });
    back();
    expect((await sweep(stage)).outcome).toBe('ok');
    expect(await master()).toMatchObject({ suspended_code: null });
    showOnly(2);
    await sweep(stage);
    expect(await confirm('disappearance')).toHaveLength(22);
    for (let n = 0; n < 2; n += 1) expect((await sweep(stage)).outcome).toBe('ok');
    expectUntouched(stage);
    expect((await stage.controller.replica('copy')).deletions_held).toContain('22 of 24');
    await expect(confirm('disappearance')).rejects.toMatchObject({ code: 'nothing_to_confirm' });
  });
});

describe('a master that went through its own export and import', () => {
  it.each(['v3', 'v2'] as const)(
    'is still itself (%s): no alarm, no upload, no deletion but of what is gone',
    { timeout: 90_000 },
    async (generation) => {
      stage = await openScene({ master: generation, replica: generation, mode: 'delete' });
      await trashOn(stage.master, 4);
      await sweep(stage);
      expect(trashed(stage.copy)).toHaveLength(1);
      const library = await stage.master.export();
      for (const row of [...stage.master.store.documents.values()]) stage.master.store.removeDocument(row);
      for (const table of Object.values(stage.master.store.matching))
        for (const row of [...table.values()]) table.remove(row.id);
      stage.master.import(library);
      stage.copy.clearRequests();
      for (let n = 0; n < 2; n += 1) expect((await sweep(stage)).outcome).toBe('ok');
      expect(await master()).toMatchObject({ suspended_code: null });
      expect(await stage.db.selectFrom('master_suspects').selectAll().execute()).toEqual([]);
      expect(uploads(stage.copy)).toBe(0);
      expect(live(stage.copy)).toHaveLength(DOCUMENTS - 1);
      await letDaysPass(stage, 2);
      await sweep(stage);
      // 2.20 leaves its trash out of an export: what lay there is gone for good, and is purged here in time.
      expect(trashed(stage.copy)).toHaveLength(generation === 'v2' ? 0 : 1);
    },
  );
});

function addMissing(): never {
  throw new Error('the document is not there');
}
