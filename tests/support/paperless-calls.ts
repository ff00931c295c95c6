/** Requests that a person or another program would make of an instance, for setting a stage. */
import type { Instance } from './controller.ts';

export async function ask(
  instance: Instance,
  method: string,
  path: string,
  body?: Record<string, unknown> | FormData,
): Promise<unknown> {
  const json = body !== undefined && !(body instanceof FormData);
  const headers = {
    Authorization: `Token ${instance.token}`,
    Accept: 'application/json; version=9',
    ...(json ? { 'Content-Type': 'application/json' } : {}),
  };
  const response = await fetch(instance.url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  return text === '' ? null : JSON.parse(text);
}

/** A small text document of its own content; ids follow the order of the calls. */
export async function uploadText(
  instance: Instance,
  name: string,
  fields: Record<string, string | number> = {},
): Promise<void> {
  const body = new FormData();
  for (const [field, value] of Object.entries({ title: name, created: '2024-05-06', ...fields }))
    body.append(field, String(value));
  body.append(
    'document',
    new Blob([`The text of ${name}, which no other one has.\n`], { type: 'text/plain' }),
    `${name}.txt`,
  );
  await ask(instance, 'POST', '/api/documents/post_document/', body);
}
