import type { FieldWire } from '../../demo/wire.ts';
import { type Kind, step } from '../kind.ts';

/** A value of each type, and another one. */
const VALUES: Readonly<Record<string, readonly [unknown, unknown]>> = {
  string: ['one', 'two'],
  longtext: ['first\nline', 'second\nline'],
  url: ['https://one.example/', 'https://two.example/'],
  date: ['2020-01-02', '2021-03-04'],
  boolean: [true, false],
  integer: [1, -2],
  float: [1.5, 2.25],
  monetary: ['EUR1.50', 'USD99.00'],
};

const optionId = ({ extra_data: extra }: FieldWire, label: string): string => {
  const id = extra?.select_options?.find((option) => option.label === label)?.id;
  if (!id) throw new Error(`There is no option "${label}".`);
  return id;
};

const optionsOf = ({ extra_data: extra }: FieldWire) => extra?.select_options ?? [];

/** 9-12 and 16: custom fields. */
export const fieldKinds: readonly Kind[] = [
  {
    number: 9,
    title: 'custom field value by PATCH',
    steps: [
      step('set', async (on) => {
        const [field, id] = [await on.field('string'), await on.document()];
        return { mutate: () => on.patch(id, { custom_fields: [{ field: field.id, value: 'written' }] }) };
      }),
      step('changed', async (on) => {
        const fields: { id: number; values: readonly [unknown, unknown] }[] = [];
        for (const [type, values] of Object.entries(VALUES))
          fields.push({ id: (await on.field(type, ` ${type}`)).id, values });
        const body = (which: 0 | 1) => ({
          custom_fields: fields.map(({ id, values }) => ({ field: id, value: values[which] })),
        });
        const id = await on.document('a', body(0));
        return { mutate: () => on.patch(id, body(1)) };
      }),
      step('chosen', async (on) => {
        const field = await on.select(['Red', 'Green']);
        const value = (label: string) => ({ custom_fields: [{ field: field.id, value: optionId(field, label) }] });
        const id = await on.document('a', value('Red'));
        return { mutate: () => on.patch(id, value('Green')) };
      }),
      step('emptied', async (on) => {
        const field = await on.field('string');
        const id = await on.document('a', { custom_fields: [{ field: field.id, value: 'written' }] });
        return { mutate: () => on.patch(id, { custom_fields: [{ field: field.id, value: null }] }) };
      }),
      step('removed', async (on) => {
        const field = await on.field('string');
        const id = await on.document('a', { custom_fields: [{ field: field.id, value: 'written' }] });
        return { mutate: () => on.patch(id, { custom_fields: [] }) };
      }),
    ],
  },
  {
    number: 10,
    title: 'custom field value by bulk edit',
    steps: [
      step('set', async (on) => {
        const [field, ids] = [await on.field('integer'), [await on.document('a'), await on.document('b')]];
        const parameters = { add_custom_fields: { [field.id]: 7 }, remove_custom_fields: [] };
        return { mutate: () => on.bulk(ids, 'modify_custom_fields', parameters) };
      }),
      step('removed', async (on) => {
        const field = await on.field('integer');
        const id = await on.document('a', { custom_fields: [{ field: field.id, value: 7 }] });
        const parameters = { add_custom_fields: [], remove_custom_fields: [field.id] };
        return { mutate: () => on.bulk([id], 'modify_custom_fields', parameters) };
      }),
    ],
  },
  {
    number: 11,
    title: 'select option renamed',
    steps: [
      step('renamed', async (on) => {
        const field = await on.select(['Red', 'Green']);
        await on.document('a', { custom_fields: [{ field: field.id, value: optionId(field, 'Red') }] });
        const options = optionsOf(field).map((option) =>
          option.label === 'Red' ? { ...option, label: 'Crimson' } : option,
        );
        return { mutate: () => on.change('custom_fields', field.id, { extra_data: { select_options: options } }) };
      }),
    ],
  },
  {
    number: 12,
    title: 'select option removed',
    steps: [
      step('removed', async (on) => {
        const field = await on.select(['Red', 'Green']);
        const value = (label: string) => ({ custom_fields: [{ field: field.id, value: optionId(field, label) }] });
        const path = await on.object('storage_paths');
        const plain = await on.document('a', value('Red'));
        // With a storage path writes meet the clean-up of the option (engine-protocol.md H26).
        const filed = await on.document('b', { ...value('Red'), storage_path: path });
        await on.document('c', value('Green'));
        const options = optionsOf(field).filter((option) => option.label !== 'Red');
        return {
          mutate: async () => {
            await on.change('custom_fields', field.id, { extra_data: { select_options: options } });
            for (const id of [plain, filed])
              await on.untilIs(id, 'the option taken away', ({ custom_fields: [value] }) => value?.value === null);
          },
        };
      }),
    ],
  },
  {
    number: 16,
    title: 'custom field deleted, renamed',
    steps: [
      step('deleted', async (on) => {
        const field = await on.field('string');
        await on.document('a', { custom_fields: [{ field: field.id, value: 'written' }] });
        return { mutate: () => on.remove('custom_fields', field.id) };
      }),
      step('renamed', async (on) => {
        const field = await on.field('string');
        await on.document('a', { custom_fields: [{ field: field.id, value: 'written' }] });
        return { mutate: () => on.change('custom_fields', field.id, { name: `${on.label} renamed` }) };
      }),
    ],
  },
];
