/** Looks on while everything fails: what must hold at every instant is seen in samples, what must hold at the end in logs. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { ChaosInstance } from './instance.ts';
import type { Stage } from './stage.ts';

const MARKER = /^pngx\./;
const CSV_EVERY_MS = 60_000;

const listShape = z.object({
  results: z.array(z.object({ id: z.number(), title: z.string(), original_file_name: z.string().nullable() })),
});

export class Watch {
  /** What was seen that must never be. */
  readonly broken = new Set<string>();
  /** Ids of each replica that were ever seen, by name. */
  readonly seen = new Map<string, Set<number>>();
  samples = 0;
  readonly #stage: Stage;
  readonly #csv: string | undefined;
  readonly #ended = new AbortController();
  #work: Promise<unknown> = Promise.resolve();

  constructor(stage: Stage, csv: string | undefined) {
    this.#stage = stage;
    this.#csv = csv;
  }

  begin(): void {
    this.#work = Promise.all([this.#sampling(), this.#csv === undefined ? undefined : this.#measuring(this.#csv)]);
  }

  async end(): Promise<void> {
    this.#ended.abort();
    await this.#work;
    await this.#sample();
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#ended.signal }).catch(() => undefined);
  }

  async #sampling(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const began = performance.now();
      await this.#sample();
      // A large library takes a while to list; looking must not be what the machine is busy with.
      await this.#pause(1000 + 4 * (performance.now() - began));
    }
  }

  async #sample(): Promise<void> {
    const { master, replicas } = this.#stage;
    for (const replica of replicas) {
      await this.#look(replica).catch(() => undefined);
      await replica.follow().catch(() => undefined);
    }
    await master.follow().catch(() => undefined);
    this.samples += 1;
  }

  /**
   * Invariant 2. Every file of the master has a name of its own and paperless keeps it for ever (F3), so two complete documents
   * of one name are two copies of one document. 2.20 has no versions: there a file is replaced by another document (H14).
   */
  async #look(replica: ChaosInstance): Promise<void> {
    const fields = 'fields=id,title,original_file_name';
    const answer = await fetch(`${replica.url}/api/documents/?${fields}&page_size=100000`, {
      signal: AbortSignal.timeout(10_000),
      headers: { authorization: `Token ${replica.token}`, accept: 'application/json; version=9' },
    });
    const { results } = listShape.parse(await answer.json());
    const seen = this.seen.get(replica.name) ?? new Set<number>();
    this.seen.set(replica.name, seen);
    const complete = new Map<string, number>();
    for (const { id, title, original_file_name: name } of results) {
      seen.add(id);
      if (MARKER.test(title) || name === null || replica.profile === 'v2') continue;
      const other = complete.get(name);
      if (other !== undefined) this.broken.add(`2: ${replica.name} shows "${name}" complete as #${other} and #${id}`);
      complete.set(name, id);
    }
  }

  async #measuring(file: string): Promise<void> {
    const began = performance.now();
    let columns: string[] | null = null;
    while (!this.#ended.signal.aborted) {
      const sizes = await this.#sizes().catch(() => null);
      if (sizes) {
        if (!columns) await writeFile(file, `minute,${((columns = Object.keys(sizes))).join(',')}\n`);
        const minute = ((performance.now() - began) / 60_000).toFixed(2);
        await appendFile(file, `${minute},${columns.map((column) => sizes[column] ?? '').join(',')}\n`);
      }
      await this.#pause(CSV_EVERY_MS);
    }
  }

  async #sizes(): Promise<Record<string, number>> {
    const { workers, apis, master, replicas, database, redis } = this.#stage;
    const sizes: Record<string, number> = {};
    const programs = [...workers, ...apis].map(({ program }) => program);
    for (const program of [...programs, ...[master, ...replicas].map((instance) => instance.program)])
      sizes[`${program.spec.name}_rss_mb`] = program.pid === undefined ? 0 : await residentMb(program.pid);
    const tables = ['sync_map', 'run_items', 'sync_runs', 'logs', 'upload_attempts', 'workers'];
    const { rows } = await database.pool.query<Record<string, string>>(`select
      (select count(*) from pg_stat_activity where backend_type = 'client backend') as connections,
      pg_database_size(current_database()) / 1048576 as database_mb,
      (select coalesce(sum(n_live_tup), 0) from pg_stat_user_tables where schemaname like '%bull%') as queue_rows,
      ${tables.map((table) => `(select count(*) from ${table}) as ${table}_rows`).join(', ')}`);
    for (const [name, value] of Object.entries(rows[0] ?? {})) sizes[name] = Number(value);
    return redis ? { ...sizes, ...(await redisSizes(redis.url)) } : sizes;
  }
}

async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
}

async function redisSizes(url: string): Promise<Record<string, number>> {
  const { Redis } = await import('ioredis');
  const redis = new Redis(url, { maxRetriesPerRequest: 1, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    const info = await redis.info();
    const number = (name: string) => Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1] ?? 0);
    return {
      redis_mb: Math.round(number('used_memory') / 1_048_576),
      redis_clients: number('connected_clients'),
      redis_keys: await redis.dbsize(),
    };
  } finally {
    redis.disconnect();
  }
}
