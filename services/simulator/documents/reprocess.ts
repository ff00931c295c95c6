import { parse, ParseError } from '../consumption/parse.ts';
import type { Context, Instance } from '../context.ts';
import type { DocumentRow } from '../state/model.ts';
import { endTask, systemTask } from '../tasks/rows.ts';

/** Reads the files again: text and archive are new, and `modified` does not tell (paperless-api.md 2.6). */
export function reprocess({ instance }: Context, rows: readonly DocumentRow[]): void {
  for (const row of rows) readAgainLater(instance, row);
}

export function readAgainLater(instance: Instance, row: DocumentRow): void {
  const { store, queue, profile } = instance;
  const task = profile.name === 'v3' ? systemTask(store, 'reprocess_document', 'manual') : null;
  queue.add({
    name: 'reprocess_document',
    run: async () => {
      if (task) task.started = store.clock.now();
      await readAgain(instance, row);
      endTask(store, task, { status: 'success', resultText: null, resultData: null, relatedDocument: null });
      store.commit();
    },
  });
}

async function readAgain({ store, profile }: Instance, row: DocumentRow): Promise<void> {
  try {
    const parsed = await parse(store.blobs, profile, row.mimeType, row.file);
    if (store.documents.get(row.id) !== row) return;
    store.index.forgetChecksum(row.archiveChecksum, row);
    row.content = parsed.content;
    row.archive = parsed.archive;
    row.archiveChecksum = parsed.archive?.[profile.checksum] ?? null;
    store.saveDocument(row);
  } catch (error) {
    // What cannot be read stays as it was.
    if (!(error instanceof ParseError)) throw error;
  }
}
