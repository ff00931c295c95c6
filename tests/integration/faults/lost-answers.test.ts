/** Writes that were applied, or half applied, and of which the controller never learned it (engine-protocol.md H26, F12). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultArgument, FaultName } from '../../../services/simulator/faults.ts';
import { addNote, editDocument } from './library.ts';
import { IMPATIENT, letTimePass, live, MINUTES, posts, Stage, writes } from './stage.ts';

const UPLOAD = { method: 'POST', pathPrefix: '/api/documents/post_document/' };

/** One for each of five documents. */
const ANSWERS: readonly [fault: FaultName, argument: FaultArgument][] = [
  ['bad-gateway-after-accept', {}],
  ['drop-after-commit', {}],
  ['never-answer', { value: 'all' }],
  ['never-answer', { value: 'part' }],
  ['never-answer', { value: 'none' }],
];

describe.each(['v2', 'v3'] as const)('on a %s replica', (generation) => {
  let stage: Stage;
  let atSaveAgain: (() => unknown) | null = null;
  const racePoint = async (point: string) => {
    if (point !== 'save-again.before') return;
    atSaveAgain?.();
    atSaveAgain = null;
  };
  beforeAll(async () => {
    const documents = ANSWERS.map(() => ({}));
    stage = await Stage.open({ replica: generation, timeouts: IMPATIENT, documents, racePoint });
    await stage.heal();
  });
  afterAll(() => stage.close());
  afterEach(() => stage.copy.clearFaults());

  const copyOf = async (id: number): Promise<number> => (await stage.link(id)).replica_doc_id ?? 0;
  const attemptsOf = async (id: number) =>
    stage.db
      .selectFrom('upload_attempts')
      .selectAll()
      .where('link_id', '=', (await stage.link(id)).id)
      .orderBy('k')
      .execute();

  it.each([
    ['was answered 502 by a proxy although it was accepted', 'bad-gateway-after-accept', {}],
    ['was accepted, and its answer lost', 'drop-after-commit', {}],
    ['was accepted and never answered', 'never-answer', { value: 'all' }],
  ] as const)('an upload that %s is looked for, found and never sent again', async (_, fault, argument) => {
    stage.copy.clearRequests();
    const id = stage.add();
    stage.copy.setFault(fault, { ...argument, match: UPLOAD, times: 1 });
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(await stage.run()).toMatchObject({ outcome: 'ok', error_code: null });
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
    expect(await stage.link(id)).toMatchObject({ phase: 'ok', status: 'ok', retry_count: 0 });
    expect((await attemptsOf(id)).map(({ state, failure_code }) => ({ state, failure_code }))).toEqual([
      { state: 'success', failure_code: 'answer_missing' },
    ]);
    expect(posts(stage.copy)).toHaveLength(1);
    await stage.expectEqual();
  });

  it('an upload that was swallowed without an answer is sent again under the same reserved number, after two looks', async () => {
    stage.copy.clearRequests();
    const id = stage.add();
    stage.copy.setFault('never-answer', { value: 'none', match: UPLOAD, times: 1 });
    await stage.heal();
    expect(posts(stage.copy)).toHaveLength(2);
    const attempts = await attemptsOf(id);
    expect(attempts.map(({ k, state }) => ({ k, state }))).toEqual([
      { k: 1, state: 'unknown' },
      { k: 2, state: 'success' },
    ]);
    expect(attempts[0]?.looks).toBe(2);
    expect(new Set(attempts.map(({ reserved_asn }) => reserved_asn)).size).toBe(1);
    await stage.expectEqual();
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

  it('PATCHes without a clean answer, applied wholly, in part or not at all, are followed by no other write for 15 minutes, then by a read-back, and are green after two clean ones with an answered save between them', async () => {
    for (const [at, [fault, argument]] of ANSWERS.entries()) {
      editDocument(stage.master, at + 1, {
        title: `Edited ${at}`,
        content: `edited ${at}`,
        created: '2011-01-01',
        archiveSerialNumber: 4000 + at,
      });
      stage.copy.setFault(fault, {
        ...argument,
        match: { method: 'PATCH', pathPrefix: `/api/documents/${await copyOf(at + 1)}/` },
        times: 1,
      });
    }
    stage.copy.clearRequests();
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(await stage.run()).toMatchObject({ outcome: 'ok', docs_held: 5, docs_failed: 0 });
    for (let id = 1; id <= 5; id += 1)
      expect(await stage.link(id)).toMatchObject({ status: 'pending', error_code: 'write_unanswered', retry_count: 0 });
    expect(writes(stage.copy)).toHaveLength(5);
    await letTimePass(stage.db, 10 * MINUTES);
    await stage.cycle();
    expect(writes(stage.copy)).toHaveLength(5);
    await letTimePass(stage.db, 6 * MINUTES);
    await stage.cycle();
    // Two had not been applied as a whole; each of the five is saved once more with what it has.
    expect(writes(stage.copy)).toHaveLength(12);
    expect((await stage.controller.links()).filter((link) => link.status === 'ok' && link.master_doc_id <= 5)).toEqual(
      [],
    );
    await letTimePass(stage.db, 11 * MINUTES);
    await stage.heal();
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
    expect(writes(stage.copy)).toHaveLength(12);
    await stage.expectEqual();
  });

  it('a save after an unanswered write that is answered with an error does not count; only the next answered one does', async () => {
    const id = stage.add();
    await stage.heal();
    editDocument(stage.master, id, { title: 'Edited without an answer' });
    const match = { method: 'PATCH', pathPrefix: `/api/documents/${await copyOf(id)}/` };
    stage.copy.setFault('never-answer', { value: 'all', match, times: 1 });
    await stage.cycle();
    expect(await stage.link(id)).toMatchObject({ error_code: 'write_unanswered' });
    await letTimePass(stage.db, 16 * MINUTES);
    atSaveAgain = () => stage.copy.setFault('wrong-shape', { match, times: 1 });
    await stage.cycle();
    expect(atSaveAgain).toBeNull();
    expect(await stage.link(id)).toMatchObject({ error_code: 'write_unanswered', clean_read_at: null, plan: null });
    await letTimePass(stage.db, 11 * MINUTES);
    await stage.cycle();
    expect(await stage.link(id)).toMatchObject({ status: 'pending', clean_read_at: expect.any(Date) });
    await letTimePass(stage.db, 11 * MINUTES);
    await stage.heal();
    expect(await stage.link(id)).toMatchObject({ status: 'ok', hold_until: null });
    await stage.expectEqual();
  });

  it('notes without a clean answer are there once each, whether they were stored or not', async () => {
    for (const [at, [fault, argument]] of ANSWERS.entries()) {
      addNote(stage.master, at + 1, `note ${at}`);
      addNote(stage.master, at + 1, `another note ${at}`);
      stage.copy.setFault(fault, {
        ...argument,
        match: { method: 'POST', pathPrefix: `/api/documents/${await copyOf(at + 1)}/notes/` },
        times: 1,
      });
    }
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(await stage.run()).toMatchObject({ outcome: 'ok', docs_held: 5, docs_failed: 0 });
    await letTimePass(stage.db, 16 * MINUTES);
    await stage.heal();
    for (let id = 1; id <= 5; id += 1) expect(stage.copy.store.documents.get(await copyOf(id))?.notes).toHaveLength(2);
    expect(live(stage.copy)).toHaveLength(live(stage.master).length);
    await stage.expectEqual();
  });
});
