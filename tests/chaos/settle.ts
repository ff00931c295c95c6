/** After the faults: cycles that compare everything, as the schedule or a person would start them, until nothing is open. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Stage } from './stage.ts';
import { anyApi } from './stage.ts';

export interface Settled {
  readonly seconds: number;
  readonly cycles: number;
  /** What a person had to say: documents set aside that go on, a master whose clock went back that is what it shows. */
  readonly byHand: number;
  /** What was still open at the end. */
  readonly open: readonly string[];
}

/** A document that was purged on the master goes with the second sweep that misses it (E20), in the run after it at the latest. */
const LEAST_SWEEPS = 3;

export async function settle(stage: Stage, limitMs: number, say: (text: string) => void): Promise<Settled> {
  const began = performance.now();
  const left = () => limitMs - (performance.now() - began);
  let [cycles, byHand, open] = [0, 0, ['nothing was looked at']];
  // From here on cycles begin when asked for: one that the schedule opened would not compare everything.
  await insist(async () => (await anyApi(stage)).configure({ sync_interval_seconds: 86_400 }), left);
  const since = await databaseTime(stage);
  while (left() > 0) {
    try {
      byHand += (await retrySetAside(stage)) + (await confirmMaster(stage));
      await sweep(stage, left());
      cycles += 1;
      open = [...(await openWork(stage)), ...(await missingSweeps(stage, since))];
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      say(`after ${seconds} s and ${cycles} cycles: ${open.length} open${open.length > 0 ? `, ${open[0]}` : ''}`);
    } catch (error) {
      say(`settling: ${(error as Error).message}`);
      await pause(1000);
      continue;
    }
    if (open.length === 0) break;
  }
  return { seconds: (performance.now() - began) / 1000, cycles, byHand, open };
}

async function insist(work: () => Promise<unknown>, left: () => number): Promise<void> {
  for (;;) {
    try {
      return void (await work());
    } catch (error) {
      if (left() <= 0) throw error;
      await pause(500);
    }
  }
}

async function databaseTime({ database }: Stage): Promise<Date> {
  const { rows } = await database.pool.query<{ now: Date }>('select clock_timestamp() as now');
  return rows[0]?.now ?? new Date();
}

/** A cycle with a sweep of every replica; what runs already is waited for first. */
async function sweep(stage: Stage, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  await untilIdle(stage, deadline);
  const id = await (await anyApi(stage)).startCycle({ sweep: true });
  await pause(50);
  await untilIdle(stage, deadline, id);
}

async function untilIdle({ database }: Stage, deadline: number, id?: number): Promise<void> {
  while (performance.now() < deadline) {
    const { rows } = await database.pool.query<{ open: string }>(
      'select count(*) as open from sync_runs where finished_at is null',
    );
    if (rows[0]?.open === '0') return;
    await pause(250);
  }
  throw new Error(`${id === undefined ? 'what was under way' : `cycle ${id}`} did not end`);
}

/** Replicas that were not compared as a whole often enough. */
async function missingSweeps({ database, replicas, replicaIds }: Stage, since: Date): Promise<string[]> {
  const { rows } = await database.pool.query<{ replica_id: string; n: string }>(
    `select replica_id, count(*) as n from sync_runs
     where kind = 'replica' and sweep and outcome = 'ok' and started_at >= $1 group by 1`,
    [since],
  );
  const done = new Map(rows.map((row) => [Number(row.replica_id), Number(row.n)]));
  return replicas.flatMap(({ name }, at) => {
    const sweeps = done.get(replicaIds[at] ?? 0) ?? 0;
    return sweeps < LEAST_SWEEPS ? [`${name} was compared as a whole ${sweeps} times`] : [];
  });
}

/** Three processes that died over one document set it aside, as they should (H20); then a person says "again". */
async function retrySetAside(stage: Stage): Promise<number> {
  const { rows } = await stage.database.pool.query<{ n: string }>(
    `select count(*) as n from sync_map where phase = 'dlq'`,
  );
  const aside = Number(rows[0]?.n ?? 0);
  return aside > 0 ? aside * (await post(stage, '/api/retry-failed')) : 0;
}

/**
 * A master whose clock goes back an hour shows documents "as they were earlier", like one that was restored from a backup,
 * and one whose newest document is gone could be one as well: nothing is deleted until a person says that all is well (H2).
 */
async function confirmMaster(stage: Stage): Promise<number> {
  const { rows } = await stage.database.pool.query<{ rollback: boolean; newest: boolean }>(`select
    exists (select 1 from master_suspects where kind = 'rollback' and confirmed_at is null) as rollback,
    exists (select 1 from master_absences a where newest and state = 'absent' and not exists (select 1 from
      master_suspects s where s.kind = 'missing' and s.master_doc_id = a.master_doc_id and s.confirmed_at is not null)) as newest`);
  let said = 0;
  if (rows[0]?.rollback) said += await post(stage, '/api/master/confirm', { accept: 'rollback' });
  if (rows[0]?.newest) said += await post(stage, '/api/master/confirm', { accept: 'disappearance' });
  return said;
}

async function post(stage: Stage, path: string, body?: object): Promise<1> {
  const { url } = await anyApi(stage);
  const answer = await fetch(url + path, {
    method: 'POST',
    signal: AbortSignal.timeout(10_000),
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}`);
  return 1;
}

/** Whatever is not at rest, in words. `blocked` is for the comparison to judge: some things cannot be. */
async function openWork({ database, replicas, replicaIds }: Stage): Promise<string[]> {
  const { rows: links } = await database.pool.query<Record<string, string | number | null>>(`
    select replica_id, master_doc_id, status, phase, error_code, error_msg, lease_worker, dirty_seq, applied_seq from sync_map
    where phase not in ('ok', 'blocked', 'gone') or lease_worker is not null or (status = 'ok' and dirty_seq <> applied_seq)`);
  const { rows: held } = await database.pool.query<{ id: number; name: string; why: string }>(`
    select id, name, concat_ws(', ', error_code, suspended_reason, uploads_held, deletions_held, reconcile_required) as why
    from replicas where suspended_at is not null or uploads_held is not null or deletions_held is not null
      or reconcile_required is not null or error_code is not null`);
  const { rows: master } = await database.pool.query<{ why: string }>(
    `select suspended_reason as why from master_state where suspended_code is not null`,
  );
  const name = (id: string | number | null | undefined) => replicas[replicaIds.indexOf(Number(id))]?.name ?? id;
  return [
    ...master.map(({ why }) => `the master is suspended: ${why}`),
    ...held.map((row) => `${row.name} waits: ${row.why}`),
    ...links.map(
      (link) =>
        `${name(link['replica_id'])}, master ${link['master_doc_id']}: ${link['phase']} (${link['error_code'] ?? 'no error'}: ${link['error_msg'] ?? ''}), ` +
        `${link['dirty_seq']}/${link['applied_seq']}${link['lease_worker'] ? ', leased' : ''}`,
    ),
  ];
}
