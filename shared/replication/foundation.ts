/** What every program of ours opens before it becomes an API, a worker or both (R4): in this order, ended in reverse. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Env, Role } from '../config/env.ts';
import { EXIT } from '../config/exit-codes.ts';
import type { ProcessLife } from '../config/process-life.ts';
import type { SecretBox, SecretKeys } from '../config/secret-key.ts';
import { type Database, describeUrl, sessionName } from '../db/client.ts';
import { insertLogs } from '../db/logs.repo.ts';
import { openListener, type Listener } from '../db/listen.ts';
import { DatabasePace } from '../db/pacing.ts';
import { AdvisorySlots, type SlotSession } from '../db/slots.ts';
import type { Tables } from '../db/tables.ts';
import { noteLockSession } from '../db/workers.repo.ts';
import type { Pace } from '../kernel/limits.ts';
import type { RequestEvent } from '../paperless/client.ts';
import { openQueueBackend, type QueueBackend } from '../queue/backend.ts';
import { QUEUES } from '../queue/catalog.ts';
import { createProducer, type Producer } from '../queue/producer.ts';
import { batchEvents, createLogger, type EventBatcher, type Logger } from '../telemetry/logger.ts';
import { fillDiskGauges } from '../telemetry/disk-gauges.ts';
import { maskText, registerSecret } from '../telemetry/mask.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { startTracing } from '../telemetry/tracing.ts';
import type { EngineLog, EngineMetrics } from './deps.ts';
import { engineLog, isForPeople, logRow } from './engine-log.ts';
import { engineMetrics } from './engine-metrics.ts';
import { requestNoter } from './note-request.ts';
import { prepareDatabase, type DatabaseAddress } from './prepare-database.ts';

export interface Foundation {
  /** By which the others know this process; its database sessions bear it. */
  readonly processId: string;
  readonly env: Env;
  readonly version: string;
  readonly database: Database<Tables>;
  readonly secrets: SecretBox;
  readonly controllerId: string;
  readonly backend: QueueBackend;
  readonly producer: Producer;
  readonly slots: AdvisorySlots;
  readonly pace: Pace;
  readonly listener: Listener;
  readonly logger: Logger;
  readonly log: EngineLog;
  readonly metrics: Metrics;
  readonly engineMetrics: EngineMetrics;
  readonly onRequest: (event: RequestEvent) => void;
}

export interface FoundationOptions {
  readonly env: Env;
  readonly keys: SecretKeys;
  readonly address: DatabaseAddress;
  readonly role: Role;
  readonly logs: ProgramLog;
  readonly life: Pick<ProcessLife, 'onStop' | 'stopping'>;
  /** Called with each new database session that holds request slots, before the first is taken (protocol H12). */
  readonly onSlotSession?: (session: SlotSession) => Promise<void>;
}

/** The log exists before the database it also writes to: what is said until then waits in the batch. */
export interface ProgramLog {
  readonly logger: Logger;
  readonly events: EventBatcher;
  /** From now on events go into this database. */
  storeIn(database: Database<Tables>): void;
}

export function openProgramLog(env: Env, output?: { write(line: string): void }): ProgramLog {
  for (const secret of [env.secretKey, env.oldSecretKey, env.masterToken, env.webhookSecret, env.door.adminPassword])
    registerSecret(secret);
  let target: Database<Tables> | null = null;
  const events = batchEvents(async (batch) => {
    if (target === null) throw new Error('no database yet');
    await insertLogs(target.db, batch.map(logRow));
  });
  const logger = createLogger({
    level: env.logLevel,
    file: env.logFile,
    ...(output === undefined ? {} : { output }),
    onEvent: (event) => {
      if (isForPeople(event)) events.add(event);
    },
  });
  return {
    logger,
    events,
    storeIn: (database) => {
      target = database;
    },
  };
}

