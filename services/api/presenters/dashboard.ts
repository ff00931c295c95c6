/** The dashboard: the sentence, what needs attention, each replica's card, master, workers, events. */
import * as attentionRepo from '../../../shared/db/attention.repo.ts';
import { masterState } from '../../../shared/db/master.repo.ts';
import { importantEvents, workersAlive, type LivingWorker } from '../../../shared/db/pages.repo.ts';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import { listOpenRuns, type RunView } from '../../../shared/db/views.repo.ts';
import { createInspector, type QueueCounts } from '../../../shared/queue/inspect.ts';
import type { ApiDeps } from '../deps.ts';
import { troubleOfChannels } from './notifications.ts';
import { nextStep, type NextStep, type Verb } from './next-step.ts';
import { troubleOfPromotion } from './promotions.ts';
import { docsDone } from './runs.ts';
import { loadStatus, type PresentedReplica, type Status } from './status.ts';
import { createStripCache, stripOf, type StripDay } from './strip.ts';

const EVENTS = 8;

export interface Attention extends NextStep {
  /** Names the trouble, for its acknowledgement. */
  readonly key: string;
  readonly title: string;
  readonly reason: string;
  readonly to: string;
  readonly tone: 'bad' | 'warn';
  readonly acknowledged: { readonly reason: string; readonly actor: string; readonly at: Date } | null;
}

export interface RunningPart {
  readonly runId: number;
  readonly phase: string;
  readonly done: number;
  readonly failed: number;
  readonly total: number;
  readonly bytes: number;
  /** Documents a minute, once there is something to divide. */
  readonly rate: number | null;
}

export interface ReplicaCard {
  readonly replica: PresentedReplica;
  readonly step: NextStep;
  readonly strip: readonly StripDay[];
  readonly running: RunningPart | null;
}

export function createDashboard(deps: ApiDeps) {
  const days = createStripCache();
  const inspect = createInspector(deps.backend);
  return async () => {
    const { db } = deps;
    const now = deps.clock.now();
    const status = await loadStatus(deps);
    const [settings, rows, master, openRuns] = await Promise.all([
      deps.settings(),
      listReplicas(db),
      masterState(db),
      listOpenRuns(db),
    ]);
    const zone = settings.timezone ?? deps.timeZone;
    const [events, workers, acknowledged, past, queues] = await Promise.all([
      importantEvents(db, EVENTS),
      workersAlive(db),
      attentionRepo.listAcknowledgements(db),
      days(db, zone, now),
      // The page must be there while the queue is not.
      inspect().catch(() => null),
    ]);
    const cards = status.replicas.flatMap((replica): ReplicaCard[] => {
      const row = rows.find(({ id }) => id === replica.id);
      if (row === undefined) return [];
      const running = runningPart(openRuns, replica.id, now);
      return [{ replica, step: nextStep(replica, row), strip: stripOf(past, row, now, zone), running }];
    });
    const untold = await troubleOfChannels(deps);
    const promotion = await troubleOfPromotion(deps);
    const rest = attentionOf({ status, master, cards, workers, queueAway: queues === null, untold });
    const troubles = [...(promotion === null ? [] : [promotion]), ...rest];
    const gone = acknowledged.filter(({ key }) => !troubles.some((one) => one.key === key)).map(({ key }) => key);
    await attentionRepo.forgetAcknowledgements(db, gone);
    const attention = troubles.map((one) => withAcknowledgement(one, acknowledged));
    return { now, zone, status, hero: heroOf(status), cards, attention, workers, events, queue: queueOf(queues) };
  };
}
export type Dashboard = Awaited<ReturnType<ReturnType<typeof createDashboard>>>;

export function runningPart(runs: readonly RunView[], replicaId: number, now: Date): RunningPart | null {
  const run = runs.find((one) => one.kind === 'replica' && one.replica_id === replicaId);
  if (run === undefined) return null;
  return {
    runId: run.id,
    phase: run.phase,
    done: docsDone(run),
    failed: run.docs_failed,
    total: run.docs_total,
    bytes: run.bytes,
    rate: ratePerMinute(docsDone(run), run.started_at, now),
  };
}

/** Null until a minute has passed or ten are done: a rate of the first seconds says nothing. */
export function ratePerMinute(done: number, since: Date, until: Date): number | null {
  const minutes = (until.getTime() - since.getTime()) / 60_000;
  return done === 0 || (minutes < 1 && done < 10) || minutes <= 0 ? null : Math.round((done / minutes) * 10) / 10;
}

export interface Hero {
  readonly tone: 'good' | 'busy' | 'warn' | 'bad' | 'calm';
  readonly text: string;
}

/** The worst state gives the colour, the status its sentence. */
export function heroOf(status: Pick<Status, 'summary' | 'replicas' | 'master' | 'scratch_full_since'>): Hero {
  const has = (...states: readonly PresentedReplica['state'][]) =>
    status.replicas.some((replica) => states.includes(replica.state));
  if (status.master.error !== null || status.scratch_full_since !== null) return { tone: 'bad', text: status.summary };
  if (has('needs_you', 'failing', 'drifted')) return { tone: 'bad', text: status.summary };
  if (has('late')) return { tone: 'warn', text: status.summary };
  if (has('syncing')) return { tone: 'busy', text: status.summary };
  const all = status.replicas.length > 0 && status.replicas.every(({ state }) => state === 'verified');
  return { tone: all ? 'good' : 'calm', text: status.summary };
}

