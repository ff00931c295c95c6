/** The API on the database of a controller whose worker runs: what a person asks for is really done. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiDeps } from '../../../services/api/deps.ts';
import { startApi } from '../../../services/api/server.ts';
import { openDatabase } from '../../../shared/db/client.ts';
import { openListener } from '../../../shared/db/listen.ts';
import type { Tables } from '../../../shared/db/tables.ts';
import { openQueueBackend } from '../../../shared/queue/backend.ts';
import { createProducer } from '../../../shared/queue/producer.ts';
import { createMetrics } from '../../../shared/telemetry/metrics.ts';
import type { Controller } from '../../support/controller.ts';
import { queuePrefix } from '../../support/test-worker.ts';
import { OPEN_DOOR } from '../api/harness.ts';

export interface Api {
  /** The parsed body, with the status beside it. */
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: ReturnType<typeof JSON.parse> }>;
  close(): Promise<void>;
}

export async function apiOn(controller: Controller): Promise<Api> {
  const { url } = controller.database;
  const database = openDatabase<Tables>(url, { max: 3 });
  const backend = await openQueueBackend({ databaseUrl: url, workers: 0, prefix: queuePrefix(url) });
  const listener = openListener(url);
  const deps = createApiDeps(
    {
      env: {
        publicUrl: undefined,
        basePath: '',
        timeZone: 'UTC',
        scratchDir: join(tmpdir(), 'pngx-test-scratch'),
        door: OPEN_DOOR,
      },
      database,
      secrets: controller.secrets,
      producer: createProducer(backend),
      backend,
      listener,
      slots: { run: (_target, work) => work(new AbortController().signal) },
      log: controller.log,
      metrics: createMetrics({ version: '0.0.0-test', role: 'api', queue: backend.kind }, { process: false }),
      version: '0.0.0-test',
    },
    () => false,
  );
  const api = await startApi(deps, { host: '127.0.0.1', port: 0 });
  return {
    ask: async (method, path, body) => {
      const init = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(`${api.url}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        ...init,
      });
      const text = await response.text();
      return { status: response.status, body: text === '' ? null : JSON.parse(text) };
    },
    close: async () => {
      await api.close(1000);
      await listener.close();
      await backend.close();
      await database.close();
    },
  };
}
