/** What is cancelled, or past its time, stops at once in whatever process it goes on, and nothing of it is lost (E15). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { cancelDocument, cancelRun, pauseReplica, resumeReplica } from '../../../shared/replication/pause-replica.ts';
import { cancelVerification, openVerification } from '../../../shared/replication/verify-open.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { waitFor } from '../../support/wait.ts';
import { Stage } from '../faults/stage.ts';
import type { FaultArgument, FaultName } from '../../../services/simulator/faults.ts';

/** Longer than any test waits: whatever ends before was ended by somebody. */
const FOREVER = { value: 600_000 };

interface Case {
  readonly what: string;
  /** Where the work hangs. */
  readonly side: 'master' | 'copy';
  readonly fault: FaultName;
  readonly match: FaultArgument;
  readonly outcome: 'cancelled' | 'timed_out' | 'ok';
  /** What somebody does in another process. */
  stop(stage: Stage, runId: number): Promise<unknown>;
}

const closing = (stage: Stage) => ({
  db: stage.db,
  log: stage.controller.log,
  metrics: { documentSettled: () => undefined, runClosed: () => undefined },
  clock: systemClock,
  settings: () => loadSettings({ db: stage.db, secrets: stage.controller.secrets }),
});
const download = { match: { pathSuffix: '/download/' }, ...FOREVER };
const upload = { match: { method: 'POST', pathSuffix: '/post_document/' }, ...FOREVER };
const cancel = async (stage: Stage, runId: number) => cancelRun(closing(stage), runId);
const cancelChild = async (stage: Stage) => cancelRun(closing(stage), (await stage.run()).id);

const CASES: readonly Case[] = [
  {
    what: 'a cycle that reads the master',
    side: 'master',
    fault: 'slow',
    match: FOREVER,
    outcome: 'cancelled',
    stop: cancel,
  },
  { what: 'a cycle in a download', side: 'master', fault: 'slow', match: download, outcome: 'cancelled', stop: cancel },
  {
    what: 'the run of a replica in an upload',
    side: 'copy',
    fault: 'slow',
    match: upload,
    outcome: 'cancelled',
    stop: cancelChild,
  },
  {
    what: 'the run of a replica that is paused',
    side: 'copy',
    fault: 'slow',
    match: FOREVER,
    outcome: 'cancelled',
    stop: pause,
  },
  {
    what: 'a run past its time limit, in an upload',
    side: 'copy',
    fault: 'slow',
    match: upload,
    outcome: 'timed_out',
    stop: overdue,
  },
  {
    what: 'one document in a download',
    side: 'master',
    fault: 'slow',
    match: { ...download, times: 1 },
    outcome: 'ok',
    stop: document,
  },
];

async function pause(stage: Stage): Promise<void> {
  const { id } = await stage.controller.replica('copy');
  await pauseReplica(closing(stage), id, 'Being moved.');
  await resumeReplica(closing(stage), id);
}

async function overdue(stage: Stage): Promise<void> {
  const long = new Date(Date.now() - 3_600_000);
  await stage.db
    .updateTable('sync_runs')
    .set({ started_at: long })
    .where('kind', '=', 'replica')
    .where('finished_at', 'is', null)
    .execute();
}

async function document(stage: Stage): Promise<void> {
  const held = await waitFor('the others to be done', async () => {
    const open = (await stage.controller.links()).filter((link) => link.status !== 'ok');
    return open.length === 1 ? open[0] : null;
  });
  await cancelDocument(closing(stage), held.replica_id, held.master_doc_id);
}

onBothQueues('cancelled from another process', (redisUrl) => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open({ redisUrl: redisUrl() });
    expect((await stage.cycle()).outcome).toBe('ok');
  });
  afterAll(() => stage?.close());

  /** Requests that wait in the instance, and links and runs that somebody holds. */
  async function atWork(): Promise<number> {
    const links = await stage.db.selectFrom('sync_map').select('id').where('lease_worker', 'is not', null).execute();
    const runs = await stage.db.selectFrom('sync_runs').select('id').where('lease_worker', 'is not', null).execute();
    return links.length + runs.length;
  }

  it.each(CASES)('$what stops at once, and the next cycle goes on from there', async (one) => {
    const instance = one.side === 'master' ? stage.master : stage.copy;
    const before = instance.requests().length;
    for (let n = 0; n < 3; n += 1) stage.add();
    instance.setFault(one.fault, one.match);
    const { runId } = await stage.controller.openCycle();
    await waitFor('the work to hang', async () => instance.requests().length > before && (await atWork()) > 0);
    if (one.match.match !== undefined)
      await waitFor('the request', () =>
        instance
          .requests()
          .slice(before)
          .some(({ path }) => path.endsWith(one.match.match?.pathSuffix ?? '')),
      );
    await one.stop(stage, runId);
    const run = await stage.ended(runId);
    expect(run.outcome).toBe(one.outcome);
    await waitFor('everybody to let go', async () => (await atWork()) === 0);
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0, suspended_at: null });
    expect((await stage.controller.links()).filter((link) => link.retry_count > 0 || link.crash_count > 0)).toEqual([]);
    instance.clearFaults();
    await stage.heal();
    await stage.expectEqual('copy', { surplusPosts: 0 });
  });

  it('a verification stops at once', async () => {
    stage.copy.setFault('slow', FOREVER);
    const { id: replicaId } = await stage.controller.replica('copy');
    const deps = {
      db: stage.db,
      log: stage.controller.log,
      queue: { verify: () => Promise.reject(new Error('away')) },
    };
    const asked = { replicaId, scope: 'replica', depth: 'checksum', trigger: 'manual', askedBy: 'a test' } as const;
    const { verificationId } = await openVerification(deps as never, asked);
    const row = () =>
      stage.db.selectFrom('verifications').selectAll().where('id', '=', verificationId).executeTakeFirstOrThrow();
    const held = await waitFor('a worker to have it', async () => ((await row()).lease_worker === null ? null : row()));
    await waitFor('its request', () => stage.copy.requests().length > 0);
    expect(await cancelVerification(deps as never, held)).toBe(true);
    expect(await row()).toMatchObject({ state: 'cancelled' });
    await waitFor('the worker to let go', () => stage.controller.worker?.running() === 0);
    stage.copy.clearFaults();
  });
});
