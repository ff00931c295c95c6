import { describe, expect, test } from 'vitest';
import { describeAction } from '../../../../shared/domain/taxonomy/actions.ts';
import type { PlanInput } from '../../../../shared/domain/taxonomy/draft.ts';
import { field, input, link, object, planOf, Replica, tag, TOKEN_USER, type Words } from './support.ts';

const steps = (master: Words, replica: Words, over: Partial<PlanInput> = {}) =>
  planOf(master, replica, over).actions.map(describeAction);

const users = (...names: [number, string][]) => ({ users: names });

describe('pairs', () => {
  test.each<[string, Words, Words, Partial<PlanInput>, string[]]>([
    ['nothing on either side', {}, {}, {}, []],
    ['what is missing is created', { objects: [tag(1, { name: 'A' })] }, {}, {}, ['tag "A": created']],
    [
      'what is there under the name and owner is adopted',
      { objects: [tag(1, { name: 'A' })] },
      { objects: [tag(7, { name: 'A' })] },
      {},
      [`tag "A": the replica's #7 stands for it from now on`],
    ],
    [
      'a remembered pair is renamed, whatever else bears the new name for another owner',
      { objects: [tag(1, { name: 'New' })] },
      { objects: [tag(7, { name: 'Old' })] },
      { stored: [link({ masterId: 1, replicaId: 7, name: 'Old' })] },
      ['tag "New": name'],
    ],
    [
      'what somebody deleted on the replica is made again',
      { objects: [tag(1, { name: 'A' })] },
      {},
      { stored: [link({ masterId: 1, replicaId: 7, name: 'A' })] },
      ['tag "A": created again'],
    ],
    [
      'the only one of another owner is adopted and gets the right owner',
      { objects: [tag(1, { name: 'A' })] },
      { objects: [tag(7, { name: 'A', owner: TOKEN_USER })] },
      {},
      [`tag "A": the replica's #7 stands for it from now on`, 'tag "A": owner'],
    ],
    [
      'what belongs to somebody else who is known on both sides is his, and a new one is made',
      { objects: [tag(1, { name: 'A', owner: 2 })], ...users([2, 'ada'], [3, 'bob']) },
      { objects: [tag(7, { name: 'A', owner: 33 })], ...users([22, 'ada'], [33, 'bob']) },
      {},
      ['tag "A": created'],
    ],
    [
      'several of other owners are ambiguous, and nothing is done',
      { objects: [tag(1, { name: 'A' })] },
      { objects: [tag(7, { name: 'A', owner: 22 }), tag(8, { name: 'A', owner: 33 })] },
      {},
      [],
    ],
    [
      'two of the master that want one of a third owner are ambiguous',
      { objects: [tag(1, { name: 'A', owner: 2 }), tag(2, { name: 'A', owner: 3 })], ...users([2, 'ada'], [3, 'bob']) },
      { objects: [tag(7, { name: 'A', owner: TOKEN_USER })], ...users([22, 'ada'], [33, 'bob']) },
      {},
      [],
    ],
    [
      'a person who wants a new one gets a new one',
      { objects: [tag(1, { name: 'A', owner: 2 })], ...users([2, 'ada']) },
      { objects: [tag(7, { name: 'A', owner: TOKEN_USER })], ...users([22, 'ada']) },
      { stored: [link({ masterId: 1, replicaId: null, state: 'failed', detail: { choice: 'new' } })] },
      ['tag "A": created'],
    ],
    [
      'two owners that the replica does not have would make one name of one owner: the second is ambiguous',
      { objects: [tag(1, { name: 'A', owner: 2 }), tag(2, { name: 'A', owner: 3 })] },
      {},
      {},
      ['tag "A": created'],
    ],
  ])('%s', (_case, master, replica, over, expected) => {
    expect(steps(master, replica, over)).toEqual(expected);
  });

  test('ambiguous names are listed with their candidates and said to the documents', () => {
    const plan = planOf(
      { objects: [tag(1, { name: 'A' })] },
      { objects: [tag(7, { name: 'A', owner: 22 }), tag(8, { name: 'A', owner: 33 })] },
    );
    expect(plan.ambiguities.map(({ candidates }) => candidates)).toEqual([[7, 8]]);
    expect(plan.tables.unmapped.get('tag:1')).toMatch(/2 times/);
    expect(plan.tables.taxonomy.tag.size).toBe(0);
  });

  test('an object that a vanished link may still stand for is not taken by a namesake', () => {
    const stored = [link({ masterId: 9, replicaId: 7, name: 'A' })];
    const plan = planOf({ objects: [tag(1, { name: 'A' })] }, { objects: [tag(7, { name: 'A' })] }, { stored });
    expect(plan.actions.map(({ do: what }) => what)).toEqual(['create']);
    const removal = { deletes: false, gone: new Set(['tag:9']), foreignUses: new Map() };
    const proven = planOf(
      { objects: [tag(1, { name: 'A' })] },
      { objects: [tag(7, { name: 'A' })] },
      { stored, removal },
    );
    // Once it is proven gone, its row makes room in the run after.
    expect(proven.notes.map(({ state, masterId }) => [masterId, state])).toContainEqual([9, 'gone']);
  });

  test('what the replica alone has is listed and left alone', () => {
    const plan = planOf({}, { objects: [tag(7, { name: 'Mine' })], fields: [field(3, { name: 'Own' })] });
    expect(plan.actions).toEqual([]);
    expect(plan.replicaOnly.map(({ kind, name }) => [kind, name])).toEqual([
      ['tag', 'Mine'],
      ['custom_field', 'Own'],
    ]);
  });
});

