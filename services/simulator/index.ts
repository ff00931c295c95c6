/**
 * Puts one simulated instance together. Nothing here is global: a test may run a master and two replicas in one process.
 */

import { Consumer } from './consumption/consumer.ts';
import type { Instance } from './context.ts';
import { act, type ActionName } from './actions.ts';
import { documentRoutes } from './documents/routes.ts';
import { FaultBoard, type FaultArgument, type FaultName } from './faults.ts';
import { exportLibrary, importLibrary, type LibraryExport } from './exchange.ts';
import { fillLibrary, writeDocuments, type WrittenDocument } from './library.ts';
import { objectRoutes } from './objects/routes.ts';
import { type SimulatorInput, simulatorOptions } from './options.ts';
import { PROFILES } from './profile.ts';
import { type LoggedRequest, type RequestCounters, RequestLog } from './request-log.ts';
import { Router } from './router.ts';
import { SimulatorServer } from './server.ts';
import { Store } from './state/store.ts';
import { systemRoutes } from './system/routes.ts';
import { WorkQueue } from './tasks/queue.ts';
import { taskRoutes } from './tasks/routes.ts';
import { userRoutes } from './users/routes.ts';
import { addSuperuser } from './users/superuser.ts';

/** A running simulator, as tests hold it. */
export interface Simulator {
  readonly url: string;
  readonly token: string;
  /** Changes when the instance is upgraded. */
  readonly profile: 'v2' | 'v3';
  /** All rows, for assertions and for changes that no request can make; call `store.commit()` after changes. */
  readonly store: Store;
  setFault(name: FaultName, argument?: FaultArgument): void;
  clearFaults(name?: FaultName): void;
  act(name: ActionName): unknown;
  /** Puts documents into the library at once, as if they had been consumed long ago; their ids. */
  write(documents: Iterable<WrittenDocument>): number[];
  /** What document_exporter would write to disk. */
  export(): Promise<LibraryExport>;
  /** What document_importer makes of an export, on an instance of the same generation. */
  import(library: LibraryExport): void;
  /** Resolves when no message waits and no worker runs. */
  idle(): Promise<void>;
  requests(): LoggedRequest[];
  counters(): RequestCounters;
  clearRequests(): void;
  stop(): Promise<void>;
}

export async function startSimulator(input: SimulatorInput): Promise<Simulator> {
  const options = simulatorOptions.parse(input);
  const store = new Store({ data: options.data, seed: options.seed });
  const faults = new FaultBoard(options.faults, (board) => applyClockSkew(board, store));
  const queue = new WorkQueue(options.consumers);
  const instance: Instance = {
    profile: { ...PROFILES[options.profile], ...(options.version === undefined ? {} : { version: options.version }) },
    options,
    store,
    queue,
    faults,
    consumer: new Consumer(() => instance),
  };
  if (store.isEmpty) addSuperuser(store, instance.profile, options.token);
  if (store.documents.size === 0) fillLibrary(instance, options.docs);
  store.commit();
  const log = new RequestLog();
  const router = new Router([...documentRoutes, ...objectRoutes, ...userRoutes, ...taskRoutes, ...systemRoutes]);
  const server = new SimulatorServer(instance, router, log);
  const url = await server.listen(options.port, options.host);
  return {
    url,
    token: options.token,
    get profile() {
      return instance.profile.name;
    },
    store,
    setFault: (name, argument = {}) => faults.set({ name, ...argument }),
    clearFaults: (name) => faults.clear(name),
    act: (name) => act(instance, name),
    write: (documents) => {
      const ids = writeDocuments(instance, documents);
      store.commit();
      return ids;
    },
    export: () => exportLibrary(instance),
    import: (library) => {
      importLibrary(instance, library);
      store.commit();
    },
    idle: () => queue.idle(),
    requests: () => log.entries(),
    counters: () => log.counters(),
    clearRequests: () => log.clear(),
    stop: async () => {
      await server.close();
      queue.pause();
      store.close();
    },
  };
}

/** The clock is wrong for as long as the fault stands. */
function applyClockSkew(faults: FaultBoard, store: Store): void {
  const rule = faults.rules.find((candidate) => candidate.name === 'clock-skew');
  store.clock.skewTo(Number(rule?.value ?? 0));
}
