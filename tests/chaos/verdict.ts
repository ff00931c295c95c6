/** What became of it, by the independent comparison, by the logs of the instances and by the rows (protocol section 8). */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { compareInstances, type Comparison } from '../../services/demo/compare.ts';
import { EDITOR } from './edit.ts';
import type { ChaosInstance } from './instance.ts';
import { anyApi, type Stage } from './stage.ts';
import type { Watch } from './watch.ts';

export interface Verdict {
  readonly lost: number;
  readonly doubled: number;
  readonly differing: number;
  /** Every single thing that is wrong, in words. */
  readonly problems: readonly string[];
  readonly documents: number;
}

export async function judge(stage: Stage, watch: Watch): Promise<Verdict> {
  const total = { lost: 0, doubled: 0, differing: 0, documents: 0 };
  const problems: string[] = [...watch.broken];
  const controller = await anyApi(stage);
  for (const [at, replica] of stage.replicas.entries()) {
    const blocked = await controller.blocked(stage.replicaIds[at] ?? 0);
    const found = await compareInstances({ master: stage.master, replica, blocked });
    const lines = differences(found);
    total.lost += found.missing.length + found.blocked.filter(({ byNature }) => !byNature).length;
    total.doubled += found.doubled.length + found.extra.length;
    total.differing += Object.values(found.differing).reduce((sum, { count }) => sum + count, 0);
    total.differing += found.taxonomy.differences.length + found.markers.length;
    total.documents = found.documents;
    if (!found.equal && lines.length === 0) lines.push('is not equal to the master');
    problems.push(...lines.map((line) => `${replica.name}: ${line}`));
  }
  return { ...total, problems: [...problems, ...(await brokenRules(stage, watch))] };
}

function differences(found: Comparison): string[] {
  return [
    ...found.missing.map(({ id, title }) => `missing: master ${id} "${title}"`),
    ...found.blocked.filter(({ byNature }) => !byNature).map((b) => `blocked: master ${b.masterId}, ${b.reason}`),
    ...found.doubled.map(({ id, title }) => `doubled: #${id} "${title}"`),
    ...found.extra.map(({ id, title }) => `extra: #${id} "${title}"`),
    ...found.markers.map((line) => `left behind: ${line}`),
    ...found.taxonomy.differences.map((line) => `taxonomy: ${line}`),
    ...Object.values(found.differing).flatMap(({ examples }) =>
      examples.map((one) => `${one.masterId} -> #${one.replicaId}, ${one.field}: ${one.master} | ${one.replica}`),
    ),
  ];
}

async function brokenRules(stage: Stage, watch: Watch): Promise<string[]> {
  return [
    ...masterWrites(stage.master),
    ...(await uniqueCopies(stage)),
    ...(await uploadsWithRows(stage)),
    ...(await cursorAhead(stage)),
    ...(await purges(stage, watch)),
    ...(await writesOfTheDead(stage)),
  ];
}

const isEditor = (agent: string): boolean => agent === EDITOR;

/** 5 */
const masterWrites = ({ writes }: ChaosInstance): string[] =>
  writes
    .filter(({ userAgent, path }) => !isEditor(userAgent) && path.startsWith('/api/'))
    .map(({ method, path, userAgent }) => `5: the master got ${method} ${path} from "${userAgent}"`);

/** 1 */
async function uniqueCopies({ database }: Stage): Promise<string[]> {
  const { rows } = await database.pool.query<{ replica_id: number; replica_doc_id: number }>(`
    select replica_id, replica_doc_id from sync_map where replica_doc_id is not null
    group by 1, 2 having count(*) > 1`);
  return rows.map((row) => `1: document ${row.replica_doc_id} of replica ${row.replica_id} is claimed twice`);
}

