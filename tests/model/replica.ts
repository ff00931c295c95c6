/**
 * A paperless as small as the upload protocol needs it (protocol sections 0 and 1), in memory and without time of its own:
 * whoever plays with it decides when a message is run, lost, run again, and when its row goes.
 */
import type { ConsumeTask, PaperlessWriter, UploadRequest } from '../../shared/paperless/api.ts';
import type { PaperlessDocument } from '../../shared/domain/model.ts';
import { AppError } from '../../shared/kernel/errors.ts';

export type Generation = 'v2' | 'v3';

export interface Copy {
  id: number;
  title: string;
  asn: number | null;
  content: string;
  created: string;
  owner: number | null;
  added: string;
  modified: string;
  trashed: boolean;
  readonly file: UploadRequest;
}

interface Row {
  readonly taskId: string;
  readonly request: UploadRequest;
  readonly created: string;
  state: ConsumeTask['state'];
  started: string | null;
  documentId: number | null;
  duplicateOf: number | null;
  text: string | null;
  /** No request shows it any more, or ever did. */
  hidden: boolean;
}

export interface Message {
  readonly row: Row;
  readonly postedAt: number;
  /** Of a dead worker: nobody runs it before it has come back. */
  lostAt: number | null;
}

const REFUSES_TAKEN_NUMBERS = true;

export class ModelReplica {
  readonly generation: Generation;
  readonly copies: Copy[] = [];
  readonly messages: Message[] = [];
  readonly rows: Row[] = [];
  /** What it was asked to consume, whether it did or not. */
  posts = 0;
  /** Off in a test that shows what the fence is for. */
  fence = REFUSES_TAKEN_NUMBERS;
  readonly #now: () => number;
  #ids = 100;
  #micros = 0;

  constructor(generation: Generation, now: () => number) {
    this.generation = generation;
    this.#now = now;
  }

