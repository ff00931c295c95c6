/** What no replicator can leave out: read, download, upload, ask for the task, write the fields, read back. Nothing is recorded. */
import { delay } from '../../shared/kernel/clock.ts';
import type { Sim } from './stage.ts';

/** As many documents at once as keep four requests open at each of the two instances. */
const AT_ONCE = 8;

interface Row {
  readonly id: number;
}

/** Seconds for `count` documents. */
export async function bareLoop(master: Sim, replica: Sim, count: number): Promise<number> {
  const started = performance.now();
  const { results } = (await get(master, `/api/documents/?page_size=${count}&fields=id&ordering=id`)) as {
    results: Row[];
  };
  const open = results.map((row) => row.id);
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let id = open.pop(); id !== undefined; id = open.pop()) await copy(master, replica, id);
    }),
  );
  return (performance.now() - started) / 1000;
}

async function copy(master: Sim, replica: Sim, id: number): Promise<void> {
  const document = (await get(master, `/api/documents/${id}/?full_perms=true`)) as Record<string, unknown>;
  const file = await (await call(master, 'GET', `/api/documents/${id}/download/?original=true`)).blob();
  const form = new FormData();
  form.append('title', `bare.${id}`);
  form.append('created', String(document['created']));
  form.append('document', file, String(document['original_file_name']));
  const task = (await (await call(replica, 'POST', '/api/documents/post_document/', form)).json()) as string;
  const copyId = await consumed(replica, task);
  const fields = {
    title: document['title'],
    content: document['content'],
    created: document['created'],
    tags: [],
    owner: null,
    archive_serial_number: document['archive_serial_number'],
  };
  await call(replica, 'PATCH', `/api/documents/${copyId}/`, fields);
  await get(replica, `/api/documents/${copyId}/?full_perms=true`);
}

async function consumed(replica: Sim, task: string): Promise<number> {
  for (;;) {
    const [row] = (await get(replica, `/api/tasks/?task_id=${task}`)) as {
      status: string;
      related_document: number | null;
    }[];
    if (row?.status === 'SUCCESS' && row.related_document !== null) return row.related_document;
    if (row?.status === 'FAILURE') throw new Error('the bare loop met a failed task');
    await delay(20);
  }
}

async function get(instance: Sim, path: string): Promise<unknown> {
  return (await call(instance, 'GET', path)).json();
}

async function call(
  instance: Sim,
  method: string,
  path: string,
  body?: FormData | Record<string, unknown>,
): Promise<Response> {
  const json = body !== undefined && !(body instanceof FormData);
  const headers = {
    Authorization: `Token ${instance.token}`,
    Accept: 'application/json; version=9',
    'Accept-Encoding': 'identity',
    ...(json ? { 'Content-Type': 'application/json' } : {}),
  };
  const response = await fetch(instance.url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : body }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  return response;
}
