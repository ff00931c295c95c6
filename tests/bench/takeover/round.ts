/** One round: a victim a case, documents in its hands, the fault, and who takes them up when. */
import { sql } from 'kysely';
import { delay } from '../../../shared/kernel/clock.ts';
import { retryFailed } from '../../../shared/db/retry.repo.ts';
import { closeReplicaRun } from '../../../shared/replication/close-runs.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { waitFor } from '../../support/wait.ts';
import type { Stage, Victim } from './stage.ts';

export const CASES = [
  'killed',
  'frozen for 60 s',
  'cut from PostgreSQL',
  'cut from Redis',
  'stopped in order',
] as const;
export type CaseName = (typeof CASES)[number];
type Note = (name: string, ms: number) => void;

const HANDS = 4;
const FROZEN_MS = 60_000;
const GIVE_UP_MS = 90_000;
const EXIT_FENCED = 70;

function strike(name: CaseName, victim: Victim): void {
  if (name === 'killed') victim.program.signal('SIGKILL');
  if (name === 'frozen for 60 s') victim.program.signal('SIGSTOP');
  if (name === 'cut from PostgreSQL') victim.database.cut();
  if (name === 'cut from Redis') victim.redis?.cut();
  if (name === 'stopped in order') victim.program.signal('SIGTERM');
}

export async function playRound(
  stage: Stage,
  names: readonly CaseName[],
  round: number,
  note: Note,
): Promise<string[]> {
  const { db } = stage;
  const victims = await Promise.all(names.map(async (name) => ({ name, victim: await stage.startWorker(HANDS) })));
  const copy = await replicaId(stage, 'copy');
  const runId = await workInHands(stage, copy);
  // By turns each of them leads.
  const leading = victims[round % victims.length];
  await db
    .updateTable('leader')
    .set((eb) => ({ worker_id: leading?.victim.workerId ?? null, epoch: eb('epoch', '+', 1) }))
    .execute();
  const problems: string[] = [];
  const ends: Promise<void>[] = [];
  const faulty = async ({ name, victim }: (typeof victims)[number]) => {
    // Beats come every 5 s: a fault may strike at any time between two.
    await delay(Math.random() * 5000);
    const held = await heldBy(stage, victim.workerId);
    const at = performance.now();
    strike(name, victim);
    const looking = [
      look(
        stage,
        held,
        victim.workerId,
        (ms) => (name === 'cut from Redis' ? undefined : note(name, ms)),
        at,
        name === 'cut from Redis',
      ),
    ];
    if (victim === leading?.victim && name !== 'cut from Redis')
      looking.push(lookAtLead(stage, victim, note, name, at));
    if (name === 'cut from Redis') looking.push(lookAtOther(stage, note));
    problems.push(...(await Promise.all(looking)).flat().map((text) => `${name}: ${text}`));
    ends.push(comeBack(name, victim, at, problems));
  };
  const inOrder = ({ name }: { name: CaseName }) => name === 'stopped in order';
  // What that one gives back is to be met by processes that live, not by one that dies in the same moment.
  for (const orderly of victims.filter(inOrder)) await faulty(orderly);
  await Promise.all(victims.filter((victim) => !inOrder(victim)).map(faulty));
  await stopRun(stage, runId);
  // Those that come back do so while the next round is prepared.
  await Promise.all(ends);
  // Three victims may have died over the same document, which is then set aside (H20).
  await db.updateTable('sync_map').set({ crash_count: 0 }).execute();
  await retryFailed(db, null);
  return problems;
}

export async function replicaId({ db }: Stage, name: string): Promise<number> {
  return (await db.selectFrom('replicas').select('id').where('name', '=', name).executeTakeFirstOrThrow()).id;
}

/** Every document of the run is held by some process, in a request that is not answered or on the way to it. */
async function workInHands(stage: Stage, replica: number): Promise<number> {
  stage.master.setFault('slow', { match: { method: 'GET', pathSuffix: '/download/' }, value: 3_600_000 });
  const { runId } = await openCycle(stage.opening, { trigger: 'manual', replicaId: replica });
  await waitFor(
    'all documents to be in hands',
    async () => {
      const links = await stage.db
        .selectFrom('sync_map')
        .select('lease_worker')
        .where('replica_id', '=', replica)
        .execute();
      return links.length > 0 && links.every(({ lease_worker }) => lease_worker !== null);
    },
    GIVE_UP_MS,
  ).catch(async (error: Error) => {
    throw new Error(`${error.message}: ${JSON.stringify(await stateOf(stage, replica))}`);
  });
  return runId;
}

function stateOf({ db }: Stage, replica: number) {
  return db
    .selectFrom('sync_map')
    .select(({ fn, eb }) => [
      'phase',
      'error_code',
      eb('lease_worker', 'is not', null).as('held'),
      fn.countAll<number>().as('documents'),
      fn.min('next_due_at').as('due'),
    ])
    .where('replica_id', '=', replica)
    .groupBy(['phase', 'error_code', 'held'])
    .execute();
}

interface Unit {
  readonly id: number;
  readonly epoch: number;
}

