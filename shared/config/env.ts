import { resolve } from 'node:path';
import { z } from 'zod';
import { AppError } from '../kernel/errors.ts';
import {
  basePath,
  headerName,
  isLoopback,
  listenHost,
  newPassword,
  oneOf,
  serverUrl,
  timeZone,
  trustedProxies,
  webUrl,
  wholeNumber,
} from './env-values.ts';
import { collectVariables, type Faults, type Source, type VariableName } from './env-variables.ts';
import { NO_PROXIES, type TrustedProxies } from './trusted-proxies.ts';

export const ROLES = ['standalone', 'api', 'worker', 'cli'] as const;
export type Role = (typeof ROLES)[number];
export const AUTH_MODES = ['forward', 'password', 'none'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];
export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;

const postgres = serverUrl(['postgres', 'postgresql'], 'postgres://user:password@host:5432/name');

const SCHEMA = {
  // Whether it is a Fernet key is judged in secret-key.ts, which also knows the file of a standalone controller.
  SECRET_KEY: z.string().optional(),
  OLD_SECRET_KEY: z.string().optional(),
  DATABASE_URL: postgres.optional(),
  DATABASE_DIRECT_URL: postgres.optional(),
  MIGRATION_DATABASE_URL: postgres.optional(),
  REDIS_URL: serverUrl(['redis', 'rediss'], 'redis://:password@host:6379/0').optional(),
  DATA_DIR: z.string().default('./data'),
  SCRATCH_DIR: z.string().optional(),
  PORT: wholeNumber(0, 65_535).default(8000),
  HOST: listenHost.default('127.0.0.1'),
  WORKER_PORT: wholeNumber(0, 65_535).default(8001),
  BASE_PATH: basePath.default(''),
  PUBLIC_URL: webUrl.optional(),
  TZ: timeZone.optional(),
  MASTER_URL: webUrl.optional(),
  MASTER_TOKEN: z.string().trim().optional(),
  WEBHOOK_SECRET: z.string().optional(),
  AUTH_MODE: oneOf(AUTH_MODES).optional(),
  AUTH_HEADER: headerName.default('x-authentik-username'),
  TRUSTED_PROXIES: trustedProxies.optional(),
  ADMIN_PASSWORD: newPassword.optional(),
  I_KNOW_THIS_IS_OPEN: oneOf(['0', '1']).default('0'),
  METRICS_AUTH: oneOf(['0', '1']).default('0'),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info'),
  LOG_FILE: z.string().optional(),
  WORKER_CONCURRENCY: wholeNumber(1, 256).default(16),
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl.optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
} satisfies Record<VariableName, z.ZodType>;

type Values = { [N in VariableName]: z.output<(typeof SCHEMA)[N]> };

/** Who may come in over HTTP (S1). */
export interface Door {
  readonly mode: AuthMode;
  /** Lower case; names the visitor in mode forward. */
  readonly header: string;
  readonly proxies: TrustedProxies;
  /** Becomes the password at the first start, later ignored. */
  readonly adminPassword: string | undefined;
  /** Reachable from this machine only. */
  readonly loopback: boolean;
  readonly metricsAuth: boolean;
}

export interface Env {
  readonly role: Role;
  readonly secretKey: string | undefined;
  readonly oldSecretKey: string | undefined;
  /** undefined: the embedded server under `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** A session connection for LISTEN, locks and the queue; the same as `databaseUrl` unless set apart. */
  readonly databaseDirectUrl: string | undefined;
  readonly migrationDatabaseUrl: string | undefined;
  /** undefined: the queue lives in PostgreSQL. */
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
  readonly scratchDir: string;
  readonly port: number;
  readonly host: string;
  readonly workerPort: number;
  /** '' or '/prefix'. */
  readonly basePath: string;
  readonly publicUrl: string | undefined;
  readonly timeZone: string;
  readonly masterUrl: string | undefined;
  readonly masterToken: string | undefined;
  readonly webhookSecret: string | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly logFile: string | undefined;
  readonly workerConcurrency: number;
  /** Where traces go; without an endpoint there are none (O5). */
  readonly tracing: { readonly endpoint: string | undefined; readonly headers: string | undefined };
  readonly door: Door;
}

class FaultList implements Faults {
  readonly byVariable: Record<string, string> = {};
  add(variable: string, text: string): void {
    this.byVariable[variable] ??= text;
  }
  has(variable: string): boolean {
    return variable in this.byVariable;
  }
  throwIfAny(): void {
    const lines = Object.values(this.byVariable);
    if (lines.length === 0) return;
    throw new AppError({
      code: 'env_invalid',
      class: 'config',
      message: lines.join('\n'),
      fields: this.byVariable,
      hint: 'All variables are listed in docs/operations.md.',
    });
  }
}

