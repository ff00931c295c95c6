/**
 * Seeding (E17): paperless' own export and import carry a large library over some fifty times faster than uploads do. The two
 * commands run on the servers of the instances, which only a person can do; this says which, waits, and goes on.
 */
import { updateReplica } from '../db/replicas.repo.ts';
import { copyCounts } from '../db/identity.repo.ts';
import type { Replica } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import type { Capabilities } from '../paperless/api.ts';
import { masterNotConfigured } from './instances.ts';
import { masterAccess } from './load-settings.ts';
import type { PlanDeps } from './plan-reconcile.ts';

/** Also the reason of the pause: a run in the middle of an import would create what the import brings. */
export const SEEDING = 'It is being seeded by export and import.';

/** `waiting`: for the import; `importing`: fewer documents than the master has; `imported`: reconcile is next. */
export type SeedingState = 'not_started' | 'waiting' | 'importing' | 'imported' | 'done';

export interface SeedingStep {
  readonly title: string;
  readonly where: 'here' | 'master' | 'replica';
  readonly done: boolean;
  readonly commands?: { readonly docker: string; readonly bare: string };
  readonly notes?: readonly string[];
}
export interface Seeding {
  readonly state: SeedingState;
  readonly master: { readonly version: string; readonly documents: number };
  readonly replica: { readonly version: string; readonly documents: number; readonly linked: number };
  /** What stands in the way, in words. */
  readonly problems: readonly string[];
  readonly steps: readonly SeedingStep[];
}

const EXPORT = {
  docker: 'docker compose exec -T webserver document_exporter ../export',
  bare: 'cd /opt/paperless/src && python3 manage.py document_exporter /path/to/export',
} as const;
const COPY = {
  docker: 'rsync -a export/ replica-host:/path/to/paperless/export/',
  bare: 'rsync -a /path/to/export/ replica-host:/path/to/export/',
} as const;
const IMPORT = {
  docker: 'docker compose exec -T webserver document_importer ../export',
  bare: 'cd /opt/paperless/src && python3 manage.py document_importer /path/to/export',
} as const;

/** From here on no run touches the replica, and nothing is uploaded to it before it was reconciled. */
export async function startSeeding(deps: Pick<PlanDeps, 'db'>, replica: Replica, now: Date): Promise<void> {
  if (replica.paused_at !== null && !isSeeding(replica))
    throw new AppError({
      code: 'replica_paused',
      class: 'conflict',
      status: 409,
      message: `Replica "${replica.name}" is paused: ${replica.pause_reason ?? 'no reason given'}.`,
      hint: 'Resume it first.',
    });
  await updateReplica(deps.db, replica.id, { paused_at: now, pause_reason: SEEDING, reconcile_required: SEEDING });
}

/** The import is there (or was given up): the next run is the reconcile that `reconcile_required` asks for. */
export async function endSeeding(deps: Pick<PlanDeps, 'db'>, replica: Replica, given: 'up' | 'over'): Promise<void> {
  if (!isSeeding(replica)) return;
  const changes = { paused_at: null, pause_reason: null };
  await updateReplica(deps.db, replica.id, given === 'up' ? { ...changes, reconcile_required: null } : changes);
}

export const isSeeding = (replica: Replica): boolean => replica.pause_reason === SEEDING;

export async function seedingOf(deps: PlanDeps, replica: Replica, signal?: AbortSignal): Promise<Seeding> {
  const access = masterAccess(await deps.settings());
  if (access === null) throw masterNotConfigured();
  const token = deps.secrets.open(replica.api_token);
  const master = deps.clients.openReader(access);
  const copies = deps.clients.openReader({ url: replica.url, token, target: replica.id });
  const [a, b] = [await master.probe(signal), await copies.probe(signal)];
  const [ours, theirs] = [await master.census(signal), await copies.census(signal)];
  const { linked } = await copyCounts(deps.db, replica.id);
  const counts = { master: ours.ids.length, replica: theirs.ids.length, linked };
  const state = stateOf(replica, counts);
  return {
    state,
    master: { version: a.version, documents: counts.master },
    replica: { version: b.version, documents: counts.replica, linked },
    problems: problemsOf(a, b, state, counts),
    steps: stepsOf(replica, state),
  };
}

interface Counts {
  readonly master: number;
  readonly replica: number;
  readonly linked: number;
}

function stateOf(replica: Replica, counts: Counts): SeedingState {
  if (!isSeeding(replica)) return counts.linked > 0 ? 'done' : 'not_started';
  if (counts.replica === 0) return 'waiting';
  return counts.replica < counts.master ? 'importing' : 'imported';
}

function problemsOf(a: Capabilities, b: Capabilities, state: SeedingState, counts: Counts): string[] {
  const problems: string[] = [];
  if (a.version !== b.version)
    problems.push(
      `The master is version ${a.version}, the replica ${b.version}: an export loads safely into the same version only.`,
    );
  if (state === 'not_started' && counts.replica > 0)
    problems.push(
      `The replica has ${counts.replica} documents already; an import into it stops at the first id that is taken.`,
    );
  return problems;
}

function stepsOf(replica: Replica, state: SeedingState): SeedingStep[] {
  const begun = state !== 'not_started';
  const imported = state === 'imported' || state === 'done';
  return [
    { title: 'Hold the replica: no run touches it while it is being filled', where: 'here', done: begun },
    {
      title: 'Export the library of the master',
      where: 'master',
      done: imported,
      commands: EXPORT,
      notes: ['Changes to the master wait while it runs; reading goes on.'],
    },
    { title: 'Copy the folder to the server of the replica', where: 'master', done: imported, commands: COPY },
    {
      title: 'Import it into the empty replica',
      where: 'replica',
      done: imported,
      commands: IMPORT,
      notes: [
        'Start the replica once before, and create the user whose token the controller uses with the same name as on the master.',
        'It brings workflows, mail accounts and rules along: switch them off on the replica, or mail is fetched twice.',
      ],
    },
    {
      title: `Reconcile: pngx-controller reconcile --replica ${replica.id} --wait`,
      where: 'here',
      done: state === 'done' && replica.reconcile_required === null,
      notes: ['It links what was imported, uploads nothing, and the next cycles go on from there.'],
    },
  ];
}
