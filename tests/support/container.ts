/** Runs what infra/ci/images built as a container engine would: read-only, as the image's user, process 1, no rights. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { BuiltImage } from '../../infra/ci/images/build.ts';
import type { Workshop } from '../../infra/ci/images/workshop.ts';
import { waitFor } from './wait.ts';

const run = promisify(execFile);

export interface ContainerOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** Path in the container to a directory of this machine; only these and tmpfs can be written to. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly tmpfs: readonly string[];
  /** Instead of the image's own. */
  readonly command?: readonly string[];
}

export interface Container {
  output(): string;
  /** Of process 1, as this machine sees it. */
  pid(): Promise<number>;
  /** Runs a program inside, as the image's user; null exit code where a signal ended it. */
  exec(...command: string[]): Promise<{ code: number | null; output: string }>;
  signal(signal: NodeJS.Signals): Promise<void>;
  readonly ended: Promise<number | NodeJS.Signals>;
}

const SETPRIV = ['--clear-groups', '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'];

export function startContainer(shop: Workshop, image: BuiltImage, options: ContainerOptions): Container {
  const { stage, layers } = image;
  const [uid = '', gid = ''] = (stage.user ?? '').split(':');
  const env = Object.entries({
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/',
    ...stage.env,
    ...options.environment,
  }).map(([name, value]) => `${name}=${value}`);
  const identity = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, ...SETPRIV, 'env', '-i', ...env];
  // An overlay without an upper layer cannot be written to.
  const script = `
    merged="$1/root"; mkdir -p "$merged"
    mount -t overlay overlay -o "ro,lowerdir=$2:/" "$merged"
    mount -t proc proc "$merged/proc"
    mount --rbind /dev "$merged/dev"
    for path in $3; do mount -t tmpfs -o mode=1777,noexec,nosuid,nodev tmpfs "$merged$path"; done
    for pair in $4; do mount --bind "\${pair#*=}" "$merged\${pair%%=*}"; done
    workdir="$5"; shift 5
    exec chroot "$merged" sh -c 'cd "$0" && exec "$@"' "$workdir" "$@"`;
  const [program = '', ...prefix] = shop.prefix;
  const child = spawn(
    program,
    [
      ...prefix,
      ...['--pid', '--fork', '--kill-child=SIGKILL', 'sh', '-euc', script, 'container'],
      ...[shop.dir, layers.join(':'), options.tmpfs.join(' ')],
      Object.entries(options.mounts)
        .map(([inside, outside]) => `${inside}=${outside}`)
        .join(' '),
      stage.workdir,
      ...identity,
      ...stage.entrypoint,
      ...(options.command ?? stage.cmd),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  return handleOf(child, stage.workdir, identity);
}

function handleOf(child: ChildProcess, workdir: string, identity: readonly string[]): Container {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once('close', (code, signal) => resolve(code ?? signal ?? 1)),
  );
  const pid = () =>
    waitFor('process 1 of the container', async () => {
      if (child.exitCode !== null) throw new Error(`the container ended with ${child.exitCode}:\n${output}`);
      const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').catch(() => '');
      return children.trim() === '' ? null : Number(children.trim().split(' ')[0]);
    });
  return {
    output: () => output,
    pid,
    ended,
    async exec(...command) {
      const target = ['--target', String(await pid()), '--mount', '--pid', '--root', `--wdns=${workdir}`];
      return run('nsenter', [...target, ...identity, ...command]).then(
        ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
        (error: Error & { code?: number; stdout?: string; stderr?: string }) => ({
          code: typeof error.code === 'number' ? error.code : null,
          output: `${error.stdout ?? ''}${error.stderr ?? ''}`,
        }),
      );
    },
    signal: async (signal) => void process.kill(await pid(), signal),
  };
}
