import { readFileSync } from 'node:fs';
import { isNearMiss, nearest } from './nearest.ts';

/** Every variable the program knows (R5). Each also exists as NAME_FILE, and both with the prefix PNGX_. */
export const VARIABLES = [
  'SECRET_KEY',
  'OLD_SECRET_KEY',
  'DATABASE_URL',
  'DATABASE_DIRECT_URL',
  'MIGRATION_DATABASE_URL',
  'REDIS_URL',
  'DATA_DIR',
  'SCRATCH_DIR',
  'PORT',
  'HOST',
  'WORKER_PORT',
  'BASE_PATH',
  'PUBLIC_URL',
  'TZ',
  'MASTER_URL',
  'MASTER_TOKEN',
  'WEBHOOK_SECRET',
  'AUTH_MODE',
  'AUTH_HEADER',
  'TRUSTED_PROXIES',
  'ADMIN_PASSWORD',
  'I_KNOW_THIS_IS_OPEN',
  'METRICS_AUTH',
  'LOG_LEVEL',
  'LOG_FILE',
  'WORKER_CONCURRENCY',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_HEADERS',
] as const;
export type VariableName = (typeof VARIABLES)[number];

export const PREFIX = 'PNGX_';
export type Source = Readonly<Record<string, string | undefined>>;

const SPELLINGS = new Map<string, { name: VariableName; isFile: boolean }>(
  VARIABLES.flatMap((name) =>
    [name, PREFIX + name].flatMap((text) => [
      [text, { name, isFile: false }] as const,
      [`${text}_FILE`, { name, isFile: true }] as const,
    ]),
  ),
);

/** LOG_FILE is a variable of its own, and LOG_FILE_FILE names a file that holds it. */
const KNOWN = [...SPELLINGS.keys()];

export interface Faults {
  add(variable: string, text: string): void;
}

function readSecretFile(spelling: string, path: string, faults: Faults): string | undefined {
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    faults.add(spelling, `${spelling} names a file that cannot be read (${reason}).`);
    return undefined;
  }
}

function reportNearMisses(source: Source, faults: Faults): void {
  for (const [name, value] of Object.entries(source)) {
    if (value === undefined || value === '' || SPELLINGS.has(name)) continue;
    const meant = KNOWN.find((known) => isNearMiss(name, known));
    if (meant !== undefined) faults.add(name, `${name} is not known. Did you mean ${meant}?`);
    else if (name.startsWith(PREFIX))
      faults.add(name, `${name} is not known. The nearest name is ${nearest(name, KNOWN)}.`);
  }
}

/**
 * Collects the text of each variable from its own name, its prefixed alias or the file either names. An empty text is the
 * same as none, because compose files pass unset variables as empty ones. Two sources for one variable are refused: which
 * of them counts would be a guess.
 */
export function collectVariables(source: Source, faults: Faults): Map<VariableName, string> {
  const found = new Map<VariableName, { spelling: string; value: string }>();
  for (const [spelling, { name, isFile }] of SPELLINGS) {
    const given = source[spelling];
    if (given === undefined || given === '') continue;
    const earlier = found.get(name);
    if (earlier !== undefined) {
      faults.add(name, `${earlier.spelling} and ${spelling} are both set. Keep one of them.`);
      continue;
    }
    const value = isFile ? readSecretFile(spelling, given, faults) : given;
    if (value !== undefined && value !== '') found.set(name, { spelling, value });
  }
  reportNearMisses(source, faults);
  return new Map([...found].map(([name, { value }]) => [name, value]));
}
