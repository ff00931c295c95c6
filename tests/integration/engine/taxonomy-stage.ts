/** A master with a small vocabulary in use, one replica, and the words the tests of the taxonomy need. */
import { compareInstances } from '../../../services/demo/compare.ts';
import { taxonomyLinks } from '../../../shared/db/taxonomy.repo.ts';
import type { DeletionMode, Replica, Run } from '../../../shared/db/tables.ts';
import type { EngineTimings } from '../../../shared/replication/deps.ts';
import { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';

export type Row = { readonly id: number; readonly name: string } & Record<string, unknown>;

const ROUTES = {
  tag: 'tags',
  correspondent: 'correspondents',
  document_type: 'document_types',
  storage_path: 'storage_paths',
  custom_field: 'custom_fields',
} as const;
export type Kind = keyof typeof ROUTES;

export class TaxonomyStage {
  readonly master: Simulator;
  readonly replica: Simulator;
  readonly controller: Controller;
  /** Requests of runs to the master that were not reads. */
  readonly masterWrites: unknown[] = [];

  private constructor(master: Simulator, replica: Simulator, controller: Controller) {
    this.master = master;
    this.replica = replica;
    this.controller = controller;
  }

  static async open(
    from: 'v2' | 'v3',
    to: 'v2' | 'v3',
    options: { consumers?: number } = {},
    timings: Partial<EngineTimings> = {},
  ): Promise<TaxonomyStage> {
    const [master, replica] = [await simulator(from), await simulator(to, options)];
    const controller = await Controller.start({ master, replicas: { copy: replica }, timings });
    return new TaxonomyStage(master, replica, controller);
  }

  static over(master: Simulator, replica: Simulator, controller: Controller): TaxonomyStage {
    return new TaxonomyStage(master, replica, controller);
  }

  async close(): Promise<void> {
    await this.controller.stop();
    await this.master.stop();
    await this.replica.stop();
  }

  make(on: Simulator, kind: Kind, body: Record<string, unknown>): Promise<Row> {
    const owner = kind === 'custom_field' || 'owner' in body ? {} : { owner: null };
    return ask(on, 'POST', `/api/${ROUTES[kind]}/`, { ...owner, ...body }) as Promise<Row>;
  }
  async change(on: Simulator, kind: Kind, id: number, body: Record<string, unknown>): Promise<void> {
    await ask(on, 'PATCH', `/api/${ROUTES[kind]}/${id}/`, body);
    await on.idle();
  }
  async remove(on: Simulator, kind: Kind, id: number): Promise<void> {
    await ask(on, 'DELETE', `/api/${ROUTES[kind]}/${id}/`);
    await on.idle();
  }
  async list(on: Simulator, kind: Kind): Promise<Row[]> {
    const { results } = (await ask(on, 'GET', `/api/${ROUTES[kind]}/?page_size=1000&full_perms=true`)) as {
      results: Row[];
    };
    return results;
  }
  async named(on: Simulator, kind: Kind, name: string): Promise<Row> {
    const found = (await this.list(on, kind)).filter((row) => row.name === name);
    if (found.length !== 1 || !found[0]) throw new Error(`${found.length} ${kind} named "${name}"`);
    return found[0];
  }

  /** Documents of the master by title; `fields` as in a PATCH. */
  async document(title: string, fields: Record<string, unknown> = {}): Promise<number> {
    await uploadText(this.master, title);
    await this.master.idle();
    const id = Math.max(...this.master.store.documents.filter(() => true).map((row) => row.id));
    await this.edit(id, fields);
    return id;
  }
  async edit(id: number, fields: Record<string, unknown>): Promise<void> {
    await ask(this.master, 'PATCH', `/api/documents/${id}/`, fields);
    await this.master.idle();
  }
  async copyOf(masterId: number): Promise<Record<string, unknown> & { id: number; tags: number[] }> {
    const link = (await this.controller.links()).find((one) => one.master_doc_id === masterId);
    const copy = await ask(this.replica, 'GET', `/api/documents/${link?.replica_doc_id}/?full_perms=true`);
    return copy as Record<string, unknown> & { id: number; tags: number[] };
  }
  async foreign(title: string, fields: Record<string, unknown>): Promise<number> {
    await uploadText(this.replica, title);
    await this.replica.idle();
    const id = Math.max(...this.replica.store.documents.filter(() => true).map((row) => row.id));
    await ask(this.replica, 'PATCH', `/api/documents/${id}/`, fields);
    await this.replica.idle();
    return id;
  }

  async choose(
    choices: Partial<Pick<Replica, 'restore_held_back' | 'unknown_owner'>> & { deletion_mode?: DeletionMode },
  ) {
    await this.controller.db.updateTable('replicas').set(choices).execute();
  }

  clear(): void {
    this.master.clearRequests();
    this.replica.clearRequests();
  }
  /** What was written to the replica since, as `METHOD /path/`. */
  writes(): string[] {
    return this.replica
      .requests()
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => `${method} ${path}`);
  }
  taxonomyWrites(): string[] {
    return this.writes().filter((write) => !write.includes('/api/documents/'));
  }

  async cycle(): Promise<Run> {
    this.clear();
    return this.#noted(await this.controller.cycle());
  }
  async sweep(): Promise<Run> {
    this.clear();
    const run = await this.controller.sweep();
    await this.replica.idle();
    return this.#noted(run);
  }
  #noted(run: Run): Run {
    this.masterWrites.push(...this.master.requests().filter(({ method }) => method !== 'GET'));
    return run;
  }
  async equal() {
    const { equal, taxonomy, differing } = await compareInstances({ master: this.master, replica: this.replica });
    return { equal, differing, taxonomy: taxonomy.differences };
  }
  async links() {
    return taxonomyLinks(this.controller.db, (await this.controller.replica('copy')).id);
  }
  codes(): (string | null | undefined)[] {
    return this.controller.logs.map(({ code }) => code);
  }
}

export const EQUAL = { equal: true, differing: {}, taxonomy: [] };
