import { type Kind, step } from '../kind.ts';
import type { ObjectKind } from '../scene.ts';

/** 13-15 and 26: objects that documents name. */
export const objectKinds: readonly Kind[] = [
  {
    number: 13,
    title: 'tag renamed',
    steps: [
      step('renamed', async (on) => {
        const tag = await on.tag();
        await on.document('a', { tags: [tag] });
        return { mutate: () => on.change('tags', tag, { name: `${on.label} renamed` }) };
      }),
      step('recoloured', async (on) => {
        const tag = await on.tag('', { color: '#112233' });
        await on.document('a', { tags: [tag] });
        return { mutate: () => on.change('tags', tag, { color: '#445566' }) };
      }),
      step('exchanged', async (on) => {
        const [one, two] = [await on.tag(' one'), await on.tag(' two')];
        await on.document('a', { tags: [one] });
        return {
          mutate: async () => {
            await on.change('tags', one, { name: `${on.label} passing` });
            await on.change('tags', two, { name: `${on.label} one` });
            await on.change('tags', one, { name: `${on.label} two` });
          },
        };
      }),
    ],
  },
  {
    number: 14,
    title: 'tag deleted',
    steps: [
      step('deleted', async (on) => {
        const [stays, goes] = [await on.tag(' stays'), await on.tag(' goes')];
        await on.document('a', { tags: [stays, goes] });
        return { mutate: () => on.remove('tags', goes) };
      }),
      step('cascade', async (on) => {
        const parent = await on.tag(' parent');
        const child = await on.tag(' child', { parent });
        await on.document('a', { tags: [parent, child] });
        return { mutate: () => on.remove('tags', parent) };
      }),
    ],
  },
  {
    number: 15,
    title: 'correspondent, type, storage path deleted',
    steps: (
      [
        ['correspondents', 'correspondent'],
        ['document_types', 'type'],
        ['storage_paths', 'path'],
      ] as const
    ).map(([kind, name]) => deleted(kind, name)),
  },
  {
    number: 26,
    title: 'tag re-parented',
    steps: [
      step('placed', async (on) => {
        const [parent, child] = [await on.tag(' parent'), await on.tag(' child')];
        const id = await on.document('a', { tags: [child] });
        return {
          mutate: async () => {
            await on.change('tags', child, { parent });
            await on.untilIs(id, 'the parent tag', ({ tags }) => tags.includes(parent));
          },
        };
      }),
      step('moved', async (on) => {
        const [old, young] = [await on.tag(' old'), await on.tag(' young')];
        const child = await on.tag(' child', { parent: old });
        await on.document('a', { tags: [old, child] });
        return { mutate: () => on.change('tags', child, { parent: young }) };
      }),
      step('freed', async (on) => {
        const parent = await on.tag(' parent');
        const child = await on.tag(' child', { parent });
        await on.document('a', { tags: [parent, child] });
        return { mutate: () => on.change('tags', child, { parent: null }) };
      }),
    ],
  },
];

function deleted(kind: ObjectKind, name: string) {
  const member =
    kind === 'correspondents' ? 'correspondent' : kind === 'document_types' ? 'document_type' : 'storage_path';
  return step(name, async (on) => {
    const object = await on.object(kind);
    await on.document('a', { [member]: object });
    return { mutate: () => on.remove(kind, object) };
  });
}
