/**
 * What a step may do: everything under names that begin with the prefix of this play, so that nobody else's things are
 * touched and all of it can be found again.
 */

import { z } from 'zod';
import { textPdf } from '../demo/library/pdf.ts';
import type { PaperlessHttp } from '../demo/http.ts';
import {
  type DocumentWire,
  documentWire,
  type FieldWire,
  fieldWire,
  objectWire,
  taskWire,
  userWire,
} from '../demo/wire.ts';
import { until } from './wait.ts';

export type ObjectKind = 'tags' | 'correspondents' | 'document_types' | 'storage_paths';

export interface Stage {
  readonly master: PaperlessHttp;
  readonly replica: PaperlessHttp;
  readonly prefix: string;
  /** An archive serial number that neither side uses. */
  readonly freeAsn: () => number;
}

const anything = z.unknown();
const result = z.object({ result: z.string() });
const metadata = z.object({ original_checksum: z.string() });
const count = z.object({ count: z.number() });

/** One step's view of the stage. */
export class Scene {
  readonly label: string;
  readonly #stage: Stage;

  constructor(stage: Stage, key: string) {
    this.#stage = stage;
    this.label = stage.prefix + key;
  }

  get #master(): PaperlessHttp {
    return this.#stage.master;
  }

  asn(): number {
    return this.#stage.freeAsn();
  }

  /** A text document, consumed and set to exactly what is given; its id. */
  document(name = 'a', fields: object = {}): Promise<number> {
    const text = `A letter about ${this.label} ${name}, of which there is only one.\nIt was written for a comparison.\n`;
    return this.#consume(`${name}.txt`, new Blob([text], { type: 'text/plain' }), name, fields);
  }

  pdf(pages: number, name = 'a', fields: object = {}): Promise<number> {
    const lines = Array.from({ length: pages }, (_, at) => [
      `${this.label} ${name}, page ${at + 1} of ${pages}`,
      'Enough words stand here that nobody has to recognise letters in a picture of them.',
    ]);
    return this.#consume(
      `${name}.pdf`,
      new Blob([new Uint8Array(textPdf(lines))], { type: 'application/pdf' }),
      name,
      fields,
    );
  }

  async #consume(fileName: string, file: Blob, name: string, fields: object): Promise<number> {
    const form = new FormData();
    form.append('document', file, `${this.label}-${fileName}`);
    const task = await this.#master.upload('/api/documents/post_document/', form, z.string());
    const id = await this.#consumed(task);
    // Absolute values: whatever inbox tags and rules of the master have added is not part of the play.
    const plain = { title: `${this.label} ${name}`, created: '2024-05-06', tags: [], custom_fields: [], owner: null };
    await this.patch(id, { ...plain, correspondent: null, document_type: null, storage_path: null, ...fields });
    return id;
  }

  #consumed(task: string): Promise<number> {
    return until(`task ${task} of ${this.label}`, async () => {
      const [row] = await this.#master.get(`/api/tasks/?task_id=${task}`, z.array(taskWire));
      if (row?.status === 'FAILURE')
        throw new Error(`${this.label} was not consumed: ${row.result ?? 'no reason given'}`);
      return row?.status === 'SUCCESS' && row.related_document !== null ? Number(row.related_document) : null;
    });
  }

  patch(id: number, body: object): Promise<unknown> {
    return this.#master.patch(`/api/documents/${id}/`, body, anything);
  }

  read(id: number): Promise<DocumentWire> {
    return this.#master.get(`/api/documents/${id}/?full_perms=true`, documentWire);
  }

  /** On 2.x a bulk change that meets the worker's own write is answered 200 and not done (paperless-api.md 15). */
  async bulk(documents: readonly number[], method: string, parameters: object): Promise<void> {
    await until(`${method} of ${this.label}`, async () => {
      const body = { documents, method, parameters };
      return (await this.#master.post('/api/documents/bulk_edit/', body, result)).result === 'OK' || null;
    });
  }

  /** Bulk changes that make a file anew tell nobody when they are done. */
  async rebuild(id: number, method: string, parameters: object): Promise<void> {
    const before = await this.#fileOf(id);
    await this.bulk([id], method, parameters);
    await until(`another file by ${method} of ${this.label}`, async () => (await this.#fileOf(id)) !== before || null);
  }

  async #fileOf(id: number): Promise<string> {
    return (await this.#master.get(`/api/documents/${id}/metadata/`, metadata)).original_checksum;
  }

  async object(kind: ObjectKind, name = '', fields: object = {}): Promise<number> {
    const plain = { name: this.label + name, owner: null, matching_algorithm: 0, match: '' };
    const path = kind === 'storage_paths' ? { path: `${this.label}/{{ title }}` } : {};
    return (await this.#master.post(`/api/${kind}/`, { ...plain, ...path, ...fields }, objectWire)).id;
  }

  tag(name = '', fields: object = {}): Promise<number> {
    return this.object('tags', name, fields);
  }

  change(kind: ObjectKind | 'custom_fields', id: number, body: object): Promise<unknown> {
    return this.#master.patch(`/api/${kind}/${id}/`, body, anything);
  }

  remove(kind: ObjectKind | 'custom_fields' | 'documents', id: number): Promise<void> {
    return this.#master.delete(`/api/${kind}/${id}/`);
  }

  field(type: string, name = '', extra: object = {}): Promise<FieldWire> {
    const body = { name: this.label + name, data_type: type, ...extra };
    return this.#master.post('/api/custom_fields/', body, fieldWire);
  }

  select(labels: readonly string[], name = ''): Promise<FieldWire> {
    return this.field('select', name, { extra_data: { select_options: labels.map((label) => ({ label })) } });
  }

  /** Somebody whom both instances know: the controller never makes users (E11). The master's id. */
  async user(name = ''): Promise<number> {
    const body = { username: this.label + name, password: 'mutations-only' };
    await this.#stage.replica.post('/api/users/', body, userWire);
    return (await this.#master.post('/api/users/', body, userWire)).id;
  }

  forgetUser(id: number): Promise<void> {
    return this.#master.delete(`/api/users/${id}/`);
  }

  async note(id: number, text: string): Promise<number> {
    const notes = await this.#master.post(
      `/api/documents/${id}/notes/`,
      { note: text },
      z.array(z.object({ id: z.number() })),
    );
    return Math.max(...notes.map((note) => note.id));
  }

  forgetNote(id: number, note: number): Promise<void> {
    return this.#master.delete(`/api/documents/${id}/notes/?id=${note}`);
  }

  /** Another version of a document, on 3.x; its id. */
  async version(id: number, text: string, label: string): Promise<number> {
    const before = (await this.read(id)).versions.length;
    const form = new FormData();
    form.append('version_label', label);
    form.append(
      'document',
      new Blob([`${this.label}: ${text}\n`], { type: 'text/plain' }),
      `${this.label}-${label}.txt`,
    );
    await this.#master.upload(`/api/documents/${id}/update_version/`, form, z.string());
    return until(`version "${label}" of ${this.label}`, async () => {
      const { versions } = await this.read(id);
      return versions.length > before ? Math.max(...versions.map((version) => version.id)) : null;
    });
  }

  labelVersion(id: number, version: number, label: string): Promise<unknown> {
    return this.#master.patch(`/api/documents/${id}/versions/${version}/`, { version_label: label }, anything);
  }

  forgetVersion(id: number, version: number): Promise<void> {
    return this.#master.delete(`/api/documents/${id}/versions/${version}/`);
  }

  trashAction(action: 'restore' | 'empty', documents: readonly number[]): Promise<unknown> {
    return this.#master.post('/api/trash/', { action, documents }, anything);
  }

  /** Until so many documents of this step live on the master. */
  async untilDocuments(wanted: number): Promise<void> {
    const path = `/api/documents/?page_size=1&fields=id&title__istartswith=${encodeURIComponent(this.label)}`;
    await until(`${wanted} documents of ${this.label}`, async () => {
      const { count: found } = await this.#master.get(path, count);
      return found === wanted || null;
    });
  }

  /** Until the document says so. */
  async untilIs(id: number, what: string, holds: (document: DocumentWire) => boolean): Promise<void> {
    await until(`${what} of ${this.label}`, async () => holds(await this.read(id)) || null);
  }
}