function parseValues(texts: ReadonlyMap<VariableName, string>, faults: Faults): Values {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(SCHEMA)) {
    const result = schema.safeParse(texts.get(name as VariableName));
    if (result.success) values[name] = result.data;
    else faults.add(name, `${name} ${result.error.issues[0]?.message ?? 'is not valid.'}`);
  }
  // Every missing entry has a fault, and the caller throws before anything reads it.
  return values as Values;
}

/** What only makes sense together. */
function checkTogether(values: Values, role: Role, faults: FaultList): void {
  const embedded = values.DATABASE_URL === undefined;
  if (embedded && (role === 'api' || role === 'worker'))
    faults.add(
      'DATABASE_URL',
      `DATABASE_URL is missing: the ${role} runs apart from the database. Only standalone brings its own.`,
    );
  for (const name of ['DATABASE_DIRECT_URL', 'MIGRATION_DATABASE_URL'] as const)
    if (embedded && values[name] !== undefined) faults.add(name, `${name} is set but DATABASE_URL is not.`);
  if (values.OLD_SECRET_KEY !== undefined && values.SECRET_KEY === undefined && role !== 'standalone')
    faults.add('OLD_SECRET_KEY', 'OLD_SECRET_KEY is set but SECRET_KEY is not.');
  if (role === 'api' || role === 'standalone') checkDoor(values, faults);
}

/** S1: nothing that a network can reach starts without a word on who may come in. */
function checkDoor(values: Values, faults: FaultList): void {
  const { HOST: host, AUTH_MODE: mode } = values;
  // What follows from a fault would only hide it.
  if (faults.has('HOST') || faults.has('AUTH_MODE')) return;
  const open = !isLoopback(host);
  if (open && mode === undefined)
    faults.add(
      'HOST',
      `HOST ${host} can be reached from a network, so AUTH_MODE must say who may come in: password, forward, or none.`,
    );
  if (open && mode === 'none' && values.I_KNOW_THIS_IS_OPEN !== '1')
    faults.add(
      'AUTH_MODE',
      `AUTH_MODE none on HOST ${host} lets everybody in who can reach it. Use password, or set I_KNOW_THIS_IS_OPEN=1.`,
    );
  if (mode === 'forward' && values.TRUSTED_PROXIES === undefined && !faults.has('TRUSTED_PROXIES'))
    faults.add(
      'TRUSTED_PROXIES',
      'TRUSTED_PROXIES is missing: AUTH_MODE forward believes the header of these addresses only.',
    );
}

function doorOf(values: Values): Door {
  const loopback = isLoopback(values.HOST);
  return {
    mode: values.AUTH_MODE ?? (loopback ? 'none' : 'password'),
    header: values.AUTH_HEADER,
    proxies: values.TRUSTED_PROXIES ?? NO_PROXIES,
    adminPassword: values.ADMIN_PASSWORD,
    loopback,
    metricsAuth: values.METRICS_AUTH === '1',
  };
}

/**
 * The only reader of the environment. Throws one AppError whose message has one line a fault, so that a person sees all of
 * them at the first start and not one after the other.
 */
export function loadEnv(source: Source = process.env, role: Role = 'standalone'): Env {
  const faults = new FaultList();
  const values = parseValues(collectVariables(source, faults), faults);
  checkTogether(values, role, faults);
  faults.throwIfAny();
  const dataDir = resolve(values.DATA_DIR);
  return {
    role,
    secretKey: values.SECRET_KEY,
    oldSecretKey: values.OLD_SECRET_KEY,
    databaseUrl: values.DATABASE_URL,
    databaseDirectUrl: values.DATABASE_DIRECT_URL ?? values.DATABASE_URL,
    migrationDatabaseUrl: values.MIGRATION_DATABASE_URL ?? values.DATABASE_DIRECT_URL ?? values.DATABASE_URL,
    redisUrl: values.REDIS_URL,
    dataDir,
    scratchDir: resolve(values.SCRATCH_DIR ?? `${dataDir}/scratch`),
    port: values.PORT,
    host: values.HOST,
    workerPort: values.WORKER_PORT,
    basePath: values.BASE_PATH,
    publicUrl: values.PUBLIC_URL,
    timeZone: values.TZ ?? 'UTC',
    masterUrl: values.MASTER_URL,
    masterToken: values.MASTER_TOKEN,
    webhookSecret: values.WEBHOOK_SECRET,
    logLevel: values.LOG_LEVEL,
    logFile: values.LOG_FILE,
    workerConcurrency: values.WORKER_CONCURRENCY,
    tracing: { endpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT, headers: values.OTEL_EXPORTER_OTLP_HEADERS },
    door: doorOf(values),
  };
}
