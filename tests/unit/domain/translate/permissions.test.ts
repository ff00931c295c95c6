import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Permissions } from '../../../../shared/domain/model.ts';
import {
  normalisePermissions,
  translateOwner,
  translatePermissions,
} from '../../../../shared/domain/translate/permissions.ts';
import { tables } from './support.ts';

const ids = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 5 });
const side = fc.record({ users: ids, groups: ids });
const permissions: fc.Arbitrary<Permissions> = fc.record({ view: side, change: side });

describe('translateOwner', () => {
  test('leaves a document without an owner unowned', () => {
    expect(translateOwner(null, tables())).toEqual({ owner: null, leave: false, reports: [] });
  });

  test.each([
    ['token_user', 900, false, "owned by the token's user"],
    ['unowned', null, false, 'left without an owner'],
    ['skip', 900, true, 'left as it is'],
  ] as const)('lets the policy "%s" decide on a name that the replica does not have', (policy, owner, leave, said) => {
    const found = translateOwner(2, tables({ unknownOwner: policy }));
    expect(found).toMatchObject({ owner, leave });
    expect(found.reports[0]?.reason).toContain(said);
  });

  test('maps by user name', () => {
    expect(translateOwner(1, tables())).toEqual({ owner: 101, leave: false, reports: [] });
  });

  test('gives what belongs to a user the replica does not know to the user of the token, and says so', () => {
    const { owner, reports } = translateOwner(2, tables());
    expect(owner).toBe(900);
    expect(reports).toEqual([{ field: 'owner', kind: 'not_replicable', reason: expect.stringContaining('"bob"') }]);
  });

  test('names a user whose name is not known by its id', () => {
    expect(translateOwner(77, tables()).reports[0]?.reason).toContain('#77');
  });
});

describe('translatePermissions', () => {
  test('leaves out and names who does not exist on the replica', () => {
    const source = { view: { users: [1, 2], groups: [2] }, change: { users: [], groups: [1] } };
    const translated = translatePermissions({ permissions: source }, tables());
    expect(translated.permissions).toEqual({
      view: { users: [101], groups: [101] },
      change: { users: [], groups: [101] },
    });
    expect(translated.reports.map(({ reason }) => reason)).toEqual([
      'user "bob" does not exist on the replica',
      'group "staff" does not exist on the replica',
    ]);
  });

  test('reads permissions that the instance did not show as none', () => {
    expect(translatePermissions({ permissions: null }, tables()).permissions).toEqual(normalisePermissions(null));
  });
});

describe('normalisePermissions', () => {
  test('lets whoever may change also view, as paperless does', () => {
    fc.assert(
      fc.property(permissions, (given) => {
        const { view, change } = normalisePermissions(given);
        for (const id of change.users) expect(view.users).toContain(id);
        for (const id of change.groups) expect(view.groups).toContain(id);
      }),
    );
  });

  test('has one form for one meaning', () => {
    const shuffled = (given: Permissions): Permissions => ({
      view: {
        users: [...given.view.users, ...given.view.users].reverse(),
        groups: [...given.view.groups, ...given.change.groups],
      },
      change: { users: [...given.change.users].reverse(), groups: given.change.groups },
    });
    fc.assert(
      fc.property(permissions, (given) => {
        expect(normalisePermissions(shuffled(given))).toEqual(normalisePermissions(given));
        expect(normalisePermissions(normalisePermissions(given))).toEqual(normalisePermissions(given));
      }),
    );
  });
});
