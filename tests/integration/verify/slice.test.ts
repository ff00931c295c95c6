import { afterEach, describe, expect, it } from 'vitest';
import type { Verification } from '../../../shared/db/tables.ts';
import { DAY, HOUR } from '../../../shared/kernel/clock.ts';
import { ask } from '../../support/paperless-calls.ts';
import { waitFor } from '../../support/wait.ts';
import { ledgerOf } from './receipts.ts';
import { Stage } from './stage.ts';

describe('the nightly slice', () => {
  let stage: Stage;
  afterEach(() => stage?.stop());

  const db = () => stage.controller.db;
  const slices = () =>
    db().selectFrom('verifications').selectAll().where('scope', '=', 'slice').orderBy('id').execute();
  /** Lets the night come, and waits for the slice that it opens. */
  const night = async (): Promise<Verification> => {
    const before = (await slices()).length;
    await db()
      .updateTable('master_state')
      .set({ next_verify_at: new Date(Date.now() - 1000) })
      .execute();
    return waitFor('the slice of this night to end', async () => {
      const slice = (await slices())[before];
      return slice?.finished_at ? slice : null;
    });
  };
  const outcomes = async (slice: Verification) =>
    (await ledgerOf(db(), slice.id)).map((row) => `${row.master_doc_id} ${row.depth} ${row.outcome}`);

  it('is set for a night to come by the first tick, and opened once when it is due', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3);
    const state = await db().selectFrom('master_state').selectAll().executeTakeFirstOrThrow();
    const wait = (state.next_verify_at?.getTime() ?? 0) - Date.now();
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(DAY + HOUR);
    expect(await slices()).toEqual([]);
    await Promise.all([
      night(),
      stage.controller.worker?.dispatcher.round(),
      stage.controller.worker?.dispatcher.round(),
    ]);
    expect(await slices()).toHaveLength(1);
  });

  it('first compares what moved since it was verified, then reads the bytes of the others, the longest unread first', async () => {
    // One request at a time, so that their order is that of the slice.
    stage = await Stage.inStep(['v3', 'v2'], 6, { settings: { max_concurrent_requests: '1' } });
    expect(await outcomes(await night())).toEqual([1, 2, 3, 4, 5, 6].map((id) => `${id} checksum equal`));
    expect((await outcomes(await night())).every((row) => row.endsWith('bytes equal'))).toBe(true);
    // Verified in turn: 1 and 2 now lie furthest back.
    for (const [days, ids] of [
      [9, [1, 2]],
      [3, [3, 4, 5, 6]],
    ] as const)
      await db()
        .updateTable('sync_map')
        .set({ bytes_at: new Date(Date.now() - days * DAY) })
        .where('master_doc_id', 'in', [...ids])
        .execute();
    await ask(stage.master, 'PATCH', '/api/documents/6/', { title: 'Moved' });
    await stage.master.idle();
    await stage.cycle();
    stage.replica.clearRequests();
    expect((await outcomes(await night())).sort()).toEqual([
      ...[1, 2, 3, 4, 5].map((id) => `${id} bytes equal`),
      '6 checksum equal',
    ]);
    const read = stage.replica.requests().flatMap(({ path }) => /documents\/(\d+)\/download/.exec(path)?.[1] ?? []);
    expect(read.slice(0, 2).map(Number)).toEqual([await stage.copyOf(1), await stage.copyOf(2)]);
  });

  it('ends with its budget, and says what was not read within the window', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 4);
    await stage.verify('checksum');
    await db()
      .updateTable('sync_map')
      .set({ created_at: new Date(Date.now() - 40 * DAY) })
      .execute();
    const { id: replicaId } = await stage.controller.replica('copy');
    const spent = await stage.ended(
      await stage.open({ depth: 'bytes', scope: 'slice', trigger: 'scheduler', budgetMs: 1, replicaId }),
    );
    expect(spent).toMatchObject({ state: 'stopped', compared: 0 });
    const missed = await stage.finding('window_missed');
    expect(missed).toMatchObject({ state: 'open', link_id: null });
    expect(missed.message).toContain('4 copies');
    expect(missed.hint).toContain('verify_budget_seconds');
    await night();
    expect(await stage.finding('window_missed')).toMatchObject({ state: 'repaired' });
  });

  it('shares the budget out among the replicas, and leaves out those that are disabled', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 2, { settings: { verify_budget_seconds: '100' } });
    await db()
      .insertInto('replicas')
      .values([
        { name: 'second', url: stage.replica.url, api_token: stage.controller.secrets.seal('x'), enabled: true },
        { name: 'off', url: stage.replica.url, api_token: stage.controller.secrets.seal('x'), enabled: false },
      ])
      .execute();
    await night();
    const opened = await slices();
    expect(opened.map((slice) => slice.budget_ms)).toEqual([50_000, 50_000]);
  });

  it('notices a copy that is gone although it is not its turn', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 4);
    await night();
    await night();
    await stage.ask('DELETE', `/api/documents/${await stage.copyOf(3)}/`);
    const slice = await night();
    expect(await outcomes(slice)).toContain('3 list different');
    const found = await stage.finding('missing');
    expect(await stage.settled(found.id)).toMatchObject({ state: 'repaired', master_doc_id: 3 });
  });
});

describe('a verification of everything', () => {
  let stage: Stage;
  afterEach(() => stage?.stop());

  it('has a receipt for each replica and one that adds them up', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3);
    const id = await stage.open({ depth: 'checksum', replicaId: null, scope: 'everything' });
    expect(await stage.ended(id)).toMatchObject({ state: 'done', compared: 3, equal: 3, replica_id: null });
    const children = await stage.controller.db
      .selectFrom('verifications')
      .selectAll()
      .where('parent_id', '=', id)
      .execute();
    expect(children).toHaveLength(1);
    expect(children[0]).toMatchObject({ scope: 'replica', state: 'done', equal: 3 });
  });

  it('asked for twice is done once', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 2);
    await stage.controller.stopWorker();
    expect(await stage.open({ depth: 'bytes' })).toBe(await stage.open({ depth: 'bytes' }));
    expect(await stage.open({ depth: 'list' })).not.toBe(await stage.open({ depth: 'bytes' }));
  });

  it('fails with a name when the replica cannot be read, after some patience, and goes on when it can', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 2, { timings: { lostJobMs: 300 } });
    stage.replica.setFault('down');
    const id = await stage.open({ depth: 'metadata' });
    await waitFor('two faults', async () => {
      const [row] = await stage.controller.db.selectFrom('verifications').selectAll().where('id', '=', id).execute();
      return (row?.faults ?? 0) >= 2;
    });
    stage.replica.clearFaults();
    expect(await stage.ended(id)).toMatchObject({ state: 'done', equal: 2 });
    stage.replica.setFault('unauthorized');
    expect(await stage.ended(await stage.open({ depth: 'metadata' }))).toMatchObject({
      state: 'failed',
      error_code: 'token_refused',
    });
  });
});