/** 4: never more uploads of a file than rows that say so. */
async function uploadsWithRows({ database, replicas, replicaIds }: Stage): Promise<string[]> {
  const { rows } = await database.pool.query<{ replica_id: string; sha256: string; n: string }>(`
    select s.replica_id, a.sha256, count(*) as n
    from (select link_id, sha256 from upload_attempts union all select link_id, sha256 from version_attempts) a
    join sync_map s on s.id = a.link_id group by 1, 2`);
  const written = new Map(rows.map((row) => [`${row.replica_id} ${row.sha256}`, Number(row.n)]));
  return replicas.flatMap((replica, at) => {
    const posts = new Map<string, number>();
    for (const { fileSha256: hash } of replica.writes) if (hash) posts.set(hash, (posts.get(hash) ?? 0) + 1);
    return [...posts].flatMap(([hash, count]) => {
      const known = written.get(`${replicaIds[at]} ${hash}`) ?? 0;
      return count > known ? [`4: ${replica.name} got ${hash} ${count} times, ${known} rows say so`] : [];
    });
  });
}

/** 7: the feed never reads from a time that is still to come, whatever the clock of the master did meanwhile. */
async function cursorAhead({ database, master }: Stage): Promise<string[]> {
  const { rows } = await database.pool.query<{ cursor_us: string | null }>('select cursor_us from master_state');
  const answer = await fetch(`${master.url}/api/tags/?page_size=1`, {
    headers: { authorization: `Token ${master.token}` },
  });
  await answer.arrayBuffer();
  const cursor = Number(rows[0]?.cursor_us ?? 0) / 1000;
  const now = new Date(answer.headers.get('date') ?? 0).getTime() + 1000;
  return cursor > now ? [`7: the cursor is ${Math.round((cursor - now) / 1000)} s ahead of the master's clock`] : [];
}

const idsShape = z.object({ all: z.array(z.number()).optional(), results: z.array(z.object({ id: z.number() })) });

/** 8: a purge has a tombstone that says so; nothing else ever leaves a replica. */
async function purges({ database, replicas, replicaIds }: Stage, watch: Watch): Promise<string[]> {
  const problems: string[] = [];
  for (const [at, replica] of replicas.entries()) {
    const there = new Set([
      ...(await idsOf(replica, '/api/documents/?fields=id&page_size=100000')),
      ...(await idsOf(replica, '/api/trash/?page_size=100000')),
    ]);
    const { rows } = await database.pool.query<{ replica_doc_id: string }>(
      `select replica_doc_id from tombstones where replica_id = $1 and state = 'purged'`,
      [replicaIds[at]],
    );
    const buried = new Set(rows.map((row) => Number(row.replica_doc_id)));
    for (const id of watch.seen.get(replica.name) ?? [])
      if (!there.has(id) && !buried.has(id)) problems.push(`8: #${id} of ${replica.name} is gone without a tombstone`);
  }
  return problems;
}

async function idsOf(replica: ChaosInstance, path: string): Promise<number[]> {
  const answer = await fetch(replica.url + path, {
    headers: { authorization: `Token ${replica.token}`, accept: 'application/json; version=9' },
  });
  return idsShape.parse(await answer.json()).results.map(({ id }) => id);
}

const writeShape = z.object({
  worker: z.string(),
  at: z.number(),
  target: z.number(),
  method: z.string(),
  path: z.string(),
  status: z.number().nullable(),
  outcome: z.string(),
});

/** 6: what was refused by the guard never left the process. */
async function writesOfTheDead({ database, writesFile }: Stage): Promise<string[]> {
  const { rows } = await database.pool.query<{ worker: string; at: Date }>('select worker, at from chaos.deaths');
  const deaths = new Map(rows.map(({ worker, at }) => [worker, at.getTime()]));
  const lines = (await readFile(writesFile, 'utf8').catch(() => '')).split('\n');
  return lines.flatMap((line) => {
    // A process that is killed may leave half a line.
    if (!line.endsWith('}')) return [];
    const write = writeShape.parse(JSON.parse(line));
    const death = deaths.get(write.worker);
    return death !== undefined && write.at > death && write.outcome !== 'worker_fenced'
      ? [
          `6: ${write.method} ${write.path} (${write.outcome}) ${Math.round(write.at - death)} ms after its worker's death`,
        ]
      : [];
  });
}
