/**
 * Groups carry permissions and can be named in the rights to an object.
 */

import type { Context } from '../context.ts';
import { json, noContent, notFound, type Reply } from '../http/reply.ts';
import { type Field, invalid, readInput, textField } from '../rest/input.ts';
import { orderRows, textFilter } from '../rest/lists.ts';
import { asciiLower, compareText } from '../rest/lookups.ts';
import { paginate } from '../rest/pagination.ts';
import type { Group } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import { permissionListField } from './users.ts';

const byName = (a: Group, b: Group): number => compareText(asciiLower(a.name), asciiLower(b.name)) || a.id - b.id;

export function listGroups(context: Context): Reply {
  context.require('view_group');
  const name = textFilter(context.query, 'name');
  const found = context.store.groups.filter((group) => !name || name(group.name)).sort(byName);
  const rows = orderRows(found, context.query, { name: byName });
  const { rows: page, envelope } = paginate(rows, context.page);
  return json(envelope([...page], () => rows.map((group) => group.id)));
}

function find(context: Context): Group {
  const group = context.store.groups.get(context.id());
  if (!group) throw notFound('Group');
  return group;
}

export function readGroup(context: Context): Reply {
  context.require('view_group');
  return json(find(context));
}

const nameField =
  (store: Store, group: Group | null): Field<string> =>
  (input) => {
    const name = textField({ max: 150, blank: false })(input);
    const isTaken = store.groups.filter((other) => other !== group && other.name === name).length > 0;
    if (isTaken) throw invalid('group with this name already exists.');
    return name;
  };

export async function saveGroup(context: Context): Promise<Reply> {
  const creates = context.method === 'POST';
  context.require(creates ? 'add_group' : 'change_group');
  const { store } = context;
  const known = creates ? null : find(context);
  const shape = { name: nameField(store, known), permissions: permissionListField };
  const values = readInput(await context.input(), shape, context.method === 'PATCH' ? [] : ['name', 'permissions']);
  const group = {
    id: known?.id ?? store.groups.takeId(),
    name: values.name ?? known?.name ?? '',
    permissions: values.permissions ?? known?.permissions ?? [],
  };
  return json(store.groups.save(group), creates ? 201 : 200);
}

export function deleteGroup(context: Context): Reply {
  context.require('delete_group');
  const { store } = context;
  const { id } = find(context);
  store.groups.remove(id);
  for (const user of store.users.filter((candidate) => candidate.groups.includes(id))) {
    user.groups = user.groups.filter((group) => group !== id);
    store.users.save(user);
  }
  const lists = (row: { permissions: { view: { groups: number[] }; change: { groups: number[] } } }) => [
    row.permissions.view,
    row.permissions.change,
  ];
  const without = (row: Parameters<typeof lists>[0]): void => {
    for (const list of lists(row)) list.groups = list.groups.filter((group) => group !== id);
  };
  const names = (row: Parameters<typeof lists>[0]): boolean => lists(row).some((list) => list.groups.includes(id));
  for (const row of store.documents.filter(names)) {
    without(row);
    store.saveDocument(row);
  }
  for (const table of Object.values(store.matching)) {
    for (const row of table.filter(names)) {
      without(row);
      table.save(row);
    }
  }
  return noContent();
}
