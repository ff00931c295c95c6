/** After the faults: cycles that compare everything, as the schedule or a person would start them, until nothing is open. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Stage } from './stage.ts';
import { anyApi } from './stage.ts';

export interface Settled {
  readonly seconds: number;
  readonly cycles: number;
  /** Documents that a person had to let go on. */
  readonly retriedByHand: number;
  /** What was still open at the end. */
  readonly open: readonly string[];
}

/** A document that was purged on the master goes with the second sweep that misses it (E20). */
const LEAST_CYCLES = 3;

export async function settle(stage: Stage, limitMs: number, say: (text: string) => void): Promise<Settled> {
  const began = performance.now();
  const left = () => limitMs - (performance.now() - began);
  let [cycles, retriedByHand, open] = [0, 0, ['nothing was looked at']];
  while (left() > 0) {
    try {
      retriedByHand += await retrySetAside(stage);
      await sweep(stage, left());
      cycles += 1;
      open = await openWork(stage);
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      say(`after ${seconds} s and ${cycles} cycles: ${open.length} open${open.length > 0 ? `, ${open[0]}` : ''}`);
    } catch (error) {
      say(`settling: ${(error as Error).message}`);
      await pause(1000);
      continue;
    }
    if (open.length === 0 && cycles >= LEAST_CYCLES) break;
  }
  return { seconds: (performance.now() - began) / 1000, cycles, retriedByHand, open };
}

async function sweep(stage: Stage, limitMs: number): Promise<void> {
  const controller = await anyApi(stage);
  const id = await controller.startCycle({ sweep: true });
  const deadline = performance.now() + limitMs;
  while (performance.now() < deadline) {
    const { rows } = await stage.database.pool.query<{ open: string }>(
      'select count(*) as open from sync_runs where finished_at is null and (id = $1 or parent_run_id = $1)',
      [id],
    );
    if (rows[0]?.open === '0') return;
    await pause(250);
  }
  throw new Error(`cycle ${id} did not end`);
}

/** Three processes that died over one document set it aside, as they should (H20); then a person says "again". */
async function retrySetAside(stage: Stage): Promise<number> {
  const { rows } = await stage.database.pool.query<{ n: string }>(
    `select count(*) as n from sync_map where phase = 'dlq'`,
  );
  const aside = Number(rows[0]?.n ?? 0);
  if (aside === 0) return 0;
  const { url } = await anyApi(stage);
  const answer = await fetch(`${url}/api/retry-failed`, { method: 'POST', signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) throw new Error(`retry-failed was answered ${answer.status}`);
  return aside;
}

/** Whatever is not at rest, in words. `blocked` is for the comparison to judge: some things cannot be. */
async function openWork({ database, replicas, replicaIds }: Stage): Promise<string[]> {
  const { rows: links } = await database.pool.query<Record<string, string | number | null>>(`
    select replica_id, master_doc_id, status, phase, error_code, lease_worker, dirty_seq, applied_seq from sync_map
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
        `${name(link['replica_id'])}, master ${link['master_doc_id']}: ${link['phase']} (${link['error_code'] ?? 'no error'}), ` +
        `${link['dirty_seq']}/${link['applied_seq']}${link['lease_worker'] ? ', leased' : ''}`,
    ),
  ];
}
