/** Writes that were applied, or half applied, and of which the controller never learned it (engine-protocol.md H26, F12). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultArgument, FaultName } from '../../../services/simulator/faults.ts';
import { editDocument } from './library.ts';
import { IMPATIENT, letTimePass, live, MINUTES, posts, Stage, writes } from './stage.ts';

const UPLOAD = { method: 'POST', pathPrefix: '/api/documents/post_document/' };
const PATCH = { method: 'PATCH', pathPrefix: '/api/documents/' };
const NOTE = { method: 'POST', pathSuffix: '/notes/' };

const LOST: readonly [what: string, fault: FaultName, argument: FaultArgument][] = [
  ['was answered 502 by a proxy although it was applied', 'bad-gateway-after-accept', {}],
  ['was applied, and its answer lost', 'drop-after-commit', {}],
  ['was applied and never answered', 'never-answer', { value: 'all' }],
];

describe.each(['v2', 'v3'] as const)('on a %s replica', (generation) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ replica: generation, timeouts: IMPATIENT });
    await stage.heal();
  });
  afterAll(() => stage.close());
  afterEach(() => stage.copy.clearFaults());

  it.each(LOST)('an upload that %s is looked for, found and never sent again', async (_, fault, argument) => {
    stage.copy.clearRequests();
    const id = stage.add();
    stage.copy.setFault(fault, { ...argument, match: UPLOAD, times: 1 });
    await stage.cycle();
    expect(await stage.run()).toMatchObject({ error_code: null });
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
    expect((await stage.link(id)).retry_count).toBe(0);
    await stage.heal();
    expect(posts(stage.copy)).toHaveLength(1);
    expect(stage.logged('answer_missing')).toBeGreaterThan(0);
    await stage.expectEqual();
  });

  it('an upload that was swallowed without an answer is sent again under the same reserved number, after two looks', async () => {
    stage.copy.clearRequests();
    const id = stage.add();
    stage.copy.setFault('never-answer', { value: 'none', match: UPLOAD, times: 1 });
    await stage.heal();
    expect(posts(stage.copy)).toHaveLength(2);
    const attempts = await stage.db.selectFrom('upload_attempts').selectAll().where('link_id', '=', (await stage.link(id)).id).orderBy('k').execute();
    expect(attempts.map(({ k, state }) => ({ k, state }))).toEqual([{ k: 1, state: 'unknown' }, { k: 2, state: 'success' }]);
    expect(attempts[0]?.looks).toBe(2);
    expect(new Set(attempts.map(({ reserved_asn }) => reserved_asn)).size).toBe(1);
    await stage.expectEqual();
  });

  it.each([...LOST, ['was applied in part and never answered', 'never-answer', { value: 'part' }], ['was swallowed without an answer', 'never-answer', { value: 'none' }]] as typeof LOST)(
    'a PATCH that %s is followed by no other write for 15 minutes, then by a read-back, and is green after two clean ones',
    async (_, fault, argument) => {
      editDocument(stage.master, 1, { title: `Edited ${fault}`, content: `edited ${JSON.stringify(argument)}`, created: '2011-01-01', archiveSerialNumber: 4000 + stage.copy.requests().length });
      stage.copy.clearRequests();
      stage.copy.setFault(fault, { ...argument, match: PATCH, times: 1 });
      expect((await stage.cycle()).outcome).toBe('ok');
      expect(await stage.run()).toMatchObject({ outcome: 'ok', docs_held: 1 });
      expect(await stage.link(1)).toMatchObject({ status: 'pending', error_code: 'write_unanswered', retry_count: 0 });
      expect(writes(stage.copy)).toHaveLength(1);
      await letTimePass(stage.db, 10 * MINUTES);
      await stage.cycle();
      expect(writes(stage.copy)).toHaveLength(1);
      await letTimePass(stage.db, 6 * MINUTES);
      expect(await stage.heal()).toBeGreaterThan(1);
      expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
      await stage.expectEqual();
    },
  );

  it.each(LOST)('a note that %s is there once', async (_, fault, argument) => {
    const id = stage.add({ notes: ['first note', 'second note'] });
    stage.copy.setFault(fault, { ...argument, match: NOTE, times: 1 });
    await stage.heal();
    await stage.expectEqual();
    expect(live(stage.copy).find((row) => row.originalFileName === `letter-${id}.txt`)?.notes).toHaveLength(2);
  });

  it('a note that was swallowed without an answer is posted again after the hold', async () => {
    const id = stage.add({ notes: ['a note that gets lost'] });
    stage.copy.setFault('never-answer', { value: 'none', match: NOTE, times: 1 });
    await stage.heal();
    await stage.expectEqual();
    expect(live(stage.copy).find((row) => row.originalFileName === `letter-${id}.txt`)?.notes).toHaveLength(1);
  });

  it('uploads that are never answered, all of them, end as one document each', async () => {
    stage.copy.clearRequests();
    for (let n = 0; n < 3; n += 1) stage.add();
    stage.copy.setFault('never-answer', { value: 'all', match: UPLOAD });
    await stage.cycle();
    stage.copy.clearFaults();
    await stage.heal();
    expect(posts(stage.copy)).toHaveLength(3);
    await stage.expectEqual();
  });
});