export async function openFoundation(options: FoundationOptions): Promise<Foundation> {
  const { env, role, life, logs, address } = options;
  const { logger } = logs;
  const version = programVersion();
  const processId = randomUUID();
  const lost = (what: string) => (error: Error) =>
    logger.warn({ code: 'connection_lost' }, `${what}: ${error.message}`);
  registerSecret(options.keys.current);
  await traceFor(options, version, processId);
  const prepared = await prepareDatabase(address, {
    env,
    keys: options.keys,
    applicationName: sessionName(role, processId),
    maxConnections: Math.max(10, env.workerConcurrency),
    signal: life.stopping,
    onWait: (where) => logger.info(`Waiting for the database at ${where}.`),
    onConnectionError: lost('A database connection was lost'),
  });
  logs.storeIn(prepared.database);
  life.onStop('the database', async () => {
    await logs.events.flush();
    await prepared.database.close();
  });
  if (prepared.migrated.length > 0) logger.info(`Schema brought up to date: ${prepared.migrated.join(', ')}.`);
  const backend = await openQueueBackend({
    redisUrl: env.redisUrl,
    databaseUrl: address.directUrl,
    applicationName: sessionName('queue', processId),
    workers: role === 'api' ? 0 : QUEUES.length,
    onError: lost('A queue connection was lost'),
  });
  life.onStop('the queue', () => backend.close());
  const slots = openSlots(options, lost('The session of the request slots was lost'));
  const listener = openListener(address.directUrl);
  life.onStop('the listener', () => listener.close());
  const metrics = createMetrics({ version, role, queue: backend.kind });
  metrics.onScrape(() => fillDiskGauges(metrics, { data: env.dataDir, scratch: env.scratchDir }));
  logger.info(`Database ${describeUrl(address.url)}, queue on ${backend.kind}.`);
  return {
    processId,
    env,
    version,
    database: prepared.database,
    secrets: masking(prepared.secrets),
    controllerId: prepared.controllerId,
    backend,
    producer: createProducer(backend),
    slots,
    pace: new DatabasePace(prepared.database.db, lost('The pace of requests is not known')),
    listener,
    logger,
    log: engineLog(logger),
    metrics,
    engineMetrics: engineMetrics(metrics),
    onRequest: requestNoter(metrics, prepared.database.db),
  };
}

function openSlots(
  { address, life, onSlotSession }: FoundationOptions,
  onError: (error: Error) => void,
): AdvisorySlots {
  const slots = new AdvisorySlots({
    url: address.directUrl,
    onError,
    ...(onSlotSession === undefined ? {} : { onSession: onSlotSession }),
  });
  life.onStop('the request slots', () => slots.close());
  return slots;
}

/** O5. Ended last of all, so that what the others do at their end is told as well. */
async function traceFor(
  { env, role, life, logs }: FoundationOptions,
  version: string,
  processId: string,
): Promise<void> {
  const { endpoint, headers } = env.tracing;
  if (endpoint === undefined) return;
  registerSecret(headers);
  life.onStop('the traces', await startTracing({ endpoint, headers, version, role, processId }));
  logs.logger.info(`Traces go to ${maskText(endpoint)}.`);
}

/** Whatever was ever opened or sealed here is never printed (S3). */
function masking(box: SecretBox): SecretBox {
  const known = (text: string): string => {
    registerSecret(text);
    return text;
  };
  return { seal: (text) => box.seal(known(text)), open: (token) => known(box.open(token)) };
}

export function programVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

/** H12: whoever declares this process dead has to know which session holds its slots. */
export function slotSessionNoter(foundation: () => Pick<Foundation, 'database'>, processId: Promise<string>) {
  return async ({ pid, backendStart }: SlotSession): Promise<void> =>
    noteLockSession(foundation().database.db, await processId, pid, backendStart);
}

/** The others took this process for dead and go on with its work: it ends at once, whatever it is at (protocol section 2). */
export function exitFenced(): never {
  process.stderr.write('pngx-controller: the other processes took this one for dead, so it stops.\n');
  process.exit(EXIT.fenced);
}
