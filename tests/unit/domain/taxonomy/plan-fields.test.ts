import { describe, expect, test } from 'vitest';
import { describeAction } from '../../../../shared/domain/taxonomy/actions.ts';
import type { PlanInput } from '../../../../shared/domain/taxonomy/draft.ts';
import { field, input, link, planOf, Replica, select, type Words } from './support.ts';

const steps = (master: Words, replica: Words, over: Partial<PlanInput> = {}) =>
  planOf(master, replica, over).actions.map(describeAction);

describe('custom fields', () => {
  const stored = (options: Record<string, string>, over = {}) => [
    link({
      kind: 'custom_field',
      masterId: 1,
      replicaId: 7,
      name: 'Shelf',
      heldBack: null,
      detail: { options },
      ...over,
    }),
  ];
  const shelf = (id: number, options: readonly (readonly [string, string])[]) => select(id, options, { name: 'Shelf' });
  const planned = (
    master: readonly (readonly [string, string])[],
    replica: readonly (readonly [string, string])[],
    known: Record<string, string>,
    over: Partial<PlanInput> = {},
  ) => {
    const from = input(
      { fields: [shelf(1, master)] },
      { fields: [shelf(7, replica)] },
      { stored: stored(known), ...over },
    );
    const there = new Replica(from);
    const after = there.run(from);
    expect(new Replica(after).run(after)).toEqual(after);
    return there.fields[0]?.selectOptions.map(({ id, label }) => `${id}=${label}`);
  };

  test.each([['added', ['a', 'A'], ['b', 'B']]] as const)(
    'an option %s on the master comes with its id',
    (_case, a, b) => {
      expect(planned([a, b], [a], { a: 'a' })).toEqual(['a=A', 'b=B']);
    },
  );

  test('an option is relabelled, the id of the replica stays', () => {
    expect(planned([['a', 'New']], [['x', 'Old']], { a: 'x' })).toEqual(['x=New']);
  });

  test('options come in the order of the master, those of the replica alone after them', () => {
    expect(
      planned(
        [
          ['b', 'B'],
          ['a', 'A'],
        ],
        [
          ['own', 'Own'],
          ['a', 'A'],
          ['b', 'B'],
        ],
        { a: 'a', b: 'b' },
      ),
    ).toEqual(['b=B', 'a=A', 'own=Own']);
  });

  test('an id that another option of the replica has is not used twice', () => {
    expect(
      planned(
        [
          ['a', 'A'],
          ['x', 'X'],
        ],
        [['x', 'A']],
        { a: 'x' },
      ),
    ).toEqual(['x=A', expect.stringMatching(/^made-.*=X$/)]);
  });

  test('a removed option stays until a sweep has looked who uses it', () => {
    const both = [
      ['a', 'A'],
      ['b', 'B'],
    ] as const;
    const known = { a: 'a', b: 'b' };
    expect(planned([['a', 'A']], both, known)).toEqual(['a=A', 'b=B']);
    expect(planned([['a', 'A']], both, known, { sweep: true })).toEqual(['a=A', 'b=B']);
    const looked = (uses: number) => ({
      sweep: true,
      removal: { deletes: false, gone: new Set<string>(), foreignUses: new Map([['custom_field:7:b', uses]]) },
    });
    expect(planned([['a', 'A']], both, known, looked(2))).toEqual(['a=A', 'b=B']);
    const from = input(
      { fields: [shelf(1, [['a', 'A']])] },
      { fields: [shelf(7, both)] },
      { stored: stored(known), ...looked(0) },
    );
    const there = new Replica(from);
    there.run(from);
    expect(there.fields[0]?.selectOptions.map(({ id }) => id)).toEqual(['a']);
  });

  test('an option that only the replica has is never called removed', () => {
    const removal = { deletes: true, gone: new Set<string>(), foreignUses: new Map([['custom_field:7:own', 0]]) };
    expect(
      planned(
        [['a', 'A']],
        [
          ['a', 'A'],
          ['own', 'Own'],
        ],
        { a: 'a' },
        { sweep: true, removal },
      ),
    ).toEqual(['a=A', 'own=Own']);
  });

  test('a value of a removed option reads as none, one of an unknown option as missing', () => {
    const plan = planOf(
      { fields: [shelf(1, [['a', 'A']])] },
      {
        fields: [
          shelf(7, [
            ['a', 'A'],
            ['b', 'B'],
          ]),
        ],
      },
      { stored: stored({ a: 'a', b: 'b' }) },
    );
    expect(plan.tables.fields.get(1)).toMatchObject({
      options: new Map([['a', 'a']]),
      removedOnMaster: new Set(['b']),
    });
  });

  test('name and currency follow, another type is reported and nothing is sent', () => {
    const money = (id: number, over: object) => field(id, { dataType: 'monetary', ...over });
    expect(
      steps(
        { fields: [money(1, { name: 'Sum', defaultCurrency: 'EUR' })] },
        { fields: [money(7, { name: 'Amount', defaultCurrency: 'USD' })] },
        { stored: [link({ kind: 'custom_field', masterId: 1, replicaId: 7, name: 'Amount' })] },
      ),
    ).toEqual(['custom field "Sum": name, currency']);
    const plan = planOf({ fields: [field(1, { name: 'F' })] }, { fields: [field(7, { name: 'F', dataType: 'date' })] });
    expect(plan.actions).toEqual([]);
    expect(plan.tables.unmapped.get('custom_field:1')).toMatch(/type date on the replica and string/);
  });
});
