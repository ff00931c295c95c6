import { z } from 'zod';
import type { PaperlessHttp } from '../http.ts';
import type { Library, LibraryOwner, LibraryPermissions } from '../library/index.ts';
import { groupWire, page, selfWire, tokenWire, userWire } from '../wire.ts';

/** Names to the ids of one instance, and a line to it for each user that writes notes. */
export interface People {
  readonly users: ReadonlyMap<string, number>;
  readonly groups: ReadonlyMap<string, number>;
  readonly tokenUser: number;
  readonly asUser: (username: string) => Promise<PaperlessHttp>;
}

const PASSWORD = 'demo-library-only';
const EVERYTHING = 'page_size=100000';

export async function makePeople(http: PaperlessHttp, library: Library): Promise<People> {
  const { user } = await http.get('/api/ui_settings/', selfWire);
  const groups = idsByName((await http.get(`/api/groups/?${EVERYTHING}`, page(groupWire))).results);
  for (const group of library.groups) {
    if (!groups.has(group.name)) groups.set(group.name, (await http.post('/api/groups/', group, groupWire)).id);
  }
  const known = (await http.get(`/api/users/?${EVERYTHING}`, page(userWire))).results;
  const users = idsByName(known.map(({ id, username }) => ({ id, name: username })));
  for (const { username, groups: memberOf } of library.users) {
    if (users.has(username)) continue;
    const body = { username, password: PASSWORD, groups: memberOf.map((name) => idOf(groups, name)) };
    users.set(username, (await http.post('/api/users/', body, userWire)).id);
  }
  return { users, groups, tokenUser: user.id, asUser: tokens(http) };
}

/** 3.x gives five tokens a minute and address (paperless-api.md 1.1): each user's is fetched once, when first needed. */
function tokens(http: PaperlessHttp): People['asUser'] {
  const lines = new Map<string, Promise<PaperlessHttp>>();
  const open = async (username: string) => {
    const answer = await http.post('/api/token/', { username, password: PASSWORD }, tokenWire);
    return http.as(answer.token);
  };
  return (username) => {
    const line = lines.get(username) ?? open(username);
    lines.set(username, line);
    return line;
  };
}

export function idsByName(rows: readonly { readonly id: number; readonly name: string }[]): Map<string, number> {
  return new Map(rows.map(({ id, name }) => [name, id]));
}

export function idOf(ids: ReadonlyMap<string, number>, name: string): number {
  const id = ids.get(name);
  if (id === undefined) throw new Error(`The library names "${name}", which it does not define.`);
  return id;
}

export function ownerId(people: People, owner: LibraryOwner): number | null {
  if (owner === null) return null;
  return owner === 'token-user' ? people.tokenUser : idOf(people.users, owner.user);
}

export function permissionIds(people: People, { view, change }: LibraryPermissions) {
  const ids = ({ users, groups }: LibraryPermissions['view']) => ({
    users: users.map((name) => idOf(people.users, name)),
    groups: groups.map((name) => idOf(people.groups, name)),
  });
  return { view: ids(view), change: ids(change) };
}

/** Any JSON: for answers of which nothing is needed. */
export const anything = z.unknown();
