/** The controller's own database and queue go away under it, and come back. */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../../shared/db/client.ts';
import { type Embedded, startEmbedded } from '../../../shared/db/embedded.ts';
import { migrate } from '../../../shared/db/migrate.ts';
import type { Tables } from '../../../shared/db/tables.ts';
import { QUEUES } from '../../../shared/queue/catalog.ts';
import { FAST, openDirectory } from '../../support/embedded.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { hasRedis, startRedis, type TestRedis } from '../../support/redis.ts';
import { applyRoles, TEST_ROLES, urlAs } from '../../support/roles.ts';
import { waitFor } from '../../support/wait.ts';
import { live, posts, Stage } from './stage.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server of its own: the one of the test run is everybody's. */
async function ownServer(): Promise<{ server: Embedded; database: TestDatabase }> {
  const directory = await openDirectory();
  closers.push(() => directory.remove());
  const server = await startEmbedded(directory.path, { settings: FAST });
  closers.push(() => server.stop());
  await applyRoles(server.url);
  const [url, ownerUrl] = [urlAs(server.url, TEST_ROLES.runtime), urlAs(server.url, TEST_ROLES.migrator)];
  await migrate(ownerUrl, { queue: true, queues: QUEUES });
  const { db, close } = openDatabase<Tables>(url, { applicationName: `test_${randomBytes(4).toString('hex')}` });
  const owner = openDatabase<Tables>(ownerUrl);
  closers.push(close, owner.close);
  return { server, database: { url, db, ownerUrl, owner: owner.db, drop: close } };
}

async function stageOn(options: Parameters<typeof Stage.open>[0]): Promise<Stage> {
  const stage = await Stage.open({ ...options, documents: Array.from({ length: 8 }, () => ({})) });
  closers.push(() => stage.close());
  return stage;
}

/** Answers once a few of the uploads have arrived. */
async function underWay(stage: Stage): Promise<number> {
  const { runId } = await stage.controller.openCycle();
  await waitFor('some uploads', () => live(stage.copy).length >= 3);
  return runId;
}

/** Uploads that the replica read to their end; one that is cut before leaves nothing (paperless-api.md 16). */
const arrived = (stage: Stage) => posts(stage.copy).filter(({ fileSha256 }) => fileSha256 !== null);

describe('the database', () => {
  it('killed in mid-run: nothing is written without it, nothing is lost or sent twice, the run goes on when it is back', async () => {
    const { server, database } = await ownServer();
    const stage = await stageOn({ database });
    stage.copy.setFault('slow', { value: 40 });
    const runId = await underWay(stage);
    const before = server.pid();
    process.kill(before, 'SIGKILL');
    await waitFor('the server to be started again', () => server.pid() !== before);
    await waitFor('a connection', () =>
      database.db
        .selectFrom('replicas')
        .select('id')
        .execute()
        .then(
          () => true,
          () => false,
        ),
    );
    stage.copy.clearFaults();
    await stage.ended(runId);
    await stage.heal();
    expect(stage.controller.fenced).toBe(false);
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0, suspended_at: null });
    expect(arrived(stage)).toHaveLength(8);
    await stage.expectEqual();
  });
});

/** Ends, as a server that is told to stop does, the session that next wants to write the row of a link. */
async function endNextWriter(stage: Stage): Promise<void> {
  const locked = Promise.withResolvers<void>();
  const ended = stage.db.transaction().execute(async (trx) => {
    await sql`select id from sync_map for update`.execute(trx);
    locked.resolve();
    await waitFor('a session to wait, and to be ended', async () => {
      const { rows } = await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and application_name = 'worker' and wait_event_type = 'Lock'`.execute(trx);
      return rows.length > 0;
    });
  });
  closers.push(() => ended);
  await locked.promise;
}

describe('a database session that ends', () => {
  it.for(['upload.answered', 'patch.after'])(
    'before the answer to a write is noted (%s): that is no refusal, no attempt is used, and no file goes twice',
    async (point) => {
      let stage: Stage | null = null;
      const strikes = new Set([point]);
      const racePoint = async (name: string) => {
        if (stage !== null && strikes.delete(name)) await endNextWriter(stage);
      };
      stage = await Stage.open({ documents: [{}], racePoint });
      closers.push(() => stage!.close());
      await stage.cycle();
      expect(strikes.size).toBe(0);
      expect(await stage.run()).toMatchObject({ outcome: 'ok', docs_failed: 0 });
      await stage.heal();
      expect((await stage.link(1)).retry_count).toBe(0);
      expect(arrived(stage)).toHaveLength(1);
      await stage.expectEqual();
    },
  );
});

describe.skipIf(!hasRedis)('Redis', () => {
  const stageOnRedis = async (): Promise<{ stage: Stage; redis: TestRedis }> => {
    const redis = await startRedis();
    closers.push(() => redis.close());
    const database = await createTestDatabase();
    closers.push(() => database.drop());
    return { redis, stage: await stageOn({ redisUrl: redis.url, database }) };
  };

  it('killed in mid-run and back empty: the run goes on from its rows', async () => {
    const { stage, redis } = await stageOnRedis();
    stage.copy.setFault('slow', { value: 40 });
    const runId = await underWay(stage);
    await redis.stop();
    await redis.start();
    stage.copy.clearFaults();
    await letJobsBeForgotten(stage);
    await stage.ended(runId);
    await stage.heal();
    expect(arrived(stage)).toHaveLength(8);
    await stage.expectEqual();
  });

  it('flushed in mid-run: the run goes on from its rows', async () => {
    const { stage, redis } = await stageOnRedis();
    stage.copy.setFault('slow', { value: 40 });
    const runId = await underWay(stage);
    await redis.flush();
    stage.copy.clearFaults();
    await letJobsBeForgotten(stage);
    await stage.ended(runId);
    await stage.heal();
    expect(arrived(stage)).toHaveLength(8);
    await stage.expectEqual();
  });
});

/** A job that nobody took for a minute is made anew (protocol section 5); the minute is skipped. */
async function letJobsBeForgotten(stage: Stage): Promise<void> {
  await waitFor('running jobs to end', async () =>
    (await stage.controller.links()).every((link) => link.lease_worker === null),
  );
  const past = new Date(Date.now() - 61_000);
  await stage.db.updateTable('sync_map').set({ dispatched_at: past }).where('dispatched_at', 'is not', null).execute();
  await stage.db.updateTable('sync_runs').set({ dispatched_at: past }).where('dispatched_at', 'is not', null).execute();
}
