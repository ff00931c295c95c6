/** A master and a replica that are in step, a worker, and the questions that the tests of verification ask. */
import { findVerification, ledgerOf, type Receipt } from './receipts.ts';
import type { Finding, Verification } from '../../../shared/db/tables.ts';
import type { Depth, FindingKind } from '../../../shared/domain/verification.ts';
import { openQueueBackend, type QueueBackend } from '../../../shared/queue/backend.ts';
import { createProducer } from '../../../shared/queue/producer.ts';
import type { EngineQueue } from '../../../shared/replication/deps.ts';
import { engineQueue } from '../../../shared/replication/engine-queue.ts';
import { openVerification, type VerificationRequest } from '../../../shared/replication/verify-open.ts';
import { Controller, type ControllerOptions } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { queuePrefix } from '../../support/test-worker.ts';
import { waitFor } from '../../support/wait.ts';

const isSettled = ({ state, reason }: Finding) => state === 'repaired' || (state === 'open' && reason !== null);

type Generation = 'v2' | 'v3';

export class Stage {
  readonly master: Simulator;
  readonly replica: Simulator;
  readonly controller: Controller;
  readonly #backend: QueueBackend;

  private constructor(master: Simulator, replica: Simulator, controller: Controller, backend: QueueBackend) {
    this.master = master;
    this.replica = replica;
    this.controller = controller;
    this.#backend = backend;
  }

  /** Documents 1 to `documents` on the master, copied by one cycle. */
  static async inStep(
    [from, to]: readonly [Generation, Generation],
    documents: number,
    options: Partial<ControllerOptions> & { prepare?: (master: Simulator) => Promise<void> } = {},
  ): Promise<Stage> {
    const { prepare, ...rest } = options;
    const master = await simulator(from);
    const replica = await simulator(to);
    for (let n = 1; n <= documents; n += 1) await uploadText(master, `doc-${n}`);
    await master.idle();
    await prepare?.(master);
    await master.idle();
    const controller = await Controller.start({ master, replicas: { copy: replica }, ...rest });
    const url = controller.database.url;
    const backend = await openQueueBackend({
      databaseUrl: url,
      redisUrl: rest.redisUrl,
      workers: 0,
      prefix: queuePrefix(url),
    });
    const stage = new Stage(master, replica, controller, backend);
    if (!rest.idle) await stage.cycle();
    return stage;
  }

  async cycle(): Promise<void> {
    const run = await this.controller.cycle();
    if (run.outcome !== 'ok') throw new Error(`the cycle ended as ${run.outcome}: ${run.error_msg}`);
  }

  open(request: Partial<VerificationRequest> & { depth: Depth }): Promise<number> {
    return this.#open(request, engineQueue(createProducer(this.#backend)));
  }

  /** As when the queue was flushed right after it took the job. */
  openWithoutJob(depth: Depth): Promise<number> {
    const queue = { ...engineQueue(createProducer(this.#backend)), verify: () => Promise.resolve() };
    return this.#open({ depth }, queue);
  }

  async #open(request: Partial<VerificationRequest> & { depth: Depth }, queue: EngineQueue): Promise<number> {
    const { id } = await this.controller.replica('copy');
    const { verificationId } = await openVerification(
      { db: this.controller.db, queue, log: this.controller.log },
      { replicaId: id, scope: 'replica', trigger: 'manual', askedBy: 'test', ...request },
    );
    return verificationId;
  }

  ended(id: number, timeoutMs = 60_000): Promise<Verification> {
    return waitFor(
      `verification ${id} to end`,
      async () => {
        const verification = await findVerification(this.controller.db, id);
        return verification?.finished_at ? verification : null;
      },
      timeoutMs,
    );
  }

  async verify(depth: Depth, more: Partial<VerificationRequest> = {}): Promise<Receipt> {
    const verification = await this.ended(await this.open({ depth, ...more }));
    return { verification, rows: await ledgerOf(this.controller.db, verification.id) };
  }

  findings(): Promise<Finding[]> {
    return this.controller.db.selectFrom('findings').selectAll().orderBy('id').execute();
  }

  async finding(kind: FindingKind): Promise<Finding> {
    const [found, ...more] = (await this.findings()).filter((one) => one.kind === kind);
    if (!found || more.length > 0) throw new Error(`${more.length + (found ? 1 : 0)} findings ${kind}`);
    return found;
  }

  /** Repaired by a cycle of its own and verified again, or open after all with a reason. */
  settled(id: number): Promise<Finding> {
    return waitFor(
      `finding ${id} to be settled`,
      async () => {
        const found = (await this.findings()).find((one) => one.id === id);
        return found && isSettled(found) ? found : null;
      },
      60_000,
    );
  }

  async allSettled(): Promise<void> {
    const open = async () => (await this.findings()).every((one) => one.state !== 'repairing');
    await waitFor('all repairs to be settled', open, 60_000);
  }

  async copyOf(masterId: number): Promise<number> {
    const link = (await this.controller.links()).find((one) => one.master_doc_id === masterId);
    return link?.replica_doc_id ?? 0;
  }

  /** As a person would, on the replica. */
  ask(method: string, path: string, body?: Record<string, unknown> | FormData): Promise<unknown> {
    return ask(this.replica, method, path, body);
  }

  async stop(): Promise<void> {
    await this.controller.stop();
    await this.#backend.close();
    await this.master.stop();
    await this.replica.stop();
  }
}
