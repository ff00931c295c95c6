import { z } from 'zod';
import { HttpFailure, type PaperlessHttp } from '../demo/http.ts';
import { page } from '../demo/wire.ts';

const named = page(z.object({ id: z.number(), name: z.string() }));
const titled = page(z.object({ id: z.number(), title: z.string(), root_document: z.number().nullish() }));
const people = page(z.object({ id: z.number(), username: z.string() }));
const ALL = 'page_size=100000';

/** Takes everything off an instance whose name begins with the prefix, out of the trash as well. */
export async function cleanUp(http: PaperlessHttp, prefix: string): Promise<void> {
  const filter = `title__istartswith=${encodeURIComponent(prefix)}`;
  const { results } = await http.get(`/api/documents/?${ALL}&fields=id,title&${filter}`, titled);
  for (const { id } of results) await remove(http, `/api/documents/${id}/`);
  await emptyTrash(http, prefix);
  for (const kind of ['tags', 'correspondents', 'document_types', 'storage_paths', 'custom_fields'])
    for (const { id, name } of (await http.get(`/api/${kind}/?${ALL}`, named)).results)
      if (name.startsWith(prefix)) await remove(http, `/api/${kind}/${id}/`);
  for (const { id, username } of (await http.get(`/api/users/?${ALL}`, people)).results)
    if (username.startsWith(prefix)) await remove(http, `/api/users/${id}/`);
}

async function emptyTrash(http: PaperlessHttp, prefix: string): Promise<void> {
  const { results } = await http.get(`/api/trash/?${ALL}`, titled);
  const own = results.filter(({ title }) => title.startsWith(prefix));
  // A document takes its versions with it; naming one that is gone refuses the whole call (paperless-api.md 12).
  const roots = new Set(own.filter((row) => typeof row.root_document !== 'number').map(({ id }) => id));
  const ids = own.filter((row) => typeof row.root_document !== 'number' || !roots.has(row.root_document));
  for (const { id } of ids) await http.post('/api/trash/', { action: 'empty', documents: [id] }, z.unknown());
}

/** A child tag goes with its parent, so it may be gone already. */
async function remove(http: PaperlessHttp, path: string): Promise<void> {
  try {
    await http.delete(path);
  } catch (error) {
    if (!(error instanceof HttpFailure) || error.status !== 404) throw error;
  }
}
