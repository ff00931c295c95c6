/** An api in this process on an embedded PostgreSQL with a large installation in it. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiDeps, type ApiDeps } from '../../../services/api/deps.ts';
import { startApi } from '../../../services/api/server.ts';
import { createSecretBox } from '../../../shared/config/secret-key.ts';
import { NO_PROXIES } from '../../../shared/config/trusted-proxies.ts';
import { openDatabase, type Database } from '../../../shared/db/client.ts';
import { startEmbedded } from '../../../shared/db/embedded.ts';
import { openListener } from '../../../shared/db/listen.ts';
import { migrate } from '../../../shared/db/migrate.ts';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import type { Tables } from '../../../shared/db/tables.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import { openQueueBackend } from '../../../shared/queue/backend.ts';
import { QUEUES } from '../../../shared/queue/catalog.ts';
import { createProducer } from '../../../shared/queue/producer.ts';
import { createMetrics } from '../../../shared/telemetry/metrics.ts';
import type { Samples } from '../../support/site.ts';
import { fillRows, type Scale } from './rows.ts';

export interface UiStage {
  readonly url: string;
  readonly deps: ApiDeps;
  readonly samples: Samples;
  readonly database: Database<Tables>;
  close(): Promise<void>;
}

const quiet = () => undefined;

/** With `kept` the database stays in that folder, and one that is there already is used as it is. */
export async function openUiStage(scale: Scale, kept?: string): Promise<UiStage> {
  const dir = kept ?? (await mkdtemp(join(tmpdir(), 'pngx-bench-')));
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o755);
  const embedded = await startEmbedded(join(dir, 'pg'));
  const end = async () => {
    await embedded.stop();
    if (kept === undefined) await rm(dir, { recursive: true, force: true });
  };
  return openOn(embedded.url, dir, scale, end).catch(async (error: unknown) => {
    await end();
    throw error;
  });
}

/** Without the time limit of statements that people wait for. */
async function load(address: string, scale: Scale, token: string): Promise<Samples> {
  const database = openDatabase<Tables>(address, { statementTimeoutMs: 0 });
  try {
    return await fillRows(database.db, scale, token);
  } finally {
    await database.close();
  }
}

async function openOn(address: string, dir: string, scale: Scale, end: () => Promise<void>): Promise<UiStage> {
  await migrate(address, { queue: true, queues: QUEUES });
  const database = openDatabase<Tables>(address);
  const secrets = createSecretBox({ current: formatFernetKey(randomBytes(32)), old: undefined });
  const token = secrets.seal('a-token-of-nobody');
  await putSettings(database.db, [
    { key: 'master_url', value: 'http://127.0.0.1:9' },
    { key: 'master_token', value: token },
  ]);
  const samples = await load(address, scale, token);
  const backend = await openQueueBackend({ databaseUrl: address, workers: 0 });
  const listener = openListener(address);
  const deps = createApiDeps(
    {
      env: {
        ...{ publicUrl: undefined, basePath: '', timeZone: 'UTC', scratchDir: dir },
        door: {
          ...{ mode: 'none', header: 'x-user', proxies: NO_PROXIES, adminPassword: undefined },
          ...{ loopback: true, metricsAuth: false },
        },
      },
      ...{ database, secrets, backend, listener, version: '0.0.0-bench', producer: createProducer(backend) },
      slots: { run: (_target, work) => work(new AbortController().signal) },
      log: { info: quiet, warning: quiet, error: (message) => console.error(message) },
      metrics: createMetrics({ version: '0.0.0-bench', role: 'api', queue: backend.kind }),
    },
    () => false,
  );
  const api = await startApi(deps, { host: '127.0.0.1', port: 0 });
  return {
    url: api.url,
    ...{ deps, samples, database },
    async close() {
      await api.close(1000);
      await listener.close();
      await backend.close();
      await database.close();
      await end();
    },
  };
}
