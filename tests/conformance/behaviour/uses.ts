/** Which documents use an object: what the engine asks before it takes anything away (E5). */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Library } from '../support/library.ts';

const found = z.looseObject({ count: z.number(), all: z.array(z.number()) });

export function usesBehaviour(library: Library): void {
  describe('the users of an object', () => {
    const users = async (filter: string): Promise<number[]> => {
      const { count, all } = found.parse((await library.call(`/api/documents/?page_size=1&fields=id&${filter}`)).json);
      expect(all).toHaveLength(count);
      return all;
    };

    test.each([
      ['tags', 'tags__id__all', (id: number) => ({ tags: [id] }), {}],
      ['correspondents', 'correspondent__id', (id: number) => ({ correspondent: id }), {}],
      ['document_types', 'document_type__id', (id: number) => ({ document_type: id }), {}],
      ['storage_paths', 'storage_path__id', (id: number) => ({ storage_path: id }), { path: '{{ title }}' }],
    ] as const)(
      'of %s are all named in one answer whatever the page size, by %s',
      async (kind, filter, fields, more) => {
        const { id } = await library.shared();
        const object = await library.make(kind, 'used', more);
        expect(await users(`${filter}=${object.id}`)).toEqual([]);
        await library.patch(id, fields(object.id));
        expect(await users(`${filter}=${object.id}`)).toEqual([id]);
      },
    );

    test('of a custom field, and of one of its options', async () => {
      const { id } = await library.shared();
      const field = await library.make('custom_fields', 'shelf', {
        data_type: 'select',
        extra_data: {
          select_options: [
            { id: 'north', label: 'North' },
            { id: 'south', label: 'South' },
          ],
        },
      });
      await library.patch(id, { custom_fields: [{ field: field.id, value: 'south' }] });
      const chose = (option: string) => encodeURIComponent(JSON.stringify([field.id, 'exact', option]));
      expect(await users(`custom_fields__id__all=${field.id}`)).toEqual([id]);
      expect(await users(`custom_field_query=${chose('south')}`)).toEqual([id]);
      expect(await users(`custom_field_query=${chose('north')}`)).toEqual([]);
    });
  });
}