async function heldBy({ db }: Stage, worker: string): Promise<Unit[]> {
  const rows = await db
    .selectFrom('sync_map')
    .select(['id', 'lease_epoch'])
    .where('lease_worker', '=', worker)
    .execute();
  return rows.map((row) => ({ id: row.id, epoch: row.lease_epoch }));
}

/** Until another process has leased each; a worker without Redis keeps its own, which is right. */
async function look(
  { db }: Stage,
  units: readonly Unit[],
  victim: string,
  taken: (ms: number) => void,
  at: number,
  keeps: boolean,
): Promise<string[]> {
  if (keeps) return [];
  const left = new Map(units.map((unit) => [unit.id, unit.epoch]));
  while (left.size > 0 && performance.now() - at < GIVE_UP_MS) {
    const rows = await db
      .selectFrom('sync_map')
      .select(['id', 'lease_worker', 'lease_epoch'])
      .where('id', 'in', [...left.keys()])
      .execute();
    for (const row of rows)
      if (row.lease_epoch > (left.get(row.id) ?? 0) && row.lease_worker !== victim) {
        taken(performance.now() - at);
        left.delete(row.id);
      }
    await delay(50);
  }
  for (const _ of left) taken(Infinity);
  return units.length === 0 ? ['held nothing'] : [];
}

async function lookAtLead({ db }: Stage, victim: Victim, note: Note, name: CaseName, at: number): Promise<string[]> {
  for (;;) {
    const row = await db.selectFrom('leader').select('worker_id').executeTakeFirstOrThrow();
    if (row.worker_id !== null && row.worker_id !== victim.workerId) break;
    if (performance.now() - at > GIVE_UP_MS) return ['nobody took the lead'];
    await delay(50);
  }
  note(`${name}, the lead`, performance.now() - at);
  return [];
}

/** While one worker marks work as sent out that never reaches the queue: a cycle whose opener died, and its documents. */
async function lookAtOther(stage: Stage, note: Note): Promise<string[]> {
  const { db, opening } = stage;
  const other = await replicaId(stage, 'other');
  await sql`update sync_map set dirty_seq = nextval('dirty_seq') where replica_id = ${other}`.execute(db);
  const died = { ...opening.queue, cycle: () => new Promise<void>(() => undefined) };
  const at = performance.now();
  void openCycle({ ...opening, queue: died }, { trigger: 'manual', replicaId: other });
  const cycle = await waitFor('the cycle', () =>
    db
      .selectFrom('sync_runs')
      .select(['id', 'parent_run_id'])
      .where('replica_id', '=', other)
      .where('finished_at', 'is', null)
      .executeTakeFirst(),
  );
  await waitFor(
    'its cycle to be taken up',
    () =>
      db
        .selectFrom('sync_runs')
        .select('id')
        .where('id', '=', cycle.parent_run_id)
        .where((eb) => eb.or([eb('lease_epoch', '>', 0), eb('finished_at', 'is not', null)]))
        .executeTakeFirst(),
    GIVE_UP_MS,
  );
  note('a cycle whose opener died', performance.now() - at);
  const begun = await waitFor(
    'its documents',
    async () => {
      const row = await db
        .selectFrom('sync_runs')
        .select(['phase', 'finished_at'])
        .where('id', '=', cycle.id)
        .executeTakeFirstOrThrow();
      return row.phase === 'documents' || row.finished_at ? performance.now() : null;
    },
    GIVE_UP_MS,
  );
  await waitFor(
    'the run to end',
    async () =>
      (await db.selectFrom('sync_runs').select('finished_at').where('id', '=', cycle.id).executeTakeFirstOrThrow())
        .finished_at,
    GIVE_UP_MS,
  ).catch(() => undefined);
  note('cut from Redis, a run beside it', performance.now() - begun);
  return [];
}

async function stopRun({ db, opening }: Stage, runId: number): Promise<void> {
  const deps = { ...opening, metrics: { documentSettled: () => undefined, runClosed: () => undefined } };
  const runs = await db
    .selectFrom('sync_runs')
    .select('id')
    .where('parent_run_id', '=', runId)
    .where('finished_at', 'is', null)
    .execute();
  for (const { id } of runs) await closeReplicaRun(deps, id, { outcome: 'cancelled' });
  await waitFor(
    'everybody to let go',
    async () =>
      (
        await db
          .selectFrom('sync_map')
          .innerJoin('workers', 'workers.id', 'lease_worker')
          .select('sync_map.id')
          .where('workers.dead', '=', false)
          .execute()
      ).length === 0,
    GIVE_UP_MS,
  );
}

/** A process that comes back after it was declared dead ends by itself, with its own exit code. */
async function comeBack(name: CaseName, victim: Victim, at: number, problems: string[]): Promise<void> {
  if (name === 'frozen for 60 s') {
    await delay(Math.max(0, FROZEN_MS - (performance.now() - at)));
    victim.program.signal('SIGCONT');
  }
  if (name === 'cut from PostgreSQL') victim.database.heal();
  if (name === 'frozen for 60 s' || name === 'cut from PostgreSQL') {
    const end = await Promise.race([victim.program.ended, delay(GIVE_UP_MS).then(() => 'nothing')]);
    if (end !== EXIT_FENCED) problems.push(`${name}: it came back and ended with ${end}`);
  }
  await victim.end();
}
