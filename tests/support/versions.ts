/** Versions of a document as a person would make, see, delete and restore them. */
import { ask } from './paperless-calls.ts';
import type { Simulator } from './simulator.ts';

export interface FileRow {
  readonly id: number;
  readonly label: string | null;
  readonly checksum: string;
}

export async function addVersion(instance: Simulator, id: number, text: string, label?: string): Promise<void> {
  const body = new FormData();
  body.append('document', new Blob([`${text}\n`], { type: 'text/plain' }), `${text.replaceAll(' ', '-')}.txt`);
  if (label !== undefined) body.append('version_label', label);
  await ask(instance, 'POST', `/api/documents/${id}/update_version/`, body);
  await instance.idle();
}

export async function deleteVersion(instance: Simulator, id: number, version: number): Promise<void> {
  await ask(instance, 'DELETE', `/api/documents/${id}/versions/${version}/`);
}

export async function restore(instance: Simulator, id: number): Promise<void> {
  await ask(instance, 'POST', '/api/trash/', { action: 'restore', documents: [id] });
}

/** Oldest first. Ids differ between instances, so they are not compared. */
export async function filesOf(instance: Simulator, id: number): Promise<FileRow[]> {
  const { versions } = (await ask(instance, 'GET', `/api/documents/${id}/?fields=id,versions`)) as {
    versions: { id: number; version_label: string | null; checksum: string }[];
  };
  return versions.sort((a, b) => a.id - b.id).map((row) => new Row(row.id, row.version_label, row.checksum));
}

/** Equal by label and bytes; the id is there to be asked for. */
class Row implements FileRow {
  readonly #id: number;
  readonly label: string | null;
  readonly checksum: string;

  constructor(id: number, label: string | null, checksum: string) {
    this.#id = id;
    this.label = label;
    this.checksum = checksum;
  }

  get id(): number {
    return this.#id;
  }
}

/** On 2.20 the file is rewritten in place, on 3.x it becomes a version. */
export async function rotate(instance: Simulator, id: number): Promise<void> {
  await ask(instance, 'POST', '/api/documents/bulk_edit/', {
    documents: [id],
    method: 'rotate',
    parameters: { degrees: 90 },
  });
  await instance.idle();
}
