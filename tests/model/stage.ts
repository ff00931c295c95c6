/** The real steps of the engine on a real database; instances, clock and network are the model's. */
import { NO_PACE } from '../support/no-pace.ts';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { parseSettings, type Settings } from '../../shared/config/settings.ts';
import { insertCycle, insertReplicaRun } from '../../shared/db/runs.repo.ts';
import { insertReplica } from '../../shared/db/replicas.repo.ts';
import { registerWorker } from '../../shared/db/workers.repo.ts';
import type { Db, Link } from '../../shared/db/tables.ts';
import type { PaperlessDocument } from '../../shared/domain/model.ts';
import { tablesToJson } from '../../shared/domain/translate/tables.ts';
import type { DownloadedFile, PaperlessReader, PaperlessWriter } from '../../shared/paperless/api.ts';
import { Busy } from '../../shared/replication/busy.ts';
import { ENGINE_TIMINGS, type EngineDeps, type EngineTimings } from '../../shared/replication/deps.ts';
import { Scratch } from '../../shared/replication/scratch.ts';
import { syncDocument } from '../../shared/replication/sync-document.ts';
import { Network, Process } from './network.ts';
import { EMPTY, ModelReplica, type Generation } from './replica.ts';
import { fastFolder } from '../support/fast-folder.ts';

const ASN_BASE = 2_000_000_000;
const FILE = Buffer.from('The text of a letter.\n');
const digest = (algorithm: string) => createHash(algorithm).update(FILE).digest('hex');
const FACTS: DownloadedFile = { size: FILE.length, md5: digest('md5'), sha256: digest('sha256') };

const READS: readonly string[] = [
  'document',
  'byAsn',
  'trash',
  'task',
  'tasksSince',
  'originalChecksum',
  'byChecksum',
  'probe',
  'liveAmong',
];

export interface StageOptions {
  readonly generation: Generation;
  readonly timings?: Partial<EngineTimings>;
  /** What becomes of an upload on its way: a broken rule, for a test that shows that it is found. */
  readonly bend?: (request: Parameters<PaperlessWriter['upload']>[0]) => Parameters<PaperlessWriter['upload']>[0];
}

export class ModelStage {
  readonly replica: ModelReplica;
  readonly network: Network;
  readonly master: PaperlessDocument;
  readonly settings: Settings;
  now = Date.now();
  linkId = 0;
  replicaId = 0;
  readonly #db: Db;
  readonly #scratch: Scratch;
  readonly #options: StageOptions;

  private constructor(db: Db, scratch: Scratch, options: StageOptions) {
    this.#db = db;
    this.#scratch = scratch;
    this.#options = options;
    this.replica = new ModelReplica(options.generation, () => this.now);
    this.network = new Network(() => this.now);
    const added = this.replica.stamp();
    const version = { id: 7, added, label: null, checksum: FACTS.sha256, isRoot: true };
    this.master = {
      ...EMPTY,
      id: 7,
      title: 'Letter',
      content: 'The text',
      asn: 12,
      added,
      modified: added,
      versions: [version],
    };
    // Weeks go by between two looks.
    this.settings = parseSettings(
      [
        { key: 'sync_cycle_timeout_seconds', value: '604800' },
        { key: 'max_attempts', value: '100' },
      ],
      (s) => s,
    );
  }

  static async open(db: Db, scratch: Scratch, options: StageOptions): Promise<ModelStage> {
    const stage = new ModelStage(db, scratch, options);
    const name = `model-${randomUUID()}`;
    const replica = await insertReplica(db, { name, url: 'http://attic.test', api_token: 'sealed' });
    if (!replica) throw new Error('the name is taken');
    stage.replicaId = replica.id;
    await db.updateTable('replicas').set({ library_proven: true }).where('id', '=', replica.id).execute();
    const link = await db
      .insertInto('sync_map')
      .values({ replica_id: replica.id, master_doc_id: stage.master.id, dirty_seq: 1 })
      .returning('id')
      .executeTakeFirstOrThrow();
    stage.linkId = link.id;
    return stage;
  }

