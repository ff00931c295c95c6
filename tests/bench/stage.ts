/** A controller's worker in this process, simulators in processes of their own, an embedded PostgreSQL: as `npm start` has them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSecretBox } from '../../shared/config/secret-key.ts';
import { openDatabase, type Database } from '../../shared/db/client.ts';
import { startEmbedded } from '../../shared/db/embedded.ts';
import { migrate } from '../../shared/db/migrate.ts';
import { insertReplica } from '../../shared/db/replicas.repo.ts';
import { putSettings } from '../../shared/db/settings.repo.ts';
import type { RunPurpose } from '../../shared/db/runs.repo.ts';
import type { Run, Tables, Verification } from '../../shared/db/tables.ts';
import { findVerification } from '../../shared/db/verifications.repo.ts';
import type { Depth } from '../../shared/domain/verification.ts';
import { delay, systemClock } from '../../shared/kernel/clock.ts';
import { formatFernetKey } from '../../shared/kernel/fernet.ts';
import type { RequestEvent } from '../../shared/paperless/client.ts';
import { openQueueBackend } from '../../shared/queue/backend.ts';
import { createProducer } from '../../shared/queue/producer.ts';
import { ENGINE_TIMINGS, type EngineLog } from '../../shared/replication/deps.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { openCycle } from '../../shared/replication/open-cycle.ts';
import { engineQueue } from '../../shared/replication/engine-queue.ts';
import { openVerification } from '../../shared/replication/verify-open.ts';
import { queuePrefix, startTestWorker } from '../support/test-worker.ts';

export const TOKEN = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface Sim {
  readonly url: string;
  readonly token: string;
  stop(): void;
}

export async function spawnSimulator(...args: string[]): Promise<Sim> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(ROOT, 'services/simulator/main.ts'), '--port', '0', '--token', TOKEN, ...args],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const url = await firstUrl(child);
  return { url, token: TOKEN, stop: () => child.kill('SIGTERM') };
}

function firstUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
      if (url) resolve(url);
    });
    child.once('exit', (code) => reject(new Error(`the simulator ended with ${code}`)));
  });
}

export interface Stage {
  readonly database: Database<Tables>;
  readonly events: RequestEvent[];
  /** Of the first replica, unless `replicaId` is given; undefined: of all. */
  cycle(purpose?: RunPurpose & { readonly replicaId?: number | undefined }): Promise<Run>;
  verify(depth: Depth): Promise<Verification>;
  close(): Promise<void>;
}

const quiet: EngineLog = {
  info: () => undefined,
  warning: () => undefined,
  error: (message) => console.error(message),
};

async function spawnWorker(options: object): Promise<{ close(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(ROOT, 'tests/bench/worker.ts'), JSON.stringify(options)],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  await once(child, 'message');
  return {
    async close() {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

export interface StageOptions {
  /** So many worker processes; otherwise one worker in this process. */
  readonly processes?: number;
  readonly concurrency?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Workers with the product's own timings and limits. */
export async function openStage(
  master: Sim,
  replicas: Readonly<Record<string, Sim>>,
  redisUrl?: string,
  { processes, concurrency = 16, settings: chosen = {} }: StageOptions = {},
): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'pngx-bench-'));
  const embedded = await startEmbedded(join(dir, 'pg'));
  await migrate(embedded.url);
  const database = openDatabase<Tables>(embedded.url);
  const key = formatFernetKey(randomBytes(32));
  const secrets = createSecretBox({ current: key, old: undefined });
  const rows = {
    master_url: master.url,
    master_token: secrets.seal(master.token),
    sync_interval_seconds: '86400',
    sync_cycle_timeout_seconds: '86400',
    ...chosen,
  };
  await putSettings(
    database.db,
    Object.entries(rows).map(([name, value]) => ({ key: name, value })),
  );
  for (const [name, { url, token }] of Object.entries(replicas))
    await insertReplica(database.db, { name, url, api_token: secrets.seal(token), library_proven: true });
  await database.db
    .updateTable('master_state')
    .set({ next_cycle_at: new Date(Date.now() + 86_400_000) })
    .execute();
  const events: RequestEvent[] = [];
  const common = { databaseUrl: embedded.url, redisUrl, key, concurrency };
  const workers =
    processes === undefined
      ? [
          await startTestWorker({
            ...common,
            log: quiet,
            timings: ENGINE_TIMINGS,
            onRequest: (event) => events.push(event),
          }),
        ]
      : await Promise.all(Array.from({ length: processes }, () => spawnWorker(common)));
  const backend = await openQueueBackend({
    databaseUrl: embedded.url,
    redisUrl,
    workers: 0,
    prefix: queuePrefix(embedded.url),
  });
  const settings = () => loadSettings({ db: database.db, secrets });
  const deps = {
    db: database.db,
    queue: engineQueue(createProducer(backend)),
    log: quiet,
    clock: systemClock,
    settings,
  };
  return {
    database,
    events,
    async cycle(purpose = {}) {
      const { runId } = await openCycle(deps, { trigger: 'manual', replicaId: 1, ...purpose });
      for (;;) {
        const run = await database.db
          .selectFrom('sync_runs')
          .selectAll()
          .where('id', '=', runId)
          .executeTakeFirstOrThrow();
        if (run.finished_at) return run;
        await delay(50);
      }
    },
    async verify(depth) {
      const request = { replicaId: 1, scope: 'replica', depth, trigger: 'manual', askedBy: 'bench' } as const;
      const { verificationId } = await openVerification(deps, request);
      for (;;) {
        const verification = await findVerification(database.db, verificationId);
        if (verification?.finished_at) return verification;
        await delay(50);
      }
    },
    async close() {
      for (const worker of workers) await worker.close();
      await backend.close();
      await database.close();
      await embedded.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export function seconds({
  started_at: from,
  finished_at: to,
}: Pick<Verification, 'started_at' | 'finished_at'>): number {
  return ((to?.getTime() ?? 0) - (from?.getTime() ?? 0)) / 1000;
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
