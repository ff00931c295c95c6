import type { Producer } from '../queue/producer.ts';
import type { EngineQueue } from './deps.ts';

/** The jobs of the engine, by their names in the catalogue. */
export function engineQueue(producer: Producer): EngineQueue {
  return {
    cycle: (runId) => producer.enqueue('cycle', { runId }),
    replica: (runId) => producer.enqueue('replica', { runId }),
    chunks: (runId, chunks) =>
      producer.enqueueMany(
        'chunk',
        chunks.map((chunk) => ({ runId, chunk })),
      ),
    documents: (jobs) => producer.enqueueMany('document', jobs),
    verify: (verificationId) => producer.enqueue('verify', { verificationId }),
  };
}
