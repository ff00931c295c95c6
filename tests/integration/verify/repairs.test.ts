import { afterEach, describe, expect, it } from 'vitest';
import { MAX_REPAIR_ROUNDS } from '../../../shared/domain/verification.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { waitFor } from '../../support/wait.ts';
import { Stage } from './stage.ts';

describe('a repair', () => {
  let stage: Stage;
  afterEach(() => stage?.stop());

  const damage = async (title: string) => stage.ask('PATCH', `/api/documents/${await stage.copyOf(2)}/`, { title });
  const setReplica = (change: object) => stage.controller.db.updateTable('replicas').set(change).execute();

  it('is tried a bounded number of times where the replica changes the value back, and says so', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3);
    await damage('Mine');
    // What a workflow of the replica does: whatever is written, its own value is there again.
    const id = await stage.copyOf(2);
    const save = stage.replica.store.saveDocument.bind(stage.replica.store);
    stage.replica.store.saveDocument = (row) => save(row.id === id ? Object.assign(row, { title: 'Mine' }) : row);
    await stage.verify('metadata');
    const left = await waitFor('the repairs to be given up', async () => {
      const found = await stage.finding('field_differs');
      return found.state === 'open' && found.reason !== null ? found : null;
    });
    expect(left.round).toBeLessThanOrEqual(MAX_REPAIR_ROUNDS);
    expect(left.reason).toContain('Still different after');
    expect(left.verified_again_at).toBeNull();
  });

  it('waits while the replica takes part in no cycle, without using up its rounds', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3);
    await damage('Mine');
    await setReplica({ enabled: false });
    await stage.verify('metadata');
    const waiting = await stage.settled((await stage.finding('field_differs')).id);
    expect(waiting).toMatchObject({ state: 'open', round: 0 });
    expect(waiting.reason).toContain('is disabled');
    await setReplica({ enabled: true });
    // The work that was opened for it is done by whatever cycle comes; the next verification sees that.
    await stage.cycle();
    await stage.verify('metadata');
    expect(await stage.settled(waiting.id)).toMatchObject({ state: 'repaired', reason: null });
  });

  it('leaves to a person what the replica was told to ask a person about', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3);
    await setReplica({ conflict_policy: 'person' });
    await damage('Mine');
    await stage.verify('metadata');
    const left = await stage.settled((await stage.finding('field_differs')).id);
    expect(left).toMatchObject({ state: 'open' });
    expect(left.reason).toContain('a person decides');
    expect(await stage.ask('GET', `/api/documents/${await stage.copyOf(2)}/`)).toMatchObject({ title: 'Mine' });
  });
});

onBothQueues('a verification and the repair that follows it', (redisUrl) => {
  let stage: Stage;
  afterEach(() => stage?.stop());

  it('go on although their jobs were lost', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3, { redisUrl: redisUrl(), timings: { lostJobMs: 500 } });
    await stage.ask('DELETE', `/api/documents/${await stage.copyOf(2)}/`);
    const id = await stage.openWithoutJob('metadata');
    expect(await stage.ended(id)).toMatchObject({ state: 'done', compared: 3, equal: 2 });
    const found = await stage.finding('missing');
    expect(await stage.settled(found.id)).toMatchObject({ state: 'repaired', round: 1 });
    expect((await stage.verify('checksum')).verification).toMatchObject({ equal: 3, findings: 0 });
  });
});
