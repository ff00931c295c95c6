import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LEASH = fileURLToPath(new URL('processes/leash.ts', import.meta.url));

export interface ProgramSpec {
  readonly name: string;
  /** Below the project's folder. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly logFile: string;
}

const alive = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

/** A program under a supervisor that starts it again whenever it ends, as compose or Kubernetes would. */
export class Supervised {
  readonly spec: ProgramSpec;
  /** How it ended when nobody had killed it. */
  readonly ends: string[] = [];
  #child: ChildProcess | null = null;
  #wanted = false;
  #restartMs = 500;
  #killed = false;
  #frozen = false;

  constructor(spec: ProgramSpec) {
    this.spec = spec;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isFrozen(): boolean {
    return this.#frozen;
  }

  start(): void {
    this.#wanted = true;
    const { script, args = [], env = {}, logFile } = this.spec;
    const { PATH = '', HOME = '/', NODE_COMPILE_CACHE = '' } = process.env;
    const child = spawn(process.execPath, ['--import', 'tsx', '--import', LEASH, `${ROOT}${script}`, ...args], {
      cwd: ROOT,
      env: { PATH, HOME, NODE_COMPILE_CACHE, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    alive.add(child);
    const log = createWriteStream(logFile, { flags: 'a' });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    let said = '';
    child.stderr?.on('data', (text: Buffer) => (said = `: ${text.toString().trim()}`));
    child.on('error', () => undefined);
    child.once('close', (code, signal) => {
      alive.delete(child);
      log.end(`-- ended: ${signal ?? code}\n`);
      if (!this.#killed && this.#wanted) this.ends.push(`${this.spec.name} ended with ${signal ?? code}${said}`);
      this.#killed = false;
      this.#frozen = false;
      this.#child = null;
      if (this.#wanted) void pause(this.#restartMs).then(() => this.#wanted && this.#child === null && this.start());
    });
    this.#child = child;
  }

  /** kill -9; it is back after so many milliseconds. */
  kill(backAfterMs: number): void {
    this.#restartMs = backAfterMs;
    this.#killed = true;
    this.#child?.kill('SIGKILL');
  }

  freeze(): void {
    this.#frozen = this.#child?.kill('SIGSTOP') ?? false;
  }

  thaw(): void {
    if (this.#frozen) this.#child?.kill('SIGCONT');
    this.#frozen = false;
  }

  setClock(skewMs: number): void {
    if (this.#child?.connected) this.#child.send({ skewMs }, () => undefined);
  }

  async stop(limitMs = 10_000): Promise<void> {
    this.#wanted = false;
    const child = this.#child;
    if (!child) return;
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.thaw();
    child.kill('SIGTERM');
    await Promise.race([ended, pause(limitMs)]);
    child.kill('SIGKILL');
    await ended;
  }
}
