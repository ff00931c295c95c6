/**
 * The library of one instance as this run uses it. Everything made here bears the run's own prefix and is remembered,
 * so that `close` takes it away again by explicit id and touches nothing that was there before.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { expect } from 'vitest';
import { z } from 'zod';
import { hexDigest, type SampleFile, textFile } from './files.ts';
import { type Answer, type Call, call, type Instance } from './http.ts';
import {
  type Doc,
  documentRead,
  type Obj,
  objectRead,
  pageOf,
  type Row,
  rowRead,
  type TaskRow,
  taskRow,
} from './shapes.ts';
import { eventually } from './wait.ts';

export type Kind =
  | 'tags'
  | 'correspondents'
  | 'document_types'
  | 'storage_paths'
  | 'custom_fields'
  | 'users'
  | 'groups'
  | 'workflows';

interface UploadForm {
  readonly file?: SampleFile;
  readonly title?: string;
  readonly created?: string;
  readonly asn?: number;
  readonly tags?: readonly number[];
  readonly auth?: string;
}

export interface Target extends Instance {
  readonly title: string;
  stop(): Promise<void>;
}

interface Account {
  readonly id: number;
  readonly username: string;
  /** Basic authentication: `/api/token/` of 3.x is throttled (paperless-api.md 1.1). */
  readonly auth: string;
}

const DISPOSAL_LIMIT_MS = 60_000;

export class Library {
  readonly target: Target;
  readonly generation: 2 | 3;
  /** Prefix of every name, title and text of this run. */
  readonly run = `cf${randomBytes(4).toString('hex')}`;
  /** Id of the user whose token is in use. */
  readonly userId: number;
  private serial = 0;
  // Away from the engine's reserved range (2,000,000,000 and above) and from numbers a person would use.
  private nextAsn = randomInt(1_000_000_000, 1_900_000_000);
  private readonly documents = new Set<number>();
  private readonly objects: { kind: Kind; id: number }[] = [];
  private sharedId: Promise<number> | undefined;

  private constructor(target: Target, generation: 2 | 3, userId: number) {
    this.target = target;
    this.generation = generation;
    this.userId = userId;
  }

  static async open(target: Target): Promise<Library> {
    const answer = await call(target, '/api/ui_settings/');
    if (answer.status !== 200) throw new Error(`${target.title} answers ${answer.status} to /api/ui_settings/`);
    const settings = z.object({ user: z.looseObject({ id: z.number() }) }).parse(answer.json);
    const version = answer.headers.get('x-version') ?? '';
    await refuseAutomation(target);
    return new Library(target, version.startsWith('2.') ? 2 : 3, settings.user.id);
  }

  name(label: string): string {
    this.serial += 1;
    return `${this.run} ${label} ${this.serial}`;
  }

  asn(): number {
    this.nextAsn += 1;
    return this.nextAsn;
  }

  /** A text file whose bytes occur nowhere else: 2.x refuses known bytes. */
  text(label: string): SampleFile {
    const name = this.name(label);
    return textFile(`${name}.txt`, `Text of ${name}, made for one test only.`);
  }

  checksum(bytes: Buffer): string {
    return hexDigest(this.generation === 2 ? 'md5' : 'sha256', bytes);
  }

  call(path: string, options: Call = {}): Promise<Answer> {
    return call(this.target, path, options);
  }

  async post(form: UploadForm): Promise<Answer> {
    const file = form.file ?? this.text('upload');
    const body = new FormData();
    body.append('document', new Blob([new Uint8Array(file.bytes)], { type: file.type }), file.name);
    if (form.title !== undefined) body.append('title', form.title);
    if (form.created !== undefined) body.append('created', form.created);
    if (form.asn !== undefined) body.append('archive_serial_number', String(form.asn));
    for (const tag of form.tags ?? []) body.append('tags', String(tag));
    const auth = form.auth === undefined ? {} : { auth: form.auth };
    return this.call('/api/documents/post_document/', { method: 'POST', form: body, ...auth });
  }

  /** Posts a file and gives the id of its task. */
  async send(form: UploadForm): Promise<string> {
    const answer = await this.post(form);
    expect(answer.status, answer.text).toBe(200);
    return z.uuid().parse(answer.json);
  }

  /** Waits until the task has ended, whichever way. */
  async ended(taskId: string): Promise<TaskRow> {
    const row = await eventually(`the end of task ${taskId}`, async () => {
      const rows = z.array(taskRow).parse((await this.call(`/api/tasks/?task_id=${taskId}`)).json);
      const [found] = rows;
      if (found === undefined || !['SUCCESS', 'FAILURE'].includes(found.status)) return undefined;
      // A failing row of 2.x shows a memory address for a moment, before its message (paperless-api.md 6.1).
      return found.result === null || found.result.startsWith('<') ? undefined : found;
    });
    if (row.status === 'SUCCESS' && row.related_document !== null) this.documents.add(Number(row.related_document));
    return row;
  }

  /** Uploads a file and gives the document it became. */
  async upload(form: UploadForm = {}): Promise<Doc> {
    const row = await this.ended(await this.send(form));
    expect(row.status, row.result ?? '').toBe('SUCCESS');
    return this.document(Number(row.related_document));
  }

