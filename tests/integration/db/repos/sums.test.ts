/** Sums that are kept or turned round so that nobody has to read a whole library for them tell what counting would. */
import { sql, type RawBuilder } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listDocuments } from '../../../../shared/db/documents.repo.ts';
import { queryLogs } from '../../../../shared/db/logs.repo.ts';
import { countLinksOf } from '../../../../shared/db/pages.repo.ts';
import type { Db } from '../../../../shared/db/tables.ts';
import { depthCoverage, verificationByReplica } from '../../../../shared/db/verification-ledger.repo.ts';
import { countLinksByState } from '../../../../shared/db/views.repo.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { addReplica } from './support.ts';

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await createTestDatabase();
  ({ db } = database);
});
afterAll(() => database.drop());

const DAY = 86_400_000;
const since = new Date(Date.now() - 30 * DAY);
const readBackSince = new Date(Date.now() - 2 * DAY);

/** Every state beside every proof, in step and not. */
async function fillStates(replica: number): Promise<void> {
  await sql`insert into sync_map (replica_id, master_doc_id, status, phase, dirty_seq, applied_seq, dirty_since, last_synced,
      verified_at, verified_depth, checksum_at, bytes_at)
    select ${replica}, row_number() over (), status, phase, 5, applied, case when applied = 4 then now() end, now() - synced,
      now() - verified::interval, depth, now() - proven, now() - read
    from (values ('ok', 'ok'), ('ok', 'gone'), ('pending', 'pending'), ('pending', 'gone'), ('error', 'failed'),
      ('error', 'dlq'), ('error', 'blocked'), ('ok', 'releasing')) as s (status, phase)
    cross join (values (4), (5)) as a (applied)
    cross join (values (interval '1 day'), (interval '5 days')) as b (synced)
    cross join (values (interval '1 day', 'metadata', null::interval, null::interval), (null, null, null, null),
      ('40 days', 'metadata', null, null), ('1 day', 'checksum', '1 day', null), ('40 days', 'bytes', '40 days', '40 days'),
      ('1 day', 'bytes', '1 day', '1 day'), ('1 day', 'metadata', '40 days', '40 days')) as p (verified, depth, proven, read)`.execute(
    db,
  );
}

const count = async (replica: number, where: RawBuilder<unknown>): Promise<number> => {
  const of = sql<{ n: number }>`select count(*)::int as n from sync_map where replica_id = ${replica} and ${where}`;
  return (await of.execute(db)).rows[0]?.n ?? -1;
};

describe('sums over a library', () => {
  test('of states, of proofs and of each depth are those of a count of all rows', async () => {
    const replica = await addReplica(db);
    await fillStates(replica);
    const own = (await countLinksByState(db)).filter((row) => row.replica_id === replica);
    expect(own).toHaveLength(8);
    for (const { status, phase, documents } of own)
      expect([status, phase, documents]).toEqual([
        status,
        phase,
        await count(replica, sql`status = ${status} and phase = ${phase}`),
      ]);

    const here = sql`phase <> 'gone'`;
    const proof = (await verificationByReplica(db, { since, readBackSince })).find((row) => row.replica_id === replica);
    expect(proof).toMatchObject({
      documents: await count(replica, here),
      verified: await count(replica, sql`${here} and status = 'ok' and checksum_at >= ${since}`),
      read_back: await count(
        replica,
        sql`${here} and status = 'ok' and checksum_at is null and dirty_seq = applied_seq and last_synced >= ${readBackSince}`,
      ),
      given_up: await count(replica, sql`phase = 'dlq'`),
      blocked: await count(replica, sql`phase = 'blocked'`),
    });

    expect(await depthCoverage(db, replica, since)).toEqual({
      documents: await count(replica, here),
      metadata: await count(replica, sql`${here} and (verified_at >= ${since} or checksum_at >= ${since})`),
      checksum: await count(replica, sql`${here} and checksum_at >= ${since}`),
      bytes: await count(replica, sql`${here} and bytes_at >= ${since}`),
    });
    const unverified = await listDocuments(db, { replicaId: replica, unverifiedSince: since }, { limit: 1000 });
    expect(unverified).toHaveLength(
      await count(replica, sql`${here} and coalesce(greatest(verified_at, checksum_at), '-infinity') < ${since}`),
    );
  });

  test('of links follow transactions that fail, work at the same time, and replicas that go', async () => {
    const [first, second] = [await addReplica(db), await addReplica(db)];
    const add = (on: Db, replica: number, from: number, to: number) =>
      sql`insert into sync_map (replica_id, master_doc_id) select ${replica}, n from generate_series(${from}::int, ${to}::int) n
        on conflict do nothing`.execute(on);
    await Promise.all([add(db, first, 1, 50), add(db, second, 1, 40), add(db, first, 51, 60)]);
    await add(db, first, 55, 65);
    const failed = db.transaction().execute(async (trx) => {
      await add(trx, first, 1000, 1100);
      await trx.deleteFrom('replicas').where('id', '=', second).execute();
      throw new Error('undone');
    });
    await expect(failed).rejects.toThrow('undone');
    expect([await countLinksOf(db, first), await countLinksOf(db, second)]).toEqual([65, 40]);

    await db.deleteFrom('replicas').where('id', '=', second).execute();
    expect(await countLinksOf(db, second)).toBe(0);
    expect((await countLinksByState(db)).some((row) => row.replica_id === second)).toBe(false);
  });
});

test('a search of the log finds words that the newest lines do not hold, too, in order and page by page', async () => {
  await sql`insert into logs (level, message, code) select 'info', case when n in (1, 2, 31000) then 'The quicksilver rose' else 'Nothing' end,
      case when n = 2 then 'odd' end from generate_series(1, 31500) n`.execute(db);
  const found = await queryLogs(db, { text: 'quicksilver' }, { limit: 10 });
  const ids = found.map(({ id }) => id);
  expect(ids).toHaveLength(3);
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  const next = async (before: number | undefined) =>
    (await queryLogs(db, { text: 'quicksilver' }, { before, limit: 1 }))[0]?.id;
  expect([await next(undefined), await next(ids[0]), await next(ids[1]), await next(ids[2])]).toEqual([
    ...ids,
    undefined,
  ]);
  expect((await queryLogs(db, { text: 'quicksilver', code: 'odd' }, { limit: 10 })).map(({ id }) => id)).toEqual([
    ids[1],
  ]);
  expect(await queryLogs(db, { text: 'mercury' }, { limit: 10 })).toEqual([]);
});
