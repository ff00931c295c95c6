import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import { findPromotion, partedDocuments } from '../../../shared/db/promotions.repo.ts';
import { planReadmission, readmit } from '../../../shared/replication/promote/readmit.ts';
import type { Promotion } from '../../../shared/db/tables.ts';
import type { PromotionPlan } from '../../../shared/replication/promote/plan.ts';
import * as stages from './stage.ts';
import { ask, uploads, writes, type Generation, type Stage } from './stage.ts';

const LINES: readonly (readonly [Generation, Generation, Generation])[] = [
  ['v3', 'v3', 'v3'],
  ['v2', 'v3', 'v2'],
];

describe.each(LINES)('a %s master, a %s replica that takes over, and a %s replica', (...line) => {
  let stage: Stage;
  let planned: PromotionPlan;
  let done: Promotion;
  const parted = (id: number) => partedDocuments(stage.controller.db, id, { after: 0, limit: 100 });

  beforeAll(async () => {
    stage = await stages.stage(line);
    const { controller, old, heir } = stage;
    await controller.cycle();
    old.write([stages.text('Too late for the heir')]);
    await controller.cycle((await controller.replica('third')).id);
    heir.clearRequests();
    old.clearRequests();
    planned = await stages.plan(controller, 'heir');
    done = await stages.promote(controller, 'heir');
  });
  afterAll(() => stage?.close());

  it('tells beforehand what is done, and does that', async () => {
    expect(planned.problems).toEqual([]);
    expect(planned.counts).toMatchObject({ documents: 4, absent: 1, behind: 0 });
    expect(done.summary).toEqual(planned.counts);
    expect((await parted(done.id)).map(({ kind, old_doc_id }) => [kind, old_doc_id])).toEqual([['absent', 5]]);
    expect((await parted(done.id))[0]?.detail).toContain('A copy is on "third"');
  });

  it('gives back what was held back before the replica becomes read-only, and writes nothing else there', () => {
    const tag = [...stage.heir.store.matching.tag.values()].find((one) => one.name === 'Inbox');
    expect(tag).toMatchObject({ isInboxTag: true, matchingAlgorithm: 1 });
    const [office] = [...stage.heir.store.matching.correspondent.values()];
    expect(office).toMatchObject({ matchingAlgorithm: 2 });
    expect(writes(stage.heir).every((request) => /^PATCH \/api\/(tags|correspondents)\//.test(request))).toBe(true);
    expect(writes(stage.heir)).toHaveLength(planned.held_back.length);
    expect(writes(stage.old)).toEqual([]);
  });

  it('carries changes of the new master to the other replica, uploads nothing that is there, and writes nothing to it', async () => {
    const { controller, heir, third, old } = stage;
    const [, two] = [...heir.store.documents.values()].filter((row) => stages.TITLES.includes(row.title));
    await ask(heir, 'PATCH', `/api/documents/${two!.id}/`, { title: 'Two, changed on the new master' });
    for (const instance of [heir, third, old]) instance.clearRequests();
    await stages.settleDown(controller);
    expect(stages.titles(third)).toContain('Two, changed on the new master');
    // What the heir alone had is new to the other replica; nothing else is sent.
    expect(uploads(third)).toHaveLength(1);
    expect(stages.titles(third)).toContain('Too late for the heir');
    expect([writes(heir), writes(old)]).toEqual([[], []]);
    const comparison = await compareInstances({ master: heir, replica: third, blocked: [] });
    expect(comparison).toMatchObject({ differing: {}, missing: [], doubled: [], markers: [] });
    expect(comparison.taxonomy.differences).toEqual([]);
  });

  it('refuses the old master as a master and as an ordinary replica', async () => {
    const { addReplica } = await import('../../../shared/replication/add-replica.ts');
    const { saveSettings } = await import('../../../shared/replication/save-settings.ts');
    const deps = stages.verbDeps(stage.controller);
    const { url, token } = stage.old;
    await expect(saveSettings(deps, { master_url: url, master_token: token })).rejects.toMatchObject({
      code: 'former_master',
    });
    await expect(
      addReplica(deps, { name: 'old', url, token, enabled: true, syncIntervalSeconds: null }),
    ).rejects.toMatchObject({ code: 'former_master' });
  });

  // The rest does not depend on the generations.
  if (line[0] === 'v2') return;

  it('takes it back as a replica, with its later changes listed and left alone, and uploads nothing that it has', async () => {
    const { controller, old } = stage;
    await ask(old, 'PATCH', '/api/documents/3/', { title: 'Three, changed on the old master' });
    old.write([stages.text('Added to the old master')]);
    const deps = stages.verbDeps(controller);
    const plan = await planReadmission(deps, done.id, {});
    expect(plan.diverged.map(({ kind, old_doc_id }) => [kind, old_doc_id])).toEqual([
      ['changed', 3],
      ['added', 6],
    ]);
    expect(plan).toMatchObject({ documents: 4, foreign: 2 });
    const { replica } = await readmit(deps, done.id, { name: 'old' });
    expect(await findPromotion(controller.db, done.id)).toMatchObject({ readmitted_as: replica.id });
    old.clearRequests();
    await stages.settleDown(controller);
    expect(uploads(old)).toHaveLength(1); // "Of the heir alone"
    expect(writes(old).filter((request) => request.startsWith('DELETE /api/documents'))).toEqual([]);
    expect(stages.titles(old)).toEqual(
      expect.arrayContaining([
        'Three, changed on the old master',
        'Two, changed on the new master',
        'Too late for the heir',
        'Added to the old master',
        'Of the heir alone',
      ]),
    );
    expect(old.store.documents.get(1)?.notes).toHaveLength(1);
  });

  it('promotes the old master back, and writes to it no more', async () => {
    const { controller, old, heir } = stage;
    const again = await stages.promote(controller, 'old');
    // What was changed on the old master is left alone until somebody includes it.
    expect(again.summary).toMatchObject({ documents: 5, behind: 1 });
    expect([...old.store.matching.tag.values()].find((one) => one.name === 'Inbox')).toMatchObject({
      isInboxTag: true,
      matchingAlgorithm: 1,
    });
    const { plan } = await readmit(stages.verbDeps(controller), again.id, { name: 'heir' });
    // Left alone until now, so nobody knows which of the two is wanted.
    expect(plan.diverged.map(({ detail }) => detail)).toEqual(['Never applied before the promotion.']);
    for (const instance of [old, heir]) instance.clearRequests();
    await stages.settleDown(controller);
    expect(writes(old)).toEqual([]);
    // What the old master alone had.
    expect(uploads(heir)).toHaveLength(2);
    expect(stages.titles(heir)).toContain('Three');
  });
});
