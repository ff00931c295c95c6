/** What becomes of an upload after the replica has taken it: rows lie in both directions (engine-protocol.md F5). */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultArgument, FaultName } from '../../../services/simulator/faults.ts';
import { addDocument } from './library.ts';
import { expectUnwritten, HOURS, live, MINUTES, posts, Stage } from './stage.ts';

const ENDS: readonly [what: string, fault: FaultName, argument: FaultArgument, posts: number][] = [
  ['whose task row never appears', 'task-row-missing', {}, 1],
  ['whose task row vanishes', 'task-vanished', {}, 1],
  ['whose task is stuck pending', 'task-stuck-pending', {}, 2],
  ['whose task is stuck started', 'task-stuck-started', {}, 2],
  ['whose row says FAILURE although the document is stored', 'task-failed-after-commit', {}, 1],
  ['whose message is delivered again: SUCCESS turned FAILURE', 'resurrect', {}, 1],
  ['whose message two workers run at once', 'delivered-twice', {}, 1],
  ['whose file was lost before it was consumed', 'temp-file-lost', {}, 2],
];

describe.each(['v2', 'v3'] as const)('on a %s replica, an upload', (generation) => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ replica: generation });
    await stage.heal();
  });
  afterAll(() => stage.close());
  afterEach(() => {
    stage.copy.clearFaults();
    stage.strideMs = 0;
  });

  it.each(ENDS)('%s ends as one document, and no attempt is used', async (_, fault, argument, sent) => {
    stage.copy.clearRequests();
    const id = stage.add();
    stage.copy.setFault(fault, { ...argument, times: 1 });
    if (sent > 1) stage.strideMs = 5 * MINUTES;
    await stage.cycle();
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0, uploads_held: null });
    await stage.heal(2 * HOURS);
    expect(await stage.link(id)).toMatchObject({ phase: 'ok', status: 'ok', retry_count: 0 });
    expect(posts(stage.copy)).toHaveLength(sent);
    await stage.expectEqual('copy', { surplusPosts: sent - 1 });
  });

  it('that fails for a reason of its own uses an attempt, is sent again in a later cycle and holds up nobody', async () => {
    stage.copy.clearRequests();
    const [bad, good] = [stage.add({ text: 'a document with a bad start' }), stage.add()];
    stage.copy.setFault('consumption-fails', {
      value: 'ghostscript gave up',
      match: { contains: `letter-${bad}.` },
      times: 1,
    });
    expect((await stage.cycle()).outcome).toBe('partial');
    expect(await stage.run()).toMatchObject({ outcome: 'partial', docs_failed: 1, docs_synced: 1, error_side: null });
    expect(await stage.link(bad)).toMatchObject({
      phase: 'failed',
      status: 'error',
      error_code: 'consumption_failed',
      retry_count: 1,
    });
    expect(await stage.link(good)).toMatchObject({ phase: 'ok' });
    await stage.heal();
    await stage.expectEqual('copy', { surplusPosts: 1 });
  });

  it('of bytes that a foreign document has already adopts it and sends nothing', async () => {
    addDocument(stage.copy, { text: 'known on both sides', title: 'Filed by hand', asn: null });
    stage.add({ text: 'known on both sides', title: 'Filed by the master' });
    stage.copy.clearRequests();
    await stage.heal();
    expect(posts(stage.copy)).toEqual([]);
    await stage.expectEqual();
  });
});

describe('twins: two master documents with the same bytes', () => {
  it('are two documents on v3; on v2 the second is blocked with its reason and never green', async () => {
    const stage = await Stage.open({
      others: { second: 'v2' },
      documents: [{ text: 'the same' }, { text: 'the same' }],
    });
    try {
      await stage.cycle();
      await stage.cycle();
      const links = await stage.controller.links('second');
      expect(links.map(({ phase }) => phase).sort()).toEqual(['blocked', 'ok']);
      expect(links.find(({ phase }) => phase === 'blocked')).toMatchObject({
        status: 'error',
        error_code: 'duplicate_content',
      });
      expect(live(stage.named('second'))).toHaveLength(1);
      expect((await stage.controller.links('copy')).map(({ phase }) => phase)).toEqual(['ok', 'ok']);
      expect(live(stage.copy)).toHaveLength(2);
      stage.named('second').clearRequests();
      await stage.cycle();
      expectUnwritten(stage.named('second'));
      expectUnwritten(stage.master);
    } finally {
      await stage.close();
    }
  });
});

describe('a replica that splits uploads at barcodes', () => {
  it.each([
    ['done without an id', 'task-done-without-id'],
    ['split into parts that inherit all', 'barcode-split'],
  ] as const)('%s: blocked, fence off, no part claimed and nothing sent again', async (_, fault) => {
    const stage = await Stage.open({ documents: [{}] });
    try {
      stage.copy.setFault(fault, { times: 1 });
      expect((await stage.cycle()).outcome).toBe('partial');
      expect(await stage.link(1)).toMatchObject({
        phase: 'blocked',
        status: 'error',
        error_code: 'split_by_replica',
        replica_doc_id: null,
      });
      expect(await stage.controller.replica('copy')).toMatchObject({ asn_fence: false, consecutive_failures: 0 });
      expect(stage.logged('fence_off')).toBe(1);
      await stage.copy.idle();
      stage.copy.clearRequests();
      await stage.cycle();
      expect(await stage.link(1)).toMatchObject({ phase: 'blocked', replica_doc_id: null });
      expect(posts(stage.copy)).toEqual([]);
      expectUnwritten(stage.copy);
      expectUnwritten(stage.master);
    } finally {
      await stage.close();
    }
  });
});
