/**
 * What a person gets to know about an instance before it is saved (E26, S4): a list of steps, each with its cure. The only
 * writes are one marker tag on a candidate replica, removed at once in every case.
 */
import type { Finding, KnownFacts } from '../domain/hygiene/facts.ts';
import type { Clock } from '../kernel/clock.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import type { Capabilities, PaperlessReader, PaperlessWriter } from '../paperless/api.ts';
import { parseInstanceUrl } from '../paperless/url.ts';
import { checkAsnRange, type OwnUpload } from './check-asn-range.ts';
import { checkDistinctLibraries } from './check-distinct-libraries.ts';
import { masterHygiene, replicaHygiene, UNKNOWN_REPLICA } from './check-hygiene.ts';

export const STEP_NAMES = ['url', 'reachable', 'api', 'version', 'token', 'superuser', 'library', 'asn_range'] as const;
export type StepName = (typeof STEP_NAMES)[number];

export interface ConnectionStep {
  readonly name: StepName;
  readonly ok: boolean;
  /** A step that is not ok but only warns does not stop the instance from being saved. */
  readonly blocking: boolean;
  readonly code: string | null;
  readonly detail: string;
  readonly hint: string | null;
}
export interface ConnectionReport {
  readonly ok: boolean;
  /** The first step that stops it, in words. */
  readonly error: string | null;
  readonly steps: readonly ConnectionStep[];
  readonly capabilities: Capabilities | null;
  readonly documentCount: number | null;
  readonly latencyMs: number | null;
  /** How the instance is set up (E25); looked at only once it may be saved, and never a reason not to save it. */
  readonly findings: readonly Finding[];
}

export interface InstanceAccess {
  readonly url: string;
  readonly token: string;
  /** 0 for the master, the replica's id, or null for one that is not saved yet. */
  readonly target: number | null;
}
/** Opens clients for addresses that may not be saved yet; what they share with the engine is only the request slots. */
export interface InstanceClients {
  openReader(access: InstanceAccess): PaperlessReader;
  openWriter(access: InstanceAccess): PaperlessWriter;
}
export interface ConnectionTestDeps {
  readonly clock: Clock;
  readonly clients: InstanceClients;
  /** Random part of the marker's name. */
  readonly randomHex: (bytes: number) => string;
}

export const passed = (name: StepName, detail: string): ConnectionStep => ({
  name,
  ok: true,
  blocking: true,
  code: null,
  detail,
  hint: null,
});

export function failed(name: StepName, error: AppError, blocking = true): ConnectionStep {
  return { name, ok: false, blocking, code: error.code, detail: error.message, hint: error.hint ?? null };
}

export async function testMaster(
  deps: ConnectionTestDeps,
  access: InstanceAccess,
  signal?: AbortSignal,
): Promise<ConnectionReport> {
  const tested = await testInstance(deps, access, 'master', signal);
  if (!tested.ok) return tested;
  return { ...tested, findings: await masterHygiene(deps.clients.openReader(access), deps.clock, signal) };
}

/** Address, API, version, token and rights: what holds for a master and for a replica alike. */
async function testInstance(
  deps: ConnectionTestDeps,
  access: InstanceAccess,
  role: 'master' | 'replica',
  signal?: AbortSignal,
): Promise<ConnectionReport> {
  const steps: ConnectionStep[] = [];
  try {
    parseInstanceUrl(access.url);
    steps.push(passed('url', 'The address is well formed.'));
  } catch (thrown) {
    return report([failed('url', toAppError(thrown))]);
  }
  const reader = deps.clients.openReader(access);
  try {
    const capabilities = await reader.probe(signal);
    steps.push(...answeredSteps(capabilities, role));
    const census = await reader.census(signal);
    return report(steps, capabilities, census.ids.length);
  } catch (thrown) {
    return report([...steps, ...stepsUntil(toAppError(thrown), steps)]);
  }
}

export interface ReplicaTest {
  readonly replica: InstanceAccess;
  /** Null while no master is configured: then nothing can show that the replica is not the master. */
  readonly master: InstanceAccess | null;
  readonly asnBase: number;
  /** Which documents in the reserved range are unfinished uploads of ours. */
  readonly isOwnUpload: OwnUpload;
  /** What the controller has seen of a replica that it knows already. */
  readonly known?: KnownFacts;
}

