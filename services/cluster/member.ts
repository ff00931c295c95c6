/** One process of a cluster under its name: started, stopped, killed and frozen as often as one likes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { delay, SECOND } from '../../shared/kernel/clock.ts';

export type MemberKind = 'api' | 'worker' | 'redis' | 'postgres';
export type MemberEnd = number | NodeJS.Signals;

export interface Member {
  readonly name: string;
  readonly kind: MemberKind;
  /** Where it answers: `http://` for api and worker (its health), the server's own scheme otherwise. Never changes. */
  readonly url: string;
  /** Null while it does not run. */
  readonly pid: number | null;
  readonly logFile: string;
  /** Resolves when it is ready for work. */
  start(): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  resume(): void;
  /** As its supervisor would: SIGTERM, and SIGKILL when it does not end in time. */
  stop(): Promise<MemberEnd | null>;
}

export interface ProcessPlan {
  readonly name: string;
  readonly kind: MemberKind;
  readonly url: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly environment: () => Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly pidFile: string;
  readonly ready: () => Promise<boolean>;
  /** Told when it ended and nobody had asked it to. */
  readonly onAccident: (name: string, end: MemberEnd) => void;
}

const START_LIMIT_MS = 90 * SECOND;
/** A controller's process drains for up to 25 s (R4). */
const STOP_LIMIT_MS = 30 * SECOND;

export class ProcessMember implements Member {
  readonly #plan: ProcessPlan;
  #child: ChildProcess | null = null;
  #ended: Promise<MemberEnd> = Promise.resolve(0);
  #expected = false;

  constructor(plan: ProcessPlan) {
    this.#plan = plan;
  }

  get name(): string {
    return this.#plan.name;
  }
  get kind(): MemberKind {
    return this.#plan.kind;
  }
  get url(): string {
    return this.#plan.url;
  }
  get logFile(): string {
    return this.#plan.logFile;
  }
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async start(): Promise<void> {
    if (this.#child !== null) throw new Error(`${this.name} runs already.`);
    await this.#spawn();
    const deadline = performance.now() + START_LIMIT_MS;
    while (!(await this.#plan.ready().catch(() => false))) {
      if (this.#child === null) throw new Error(`${this.name} did not start: ${await lastLines(this.logFile)}`);
      if (performance.now() > deadline) throw new Error(`${this.name} was not ready within ${START_LIMIT_MS} ms.`);
      await delay(100);
    }
  }

  async #spawn(): Promise<void> {
    const { command, args, cwd, environment, logFile, pidFile } = this.#plan;
    const log = openSync(logFile, 'a', 0o600);
    const child = spawn(command, args, {
      cwd,
      env: environment(),
      // A file, not a pipe: what a killed starter leaves behind must not die of its output.
      stdio: ['ignore', log, log],
      // A group of its own: Ctrl-C reaches the starter alone, which then ends everybody in order.
      detached: true,
    });
    closeSync(log);
    this.#expected = false;
    this.#child = child;
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        if (this.#child === child) this.#child = null;
        const end = code ?? signal ?? 1;
        void rm(pidFile, { force: true });
        if (!this.#expected) this.#plan.onAccident(this.name, end);
        resolve(end);
      });
    });
    this.#ended.catch(() => {
      if (this.#child === child) this.#child = null;
    });
    if (child.pid === undefined) await this.#ended;
    else await writeFile(pidFile, `${child.pid}\n`);
  }

  async kill(): Promise<void> {
    this.#expected = true;
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async stop(): Promise<MemberEnd | null> {
    const child = this.#child;
    if (child === null) return null;
    this.#expected = true;
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    return this.#ended.finally(() => clearTimeout(late));
  }
}

async function lastLines(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').slice(-5).join('\n');
}

export async function answersWell(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2 * SECOND) }).catch(() => null);
  return answer?.ok === true;
}