  /**
   * One document for all tests that look at single fields of it: consumption is what takes a real instance its time.
   * They set what they look at, and leave it where it is.
   */
  async shared(): Promise<Doc> {
    this.sharedId ??= this.upload({ title: this.name('shared') }).then(({ id }) => id);
    return this.document(await this.sharedId);
  }

  async document(id: number): Promise<Doc> {
    const answer = await this.call(`/api/documents/${id}/?full_perms=true`);
    expect(answer.status, answer.text).toBe(200);
    return documentRead.parse(answer.json);
  }

  async patch(id: number, json: Record<string, unknown>): Promise<Doc> {
    const answer = await this.tryPatch(id, json);
    expect(answer.status, answer.text).toBe(200);
    return documentRead.parse(answer.json);
  }

  tryPatch(id: number, json: Record<string, unknown>): Promise<Answer> {
    return this.call(`/api/documents/${id}/`, { method: 'PATCH', json });
  }

  /** Rows of the document list for a query; the query must be narrow enough for one page. */
  async rows(query: string): Promise<Row[]> {
    const answer = await this.call(`/api/documents/?${query}`);
    expect(answer.status, answer.text).toBe(200);
    return pageOf(rowRead).parse(answer.json).results;
  }

  async ids(query: string): Promise<number[]> {
    return (await this.rows(`${query}&fields=id&page_size=1000`)).map((row) => row.id);
  }

  async trash(id: number): Promise<void> {
    const answer = await this.call(`/api/documents/${id}/`, { method: 'DELETE' });
    expect(answer.status, answer.text).toBe(204);
  }

  trashAction(action: 'restore' | 'empty', documents: readonly number[]): Promise<Answer> {
    return this.call('/api/trash/', { method: 'POST', json: { action, documents } });
  }

  async create(kind: Kind, json: Record<string, unknown>): Promise<Obj> {
    const answer = await this.tryCreate(kind, json);
    expect(answer.status, answer.text).toBe(201);
    return objectRead.parse(answer.json);
  }

  async tryCreate(kind: Kind, json: Record<string, unknown>): Promise<Answer> {
    const answer = await this.call(`/api/${kind}/`, { method: 'POST', json });
    const made = z.looseObject({ id: z.number() }).safeParse(answer.json);
    if (answer.status === 201 && made.success) this.objects.push({ kind, id: made.data.id });
    return answer;
  }

  /** An unowned object that matches nothing, as the engine makes them. */
  make(kind: Kind, label: string, more: Record<string, unknown> = {}): Promise<Obj> {
    const plain = kind === 'custom_fields' ? {} : { matching_algorithm: 0, owner: null };
    return this.create(kind, { name: this.name(label), ...plain, ...more });
  }

  /** A user with no rights but those named. */
  async account(label: string, rights: readonly string[] = []): Promise<Account> {
    const username = this.name(label).replaceAll(' ', '-');
    const password = randomBytes(12).toString('base64url');
    const answer = await this.tryCreate('users', { username, password, user_permissions: rights });
    expect(answer.status, answer.text).toBe(201);
    const auth = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    return { id: z.looseObject({ id: z.number() }).parse(answer.json).id, username, auth };
  }

  /** Takes away what this run made, then lets the target go. */
  async close(): Promise<void> {
    try {
      await this.purgeDocuments();
      for (const { kind, id } of this.objects.reverse()) await this.remove(`/api/${kind}/${id}/`);
    } finally {
      await this.target.stop();
    }
  }

  private async purgeDocuments(): Promise<void> {
    for (const id of this.documents) await this.remove(`/api/documents/${id}/`);
    for (const id of this.documents) {
      // Purged by its own test already: 400, and then nothing is left to do.
      const answer = await this.trashAction('empty', [id]);
      if (answer.status >= 500) throw new Error(`cannot purge document ${id}: ${answer.status}`);
    }
  }

  /** A deletion may meet background work that holds the database (SQLite); it is safe to repeat. */
  private async remove(path: string): Promise<void> {
    const done = async () =>
      [204, 404].includes((await this.call(path, { method: 'DELETE' })).status) ? true : undefined;
    await eventually(`the removal of ${path}`, done, DISPOSAL_LIMIT_MS);
  }
}

/** An inbox tag would be on every upload, a matching object on some: better one clear word than dozens of failures. */
async function refuseAutomation(target: Target): Promise<void> {
  const automatic = z.looseObject({
    name: z.string(),
    match: z.string(),
    matching_algorithm: z.number(),
    is_inbox_tag: z.boolean().optional(),
  });
  for (const kind of ['tags', 'correspondents', 'document_types', 'storage_paths']) {
    const { results } = pageOf(automatic).parse((await call(target, `/api/${kind}/?page_size=100000`)).json);
    const acting = results.find(
      (row) => row.is_inbox_tag === true || (row.match !== '' && row.matching_algorithm !== 0),
    );
    if (acting) throw new Error(`${target.title} would change uploads by itself: see "${acting.name}" in ${kind}`);
  }
}
