import { z } from 'zod';
import type { PaperlessHttp } from '../http.ts';
import type { LibraryDocument } from '../library/index.ts';
import { customValueWire } from '../wire.ts';
import { anything, idOf } from './people.ts';
import type { Names } from './taxonomy.ts';

const currentFields = z.object({ custom_fields: z.array(customValueWire) });
const linkValue = z.array(z.number()).nullable();

/**
 * Second pass, one document after the other: paperless writes each link into its target as well, without a lock, and a
 * PATCH replaces all fields, so what others wrote in the meantime must be read first and kept (paperless-api.md 10.6).
 */
export async function linkDocuments(
  http: PaperlessHttp,
  documents: readonly LibraryDocument[],
  ids: ReadonlyMap<string, number>,
  names: Names,
): Promise<void> {
  for (const document of documents) {
    const wanted = Object.entries(document.links);
    if (wanted.length === 0) continue;
    const path = `/api/documents/${idOf(ids, document.key)}/`;
    const { custom_fields: current } = await http.get(`${path}?fields=custom_fields`, currentFields);
    const values = new Map(current.map(({ field, value }) => [field, value]));
    for (const [name, keys] of wanted) {
      const field = names.fields.get(name)?.id;
      if (field === undefined) throw new Error(`The library links by "${name}", which it does not define.`);
      const known = linkValue.parse(values.get(field) ?? null) ?? [];
      // A twin that this instance could not take cannot be linked to either.
      const targets = keys.flatMap((key) => ids.get(key) ?? []);
      values.set(field, [...new Set([...known, ...targets])]);
    }
    await http.patch(path, { custom_fields: [...values].map(([field, value]) => ({ field, value })) }, anything);
  }
}
