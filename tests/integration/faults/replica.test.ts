import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { unsuspendReplica } from '../../../shared/db/replicas.repo.ts';
import type { FaultArgument, FaultName } from '../../../services/simulator/faults.ts';
import { Controller } from '../../support/controller.ts';
import { simulator } from '../../support/simulator.ts';
import { addDocument, addTag, lockDatabase } from './library.ts';
import { expectUnwritten, live, posts, Stage, writes } from './stage.ts';

const ANSWERS: readonly [what: string, fault: FaultName, argument: FaultArgument, code: string][] = [
  ['resets every connection', 'down', {}, 'instance_unreachable'],
  ['answers 401', 'unauthorized', {}, 'token_refused'],
  ['answers 403 on a list', 'forbidden', { match: { pathPrefix: '/api/documents/' } }, 'list_forbidden'],
  ['answers 406', 'not-acceptable', {}, 'not_acceptable'],
  ['shows a login page', 'html-login', {}, 'html_instead_of_api'],
  ['redirects', 'redirect', {}, 'redirected'],
  ['answers JSON of the wrong shape', 'wrong-shape', { match: { pathPrefix: '/api/documents/' } }, 'wrong_shape'],
  ['cuts its pages in mid-body', 'truncated-body', { match: { pathPrefix: '/api/documents/' } }, 'body_truncated'],
  ['has a locked database (HTML 500)', 'locked-500', {}, 'database_locked'],
  ['has a token of a user who is not superuser', 'token-demoted', {}, 'token_not_superuser'],
];

describe('a replica that fails while the other is well', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ others: { other: 'v2' }, settings: { replica_suspend_threshold: '2' } });
    expect((await stage.cycle()).outcome).toBe('ok');
  });
  afterAll(() => stage.close());
  afterEach(() => stage.copy.clearFaults());

  it.each(ANSWERS)(
    'because it %s: its run fails by name before anything is written, the other goes on',
    async (what, fault, argument, code) => {
      stage.edit(1, `Edited while it ${what}`);
      stage.copy.clearRequests();
      stage.copy.setFault(fault, argument);
      expect(await stage.cycle()).toMatchObject({ outcome: 'failed' });
      expect(await stage.run()).toMatchObject({ outcome: 'failed', error_code: code, error_side: 'replica' });
      expect(await stage.run('other')).toMatchObject({ outcome: 'ok', error_code: null });
      expect(await stage.controller.replica('copy')).toMatchObject({
        consecutive_failures: 1,
        suspended_at: null,
        error_code: code,
      });
      expect(await stage.controller.replica('other')).toMatchObject({ consecutive_failures: 0 });
      expect(await stage.link(1)).toMatchObject({ status: 'ok', retry_count: 0 });
      expectUnwritten(stage.copy);
      stage.copy.clearFaults();
      expect((await stage.cycle()).outcome).toBe('ok');
      expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0, error_code: null });
      await stage.expectEqual();
      await stage.expectEqual('other');
    },
  );

  it('twice in a row is suspended, left out while the other goes on, and caught up after it is re-enabled', async () => {
    stage.copy.setFault('down');
    await stage.cycle();
    await stage.cycle();
    const suspended = await stage.controller.replica('copy');
    expect(suspended).toMatchObject({ consecutive_failures: 2 });
    expect(suspended.suspended_at).not.toBeNull();
    expect(suspended.suspended_reason).toMatch(/2 failed runs in a row/);
    expect(stage.logged('replica_suspended')).toBe(1);
    stage.copy.clearFaults();
    stage.copy.clearRequests();
    stage.edit(2, 'Edited while one is suspended');
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(stage.copy.requests()).toEqual([]);
    await stage.expectEqual('other');
    await unsuspendReplica(stage.db, suspended.id);
    expect((await stage.cycle()).outcome).toBe('ok');
    await stage.expectEqual();
  });

  it('in mid-run: its run fails, its documents keep their attempts, and the next run goes on without a second POST', async () => {
    stage.copy.clearRequests();
    for (let n = 0; n < 8; n += 1) stage.add();
    stage.copy.setFault('down', { match: { contains: 'full_perms' }, skip: 2 });
    stage.copy.setFault('down', { match: { pathPrefix: '/api/tasks/' }, skip: 6 });
    expect((await stage.cycle()).outcome).toBe('failed');
    expect(await stage.run()).toMatchObject({
      outcome: 'failed',
      error_code: 'instance_unreachable',
      error_side: 'replica',
    });
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 1 });
    expect((await stage.controller.links('copy')).filter((link) => link.retry_count > 0)).toEqual([]);
    stage.copy.clearFaults();
    await stage.heal();
    await stage.expectEqual();
  });

  it('once only, by a reset connection or a cut page, is read again within the run', async () => {
    stage.edit(1, 'Edited before one hiccup');
    stage.copy.setFault('down', { match: { method: 'GET' }, times: 1 });
    stage.copy.setFault('truncated-body', { match: { pathPrefix: '/api/documents/' }, times: 2 });
    expect((await stage.cycle()).outcome).toBe('ok');
    await stage.expectEqual();
  });

  it('by nothing but slowness is waited for', async () => {
    stage.edit(1, 'Edited before it was slow');
    stage.copy.setFault('slow', { value: 150 });
    expect((await stage.cycle()).outcome).toBe('ok');
    await stage.expectEqual();
  });
});