  link(): Promise<Link> {
    return this.#db.selectFrom('sync_map').selectAll().where('id', '=', this.linkId).executeTakeFirstOrThrow();
  }

  attempts() {
    return this.#db.selectFrom('upload_attempts').selectAll().where('link_id', '=', this.linkId).orderBy('k').execute();
  }

  /** The upload of another document to this replica comes to its end: what waited in front of it has been taken by then. */
  async otherUpload(): Promise<void> {
    const link = await this.#db
      .insertInto('sync_map')
      .values({ replica_id: this.replicaId, master_doc_id: this.master.id + 1 })
      .returning('id')
      .executeTakeFirstOrThrow();
    const now = new Date(this.now);
    const times = { posted_at: now, started_seen_at: now, terminal_at: now, closed_at: now };
    const file = { sha256: '', md5: '', size: 1, file_name: 'other.txt', worker: randomUUID(), lease_epoch: 1 };
    await this.#db
      .insertInto('upload_attempts')
      .values({ link_id: link.id, k: 1, state: 'success', marker: 'other', reserved_asn: 1, ...file, ...times })
      .execute();
  }

  async process(name: string): Promise<Process> {
    const process = new Process(name, randomUUID());
    await registerWorker(this.#db, { id: process.worker, role: 'worker', version: '0' });
    return process;
  }

  async bury(process: Process): Promise<void> {
    process.dead = true;
    await this.#db.updateTable('workers').set({ dead: true }).where('id', '=', process.worker).execute();
  }

  /** As a job would begin it, under an open run that wants the document. */
  async look(process: Process): Promise<void> {
    await this.#openRun();
    const deps = this.#deps(process);
    // What a dispatcher does with a link that a dead process held: from then on the living one answers for it.
    await sql`update sync_map set dispatched_by = ${process.worker} where id = ${this.linkId}
      and (lease_worker is null or exists (select 1 from workers w where w.id = sync_map.lease_worker and w.dead))`.execute(
      this.#db,
    );
    const job = { linkId: this.linkId, generation: Number.MAX_SAFE_INTEGER };
    await process.begin(() => syncDocument(deps, job, new AbortController().signal));
  }

  async #openRun(): Promise<void> {
    const { id: linkId } = await this.link();
    const open = await this.#db
      .selectFrom('sync_runs')
      .select('id')
      .where('replica_id', '=', this.replicaId)
      .where('finished_at', 'is', null)
      .executeTakeFirst();
    const runId = open?.id ?? (await this.#newRun());
    await sql`insert into run_items (run_id, link_id, chunk, kind, state) values (${runId}, ${linkId}, 0, 'upload', 'open')
      on conflict (run_id, link_id) do update set state = 'open'`.execute(this.#db);
  }

  async #newRun(): Promise<number> {
    const cycle = await insertCycle(this.#db, 'model');
    const run = await insertReplicaRun(this.#db, cycle, this.replicaId, 'model');
    if (run === null) throw new Error('a run is open already');
    const context = { tables: tablesToJson(TABLES), findings: this.#findings() };
    await this.#db
      .updateTable('sync_runs')
      .set({ phase: 'documents', context: JSON.stringify(context), started_at: new Date(this.now) })
      .where('id', '=', run)
      .execute();
    return run;
  }

  #findings() {
    const marked = (trashed: boolean) =>
      this.replica.copies.some((copy) => copy.trashed === trashed && (copy.asn ?? 0) >= ASN_BASE)
        ? [this.master.id]
        : [];
    return {
      generation: this.replica.generation,
      tokenUser: 1,
      masterSubset: false,
      foreignDocuments: 0,
      marked: marked(false),
      markedInTrash: marked(true),
      trashMarks: [],
      clockOffsetMs: 0,
    };
  }

  #deps(process: Process): EngineDeps {
    const quiet = () => undefined;
    const nothing = () => Promise.resolve();
    return {
      db: this.#db,
      workerId: process.worker,
      controllerId: 'c0ffee00',
      instances: {
        master: () => Promise.resolve(this.#reader()),
        replica: () => Promise.resolve(this.#writer(process)),
      },
      queue: { cycle: nothing, replica: nothing, chunks: nothing, documents: nothing, verify: nothing },
      scratch: this.#scratch,
      log: { info: quiet, warning: quiet, error: quiet },
      metrics: { documentSettled: quiet, runClosed: quiet },
      clock: { now: () => new Date(this.now), monotonic: () => this.now },
      pace: NO_PACE,
      timings: { ...ENGINE_TIMINGS, quickLooksMs: [], ...this.#options.timings },
      settings: () => Promise.resolve(this.settings),
      busy: new Busy(),
      leader: {
        epoch: () => 1,
        isLeader: () => true,
        asLeader: (work) => this.#db.transaction().execute(work),
      },
      wake: quiet,
      racePoint: (name) => this.#point(process, name),
    };
  }

  async #point(process: Process, name: string): Promise<void> {
    // The row has the database's own time, which knows nothing of the model's.
    if (name === 'intent.after')
      await this.#db
        .updateTable('upload_attempts')
        .set({ posted_at: new Date(this.now) })
        .where('link_id', '=', this.linkId)
        .where('state', '=', 'sending')
        .execute();
    await this.network.point(process, name);
  }

  /** The master always answers: its faults are none of the upload's. */
  #reader(): PaperlessReader {
    const checksum = { algorithm: 'md5', hex: FACTS.md5 } as const;
    const download = async (path: string) => {
      await writeFile(path, FILE);
      return FACTS;
    };
    return whole<PaperlessReader>({
      document: () => Promise.resolve(this.master),
      originalChecksum: () => Promise.resolve(checksum),
      byAsn: () => Promise.resolve(null),
      downloadOriginal: (_id, path) => download(path),
      downloadVersion: (_id, _version, path) => download(path),
      versionFacts: () =>
        Promise.resolve({
          checksum: { algorithm: 'sha256', hex: FACTS.sha256 },
          size: FACTS.size,
          fileName: 'letter.txt',
        }),
    });
  }

  #writer(process: Process): PaperlessWriter {
    const { replica, network } = this;
    const answers = replica.answers() as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const reads = Object.fromEntries(
      READS.map((name) => [
        name,
        (...args: unknown[]) => network.request(process, name, 'read', () => answers[name]?.(...args)),
      ]),
    ) as Partial<PaperlessWriter>;
    const write = <T>(what: string, serve: () => T) => network.request(process, what, 'write', serve);
    const bend = this.#options.bend ?? ((request) => request);
    return whole<PaperlessWriter>({
      target: this.replicaId,
      ...reads,
      upload: (request) => write('upload', () => ({ taskId: replica.accept(bend(request)), serverDate: this.now })),
      patchDocument: (id, body) => write('patch', () => replica.patch(id, body)),
      restoreDocument: (id) => write('restore', () => replica.restore(id)),
      trashDocument: (id) => write('trash', () => replica.trash(id)),
    });
  }
}

/** What the model does not know would be answered wrongly: better it is not answered at all. */
function whole<T extends object>(part: Partial<T>): T {
  return new Proxy(part as T, {
    get(object, name): unknown {
      if (name in object || typeof name === 'symbol' || name === 'then') return Reflect.get(object, name);
      throw new Error(`the model has no ${name}`);
    },
  });
}

const TABLES = {
  taxonomy: { tag: new Map(), correspondent: new Map(), document_type: new Map(), storage_path: new Map() },
  unmapped: new Map(),
  fields: new Map(),
  users: new Map([[1, 1]]),
  groups: new Map(),
  userNames: new Map([[1, 'admin']]),
  groupNames: new Map(),
  tokenUser: 1,
  unknownOwner: 'token_user' as const,
  tagParents: new Map(),
};

export async function openScratch(): Promise<{ scratch: Scratch; close(): Promise<void> }> {
  const dir = await mkdtemp(join(fastFolder(), 'pngx-model-'));
  return { scratch: await Scratch.open(dir), close: () => rm(dir, { recursive: true, force: true }) };
}
