/** Which handler does which job. Forgetting one does not compile. */
import type { Handlers } from '../../shared/queue/runner.ts';
import type { WorkerDeps } from './deps.ts';
import { handleChunk } from './handlers/chunk.ts';
import { handleCycle } from './handlers/cycle.ts';
import { handleDeliver } from './handlers/deliver.ts';
import { handleDocument } from './handlers/document.ts';
import { handleMaintenance } from './handlers/maintenance.ts';
import { handleReplica } from './handlers/replica.ts';
import { handleVerify } from './handlers/verify.ts';

export function handlersFor(deps: WorkerDeps): Handlers {
  return {
    cycle: (payload, context) => handleCycle(deps, payload, context),
    replica: (payload, context) => handleReplica(deps, payload, context),
    chunk: (payload) => handleChunk(deps, payload),
    document: (payload, context) => handleDocument(deps, payload, context),
    verify: (payload, context) => handleVerify(deps, payload, context),
    deliver: (payload, context) => handleDeliver(deps, payload, context),
    maintenance: (payload) => handleMaintenance(deps, payload),
  };
}
