/**
 * A master, its replicas and a controller with the product's own waits. Time that the controller would only wait is
 * skipped: as soon as nobody works, every stored moment moves into the past by as much as the next one is away.
 */
import { sql } from 'kysely';
import { expect } from 'vitest';
import { compareInstances } from '../../../services/demo/compare.ts';
import type { Db, Link, Run } from '../../../shared/db/tables.ts';
import { ENGINE_TIMINGS } from '../../../shared/replication/deps.ts';
import { Controller, type ControllerOptions } from '../../support/controller.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';
import { addDocument, editDocument, grantViews, type NewDocument } from './library.ts';

export type Generation = 'v2' | 'v3';
export const SECONDS = 1000;
export const MINUTES = 60 * SECONDS;
export const HOURS = 60 * MINUTES;
/** For instances that stay silent: the product waits a minute, five for files. */
export const IMPATIENT = { connectMs: 700, answerMs: 700, firstByteMs: 700, noProgressMs: 700 };
const RESERVED = 2_000_000_000;

export interface StageOptions
  extends Pick<
    ControllerOptions,
    'settings' | 'timeouts' | 'concurrency' | 'racePoint' | 'redisUrl' | 'database' | 'onRequest'
  > {
  readonly master?: Generation;
  /** Of the replica `copy`. */
  readonly replica?: Generation;
  /** More replicas by name. */
  readonly others?: Readonly<Record<string, Generation>>;
  readonly documents?: readonly NewDocument[];
}

export class Stage {
  readonly master: Simulator;
  readonly replicas: ReadonlyMap<string, Simulator>;
  readonly controller: Controller;
  /** Skips at least this much at a time: for waits of hours in small steps. */
  strideMs = 0;

  private constructor(master: Simulator, replicas: ReadonlyMap<string, Simulator>, controller: Controller) {
    this.master = master;
    this.replicas = replicas;
    this.controller = controller;
  }

  static async open(options: StageOptions = {}): Promise<Stage> {
    const { master: from = 'v3', replica: to = 'v3', others = {}, documents = [{}, {}], ...rest } = options;
    const master = await simulator(from);
    const replicas = new Map<string, Simulator>();
    for (const [name, generation] of Object.entries({ copy: to, ...others }))
      replicas.set(name, await simulator(generation));
    for (const instance of [master, ...replicas.values()]) grantViews(instance);
    for (const document of documents) addDocument(master, document);
    const controller = await Controller.start({
      ...rest,
      timings: ENGINE_TIMINGS,
      master,
      replicas: Object.fromEntries(replicas),
    });
    return new Stage(master, replicas, controller);
  }

  get copy(): Simulator {
    return this.named('copy');
  }

  named(name: string): Simulator {
    const found = this.replicas.get(name);
    if (!found) throw new Error(`no replica ${name}`);
    return found;
  }

  get db(): Db {
    return this.controller.db;
  }

  add(document: NewDocument = {}): number {
    return addDocument(this.master, document);
  }

  edit(id: number, title = `Edited ${id}`): void {
    editDocument(this.master, id, { title });
  }

  /** One cycle from its trigger to its end; waits in it are skipped. */
  async cycle(timeoutMs = 40_000): Promise<Run> {
    const { runId } = await this.controller.openCycle();
    return this.ended(runId, timeoutMs);
  }

  async ended(runId: number, timeoutMs = 40_000): Promise<Run> {
    return waitFor(
      `cycle ${runId} to end`,
      async () => {
        const run = await this.db
          .selectFrom('sync_runs')
          .selectAll()
          .where('id', '=', runId)
          .where('finished_at', 'is not', null)
          .executeTakeFirst();
        if (!run) await this.#skipWait();
        return run;
      },
      timeoutMs,
    );
  }

  /** Cycles, each after `apart`, until the replica is the master's copy; how many it took. */
  async heal(apart = 20 * MINUTES, most = 6): Promise<number> {
    for (let cycles = 1; cycles <= most; cycles += 1) {
      await this.cycle();
      const open = (await this.controller.links()).filter((link) => link.status !== 'ok' && link.phase !== 'gone');
      if (open.length === 0) return cycles;
      await letTimePass(this.db, apart);
    }
    const left = (await this.controller.links()).map(({ master_doc_id, phase, error_code, error_msg }) => ({
      master_doc_id,
      phase,
      error_code,
      error_msg,
    }));
    throw new Error(`not healed after ${most} cycles: ${JSON.stringify(left)}`);
  }

