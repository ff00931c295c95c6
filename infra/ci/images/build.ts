/**
 * Builds the stages of a Dockerfile into folders, step by step, without a container engine: an overlay of this machine's
 * Debian stands for the base image, RUN is run in it, COPY copies. What comes out is the exact set of files that an image
 * adds to its base. Needs root, for mounts that end with the step.
 */
import { chmod, copyFile, cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { contextFiles } from './context.ts';
import { parseDockerfile, type Stage, type Step } from './dockerfile.ts';
import type { Workshop } from './workshop.ts';

export interface BuiltImage {
  readonly stage: Stage;
  /** Directories of the workshop, the topmost first, and last what the base image adds to this machine. */
  readonly layers: readonly string[];
}

export interface Builder {
  build(dockerfile: string, target: string): Promise<BuiltImage>;
}

/** `node`: the program that the base image brings as /usr/local/bin/node. */
export function createBuilder(root: string, shop: Workshop, node: string): Builder {
  const done = new Map<string, Promise<string[]>>();
  let base: Promise<string> | undefined;
  let files: Promise<string[]> | undefined;
  let count = 0;

  const layersOf = (stages: ReadonlyMap<string, Stage>, name: string): Promise<string[]> => {
    const stage = stages.get(name);
    if (stage === undefined) return (base ??= makeBase(shop, join(shop.dir, 'base'), node)).then((dir) => [dir]);
    // Both files begin alike: what is the same is built once.
    const key = recipe(stages, stage);
    const known = done.get(key) ?? buildStage(stages, stage);
    done.set(key, known);
    return known;
  };

  const buildStage = async (stages: ReadonlyMap<string, Stage>, stage: Stage): Promise<string[]> => {
    const below = await layersOf(stages, stage.parent);
    const dir = join(shop.dir, `${count++}-${stage.name}`);
    const layer = { upper: join(dir, 'files'), scratch: join(dir, 'work'), merged: join(dir, 'merged') };
    for (const path of Object.values(layer)) await mkdir(shop.outside(path), { recursive: true });
    for (const step of stage.steps) {
      await mkdir(shop.outside(join(layer.upper, step.workdir)), { recursive: true });
      if (step.name === 'RUN') await runStep(shop, step, stage, layer, below);
      else if (step.from !== undefined) await copyFromStage(shop, step, await layersOf(stages, step.from), layer);
      else await copyFromContext(step, root, await (files ??= contextFiles(root)), shop.outside(layer.upper));
    }
    return [layer.upper, ...below];
  };

  return {
    async build(dockerfile, target) {
      const stages = parseDockerfile(await readFile(join(root, dockerfile), 'utf8'));
      const stage = stages.get(target);
      if (stage === undefined) throw new Error(`${dockerfile} has no target ${target}.`);
      return { stage, layers: await layersOf(stages, target) };
    },
  };
}

function recipe(stages: ReadonlyMap<string, Stage>, stage: Stage): string {
  const parent = stages.get(stage.parent);
  const sources = stage.steps.map(({ from }) => (from === undefined ? undefined : stages.get(from)));
  return JSON.stringify([
    parent === undefined ? stage.parent : recipe(stages, parent),
    stage.steps,
    sources.map((source) => source && recipe(stages, source)),
  ]);
}

/** What the official image of Node has and this machine may not: node itself, and a user with the number 1000. */
async function makeBase(shop: Workshop, inside: string, node: string): Promise<string> {
  const dir = shop.outside(inside);
  await mkdir(join(dir, 'usr/local/bin'), { recursive: true });
  await copyFile(node, join(dir, 'usr/local/bin/node'));
  await chmod(join(dir, 'usr/local/bin/node'), 0o755);
  await mkdir(join(dir, 'etc'), { recursive: true });
  const passwd = await readFile('/etc/passwd', 'utf8');
  const others = passwd.split('\n').filter((line) => line !== '' && line.split(':')[2] !== '1000');
  await writeFile(join(dir, 'etc/passwd'), `${[...others, 'node:x:1000:1000::/tmp:/bin/sh'].join('\n')}\n`);
  return inside;
}

interface Layer {
  readonly upper: string;
  readonly scratch: string;
  readonly merged: string;
}

async function runStep(
  shop: Workshop,
  step: Step,
  stage: Stage,
  layer: Layer,
  below: readonly string[],
): Promise<void> {
  const script = `
    mount -t overlay overlay -o "lowerdir=$1:/,upperdir=$2,workdir=$3" "$4"
    mount -t proc proc "$4/proc"
    mount --rbind /dev "$4/dev"
    exec chroot "$4" /bin/sh -euc 'cd "$1" && shift && exec env "$@"' run "$5" PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \\
      HOME=/root DEBIAN_FRONTEND=noninteractive npm_config_prefer_offline=true npm_config_loglevel=error \\
      $6 /bin/sh -ec "$7"`;
  const env = Object.entries(stage.env).map(([name, value]) => `${name}=${value}`);
  const { upper, scratch, merged } = layer;
  await shop.run(script, below.join(':'), upper, scratch, merged, step.workdir, env.join(' '), step.args[0] ?? '');
}

async function copyFromStage(shop: Workshop, step: Step, layers: readonly string[], layer: Layer): Promise<void> {
  const [source = '', target = ''] = step.args;
  const to = join(layer.upper, resolve(step.workdir, target));
  const script = 'mount -t overlay overlay -o "lowerdir=$1:/" "$2"; mkdir -p "$5"; cp -a "$2$3" "$4"';
  await shop.run(script, layers.join(':'), layer.merged, source, to, dirname(to));
}

async function copyFromContext(step: Step, root: string, files: readonly string[], upper: string): Promise<void> {
  const sources = step.args.slice(0, -1);
  const target = step.args.at(-1) ?? '';
  const intoDir = target.endsWith('/') || sources.length > 1;
  const to = resolve(step.workdir, target);
  for (const source of sources) {
    const single = (await stat(join(root, source))).isFile();
    const found = single
      ? files.filter((file) => file === source)
      : files.filter((file) => file.startsWith(`${source}/`));
    if (found.length === 0) throw new Error(`COPY ${source}: the context does not have it. See .dockerignore.`);
    for (const file of found) {
      const inside = single ? (intoDir ? join(to, basename(file)) : to) : join(to, file.slice(source.length + 1));
      // `./` of a WORKDIR is a directory, also without the slash.
      const path = join(upper, single && to === step.workdir ? join(to, basename(file)) : inside);
      await mkdir(dirname(path), { recursive: true });
      await cp(join(root, file), path);
      if (step.mode !== undefined) await chmod(path, step.mode);
    }
  }
}
