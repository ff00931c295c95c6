import { type ChildProcess, spawn } from 'node:child_process';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const START_LIMIT_MS = 60_000;
/** The controller drains for up to 25 s (R4); a simulator needs no time at all. */
const STOP_LIMIT_MS = 30_000;
const KEPT_LINES = 25;

export interface ChildOptions {
  readonly name: string;
  /** Below the project's folder. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Told from the lines it prints, which may name other addresses too. */
  readonly findUrl?: (line: string) => string | null;
  /** Told of a death that nobody ordered; `fail` makes it an accident, as it is without this. */
  readonly onDeath?: (fail: () => void) => void;
}

export interface Child {
  readonly name: string;
  readonly url: string;
  readonly pid: number;
  lastOutput(): string;
  stop(): Promise<void>;
}

/** All processes of one demo: they end together, whatever happens to it. */
export class Household {
  readonly #processes = new Set<ChildProcess>();
  #ending = false;
  #fail: (reason: Error) => void = () => undefined;
  /** Rejects when a child dies that nobody told to. */
  readonly accident: Promise<never>;

  constructor() {
    this.accident = new Promise((_, reject) => (this.#fail = reject));
    // Whoever waits hears of it; if nobody waits any more, it is no fault of the process.
    this.accident.catch(() => undefined);
    // The last resort, when this process ends without its own order.
    process.once('exit', () => this.#killAll());
  }

  async start(options: ChildOptions): Promise<Child> {
    const child = spawn(process.execPath, ['--import', 'tsx', `${ROOT}${options.script}`, ...(options.args ?? [])], {
      cwd: ROOT,
      env: { ...plainEnvironment(), ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: Ctrl-C reaches this process alone, which then ends the others in order.
      detached: true,
    });
    this.#processes.add(child);
    const lines: string[] = [];
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const story = () => lines.slice(-KEPT_LINES).join('\n');
    const url = await this.#untilUrl(child, options, lines).catch((error: Error) => {
      throw new Error(`${options.name} did not start: ${error.message}\n${story()}`);
    });
    let stopping = false;
    child.once('exit', (code, signal) => {
      if (stopping || this.#ending) return;
      this.#processes.delete(child);
      const how = signal ?? `exit code ${code}`;
      const fail = () => this.#fail(new Error(`${options.name} died (${how}). Its last output:\n${story()}`));
      if (options.onDeath === undefined) fail();
      else options.onDeath(fail);
    });
    const stop = async () => {
      stopping = true;
      await this.#end(child, ended);
    };
    return { name: options.name, url, pid: child.pid ?? 0, lastOutput: story, stop };
  }

  /** The youngest first: the controller ends its work while its instances still answer. */
  async close(): Promise<void> {
    this.#ending = true;
    for (const child of [...this.#processes].reverse()) {
      await this.#end(child, new Promise((resolve) => child.once('close', () => resolve())));
    }
  }

  #untilUrl(child: ChildProcess, { findUrl = firstUrl }: ChildOptions, lines: string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no address within a minute')), START_LIMIT_MS);
      const settle = (act: () => void) => {
        clearTimeout(timer);
        act();
      };
      const read = (line: string) => {
        lines.push(line);
        if (lines.length > KEPT_LINES * 4) lines.splice(0, KEPT_LINES);
        const url = findUrl(line);
        if (url !== null) settle(() => resolve(url));
      };
      for (const output of [child.stdout, child.stderr]) readLines(output, read);
      child.once('error', (error) => settle(() => reject(error)));
      child.once('close', (code) => settle(() => reject(new Error(`it ended with code ${code}`))));
    });
  }

  async #end(child: ChildProcess, ended: Promise<void>): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      await ended;
      clearTimeout(timer);
    }
    this.#processes.delete(child);
  }

  #killAll(): void {
    for (const child of this.#processes) if (child.exitCode === null) child.kill('SIGKILL');
  }
}

/**
 * Nothing of this process' own environment: a DATABASE_URL or REDIS_URL that happens to be set must not turn the demo loose
 * on somebody's real database.
 */
function plainEnvironment(): Record<string, string> {
  const path = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
  return { PATH: path, HOME: homedir(), TMPDIR: tmpdir() };
}

export function firstUrl(line: string): string | null {
  return /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? null;
}

function readLines(output: NodeJS.ReadableStream | null, read: (line: string) => void): void {
  let rest = '';
  output?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) read(line);
  });
}
