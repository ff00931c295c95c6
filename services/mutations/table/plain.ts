import { type Kind, step } from '../kind.ts';
import type { ObjectKind, Scene } from '../scene.ts';

/** 1-8: what stands on the document itself. */
export const plainKinds: readonly Kind[] = [
  {
    number: 1,
    title: 'title',
    steps: [
      step('title', async (on) => {
        const id = await on.document();
        return { mutate: () => on.patch(id, { title: `${on.label} another title` }) };
      }),
    ],
  },
  {
    number: 2,
    title: 'created',
    steps: [
      step('created', async (on) => {
        const id = await on.document();
        return { mutate: () => on.patch(id, { created: '1931-02-03' }) };
      }),
    ],
  },
  {
    number: 3,
    title: 'archive serial number set, cleared, swapped',
    steps: [
      step('set', async (on) => {
        const id = await on.document();
        return { mutate: () => on.patch(id, { archive_serial_number: on.asn() }) };
      }),
      step('cleared', async (on) => {
        const id = await on.document('a', { archive_serial_number: on.asn() });
        return { mutate: () => on.patch(id, { archive_serial_number: null }) };
      }),
      step('swapped', async (on) => {
        const [one, two] = [on.asn(), on.asn()];
        const first = await on.document('a', { archive_serial_number: one });
        const second = await on.document('b', { archive_serial_number: two });
        return {
          mutate: async () => {
            await on.patch(first, { archive_serial_number: null });
            await on.patch(second, { archive_serial_number: one });
            await on.patch(first, { archive_serial_number: two });
          },
        };
      }),
    ],
  },
  {
    number: 4,
    title: 'tag by PATCH',
    steps: [
      step('added', async (on) => {
        const [tag, id] = [await on.tag(), await on.document()];
        return { mutate: () => on.patch(id, { tags: [tag] }) };
      }),
      step('removed', async (on) => {
        const [stays, goes] = [await on.tag(' stays'), await on.tag(' goes')];
        const id = await on.document('a', { tags: [stays, goes] });
        return { mutate: () => on.patch(id, { tags: [stays] }) };
      }),
    ],
  },
  {
    number: 5,
    title: 'tag by bulk edit',
    steps: [
      step('added', async (on) => {
        const [tag, ids] = [await on.tag(), [await on.document('a'), await on.document('b')]];
        return { mutate: () => on.bulk(ids, 'add_tag', { tag }) };
      }),
      step('removed', async (on) => {
        const tag = await on.tag();
        const id = await on.document('a', { tags: [tag] });
        return { mutate: () => on.bulk([id], 'remove_tag', { tag }) };
      }),
      step('exchanged', async (on) => {
        const [old, young] = [await on.tag(' old'), await on.tag(' young')];
        const id = await on.document('a', { tags: [old] });
        return { mutate: () => on.bulk([id], 'modify_tags', { add_tags: [young], remove_tags: [old] }) };
      }),
    ],
  },
  references(6, 'correspondent by bulk edit', 'correspondents', 'correspondent'),
  references(7, 'type by bulk edit', 'document_types', 'document_type'),
  references(8, 'storage path by bulk edit', 'storage_paths', 'storage_path'),
];

function references(number: number, title: string, kind: ObjectKind, name: string): Kind {
  const set = (on: Scene, id: number, value: number | null) => on.bulk([id], `set_${name}`, { [name]: value });
  return {
    number,
    title,
    steps: [
      step('set', async (on) => {
        const [object, id] = [await on.object(kind), await on.document()];
        return { mutate: () => set(on, id, object) };
      }),
      step('changed', async (on) => {
        const [old, young] = [await on.object(kind, ' old'), await on.object(kind, ' young')];
        const id = await on.document('a', { [name]: old });
        return { mutate: () => set(on, id, young) };
      }),
      step('cleared', async (on) => {
        const id = await on.document('a', { [name]: await on.object(kind) });
        return { mutate: () => set(on, id, null) };
      }),
    ],
  };
}
