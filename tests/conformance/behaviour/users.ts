import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Library } from '../support/library.ts';
import { instant, pageOf } from '../support/shapes.ts';

const userShape = z.looseObject({
  id: z.number().int(),
  username: z.string(),
  email: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  date_joined: instant,
  is_staff: z.boolean(),
  is_active: z.boolean(),
  is_superuser: z.boolean(),
  groups: z.array(z.number().int()),
  user_permissions: z.array(z.string()),
});
const groupShape = z.strictObject({ id: z.number().int(), name: z.string(), permissions: z.array(z.string()) });

export function userBehaviour(library: Library): void {
  describe('users and groups', () => {
    directories(library);
    tokenRotation(library);
  });
}

function directories(library: Library): void {
  test('users are a paged list, the caller among them, and can be found by name', async () => {
    const account = await library.account('lister');
    const list = pageOf(userShape).parse((await library.call('/api/users/?page_size=100000')).json);
    expect(list.results.map((user) => user.id)).toEqual(expect.arrayContaining([library.userId, account.id]));
    const found = pageOf(userShape).parse(
      (await library.call(`/api/users/?username__iexact=${account.username}`)).json,
    );
    expect(found.results.map((user) => user.username)).toEqual([account.username]);
  });

  test('groups are a paged list of names and rights', async () => {
    const group = await library.create('groups', { name: library.name('group'), permissions: ['view_document'] });
    const list = pageOf(groupShape).parse((await library.call('/api/groups/?page_size=100000')).json);
    expect(list.results).toContainEqual({ id: group.id, name: group.name, permissions: ['view_document'] });
  });

  test('a group name that is taken is refused', async () => {
    const group = await library.create('groups', { name: library.name('group'), permissions: [] });
    const again = await library.tryCreate('groups', { name: group.name, permissions: [] });
    expect([again.status, again.json]).toEqual([400, { name: ['group with this name already exists.'] }]);
  });
}

function tokenRotation(library: Library): void {
  const rotate = async (auth: string) => {
    const answer = await library.call('/api/profile/generate_auth_token/', { method: 'POST', json: {}, auth });
    expect(answer.status, answer.text).toBe(200);
    return z
      .string()
      .regex(/^[0-9a-f]{40}$/)
      .parse(answer.json);
  };

  test('a new token ends the old one at once: a fence for new requests (F8)', async () => {
    // Never the token of the run: whoever gave it would lose it.
    const account = await library.account('rotating');
    const first = await rotate(account.auth);
    expect((await library.call('/api/profile/', { auth: `Token ${first}` })).status).toBe(200);
    const second = await rotate(`Token ${first}`);
    const refused = await library.call('/api/profile/', { auth: `Token ${first}` });
    expect([refused.status, refused.json]).toEqual([401, { detail: 'Invalid token.' }]);
    expect((await library.call('/api/profile/', { auth: `Token ${second}` })).status).toBe(200);
  });
}
