/** Carries a plan out. A fault that cannot be injected any more (its target is down already) is not counted. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Fault, FaultKind } from './plan.ts';
import { WORKERS } from './plan.ts';
import type { Line } from './proxy.ts';
import type { Part, Stage } from './stage.ts';

export type Counts = Partial<Record<FaultKind, number>>;

export class Injector {
  readonly counts: Counts = {};
  readonly #stage: Stage;
  readonly #pending = new Set<Promise<unknown>>();
  readonly #ended = new AbortController();
  readonly #say: (text: string) => void;
  #redisIsDown = false;

  constructor(stage: Stage, say: (text: string) => void) {
    this.#stage = stage;
    this.#say = say;
  }

  async play(plan: readonly Fault[], untilMs: number): Promise<void> {
    const began = performance.now();
    const until = (ms: number) => pause(Math.max(0, ms - (performance.now() - began)));
    for (const fault of plan) {
      await until(fault.at);
      const work = this.#inject(fault).then(
        () => void (this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1),
        (error: Error) => this.#say(`not injected: ${fault.kind} ${fault.target}: ${error.message}`),
      );
      this.#pending.add(work.finally(() => this.#pending.delete(work)));
    }
    await until(untilMs);
  }

  /** Ends all faults at once and puts everything back. */
  async heal(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#pending);
    const { master, replicas, workers, apis } = this.#stage;
    for (const part of [...workers, ...apis]) {
      part.postgres.restore();
      part.redis?.restore();
      part.program.thaw();
      part.program.setClock(0);
    }
    for (const instance of [master, ...replicas]) await instance.heal();
  }

  async #last(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#ended.signal }).catch(() => undefined);
  }

  #inject(fault: Fault): Promise<unknown> {
    const { kind } = fault;
    if (kind.startsWith('worker-') || kind.startsWith('api-')) return this.#onProcess(fault);
    if (kind.startsWith('clock-')) return this.#onClock(fault);
    if (kind.startsWith('instance-') || kind.endsWith('-cut') || kind.endsWith('-hang')) return this.#onLine(fault);
    if (kind.startsWith('replica-')) return this.#onReplica(fault);
    return this.#onServer(fault);
  }

  async #onProcess({ kind, target, lastsMs }: Fault): Promise<void> {
    const { workers, apis } = this.#stage;
    const { program } = pick(kind.startsWith('worker') ? workers : apis, target);
    if (program.pid === undefined || program.isFrozen) throw new Error('it is down already');
    if (kind.endsWith('kill')) return program.kill(lastsMs);
    program.freeze();
    await this.#last(lastsMs);
    program.thaw();
  }

  async #onClock({ kind, target, lastsMs, step }: Fault): Promise<void> {
    if (kind === 'clock-process') {
      const { program } = this.#part(target);
      program.setClock(step);
      await this.#last(lastsMs);
      return program.setClock(0);
    }
    const instance = this.#instance(target);
    await instance.skewClock(step);
    await this.#last(lastsMs);
    await instance.skewClock(0).catch(() => undefined);
  }

  async #onLine({ kind, target, lastsMs }: Fault): Promise<void> {
    const line = this.#line(kind, target);
    if (!line) throw new Error('there is no such line');
    if (kind.endsWith('cut')) line.cut();
    else if (kind.endsWith('hang')) line.hold();
    else line.slowDown(300);
    await this.#last(lastsMs);
    line.restore();
  }

  #line(kind: FaultKind, target: number): Line | null {
    if (kind.startsWith('instance')) return this.#instance(target).line;
    const part = this.#part(target);
    return kind.startsWith('postgres') ? part.postgres : part.redis;
  }

  async #onReplica({ kind, target, lastsMs }: Fault): Promise<void> {
    const replica = pick(this.#stage.replicas, target);
    if (kind === 'replica-restart') return replica.restart(lastsMs);
    if (kind === 'replica-queue-wipe') return void (await replica.act('wipe-queue'));
    const [before, after] =
      kind === 'replica-queue-pause'
        ? (['pause-worker', 'resume-worker'] as const)
        : (['kill-worker', 'age-broker'] as const);
    await replica.act(before);
    await this.#last(lastsMs);
    await replica.act(after).catch(() => undefined);
  }

  async #onServer({ kind, target, lastsMs, rule }: Fault): Promise<unknown> {
    const { database, redis, replicas } = this.#stage;
    if (rule) return pick(replicas, target).arm(rule);
    if (kind === 'postgres-restart') return database.kill();
    if (!redis) throw new Error('there is no Redis');
    if (kind === 'redis-flush' && !this.#redisIsDown) return redis.flush();
    if (this.#redisIsDown) throw new Error('it is down already');
    this.#redisIsDown = true;
    await redis.stop();
    await this.#last(lastsMs);
    await redis.start();
    this.#redisIsDown = false;
    return undefined;
  }

  #part(target: number): Part {
    const { workers, apis } = this.#stage;
    return target < WORKERS ? pick(workers, target) : pick(apis, target - WORKERS);
  }

  #instance(target: number) {
    return pick([this.#stage.master, ...this.#stage.replicas], target);
  }
}

function pick<T>(things: readonly T[], at: number): T {
  const thing = things[at];
  if (thing === undefined) throw new Error(`there is no number ${at}`);
  return thing;
}
