import { type Kind, step } from '../kind.ts';

const nobody = { users: [], groups: [] };

/** 17 and 18: notes, owners and permissions. */
export const peopleKinds: readonly Kind[] = [
  {
    number: 17,
    title: 'note added, deleted',
    steps: [
      step('added', async (on) => {
        const id = await on.document();
        return { mutate: () => on.note(id, 'added\nwith a second line') };
      }),
      step('deleted', async (on) => {
        const id = await on.document();
        await on.note(id, 'stays');
        const note = await on.note(id, 'goes');
        return { mutate: () => on.forgetNote(id, note) };
      }),
    ],
  },
  {
    number: 18,
    title: 'owner, permissions, user deleted',
    steps: [
      step('owner', async (on) => {
        const [before, after] = [await on.user('-before'), await on.user('-after')];
        const id = await on.document('a', { owner: before });
        return { mutate: () => on.patch(id, { owner: after }) };
      }),
      step('unowned', async (on) => {
        const id = await on.document('a', { owner: await on.user() });
        return { mutate: () => on.patch(id, { owner: null }) };
      }),
      step('permissions', async (on) => {
        const [before, after] = [await on.user('-before'), await on.user('-after')];
        const shared = (user: number) => ({
          set_permissions: { view: { users: [user], groups: [] }, change: nobody },
        });
        const id = await on.document('a', shared(before));
        return { mutate: () => on.patch(id, shared(after)) };
      }),
      step('bulk', async (on) => {
        const user = await on.user();
        const id = await on.document('a', { owner: user });
        const parameters = { set_permissions: { view: { users: [user], groups: [] }, change: nobody }, merge: true };
        return { mutate: () => on.bulk([id], 'set_permissions', parameters) };
      }),
      step('deleted', async (on) => {
        const user = await on.user();
        const view = { users: [user], groups: [] };
        await on.document('a', { owner: user });
        await on.document('b', { set_permissions: { view, change: nobody } });
        return { mutate: () => on.forgetUser(user) };
      }),
    ],
  },
];
