/**
 * An upload on its way through the queue. The row of its task is never proof of anything: it may be missing, stuck, gone or
 * turned round after the fact (engine-protocol.md F5), and the faults here make each of these happen.
 */

import { setTimeout as wait } from 'node:timers/promises';
import type { FaultBoard, FaultName, FaultRule } from '../faults.ts';
import type { SimulatorOptions } from '../options.ts';
import type { Profile } from '../profile.ts';
import type { DocumentRow, TaskRow } from '../state/model.ts';
import type { Store } from '../state/store.ts';
import type { Delivery, WorkQueue } from '../tasks/queue.ts';
import { addTask, endTask, updateTask } from '../tasks/rows.ts';
import { ConsumerError, checkBeforehand } from './checks.ts';
import { alteredFile, splitFile } from './consumption-faults.ts';
import { ParseError, parse } from './parse.ts';
import { storeDocument } from './store-document.ts';
import { overridesJson, type Upload } from './upload.ts';

export interface Surroundings {
  readonly store: Store;
  readonly profile: Profile;
  readonly options: SimulatorOptions;
  readonly queue: WorkQueue;
  readonly faults: FaultBoard;
}

/** Takes uploads through the queue into the library (paperless-api.md 5). */
export class Consumer {
  readonly #around: () => Surroundings;

  constructor(around: () => Surroundings) {
    this.#around = around;
  }

  /** Queues an upload; the id of its task is all the sender ever learns. */
  accept(upload: Upload): string {
    const { store, queue } = this.#around();
    const taskId = store.uuid();
    const row = this.#strikes('task-row-missing', upload) ? null : this.#addRow(upload, taskId);
    if (this.#strikes('task-stuck-pending', upload)) return taskId;
    queue.add({ name: taskId, run: (delivery) => this.#deliver(upload, row, delivery) });
    return taskId;
  }

  #addRow(upload: Upload, taskId: string): TaskRow {
    const input = { filename: upload.fileName, mime_type: upload.mimeType, overrides: overridesJson(upload) };
    return addTask(this.#around().store, {
      taskId,
      kind: 'consume_file',
      fileName: upload.fileName,
      owner: upload.overrides.owner,
      triggerSource: upload.source,
      inputData: input,
    });
  }

  #strikes(name: FaultName, upload: Upload): FaultRule | null {
    const occasion = { method: 'POST', path: '/api/documents/post_document/', detail: upload.fileName };
    return this.#around().faults.strike(name, occasion);
  }