describe('a replica that lists no tags right after it had some', () => {
  it('gets no second one and keeps those of its documents', async () => {
    const stage = await Stage.open({ documents: [] });
    try {
      stage.add({ tags: [addTag(stage.master, 'Bills')] });
      await stage.heal();
      stage.copy.setFault('empty-list', { match: { pathPrefix: '/api/tags/' } });
      stage.edit(1, 'Edited while the tags were gone');
      expect((await stage.cycle()).outcome).toBe('failed');
      expect(await stage.run()).toMatchObject({ error_code: 'list_not_whole', error_side: 'replica' });
      expect(live(stage.copy)[0]?.tags).toHaveLength(1);
      stage.copy.clearFaults();
      await stage.heal();
      await stage.expectEqual();
      expect(stage.copy.store.matching.tag.size).toBe(1);
    } finally {
      await stage.close();
    }
  });
});

describe.each(['v2', 'v3'] as const)('writes that a %s replica refuses', (generation) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ replica: generation });
    expect((await stage.cycle()).outcome).toBe('ok');
  });
  afterAll(() => stage.close());
  afterEach(() => stage.copy.clearFaults());

  it('a file too large for its proxy (413) is blocked and named, the others go on, and it is sent once the document changes', async () => {
    const [big, small] = [stage.add({ text: 'a large file' }), stage.add({ text: 'a small file' })];
    stage.copy.setFault('too-large', {
      match: { method: 'POST', pathPrefix: '/api/documents/post_document/' },
      times: 1,
    });
    expect(await stage.cycle()).toMatchObject({ outcome: 'partial' });
    expect(await stage.run()).toMatchObject({ outcome: 'partial', docs_failed: 1, docs_synced: 1, error_side: null });
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
    const links = await Promise.all([big, small].map((id) => stage.link(id)));
    const refused = links.find((link) => link.status === 'error');
    expect(refused).toMatchObject({ phase: 'blocked', status: 'error', error_code: 'payload_too_large' });
    stage.copy.clearRequests();
    expect((await stage.cycle()).outcome).toBe('ok');
    expectUnwritten(stage.copy);
    stage.edit(refused?.master_doc_id ?? 0, 'Edited after the proxy takes it');
    await stage.heal();
    await stage.expectEqual();
  });

  it("a database locked for a moment (a proxy in front says so) is the replica's trouble: written again, no attempt used", async () => {
    stage.edit(1, 'Edited under a lock');
    stage.copy.setFault('locked-500', { match: { method: 'PATCH' }, times: 2 });
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(await stage.link(1)).toMatchObject({ phase: 'ok', status: 'ok', retry_count: 0 });
    await stage.expectEqual();
  });

  it('a database that stays locked fails the run of the replica and uses no attempt of its documents', async () => {
    const ids = [1, 2, stage.add(), stage.add(), stage.add(), stage.add()];
    await stage.heal();
    for (const id of ids) stage.edit(id, `Edited ${id} under a lasting lock`);
    const unlock = lockDatabase(stage.copy);
    expect((await stage.cycle()).outcome).toBe('failed');
    unlock();
    expect(await stage.run()).toMatchObject({ outcome: 'failed', error_code: 'answered_error', error_side: 'replica' });
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 1 });
    expect((await stage.controller.links()).filter((link) => link.retry_count > 0)).toEqual([]);
    await stage.heal();
    await stage.expectEqual();
  });

  it('one document whose every write is answered with an error fails alone', async () => {
    stage.edit(1, 'Edited to its own bad luck');
    const unlock = lockDatabase(stage.copy);
    expect((await stage.cycle()).outcome).toBe('partial');
    unlock();
    expect(await stage.link(1)).toMatchObject({
      phase: 'failed',
      status: 'error',
      error_code: 'writes_fail',
      retry_count: 1,
    });
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
    await stage.heal();
    await stage.expectEqual();
  });

  it('a database locked at the POST (HTML 500 of the proxy) leaves an upload that is looked for before it is sent again', async () => {
    const id = stage.add();
    stage.copy.setFault('locked-500', {
      match: { method: 'POST', pathPrefix: '/api/documents/post_document/' },
      times: 1,
    });
    await stage.heal();
    await stage.expectEqual();
    expect(await stage.link(id)).toMatchObject({ phase: 'ok', retry_count: 0 });
  });

  it('a consumption that met a locked database is sent again, no attempt used', async () => {
    const id = stage.add();
    stage.copy.setFault('consumption-fails', {
      value: 'The following error occurred while storing document: database is locked',
      times: 1,
    });
    await stage.heal();
    await stage.expectEqual('copy', { surplusPosts: 1 });
    expect(await stage.link(id)).toMatchObject({ phase: 'ok', retry_count: 0 });
  });
});

describe.each(['v2', 'v3'] as const)('a %s replica that is the master itself', (generation) => {
  it('is found out by the first upload or adoption, before a second document is touched', async () => {
    const master = await simulator(generation);
    for (let n = 0; n < 3; n += 1) addDocument(master);
    const controller = await Controller.start({ master, replicas: { copy: master } });
    try {
      expect(await controller.cycle()).toMatchObject({ outcome: 'failed' });
      const run = await controller.db
        .selectFrom('sync_runs')
        .selectAll()
        .where('kind', '=', 'replica')
        .executeTakeFirstOrThrow();
      expect(run).toMatchObject({ outcome: 'failed', error_code: 'same_library', error_side: 'replica' });
      expect(posts(master).length).toBeLessThanOrEqual(1);
      expect(writes(master).filter(({ method }) => method === 'PATCH')).toEqual([]);
      master.clearRequests();
      expect(await controller.cycle()).toMatchObject({ outcome: 'failed' });
      expect(posts(master)).toEqual([]);
      expect(writes(master).filter(({ method }) => method === 'PATCH')).toEqual([]);
      expect(live(master)).toHaveLength(3);
      expect(master.store.matching.tag.size).toBe(0);
    } finally {
      await controller.stop();
      await master.stop();
    }
  });
});
