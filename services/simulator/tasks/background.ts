/**
 * Background work that follows a request. It shares the queue with consumptions: behind a long OCR a bump comes late.
 */

import type { Instance } from '../context.ts';
import { touch } from '../documents/links.ts';
import type { DocumentRow } from '../state/model.ts';
import { fireWorkflows } from '../workflows/fire.ts';
import { endTask, systemTask } from './rows.ts';

/** Queues the task that follows a bulk change and moves `modified`; on v3 it leaves a row (paperless-api.md 2.6, 6.1). */
export function bumpLater(instance: Instance, rows: readonly DocumentRow[]): void {
  background(instance, 'bulk_update', () => {
    for (const row of rows)
      if (instance.store.documents.get(row.id) === row) {
        touch(instance.store, row);
        fireWorkflows(instance, 'updated', row);
      }
  });
}

export function background(instance: Instance, kind: string, work: () => void): void {
  const { store, queue, profile } = instance;
  const row = profile.name === 'v3' ? systemTask(store, kind) : null;
  queue.add({
    name: kind,
    run: () => {
      if (row) row.started = store.clock.now();
      work();
      endTask(store, row, { status: 'success', resultText: 'OK', resultData: {}, relatedDocument: null });
      store.commit();
    },
  });
}