interface AttentionFacts {
  readonly status: Status;
  readonly master: { readonly suspended_code: string | null; readonly suspended_reason: string | null };
  readonly cards: readonly ReplicaCard[];
  readonly workers: readonly LivingWorker[];
  readonly queueAway: boolean;
  /** Why people may not hear of troubles, or null. */
  readonly untold: Awaited<ReturnType<typeof troubleOfChannels>>;
}
type Trouble = Omit<Attention, 'acknowledged'>;

const SETTINGS: Verb = { label: 'Open the settings', path: '/settings', method: 'get' };
const LOGS: Verb = { label: 'Open the log', path: '/logs?level=error', method: 'get' };

const WORST = ['needs_you', 'failing', 'drifted', 'late'] as const;
const WHAT: Readonly<Partial<Record<PresentedReplica['state'], string>>> = {
  needs_you: 'needs you',
  failing: 'is failing',
  drifted: 'has drifted',
  late: 'is late',
};

/** Only what a person should know now; the worst first. */
export function attentionOf({ status, master, cards, workers, queueAway, untold }: AttentionFacts): Trouble[] {
  const troubles: Trouble[] = [];
  const add = (key: string, given: Omit<Trouble, 'key' | 'tone'>, tone: 'bad' | 'warn' = 'bad') =>
    void troubles.push({ key, tone, ...given });
  if (!status.master.configured)
    add('master:none', {
      title: 'No master is set.',
      reason: 'Address and token of the instance that is to be copied are missing.',
      next: 'Nothing is copied until then.',
      to: '/settings',
      verbs: [{ ...SETTINGS, label: 'Set the master' }],
    });
  else if (status.master.error !== null)
    add(`master:${status.master.error_code}`, {
      title: 'The master has a problem.',
      reason: status.master.error,
      next: 'The next cycle asks it again. No replica is blamed for it.',
      to: '/settings',
      verbs: [SETTINGS],
    });
  if (master.suspended_code !== null)
    add(`master:suspended:${master.suspended_code}`, {
      title: 'Cycles wait for your word.',
      reason: master.suspended_reason ?? master.suspended_code,
      next: 'Nothing is changed on any replica until you confirm.',
      to: '/settings',
      verbs: [SETTINGS],
    });
  for (const state of WORST) for (const card of cards) if (card.replica.state === state) addReplica(card, add);
  addOwnParts(status, workers, queueAway, add);
  if (untold !== null)
    add('own:notifications', {
      ...untold,
      next: 'It is tried again by itself for some hours, then given up.',
      to: '/notifications',
      verbs: [{ label: 'Open the outbox', path: '/notifications/deliveries?undelivered=1', method: 'get' }],
    });
  return troubles.sort((a, b) => Number(a.tone === 'warn') - Number(b.tone === 'warn'));
}

type Add = (key: string, given: Omit<Trouble, 'key' | 'tone'>, tone?: 'bad' | 'warn') => void;

function addReplica({ replica, step }: ReplicaCard, add: Add): void {
  add(
    `replica:${replica.id}:${replica.state}:${replica.error_code ?? ''}`,
    {
      title: `${replica.name} ${WHAT[replica.state] ?? ''}.`,
      reason: replica.reason,
      to: `/replicas/${replica.id}`,
      ...step,
    },
    replica.state === 'late' ? 'warn' : 'bad',
  );
}

function addOwnParts(status: Status, workers: readonly LivingWorker[], queueAway: boolean, add: Add): void {
  if (queueAway)
    add('own:queue', {
      title: 'The queue does not answer.',
      reason: 'Jobs cannot be handed out.',
      next: 'What is due is kept in the database and goes on when the queue is back.',
      to: '/queue',
      verbs: [LOGS],
    });
  if (!workers.some(({ role }) => role !== 'api'))
    add('own:workers', {
      title: 'No worker is alive.',
      reason: 'Nothing is carried out until one starts.',
      next: 'What is due waits in the database.',
      to: '/queue',
      verbs: [LOGS],
    });
  if (status.scratch_full_since !== null)
    add('own:scratch', {
      title: 'A scratch folder is full.',
      reason: 'There is no room for the next file under SCRATCH_DIR.',
      next: 'Uploads go on by themselves when there is room.',
      to: '/logs?level=error',
      verbs: [LOGS],
    });
  if (status.backup.error !== null)
    add(
      'own:backup',
      {
        title: 'The backup of the controller failed.',
        reason: status.backup.error,
        next: 'It is tried again by itself.',
        to: '/logs?level=error',
        verbs: [LOGS],
      },
      'warn',
    );
}

function withAcknowledgement(trouble: Trouble, rows: readonly attentionRepo.Acknowledgement[]): Attention {
  const row = rows.find(({ key }) => key === trouble.key);
  if (row === undefined) return { ...trouble, acknowledged: null };
  return { ...trouble, acknowledged: { reason: row.reason, actor: row.actor, at: row.acknowledged_at } };
}

function queueOf(counts: Readonly<Record<string, QueueCounts>> | null) {
  if (counts === null) return null;
  const sum = (key: keyof QueueCounts) => Object.values(counts).reduce((total, queue) => total + queue[key], 0);
  return { waiting: sum('waiting'), active: sum('active'), delayed: sum('delayed'), failed: sum('failed') };
}

export function acknowledgeTrouble(deps: Pick<ApiDeps, 'db'>, given: { key: string; reason: string; actor: string }) {
  return attentionRepo.acknowledge(deps.db, given);
}
