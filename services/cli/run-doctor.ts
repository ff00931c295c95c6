import { EXIT, exitCodeFor } from '../../shared/config/exit-codes.ts';
import { listReplicas } from '../../shared/db/replicas.repo.ts';
import { livingWorkers } from '../../shared/db/workers.repo.ts';
import type { Finding } from '../../shared/domain/hygiene/facts.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { toAppError } from '../../shared/kernel/errors.ts';
import { QUEUES } from '../../shared/queue/catalog.ts';
import { countJobs } from '../../shared/queue/inspect.ts';
import { checkMasterHygiene, checkReplicaHygiene, type HygieneDeps } from '../../shared/replication/check-hygiene.ts';
import type { Foundation } from '../../shared/replication/foundation.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { instanceClients, NO_LIMIT } from '../api/deps.ts';
import { loadStatus, type PresentedReplica } from '../api/presenters/status.ts';
import { attach, type Attached } from './attach.ts';
import { printJson, printLines } from './print.ts';

interface Area {
  readonly area: string;
  /** What it is, in a few words. */
  readonly about: string;
  readonly findings: readonly Finding[];
}

/** Each part after those it stands on; the first that is missing ends the visit. */
export async function runDoctor({ json }: { readonly json: boolean }): Promise<number> {
  let attached: Attached;
  try {
    attached = await attach();
  } catch (thrown) {
    const { code, message: what, hint } = toAppError(thrown);
    const finding: Finding = { code, severity: 'danger', what, fix: hint ?? 'See docs/error-codes.md.' };
    report([{ area: 'start', about: 'what has to be there first', findings: [finding] }], json);
    return exitCodeFor(toAppError(thrown));
  }
  try {
    const areas = await examine(attached);
    report(areas, json);
    return isSound(areas) ? EXIT.ok : EXIT.failure;
  } finally {
    await attached.close();
  }
}

const isSound = (areas: readonly Area[]): boolean =>
  areas.every(({ findings }) => findings.every(({ severity }) => severity !== 'danger'));

async function examine(attached: Attached): Promise<Area[]> {
  const { foundation } = attached;
  const { database, secrets, version } = foundation;
  const { db } = database;
  const { rows } = await database.pool.query<{ server_version: string }>('show server_version');
  const status = await loadStatus({ db, secrets, clock: systemClock, version });
  const settings = () => loadSettings({ db, secrets });
  // Slots are held for a process that beats; this one only asks a few questions, one after the other.
  const clients = instanceClients({ slots: NO_LIMIT, pace: foundation.pace, onRequest: foundation.onRequest });
  const hygiene: HygieneDeps = { db, clock: systemClock, secrets, clients, settings };
  const areas: Area[] = [
    { area: 'environment', about: `pngx-controller ${version}; nothing in it contradicts itself`, findings: [] },
    { area: 'database', about: `PostgreSQL ${rows[0]?.server_version ?? '?'}, schema up to date`, findings: [] },
    await queueArea(foundation),
    await processArea(attached),
    await masterArea(hygiene, status.master.url),
  ];
  const replicas = await listReplicas(db);
  if (replicas.length === 0) areas.push({ area: 'replicas', about: 'none', findings: [NO_REPLICA] });
  for (const replica of replicas) {
    const { findings } = await checkReplicaHygiene(hygiene, replica);
    const presented = status.replicas.find(({ id }) => id === replica.id);
    areas.push({
      area: `replica ${replica.name}`,
      about: `${replica.url}, ${presented?.state ?? 'new'}`,
      findings: [...stateFindings(presented), ...findings],
    });
  }
  return areas;
}

const NO_REPLICA: Finding = {
  code: 'no_replica',
  severity: 'info',
  what: 'No replica is configured yet.',
  fix: 'Add one with POST /api/replicas.',
};

async function queueArea({ backend }: Foundation): Promise<Area> {
  await backend.ping();
  const counts = await Promise.all(QUEUES.map((name) => countJobs(backend, name)));
  const sum = (key: 'waiting' | 'active' | 'failed') => counts.reduce((total, count) => total + count[key], 0);
  const failed: Finding = {
    code: 'jobs_failed',
    severity: 'warning',
    what: `${sum('failed')} jobs failed within the last week.`,
    fix: 'GET /api/jobs?status=failed names them; what they were for is done again anyway.',
  };
  const about = `on ${backend.kind}; ${sum('waiting')} waiting, ${sum('active')} active`;
  return { area: 'queue', about, findings: sum('failed') > 0 ? [failed] : [] };
}

async function processArea({ foundation, alone }: Attached): Promise<Area> {
  const workers = alone ? [] : await livingWorkers(foundation.database.db);
  const missing: Finding = {
    code: 'worker_missing',
    severity: 'warning',
    what: 'No worker runs, so nothing is replicated.',
    fix: 'Start "pngx-controller serve", or a worker beside the API.',
  };
  return { area: 'processes', about: `${workers.length} working`, findings: workers.length === 0 ? [missing] : [] };
}

async function masterArea(deps: HygieneDeps, url: string | null): Promise<Area> {
  const report = await checkMasterHygiene(deps);
  const missing: Finding = {
    code: 'master_not_configured',
    severity: 'danger',
    what: 'No master is configured.',
    fix: 'Set master_url and master_token with PUT /api/settings.',
  };
  return { area: 'master', about: url ?? 'none', findings: report === null ? [missing] : report.findings };
}

/** Where the work itself says that something is wrong; how the instance is set up may be without fault all the same. */
function stateFindings(replica: PresentedReplica | undefined): Finding[] {
  if (replica === undefined || !['needs_you', 'failing', 'late', 'drifted', 'paused'].includes(replica.state))
    return [];
  const severity = replica.state === 'needs_you' ? ('danger' as const) : ('warning' as const);
  const code = replica.error_code ?? replica.state;
  return [{ code, severity, what: replica.reason, fix: 'docs/operations.md says what each state means for you.' }];
}

function report(areas: readonly Area[], json: boolean): void {
  if (json) return printJson({ ok: isSound(areas), areas });
  for (const { area, about, findings } of areas) {
    printLines([`${findings.length === 0 ? 'ok' : '--'}  ${area}: ${about}`]);
    for (const { severity, code, what, fix } of findings)
      printLines([`    ${severity} (${code}): ${what}`, `      ${fix}`]);
  }
}