describe('values', () => {
  const paired = { stored: [link({ masterId: 1, replicaId: 7, name: 'A' })] };
  const change = (master: object, replica: object, over: Partial<PlanInput> = {}) =>
    steps(
      { objects: [tag(1, { name: 'A', ...master })] },
      { objects: [tag(7, { name: 'A', ...replica })] },
      { ...paired, ...over },
    );

  test.each([
    ['colour', { color: '#ff0000' }, {}, ['tag "A": color']],
    ['match text', { match: 'invoice' }, {}, ['tag "A": match']],
    ['letter case of matching', { isInsensitive: false }, {}, ['tag "A": is_insensitive']],
    ['the name set back that somebody changed on the replica', {}, { name: 'Mine now' }, ['tag "A": name']],
    ['rights', { permissions: null }, { permissions: null }, []],
    ['algorithm and inbox flag held back', { matchingAlgorithm: 6, isInboxTag: true }, {}, []],
    [
      'what somebody switched on taken back',
      {},
      { matchingAlgorithm: 2, isInboxTag: true },
      ['tag "A": matching_algorithm, is_inbox_tag'],
    ],
    ['white space at the ends, which paperless trims', { name: 'A ' }, {}, []],
  ])('%s', (_case, master, replica, expected) => {
    expect(change(master, replica)).toEqual(expected);
  });

  test('held-back values are written by the switch, and taken back without it', () => {
    const master = { matchingAlgorithm: 3, isInboxTag: true };
    expect(change(master, {}, { restoreHeldBack: true })).toEqual(['tag "A": matching_algorithm, is_inbox_tag']);
    expect(change(master, { matchingAlgorithm: 3, isInboxTag: true })).toEqual([
      'tag "A": matching_algorithm, is_inbox_tag',
    ]);
    const plan = planOf({ objects: [tag(1, { name: 'A', ...master })] }, { objects: [tag(7, { name: 'A' })] }, paired);
    expect(plan.notes.map(({ heldBack }) => heldBack)).toEqual([{ matching_algorithm: 3, is_inbox_tag: true }]);
  });

  test.each([
    ['token_user', ['tag "A": owner']],
    ['unowned', []],
    ['skip', []],
  ] as const)('an owner that the replica does not have follows the policy "%s"', (unknownOwner, expected) => {
    expect(change({ owner: 5 }, {}, { unknownOwner })).toEqual(expected);
  });

  test('a refused value is sent again only when something moved, or by a sweep', () => {
    const refused = { color: { wanted: '"#ff0000"', found: '"#a6cee3"', why: 'refused' } };
    const stored = [link({ masterId: 1, replicaId: 7, name: 'A', detail: { refused } })];
    expect(change({ color: '#ff0000' }, {}, { stored })).toEqual([]);
    expect(change({ color: '#ff0000' }, {}, { stored, sweep: true })).toEqual(['tag "A": color']);
    expect(change({ color: '#00ff00' }, {}, { stored })).toEqual(['tag "A": color']);
    expect(change({ color: '#ff0000' }, { color: '#111111' }, { stored })).toEqual(['tag "A": color']);
  });

  test('a storage path follows its template', () => {
    const path = (id: number, text: string) => object('storage_path', id, { name: 'P', path: text });
    const stored = [link({ kind: 'storage_path', masterId: 1, replicaId: 7, name: 'P' })];
    expect(steps({ objects: [path(1, '{{ created }}')] }, { objects: [path(7, '{{ title }}')] }, { stored })).toEqual([
      'storage path "P": path',
    ]);
  });
});

