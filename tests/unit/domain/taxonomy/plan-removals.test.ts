import { describe, expect, test } from 'vitest';
import { describeAction } from '../../../../shared/domain/taxonomy/actions.ts';
import type { PlanInput } from '../../../../shared/domain/taxonomy/draft.ts';
import { link, planOf, tag, type Words } from './support.ts';

const steps = (master: Words, replica: Words, over: Partial<PlanInput> = {}) =>
  planOf(master, replica, over).actions.map(describeAction);

describe('what the master has deleted', () => {
  const gone = (uses: number | undefined, deletes = true) => ({
    sweep: true,
    removal: {
      deletes,
      gone: new Set(['tag:1']),
      foreignUses: new Map(uses === undefined ? [] : [['tag:7', uses]]),
    },
  });
  const there = { objects: [tag(7, { name: 'A' })] };
  const others = { objects: [tag(2, { name: 'B' })] };
  const stored = [link({ masterId: 1, replicaId: 7, name: 'A' }), link({ masterId: 2, replicaId: 8, name: 'B' })];
  const replica = { objects: [...there.objects, tag(8, { name: 'B' })] };

  test('goes from the replica if we made it and nobody else uses it', () => {
    expect(steps(others, replica, { stored, ...gone(0) })).toEqual(['tag "A": deleted, as on the master']);
  });

  test.each<[string, Partial<PlanInput>, PlanInput['stored']]>([
    ['outside of a sweep', { ...gone(0), sweep: false }, stored],
    ['where nothing is deleted', gone(0, false), stored],
    ['while documents of the replica alone use it', gone(3), stored],
    ['while its use is not known', gone(undefined), stored],
    ['where it was there before us', gone(0), stored.map((one) => ({ ...one, createdByUs: false }))],
    [
      'without a proof',
      { sweep: true, removal: { deletes: true, gone: new Set(), foreignUses: new Map([['tag:7', 0]]) } },
      stored,
    ],
  ])('stays %s', (_case, over, links) => {
    expect(steps(others, replica, { stored: links, ...over })).toEqual([]);
  });

  test('stays where somebody has renamed it, and while other tags are below it', () => {
    const renamed = planOf(
      others,
      { objects: [tag(7, { name: 'Mine' }), tag(8, { name: 'B' })] },
      { stored, ...gone(0) },
    );
    expect(renamed.actions).toEqual([]);
    expect(renamed.kept[0]?.why).toMatch(/named "Mine"/);
    const below = planOf(
      others,
      { objects: [...replica.objects, tag(9, { name: 'own', parent: 7 })] },
      { stored, ...gone(0) },
    );
    expect(below.actions).toEqual([]);
    expect(below.kept[0]?.why).toMatch(/below it/);
  });

  test('a whole branch goes from its leaves up', () => {
    const branch = [tag(7, { name: 'A' }), tag(17, { name: 'A1', parent: 7 }), tag(8, { name: 'B' })];
    const links = [...stored, link({ masterId: 3, replicaId: 17, name: 'A1' })];
    const removal = {
      deletes: true,
      gone: new Set(['tag:1', 'tag:3']),
      foreignUses: new Map([
        ['tag:7', 0],
        ['tag:17', 0],
      ]),
    };
    expect(steps(others, { objects: branch }, { stored: links, sweep: true, removal })).toEqual([
      'tag "A1": deleted, as on the master',
      'tag "A": deleted, as on the master',
    ]);
  });

  test.each([
    ['an empty list', 3, []],
    ['six of forty at once', 40, Array.from({ length: 34 }, (_, at) => at + 7)],
  ])('concludes nothing from %s, and names what is missing', (_case, known, listed) => {
    const all = Array.from({ length: known }, (_, at) => at + 1);
    const links = all.map((id) => link({ masterId: id, replicaId: id + 100 }));
    const plan = planOf(
      { objects: listed.map((id) => tag(id)) },
      { objects: all.map((id) => tag(id + 100, { name: `tag ${id}` })) },
      {
        stored: links,
        sweep: true,
        removal: { deletes: true, gone: new Set(), foreignUses: new Map() },
      },
    );
    expect(plan.actions).toEqual([]);
    expect(plan.notes).toEqual([]);
    expect(plan.missing).toMatchObject([
      { kind: 'tag', known, names: expect.arrayContaining(['tag 1', 'tag 2', 'tag 3']) },
    ]);
  });

  test("many that are proven gone one after the other are still a person's to allow", () => {
    const all = Array.from({ length: 8 }, (_, at) => at + 1);
    const links = (approved: boolean) =>
      all.map((id) =>
        link({ masterId: id, replicaId: id + 100, state: 'gone', detail: approved && id < 3 ? { approved } : {} }),
      );
    const removal = {
      deletes: true,
      gone: new Set(all.map((id) => `tag:${id}`)),
      foreignUses: new Map(all.map((id) => [`tag:${id + 100}`, 0])),
    };
    const there = { objects: all.map((id) => tag(id + 100, { name: `tag ${id}` })) };
    expect(steps({}, there, { stored: links(false), sweep: true, removal })).toEqual([]);
    expect(steps({}, there, { stored: links(true), sweep: true, removal })).toHaveLength(2);
  });

  test('its row is forgotten once its counterpart is gone, too', () => {
    const plan = planOf({}, {}, { stored: [link({ masterId: 1, replicaId: 7, state: 'gone' })] });
    expect(plan.forget).toEqual([1001]);
  });
});
