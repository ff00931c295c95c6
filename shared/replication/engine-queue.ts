import type { Producer } from '../queue/producer.ts';
import type { EngineQueue } from './deps.ts';

/** The jobs of the engine, by their names in the catalogue. */
export function engineQueue(producer: Producer): EngineQueue {
  return {
    // A later generation is made because the job before it does not come, or not in time.
    cycle: (runId, generation) => producer.enqueue('cycle', { runId }, { afresh: generation > 1 }),
    replica: (runId, generation) => producer.enqueue('replica', { runId }, { afresh: generation > 1 }),
    chunks: (runId, chunks) =>
      producer.enqueueMany(
        'chunk',
        chunks.map((chunk) => ({ runId, chunk })),
      ),
    documents: (jobs) => producer.enqueueMany('document', jobs),
    verify: (verificationId) => producer.enqueue('verify', { verificationId }),
  };
}

export interface NotifyQueue {
  deliver(jobs: readonly { deliveryId: number; generation: number }[]): Promise<void>;
}

export function notifyQueue(producer: Pick<Producer, 'enqueueMany'>): NotifyQueue {
  return { deliver: (jobs) => producer.enqueueMany('deliver', jobs) };
}
