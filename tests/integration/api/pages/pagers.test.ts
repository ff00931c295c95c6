/** Every list goes on behind its cursor: no row is told twice, and none is left out. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertLogs } from '../../../../shared/db/logs.repo.ts';
import { insertAudit } from '../../../../shared/db/audit.repo.ts';
import { addReplicaRow } from '../harness.ts';
import { openStage, type PageStage } from './stage.ts';

/** More than the longest page, which has a hundred rows. */
const ROWS = 130;
let stage: PageStage;
const ids = { replica: 0, run: 0, verification: 0 };

beforeAll(async () => {
  stage = await openStage();
  await fillLists();
});
afterAll(() => stage.close());

async function fillLists(): Promise<void> {
  const { api } = stage;
  const { db } = api;
  const many = <T>(row: (n: number) => T): T[] => Array.from({ length: ROWS }, (_, at) => row(at + 1));
  const now = new Date();
  ids.replica = await addReplicaRow(api, 'attic');
  const at = { replica_id: ids.replica };
  const links = await db
    .insertInto('sync_map')
    .values(many((n) => ({ ...at, master_doc_id: n, replica_doc_id: n, dirty_seq: n + 1, dispatched_at: now })))
    .returning('id')
    .execute();
  const linkOf = (n: number): number => links[n - 1]?.id ?? 0;
  const docs = (n: number) => ({ ...at, link_id: linkOf(n), master_doc_id: n, replica_doc_id: n });
  const added = { master_added: '2024-01-01', replica_added: '2024-01-01' };
  const runs = await db
    .insertInto('sync_runs')
    .values(
      many(() => ({
        ...at,
        kind: 'replica' as const,
        triggered_by: 'manual',
        finished_at: now,
        outcome: 'ok' as const,
      })),
    )
    .returning('id')
    .execute();
  ids.run = runs[0]?.id ?? 0;
  const kind = 'upload' as const;
  await db
    .insertInto('run_items')
    .values(many((n) => ({ run_id: ids.run, link_id: linkOf(n), chunk: 0, kind, state: 'done' as const })))
    .execute();
  const asked = { scope: 'replica', depth: 'list', trigger: 'manual', asked_by: 'test', state: 'done' } as const;
  const verifications = await db
    .insertInto('verifications')
    .values(many(() => ({ ...at, ...asked })))
    .returning('id')
    .execute();
  ids.verification = verifications[0]?.id ?? 0;
  const compared = { depth: 'bytes' as const, compared_at: now, outcome: 'equal' as const };
  await db
    .insertInto('verification_ledger')
    .values(
      many((n) => {
        const { replica_id: _replica, ...document } = docs(n);
        return { ...document, ...compared, verification_id: ids.verification };
      }),
    )
    .execute();
  const found = { kind: 'field_differs' as const, depth: 'metadata' as const, message: 'other', last_seen_at: now };
  const seen = { verification_id: ids.verification, last_verification_id: ids.verification };
  await db
    .insertInto('findings')
    .values(many((n) => ({ ...docs(n), ...found, ...seen })))
    .execute();
  await db
    .insertInto('conflicts')
    .values(many((n) => ({ ...docs(n), field: 'title' })))
    .execute();
  await db
    .insertInto('match_proposals')
    .values(many((n) => ({ ...docs(n), ...added, replica_doc_id: n + 1000, rule: 'asn' as const })))
    .execute();
  const name = (n: number) => `name ${n}`;
  await db
    .insertInto('taxonomy_links')
    .values(many((n) => ({ ...at, kind: 'tag' as const, master_id: n, name: name(n), state: 'ambiguous' as const })))
    .execute();
  const stone = { ...added, asn: null, checksum: null, reason: 'surplus' as const, state: 'purged' as const };
  await db
    .insertInto('tombstones')
    .values(many((n) => ({ ...docs(n), ...stone, planned_at: now })))
    .execute();
  await insertLogs(
    db,
    many((n) => ({ level: 'info' as const, message: `line ${n}`, ...at })),
  );
  const act = { actor: 'kim', via: 'none', action: 'POST /x', source: null, status: 200 } as const;
  for (const n of many((at) => at)) await insertAudit(db, { ...act, target: `/x/${n}` } as never);
}

/** Address, the cursor's name, and what tells a row. */
const LISTS: readonly (readonly [string, string, RegExp])[] = [
  ['/documents', 'cursor', /data-label="Document"><a href="\/documents\/(\d+)"/g],
  ['/replicas/REPLICA/documents', 'cursor', /<td><a href="\/documents\/(\d+)"/g],
  ['/replicas/REPLICA/findings', 'cursor', /"Document"><a href="\/documents\/(\d+)"/g],
  ['/findings', 'cursor', /data-label="Document"><a href="\/documents\/(\d+)"/g],
  ['/conflicts', 'cursor', /href="\/conflicts\/(\d+)"/g],
  ['/conflicts', 'matches', /id="accept-(\d+)"/g],
  ['/conflicts', 'names', /\/conflicts\/names\/\d+\/tag\/(\d+)"/g],
  ['/verifications', 'cursor', /data-label="Verification"><a href="\/verifications\/(\d+)"/g],
  ['/verifications/VERIFICATION', 'cursor', /data-label="Document"><a href="\/documents\/(\d+)"/g],
  ['/deletions?replica_id=REPLICA', 'cursor', /data-label="Copy">(\d+)/g],
  ['/runs', 'cursor', /<td><a href="\/runs\/(\d+)"/g],
  ['/runs/RUN', 'cursor', /<td><a href="\/documents\/(\d+)"/g],
  ['/logs?replica_id=REPLICA', 'cursor', />line (\d+)</g],
  ['/audit', 'cursor', /\/x\/(\d+)/g],
  ['/queue', 'cursor', /data-label="Document"><a href="\/documents\/(\d+)"/g],
];

const hrefs = (text: string): string[] =>
  [...text.matchAll(/<a href="([^"]+)" rel="next">/g)].map(([, href = '']) => href.replaceAll('&amp;', '&'));

describe('a list longer than a page', () => {
  it.each(LISTS)('%s goes on by %s to its end, each row once', async (path, name, row) => {
    let next: string | undefined = path
      .replace('REPLICA', String(ids.replica))
      .replace('RUN', String(ids.run))
      .replace('VERIFICATION', String(ids.verification));
    const told: string[] = [];
    for (let pages = 0; next !== undefined; pages += 1) {
      expect(pages).toBeLessThan(5);
      const { status, text } = await stage.open(next);
      expect(status, text.slice(0, 300)).toBe(200);
      const own = new Set([...text.matchAll(row)].map(([, id = '']) => id));
      expect(own.size).toBeLessThanOrEqual(100);
      told.push(...own);
      if (pages > 0) expect(text).toContain('First page');
      next = hrefs(text).find(
        (href) => new URL(href, 'http://x').searchParams.get(name) !== cursorIn(next ?? '', name),
      );
    }
    expect(new Set(told).size).toBe(told.length);
    expect(told).toHaveLength(ROWS);
  });
});

const cursorIn = (href: string, name: string): string | null => new URL(href, 'http://x').searchParams.get(name);
