/** What holds over several runs: attempts and their end, time limits. */
import { afterEach, describe, expect, it } from 'vitest';
import { waitFor } from '../../support/wait.ts';
import { HOURS, letTimePass, posts, Stage } from './stage.ts';

let stage: Stage;
afterEach(() => stage.close());

describe('a document that fails for reasons of its own', () => {
  it('never holds up the others, is given up after max_attempts, and comes back when it changes', async () => {
    stage = await Stage.open({ settings: { max_attempts: '3' } });
    stage.copy.setFault('consumption-fails', { value: 'damaged beyond repair', match: { contains: 'letter-1.' } });
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const added = stage.add();
      expect((await stage.cycle()).outcome).toBe('partial');
      expect(await stage.link(1)).toMatchObject({
        phase: attempt < 3 ? 'failed' : 'dlq',
        status: 'error',
        error_code: 'consumption_failed',
        retry_count: attempt,
      });
      expect(await stage.link(added)).toMatchObject({ status: 'ok' });
      expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0 });
      await letTimePass(stage.db, 2 * HOURS);
    }
    const sent = posts(stage.copy).length;
    expect((await stage.cycle()).outcome).toBe('ok');
    expect(posts(stage.copy)).toHaveLength(sent);
    stage.copy.clearFaults();
    stage.edit(1);
    await stage.heal();
    await stage.expectEqual('copy', { surplusPosts: 3 });
  });
});

describe('a run past its time limit', () => {
  it('stops cleanly as timed out, and the next one goes on where it stopped, with no second POST', async () => {
    stage = await Stage.open({
      // More than a run gets done while a busy machine comes to the dispatcher's next round.
      documents: Array.from({ length: 18 }, () => ({})),
      settings: { max_concurrent_requests: '1' },
    });
    stage.copy.setFault('slow', { match: { method: 'PATCH' }, skip: 1, value: 250 });
    const { runId } = await stage.controller.openCycle();
    await waitFor(
      'two documents to be done',
      async () => (await stage.controller.links()).filter((link) => link.status === 'ok').length >= 2,
    );
    // As if it had begun long ago: the dispatcher's next round finds it overdue.
    await stage.db
      .updateTable('sync_runs')
      .set({ started_at: new Date(Date.now() - HOURS) })
      .where('kind', '=', 'replica')
      .where('finished_at', 'is', null)
      .execute();
    expect(await stage.ended(runId)).toMatchObject({ outcome: 'timed_out' });
    expect(await stage.run()).toMatchObject({ outcome: 'timed_out', timed_out: true, error_side: null });
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0, suspended_at: null });
    expect((await stage.controller.links()).filter((link) => link.retry_count > 0)).toEqual([]);
    stage.copy.clearFaults();
    await stage.heal();
    await stage.expectEqual();
  });

  it('on a replica that answers nothing at all ends too, and says whose fault it was', async () => {
    stage = await Stage.open({ timeouts: { answerMs: 300, firstByteMs: 300 } });
    stage.copy.setFault('never-answer', { value: 'none' });
    expect((await stage.cycle()).outcome).toBe('failed');
    expect(await stage.run()).toMatchObject({
      outcome: 'failed',
      error_code: 'instance_timeout',
      error_side: 'replica',
    });
    stage.copy.clearFaults();
    await stage.heal();
    await stage.expectEqual();
  });
});