/** All of `testInstance`, and that the candidate is another library than the master with a free ASN range. */
export async function testReplica(
  deps: ConnectionTestDeps,
  test: ReplicaTest,
  signal?: AbortSignal,
): Promise<ConnectionReport> {
  const instance = await testInstance(deps, test.replica, 'replica', signal);
  if (!instance.ok) return instance;
  const steps = [...instance.steps];
  const rest = (): ConnectionReport => report(steps, instance.capabilities, instance.documentCount);
  if (test.master === null) {
    steps.push(failed('library', masterMissing()));
    return rest();
  }
  const replica = deps.clients.openWriter(test.replica);
  const master = deps.clients.openReader(test.master);
  try {
    await checkDistinctLibraries(deps, { master, replica }, signal);
    steps.push(passed('library', 'Master and replica are two different libraries.'));
  } catch (thrown) {
    steps.push(failed('library', toAppError(thrown)));
    return rest();
  }
  try {
    await checkAsnRange({ master, replica }, test.asnBase, test.isOwnUpload, signal);
    steps.push(passed('asn_range', `No archive serial numbers from ${test.asnBase} on are in use.`));
  } catch (thrown) {
    steps.push(failed('asn_range', toAppError(thrown)));
    return rest();
  }
  const findings = await replicaHygiene({ master, replica }, test.known ?? UNKNOWN_REPLICA, deps.clock, signal);
  return { ...rest(), findings };
}

function masterMissing(): AppError {
  return new AppError({
    code: 'master_not_configured',
    class: 'config',
    message: 'No master is configured, so nothing can show that this is not the master itself.',
    hint: 'Enter master_url and master_token in the settings first.',
  });
}

function report(
  steps: readonly ConnectionStep[],
  capabilities: Capabilities | null = null,
  documentCount: number | null = null,
): ConnectionReport {
  const stopped = steps.find((step) => !step.ok && step.blocking);
  return {
    ok: stopped === undefined,
    error: stopped === undefined ? null : stopped.detail,
    steps,
    capabilities,
    documentCount,
    latencyMs: capabilities?.latencyMs ?? null,
    findings: [],
  };
}

function answeredSteps(capabilities: Capabilities, role: 'master' | 'replica'): ConnectionStep[] {
  return [
    passed('reachable', `It answered in ${Math.round(capabilities.latencyMs)} ms.`),
    passed('api', 'The paperless-ngx API answers there.'),
    passed('version', `paperless-ngx ${capabilities.version} is supported.`),
    passed('token', `The token is accepted (user "${capabilities.username}").`),
    superuserStep(capabilities, role),
  ];
}

/**
 * E4: a master's token that sees only a subset runs, is flagged, and nothing counts as verified. A replica's token must
 * see everything: what it does not see would look deleted, and it could not set owners.
 */
function superuserStep({ isSuperuser, username }: Capabilities, role: 'master' | 'replica'): ConnectionStep {
  if (isSuperuser) return passed('superuser', `The user "${username}" is a superuser and sees everything.`);
  const consequence =
    role === 'master' ? 'documents that it cannot see are left out' : 'a document that it does not see looks deleted';
  const error = new AppError({
    code: 'token_not_superuser',
    class: 'permission',
    message: `The user "${username}" is not a superuser: ${consequence}.`,
    hint: 'Use the token of a superuser who is also staff.',
  });
  return failed('superuser', error, role === 'replica');
}

const ORDER = ['reachable', 'api', 'version', 'token'] as const;
const REACHED = {
  reachable: 'The address can be reached.',
  api: 'The paperless-ngx API answers there.',
  version: 'Its version is supported.',
  token: 'The token is accepted.',
} as const;

/** One request answers several questions: what came before the step that failed has passed. */
function stepsUntil(error: AppError, already: readonly ConnectionStep[]): ConnectionStep[] {
  const at = failingStep(error);
  const before = ORDER.slice(0, ORDER.indexOf(at)).filter((name) => !already.some((step) => step.name === name));
  return [...before.map((name) => passed(name, REACHED[name])), failed(at, error)];
}

function failingStep(error: AppError): (typeof ORDER)[number] {
  switch (error.class) {
    case 'not-an-api':
      return 'api';
    case 'incompatible':
      return 'version';
    case 'auth':
    case 'permission':
      return 'token';
    default:
      return 'reachable';
  }
}
