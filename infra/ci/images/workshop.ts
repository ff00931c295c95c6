/** A place for layers: a file system of its own in a mount namespace of its own, gone when it is closed or we are. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Workshop {
  /** Where its files are, seen from inside. */
  readonly dir: string;
  /** The same path as this process reaches it. */
  outside(path: string): string;
  /** How to start a program inside, in a namespace whose own mounts end with it. */
  readonly prefix: readonly string[];
  /** A shell script with $1, $2 ... */
  run(script: string, ...args: string[]): Promise<string>;
  close(): Promise<void>;
}

export async function openWorkshop(): Promise<Workshop> {
  const dir = await mkdtemp(join(tmpdir(), 'pngx-images-'));
  // In memory, since no layer of an overlay may lie below another one, and the lowest is this machine's root.
  const script = 'mount -t tmpfs -o size=4g,mode=755 tmpfs "$1" && echo ready && exec cat';
  const holder = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'hold', dir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await ready(holder);
  const prefix = ['nsenter', `--mount=/proc/${holder.pid}/ns/mnt`, 'unshare', '--mount', '--propagation', 'private'];
  return {
    dir,
    outside: (path) => `/proc/${holder.pid}/root${path}`,
    prefix,
    async run(text, ...args) {
      const [program = '', ...rest] = [...prefix, 'sh', '-euc', text, 'step', ...args];
      const { stdout } = await run(program, rest, { maxBuffer: 64 * 1024 * 1024 }).catch(
        (error: Error & { stderr?: string; stdout?: string }) => {
          throw new Error(`${error.message}\n${error.stdout ?? ''}\n${error.stderr ?? ''}`);
        },
      );
      return stdout;
    },
    async close() {
      const ended = new Promise((resolve) => holder.once('exit', resolve));
      // Its shell waits for the end of its input, so it ends with this process in any case.
      holder.stdin?.end();
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function ready(holder: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    holder.stdout?.once('data', () => resolve());
    holder.once('error', reject);
    holder.once('exit', (code) => reject(new Error(`no mount namespace (exit code ${code})`)));
  });
}
