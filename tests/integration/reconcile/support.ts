/** A master and replicas with libraries that no controller knows, and one that matches them. */
import type { WrittenDocument } from '../../../services/simulator/library.ts';
import type { RunMode } from '../../../shared/db/tables.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { engineQueue } from '../../../shared/replication/engine-queue.ts';
import { openQueueBackend } from '../../../shared/queue/backend.ts';
import { createProducer } from '../../../shared/queue/producer.ts';
import { Controller } from '../../support/controller.ts';
import { queuePrefix } from '../../support/test-worker.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';

export type Generation = 'v2' | 'v3';
export const PAIRS: readonly (readonly [Generation, Generation])[] = [
  ['v2', 'v2'],
  ['v3', 'v3'],
  ['v3', 'v2'],
  ['v2', 'v3'],
];

export interface Stage {
  readonly master: Simulator;
  readonly copy: Simulator;
  readonly controller: Controller;
  /** From its trigger to its end; the summary is that of the replica's reconcile. */
  reconcile(mode?: RunMode, timeoutMs?: number): Promise<Record<string, unknown>>;
  close(): Promise<void>;
}

export async function stage(
  masterProfile: Generation,
  copyProfile: Generation,
  fill: (master: Simulator, copy: Simulator) => void | Promise<void>,
): Promise<Stage> {
  const master = await simulator(masterProfile, { seed: 'master' });
  const copy = await simulator(copyProfile, { seed: 'copy' });
  await fill(master, copy);
  const controller = await Controller.start({ master, replicas: { copy } });
  return {
    master,
    copy,
    controller,
    reconcile: async (mode = 'reconcile', timeoutMs = 60_000) => {
      const { runId } = await open(controller, mode);
      const run = await controller.ended(runId, timeoutMs);
      const [child] = (await controller.runs()).filter((candidate) => candidate.parent_run_id === runId);
      if (child?.outcome !== 'ok')
        throw new Error(`reconcile: ${run.outcome} ${child?.error_code} ${child?.error_msg}`);
      const row = await controller.db
        .selectFrom('reconciliations')
        .selectAll()
        .where('run_id', '=', child.id)
        .executeTakeFirstOrThrow();
      return row.summary ?? {};
    },
    close: async () => {
      await controller.stop();
      await master.stop();
      await copy.stop();
    },
  };
}

export async function open(controller: Controller, mode: RunMode): Promise<{ runId: number }> {
  const { url } = controller.database;
  const backend = await openQueueBackend({ databaseUrl: url, workers: 0, prefix: queuePrefix(url) });
  try {
    const settings = () => loadSettings({ db: controller.db, secrets: controller.secrets });
    const deps = {
      db: controller.db,
      queue: engineQueue(createProducer(backend)),
      log: controller.log,
      clock: systemClock,
      settings,
    };
    const replica = await controller.replica('copy');
    return await openCycle(deps, { trigger: 'manual', mode, replicaId: replica.id });
  } finally {
    await backend.close();
  }
}

export const text = (content: string, more: Omit<WrittenDocument, 'content'> = {}): WrittenDocument => ({
  content: `${content}\n`,
  originalFileName: `${content}.txt`,
  ...more,
});

/** Requests that change documents, and uploads among them. */
export function writesOf(instance: Simulator): string[] {
  return instance
    .requests()
    .filter((request) => request.method !== 'GET' && request.path.startsWith('/api/documents/'))
    .map((request) => `${request.method} ${request.path}`);
}

/** Master id -> replica id of all links that hold a copy. */
export async function pairsOf(controller: Controller): Promise<Record<number, number>> {
  const links = await controller.links('copy');
  return Object.fromEntries(
    links.flatMap((link) => (link.replica_doc_id === null ? [] : [[link.master_doc_id, link.replica_doc_id]])),
  );
}

export async function waitForUploads(controller: Controller, count: number): Promise<void> {
  await waitFor(
    `${count} uploads under way`,
    async () =>
      (await controller.links()).filter((link) => link.phase === 'awaiting' && link.lease_worker === null).length >=
      count,
  );
}

/** No document job works any more. */
export async function settled(controller: Controller): Promise<void> {
  await waitFor('all leases to be given back', async () =>
    (await controller.links()).every((link) => link.lease_worker === null),
  );
}

export async function closeRuns(controller: Controller): Promise<void> {
  await controller.db
    .updateTable('sync_runs')
    .set({ finished_at: new Date(), outcome: 'timed_out', phase: 'closed' })
    .where('finished_at', 'is', null)
    .execute();
}
