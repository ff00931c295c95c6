/** What every page and every answer of the API costs the database: counted for all that is registered, so a new one is, too. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { insertAudit } from '../../../../shared/db/audit.repo.ts';
import { createApiKey } from '../../../../shared/replication/doors/api-keys.ts';
import { registerWorker } from '../../../../shared/db/workers.repo.ts';
import { samplesOf } from '../../../bench/ui/rows.ts';
import { answersOf, pagesOf, type Address } from '../../../support/site.ts';
import type { TestApi } from '../harness.ts';
import { fill, openStage, type PageStage } from './stage.ts';

/** What a page may cost, the visitor included; more is a decision. */
const LIMIT = 8;
const LIMITS: Readonly<Record<string, number>> = {
  // The state of every replica, from fifteen tables.
  '/': 26,
  '/replicas': 18,
  '/replicas/:id': 32,
  '/metrics': 22,
  '/api/status': 18,
  // All that ever happened to one document.
  '/documents/:id': 14,
};

/** Ask an instance (there is none here), or are the whole database. */
const OTHERS =
  /^\/api\/backup$|\/(hygiene|seeding|reconcile|resync|preview|promote|readmit|workflow)$|^\/api\/replicas\/:id\/taxonomy$|^\/conflicts\/names\//;

let stage: PageStage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

it('no page and no answer asks the database more often because there is more to show, and none asks often', async () => {
  for (let n = 1; n <= 3; n += 1) await fillAll(stage.api, n);
  const samples = await samplesOf(stage.api.db);
  const { deps } = stage.api;
  const found = [...pagesOf(deps, samples), ...answersOf(deps, samples), { route: '/metrics', path: '/metrics' }];
  const addresses = found.filter(({ route }) => !OTHERS.test(route));
  expect(addresses.length).toBeGreaterThan(50);

  const few = await costs(addresses);
  for (let n = 4; n <= 12; n += 1) await fillAll(stage.api, n);
  const many = await costs(addresses);

  const grown = addresses.filter(({ path }) => many[path] !== few[path]).map(({ path }) => path);
  expect(grown.map((path) => `${path}: ${few[path]} with few rows, ${many[path]} with many`)).toEqual([]);
  const dear = addresses.filter(({ route, path }) => (few[path] ?? 0) > (LIMITS[route] ?? LIMIT));
  expect(dear.map(({ route, path }) => `${route}: ${few[path]}`)).toEqual([]);
});

async function costs(addresses: readonly Address[]): Promise<Record<string, number>> {
  const costs: Record<string, number> = {};
  for (const { path } of addresses) {
    // The first time fills what is kept for a minute.
    const accept = path.startsWith('/api') ? 'application/json' : 'text/html';
    await stage.open(path, accept);
    const { status, queries } = await stage.open(path, accept);
    expect([path, status]).toEqual([path, 200]);
    costs[path] = queries;
  }
  return costs;
}

/** Two replicas and some of everything that a page or a list shows. */
async function fillAll(api: TestApi, n: number): Promise<void> {
  const { attic } = await fill(api, `no ${n}`, 4 + n);
  const { db } = api;
  await sql`insert into conflicts (replica_id, link_id, master_doc_id, replica_doc_id, field, shown)
    select replica_id, id, master_doc_id, replica_doc_id, 'title', '{}' from sync_map where replica_id = ${attic}`.execute(
    db,
  );
  await sql`insert into match_proposals (replica_id, link_id, master_doc_id, master_added, replica_doc_id, replica_added, rule, shown)
    select replica_id, id, master_doc_id, 'then', master_doc_id + 900, 'then', 'title_created', '{}'
    from sync_map where replica_id = ${attic}`.execute(db);
  await sql`insert into tombstones (replica_id, link_id, master_doc_id, replica_doc_id, reason, state)
    select replica_id, id, master_doc_id, master_doc_id + 700, 'surplus', 'trashed' from sync_map where replica_id = ${attic}`.execute(
    db,
  );
  await sql`insert into verification_ledger (verification_id, link_id, master_doc_id, depth, compared_at, outcome)
    select v.id, s.id, s.master_doc_id, 'checksum', now(), 'equal' from sync_map s
    join verifications v on v.replica_id = s.replica_id where s.replica_id = ${attic}`.execute(db);
  await sql`insert into upload_attempts (link_id, k, state, marker, sha256, md5, size, file_name, worker, lease_epoch)
    select id, 1, 'awaiting', 'm', 's', 'm', 1, 'f', gen_random_uuid(), 1 from sync_map where replica_id = ${attic}`.execute(
    db,
  );
  const { rows } = await sql<{
    id: number;
  }>`insert into promotions (phase, replica_id, replica_name, asked_by, old_master_url,
      old_master_token, new_master_url, switched_at, finished_at)
    values ('done', ${attic}, ${`no ${n}`}, 'kim', 'http://old.test', 'sealed', 'http://new.test', now(), now())
    returning id::int`.execute(db);
  await sql`insert into promotion_documents (promotion_id, kind, old_doc_id, new_doc_id, detail)
    select ${rows[0]?.id ?? 0}, 'changed', k, k, 'since' from generate_series(1, ${n}::int) k`.execute(db);
  await registerWorker(db, { id: crypto.randomUUID(), role: 'worker', version: '1.0.0' });
  await createApiKey(db, { name: `key ${n}`, scope: 'read', createdBy: 'kim' });
  await insertAudit(db, {
    actor: 'kim',
    via: 'session',
    action: 'PUT /api/settings',
    target: 'x',
    status: 200,
    before: {},
    after: {},
  });
}