  /** A raw time with microseconds that no other one has. */
  stamp(): string {
    this.#micros = (this.#micros + 1) % 1000;
    return new Date(this.#now()).toISOString().replace('Z', `${String(this.#micros).padStart(3, '0')}Z`);
  }

  get live(): Copy[] {
    return this.copies.filter((copy) => !copy.trashed);
  }

  /** Whatever was posted is queued; what comes of it is seen when the message is run. */
  accept(request: UploadRequest): string {
    this.posts += 1;
    const taskId = `task-${this.posts}`;
    const state = { state: 'pending' as const, started: null, documentId: null, duplicateOf: null, text: null };
    const row: Row = { taskId, request, created: this.stamp(), ...state, hidden: false };
    this.rows.push(row);
    this.messages.push({ row, postedAt: this.#now(), lostAt: null });
    return taskId;
  }

  take(message: Message): void {
    this.messages.splice(this.messages.indexOf(message), 1);
  }

  /** Runs a message to its end. `again`: a second delivery, which finds no file if the first one used it up (F5). */
  run({ row }: Message, again = false): void {
    row.started ??= this.stamp();
    if (again && row.documentId !== null) return void this.#fail(row, 'Cannot consume: File not found.', null);
    const { asn, sha256 } = row.request;
    const twin = this.copies.find((copy) => copy.file.sha256 === sha256);
    if (this.generation === 'v2' && twin)
      return void this.#fail(row, `Not consuming: It is a duplicate of ${twin.title} (#${twin.id}).`, twin.id);
    if (this.fence && asn !== null && this.copies.some((copy) => copy.asn === asn))
      return void this.#fail(row, `Given ASN ${asn} already exists!`, null);
    const { title, created } = row.request;
    const times = { added: this.stamp(), modified: this.stamp() };
    const id = this.#ids++;
    const copy = {
      id,
      title,
      asn,
      content: 'consumed',
      created,
      owner: 1,
      ...times,
      trashed: false,
      file: row.request,
    };
    this.copies.push(copy);
    row.state = 'success';
    row.documentId = id;
  }

  #fail(row: Row, text: string, duplicateOf: number | null): void {
    row.state = 'failure';
    row.text = text;
    row.duplicateOf = duplicateOf;
  }

  task(row: Row): ConsumeTask {
    const { taskId, request, created, state, started, documentId, duplicateOf, text } = row;
    const overrides = { title: request.title, asn: request.asn, versionLabel: null };
    return {
      taskId,
      state,
      fileName: request.fileName,
      documentId: state === 'success' ? documentId : null,
      duplicateOf,
      duplicateInTrash: false,
      text,
      created,
      started: this.generation === 'v3' ? started : null,
      done: null,
      overrides: this.generation === 'v3' ? overrides : null,
    };
  }

  document(copy: Copy): PaperlessDocument {
    const { file, trashed: _trashed, ...rest } = copy;
    const version = { id: copy.id, added: copy.added, label: null, checksum: file.sha256, isRoot: true };
    return {
      ...EMPTY,
      ...rest,
      originalFileName: file.fileName,
      versions: this.generation === 'v3' ? [version] : [],
    };
  }

  patch(id: number, body: Readonly<Record<string, unknown>>): { modified: string } {
    const copy = this.#liveCopy(id);
    const asn = body['archive_serial_number'];
    if (typeof asn === 'number' && this.copies.some((other) => other !== copy && other.asn === asn))
      throw refused('archive_serial_number');
    if (asn !== undefined) copy.asn = asn as number | null;
    if (body['title'] !== undefined) copy.title = String(body['title']);
    if (body['content'] !== undefined) copy.content = String(body['content']);
    if (body['created'] !== undefined) copy.created = String(body['created']);
    if (body['owner'] !== undefined) copy.owner = body['owner'] as number | null;
    copy.modified = this.stamp();
    return { modified: copy.modified };
  }

  restore(id: number): void {
    const copy = this.copies.find((candidate) => candidate.id === id);
    if (copy) copy.trashed = false;
  }

  trash(id: number): void {
    this.#liveCopy(id).trashed = true;
  }

  #liveCopy(id: number): Copy {
    const copy = this.live.find((candidate) => candidate.id === id);
    if (copy) return copy;
    throw new AppError({ code: 'not_found', class: 'not-found', message: `#${id}` });
  }

  /** What its API answers, without any network in between. */
  answers(): Partial<PaperlessWriter> {
    const find = (id: number) => this.live.find((copy) => copy.id === id) ?? null;
    const checksum = (copy: Copy) =>
      this.generation === 'v3'
        ? ({ algorithm: 'sha256', hex: copy.file.sha256 } as const)
        : ({ algorithm: 'md5', hex: copy.file.md5 } as const);
    const show = <T>(value: T) => Promise.resolve(value);
    return {
      document: (id) => show(find(id) && this.document(find(id) as Copy)),
      byAsn: (asn) => show(this.live.find((copy) => copy.asn === asn) ?? null),
      trash: () =>
        show(
          this.copies
            .filter((copy) => copy.trashed)
            .map((copy) => ({ ...copy, originalFileName: copy.file.fileName, rootDocument: null })),
        ),
      task: (taskId) => {
        const row = this.rows.find((candidate) => candidate.taskId === taskId && !candidate.hidden);
        return show(row ? this.task(row) : null);
      },
      tasksSince: (since) =>
        show(this.rows.filter((row) => !row.hidden && row.created >= since).map((row) => this.task(row))),
      originalChecksum: (id) => show(find(id) && checksum(find(id) as Copy)),
      byChecksum: (hex) => show(this.live.filter((copy) => checksum(copy).hex === hex)),
      probe: () => show(this.#facts()),
      liveAmong: (ids) => show(ids.filter((id) => find(id) !== null)),
    };
  }

  #facts() {
    const user = { userId: 1, username: 'admin', isSuperuser: true, isStaff: true };
    return { generation: this.generation, version: '', ...user, serverDate: this.#now(), latencyMs: 1 };
  }
}

export const EMPTY: PaperlessDocument = {
  id: 0,
  title: '',
  content: '',
  created: '2024-05-06',
  modified: '',
  added: '',
  asn: null,
  correspondent: null,
  documentType: null,
  storagePath: null,
  tags: [],
  owner: 1,
  permissions: { view: { users: [], groups: [] }, change: { users: [], groups: [] } },
  customFields: [],
  notes: [],
  originalFileName: 'letter.txt',
  hasArchive: false,
  mimeType: 'text/plain',
  pageCount: null,
  versions: [],
};

function refused(field: string): AppError {
  return new AppError({
    code: 'values_refused',
    class: 'invalid',
    message: 'refused',
    fields: { [field]: 'Document with this Archive Serial Number already exists.' },
  });
}
