import { type Kind, type Looks, step } from '../kind.ts';
import type { Scene } from '../scene.ts';

/** 22-25: documents that go, come back, and lead to each other. */
export const documentKinds: readonly Kind[] = [
  {
    number: 22,
    title: 'moved to the trash',
    steps: [
      step(
        'trashed',
        async (on) => {
          const id = await on.document();
          return { mutate: () => on.remove('documents', id) };
        },
        mustLieInTrash,
      ),
      step(
        'bulk',
        async (on) => {
          const id = await on.document();
          return {
            mutate: async () => {
              await on.bulk([id], 'delete', {});
              await on.untilDocuments(0);
            },
          };
        },
        mustLieInTrash,
      ),
    ],
  },
  {
    number: 23,
    title: 'restored from the trash',
    steps: [
      step('restored', async (on) => {
        const id = await on.document();
        await on.remove('documents', id);
        return { mutate: () => on.trashAction('restore', [id]) };
      }),
      step(
        'returned',
        async (on) => {
          const id = await on.document();
          await on.note(id, 'goes with it and comes with it');
          return { between: () => on.remove('documents', id), mutate: () => on.trashAction('restore', [id]) };
        },
        mustBeTheSame,
      ),
    ],
  },
  {
    number: 24,
    title: 'trash emptied',
    sweeps: 2,
    steps: [
      step('emptied', async (on) => {
        const id = await on.document();
        return {
          mutate: async () => {
            await on.remove('documents', id);
            await on.trashAction('empty', [id]);
          },
        };
      }),
    ],
  },
  {
    number: 25,
    title: 'document link changed',
    steps: [
      step('set', async (on) => {
        const [from, to] = [await on.document('a'), await on.document('b')];
        const field = await on.field('documentlink');
        return { mutate: () => link(on, from, field.id, [to]) };
      }),
      step('changed', async (on) => {
        const [from, old, young] = [await on.document('a'), await on.document('b'), await on.document('c')];
        const field = await on.field('documentlink');
        await link(on, from, field.id, [old]);
        return { mutate: () => link(on, from, field.id, [young]) };
      }),
      step('removed', async (on) => {
        const [from, to] = [await on.document('a'), await on.document('b')];
        const field = await on.field('documentlink');
        await link(on, from, field.id, [to]);
        return { mutate: () => link(on, from, field.id, []) };
      }),
    ],
  },
];

const link = (on: Scene, from: number, field: number, targets: number[]): Promise<unknown> =>
  on.patch(from, { custom_fields: [{ field, value: targets }] });

/** Not merely out of sight: what was trashed on the master can be brought back on the replica too (E20). */
function mustLieInTrash({ label, after }: Looks): string[] {
  return after.trash.some((title) => title.startsWith(label)) ? [] : ['it is not in the trash of the replica'];
}

/** Out of the trash again rather than uploaded once more (E20). */
function mustBeTheSame({ label, first, after }: Looks): string[] {
  const [before, now] = [first, after].map(({ copies }) => copies.find(({ title }) => title.startsWith(label)));
  if (!before || !now) return ['it cannot be told whether it is the same document'];
  return before.id === now.id ? [] : [`it was uploaded again: document ${now.id} in place of ${before.id}`];
}