  async link(masterId: number, replica = 'copy'): Promise<Link> {
    const link = (await this.controller.links(replica)).find((one) => one.master_doc_id === masterId);
    if (!link) throw new Error(`no link for #${masterId}`);
    return link;
  }

  /** The last run of a replica. */
  async run(replica = 'copy'): Promise<Run> {
    const { id } = await this.controller.replica(replica);
    return this.db
      .selectFrom('sync_runs')
      .selectAll()
      .where('replica_id', '=', id)
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow();
  }

  logged(code: string): number {
    return this.controller.logs.filter((line) => line.code === code).length;
  }

  /** Every document once, equal in every field and byte, nothing left over on either side or in the database. */
  async expectEqual(replica = 'copy', options: { documents?: number; surplusPosts?: number } = {}): Promise<void> {
    const copy = this.named(replica);
    const comparison = await compareInstances({ master: this.master, replica: copy });
    expect(comparison.equal, JSON.stringify(comparison)).toBe(true);
    expect(live(copy)).toHaveLength(options.documents ?? live(this.master).length);
    expect(
      live(copy).filter((row) => row.title.startsWith('pngx.') || (row.archiveSerialNumber ?? 0) >= RESERVED),
    ).toEqual([]);
    expect(surplusPosts(copy)).toBe(options.surplusPosts ?? 0);
    expectUnwritten(this.master);
    const links = await this.controller.links(replica);
    expect(
      links.filter(
        (link) => link.lease_worker !== null || (link.status === 'ok' && link.dirty_seq !== link.applied_seq),
      ),
    ).toEqual([]);
  }

  async close(): Promise<void> {
    await this.controller.stop();
    await this.master.stop();
    for (const replica of this.replicas.values()) await replica.stop();
  }

  async #skipWait(): Promise<void> {
    for (const replica of this.replicas.values()) await replica.idle();
    const { rows } = await sql<{ ms: number | null; busy: boolean | null }>`
      select (extract(epoch from min(s.next_due_at) - now()) * 1000)::float8 as ms,
        bool_or(s.lease_worker is not null or s.dispatched_at is not null) as busy
      from sync_runs r join run_items i on i.run_id = r.id and i.state = 'open' join sync_map s on s.id = i.link_id
      where r.finished_at is null`.execute(this.db);
    const { ms = null, busy = null } = rows[0] ?? {};
    if (busy === false && ms !== null && ms > 50) await letTimePass(this.db, Math.max(ms, this.strideMs));
  }
}

/** Moves every stored moment that something waits for into the past; the instances' clocks are their own. */
export async function letTimePass(db: Db, ms: number): Promise<void> {
  const by = sql`make_interval(secs => ${ms / 1000}::float8)`;
  await sql`update sync_map set next_due_at = next_due_at - ${by}, hold_until = hold_until - ${by},
    clean_read_at = clean_read_at - ${by}, failed_at = failed_at - ${by}`.execute(db);
  await sql`update upload_attempts set posted_at = posted_at - ${by}, started_seen_at = started_seen_at - ${by},
    unknown_at = unknown_at - ${by},
    terminal_at = terminal_at - ${by}, closed_at = closed_at - ${by}, looked_at = looked_at - ${by}`.execute(db);
}

export const live = (instance: Simulator) =>
  [...instance.store.documents.values()].filter((row) => row.deletedAt === null && row.rootDocument === null);

export const writes = (instance: Simulator) =>
  instance.requests().filter(({ method }) => method !== 'GET' && method !== 'HEAD');

export const posts = (instance: Simulator) =>
  writes(instance).filter(({ path }) => path === '/api/documents/post_document/');

/** POSTs of a file that was posted before; one whose body was never read whole counts as none. */
export function surplusPosts(instance: Simulator): number {
  const files = posts(instance).flatMap(({ fileSha256 }) => fileSha256 ?? []);
  return files.length - new Set(files).size;
}

export function expectUnwritten(instance: Simulator): void {
  expect(writes(instance)).toEqual([]);
}