  async #deliver(upload: Upload, row: TaskRow | null, delivery: Delivery): Promise<void> {
    const { store } = this.#around();
    const run = (): Promise<void> => this.#run(upload, row, delivery);
    if (this.#strikes('delivered-twice', upload)) await Promise.all([run(), run()]);
    else await run();
    if (delivery.isAlive && row?.status === 'success' && this.#strikes('resurrect', upload)) {
      // The message comes again under the same row, and finds no file (paperless-api.md 6.5).
      await this.#fail(row, fileNotFound(upload), null);
    }
    if (row && this.#strikes('task-vanished', upload)) store.tasks.remove(row.id);
    store.commit();
  }

  async #run(upload: Upload, row: TaskRow | null, delivery: Delivery): Promise<void> {
    const { store } = this.#around();
    updateTask(store, row, { status: 'started', started: store.clock.now() });
    store.commit();
    if (this.#strikes('task-stuck-started', upload)) return;
    try {
      await this.#consume(upload, row, delivery);
    } catch (error) {
      if (!(error instanceof ConsumerError)) throw error;
      if (delivery.isAlive) await this.#fail(row, error.message, error);
    }
  }

  async #consume(upload: Upload, row: TaskRow | null, delivery: Delivery): Promise<void> {
    const { store, options } = this.#around();
    if (this.#strikes('temp-file-lost', upload)) throw new ConsumerError(fileNotFound(upload));
    const reason = this.#strikes('consumption-fails', upload);
    if (reason) throw new ConsumerError(`${upload.fileName}: ${String(reason.value ?? 'Error occurred')}`);
    if (this.#splits(upload, row)) return;
    const consumed = await this.#altered(upload);
    checkBeforehand(this.#around(), consumed);
    const duration = options.ocrMs + Number(this.#strikes('slow-consumption', upload)?.value ?? 0);
    if (duration > 0) await wait(duration);
    const document = await this.#parseAndStore(consumed, delivery);
    if (!document) return;
    if (this.#strikes('task-failed-after-commit', upload)) {
      throw new ConsumerError(`${upload.fileName}: Error while executing post-consume script: Command returned 1`);
    }
    const unnamed = this.#strikes('task-done-without-id', upload) !== null;
    endTask(store, row, unnamed ? stopped('Barcode splitting complete!') : succeeded(document));
  }

  async #parseAndStore(upload: Upload, delivery: Delivery): Promise<DocumentRow | null> {
    const around = this.#around();
    const { fileName } = upload;
    if (Buffer.byteLength(fileName) >= 254)
      throw new ConsumerError(`${fileName}: [Errno 36] File name too long: '${fileName}'`);
    try {
      const parsed = await parse(around.store.blobs, around.profile, upload.mimeType, upload.file);
      const late = Number(this.#strikes('late-commit', upload)?.value ?? 0);
      return delivery.isAlive ? storeDocument(around, upload, parsed, late * 1000) : null;
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      throw new ConsumerError(`${fileName}: Error occurred while consuming document ${fileName}: ${error.message}`);
    }
  }

  /** Barcodes and scripts of the instance, as far as faults switch them on. */
  async #altered(upload: Upload): Promise<Upload> {
    const { store } = this.#around();
    const asn = this.#strikes('asn-barcode', upload);
    const bytes = this.#strikes('alter-bytes', upload);
    const file = bytes ? await alteredFile(store, upload.file, bytes.value === 'random') : upload.file;
    const overrides = asn ? { ...upload.overrides, asn: Number(asn.value ?? 1) } : upload.overrides;
    return { ...upload, file, overrides };
  }

  #splits(upload: Upload, row: TaskRow | null): boolean {
    const { store } = this.#around();
    const rule = this.#strikes('barcode-split', upload);
    if (!rule) return false;
    endTask(store, row, stopped('Barcode splitting complete!'));
    void splitFile(store, upload, Number(rule.value ?? 2)).then((parts) => {
      for (const part of parts) this.accept(part);
      store.commit();
    });
    return true;
  }

  async #fail(row: TaskRow | null, message: string, error: ConsumerError | null): Promise<void> {
    const { store, profile } = this.#around();
    const relatedDocument = error?.duplicateOf ?? null;
    const resultData = error?.resultData ?? {
      error_type: 'ConsumerError',
      error_message: message,
      traceback: 'Traceback (most recent call last): ...',
    };
    const outcome = { status: 'failure' as const, resultText: message, resultData, relatedDocument };
    if (profile.name === 'v2') {
      // The row is seen failed an instant before it says why (paperless-api.md 6.1).
      endTask(store, row, { ...outcome, resultText: '<traceback object at 0x7f0d2c4b1a80>', relatedDocument: null });
      store.commit();
      await wait(5);
    }
    endTask(store, row, outcome);
  }
}

const fileNotFound = ({ fileName }: Upload): string =>
  `${fileName}: Cannot consume /tmp/paperless/paperless-upload-0/${fileName}: File not found.`;

const succeeded = (row: DocumentRow) => ({
  status: 'success' as const,
  resultText: `Success. New document id ${row.id} created`,
  resultData: { document_id: row.id },
  relatedDocument: row.id,
});

const stopped = (reason: string) => ({
  status: 'success' as const,
  resultText: reason,
  resultData: { reason },
  relatedDocument: null,
});
