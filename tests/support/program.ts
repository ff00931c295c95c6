/** A program of ours as a child process, the way a supervisor runs it: environment in, lines and an exit code out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { waitFor } from './wait.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface Program {
  readonly pid: number;
  /** Everything it wrote so far. */
  stdout(): string;
  stderr(): string;
  signal(signal: NodeJS.Signals): void;
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Where it listens, as soon as it says so. */
  url(): Promise<string>;
}

const running = new Set<ChildProcess>();

/**
 * `node --import tsx` and no wrapper, so that signals and kills reach the program itself. Nothing of our environment leaks in
 * but where compiled code is kept.
 */
export function startProgram(script: string, env: Record<string, string>, args: readonly string[] = []): Program {
  const { PATH = '', HOME = '/', NODE_COMPILE_CACHE = '' } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    cwd: ROOT,
    env: { PATH, HOME, NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let result: number | NodeJS.Signals | undefined;
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => {
      running.delete(child);
      result = code ?? signal ?? 1;
      resolve(result);
    });
  });
  return {
    pid: child.pid ?? 0,
    stdout: () => stdout,
    stderr: () => stderr,
    signal: (signal) => void child.kill(signal),
    ended,
    url: () =>
      waitFor(
        'the program to listen',
        () => {
          if (result !== undefined) throw new Error(`it ended with ${result}:\n${stdout}\n${stderr}`);
          return /listening on (http:\/\/\S+?)"?[\s,}]/.exec(stdout)?.[1];
        },
        60_000,
      ),
  };
}

/** For `afterAll`: a failed test must not leave programs behind. */
export async function endPrograms(): Promise<void> {
  const ends = [...running].map(
    (child) =>
      new Promise<void>((resolve) => {
        child.once('close', () => resolve());
        child.kill('SIGTERM');
      }),
  );
  await Promise.all(ends);
}