describe('the order of names and parents', () => {
  const swap = { objects: [tag(1, { name: 'B' }), tag(2, { name: 'A' })] };
  const stored = [link({ masterId: 1, replicaId: 11, name: 'A' }), link({ masterId: 2, replicaId: 12, name: 'B' })];

  test('two tags swap their names by way of a third', () => {
    const from = input(swap, { objects: [tag(11, { name: 'A' }), tag(12, { name: 'B' })] }, { stored });
    const replica = new Replica(from);
    replica.run(from);
    expect(replica.objects.map(({ id, name }) => [id, name])).toEqual([
      [11, 'B'],
      [12, 'A'],
    ]);
  });

  test('a name that is given up is free for a new tag in the same run', () => {
    const from = input(
      { objects: [tag(1, { name: 'A, old' }), tag(3, { name: 'A' })] },
      { objects: [tag(11, { name: 'A' })] },
      { stored: stored.slice(0, 1) },
    );
    const replica = new Replica(from);
    replica.run(from);
    expect(replica.objects.map(({ name }) => name)).toEqual(['A, old', 'A']);
  });

  test('a deep tree is turned upside down without passing five levels', () => {
    const ids = [1, 2, 3, 4, 5];
    const links = ids.map((id) => link({ masterId: id, replicaId: id + 10 }));
    const from = input(
      { objects: ids.map((id) => tag(id, { parent: id === 5 ? null : id + 1 })) },
      { objects: ids.map((id) => tag(id + 10, { name: `tag ${id}`, parent: id === 1 ? null : id + 9 })) },
      { stored: links },
    );
    const replica = new Replica(from);
    const after = replica.run(from);
    expect(replica.objects.map(({ id, parent }) => [id - 10, parent === null ? null : parent - 10])).toEqual([
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
      [5, null],
    ]);
    expect(new Replica(after).run(after)).toEqual(after);
  });

  test('a tag whose parent has no counterpart keeps the parent it has', () => {
    const plan = planOf(
      { objects: [tag(1, { name: 'Top' }), tag(2, { name: 'Low', parent: 1 })] },
      {
        objects: [
          tag(7, { name: 'Top', owner: 22 }),
          tag(8, { name: 'Top', owner: 33 }),
          tag(12, { name: 'Low', parent: 7 }),
        ],
      },
      { stored: [link({ masterId: 2, replicaId: 12, name: 'Low' })] },
    );
    expect(plan.actions).toEqual([]);
  });
});
