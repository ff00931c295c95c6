/** Reads a Dockerfile as far as ours go; what it does not know is an error, so that no step is passed over. */
import { z } from 'zod';

export interface Step {
  readonly name: 'COPY' | 'RUN';
  readonly from: string | undefined;
  readonly mode: number | undefined;
  /** COPY: sources and, last, the target. RUN: one shell command. */
  readonly args: readonly string[];
  readonly workdir: string;
}

export interface Stage {
  readonly name: string;
  /** Another stage, or an image. */
  readonly parent: string;
  readonly steps: readonly Step[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  readonly user: string | undefined;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly healthcheck: readonly string[];
  readonly volumes: readonly string[];
  readonly stopSignal: string | undefined;
}

type Draft = { -readonly [K in keyof Stage]: Stage[K] };

const words = z.array(z.string());

/** All stages by name; each has what its parent stage had. */
export function parseDockerfile(text: string): Map<string, Stage> {
  const stages = new Map<string, Draft>();
  const globals = new Map<string, string>();
  let stage: Draft | undefined;
  for (const line of logicalLines(text)) {
    const [, name = '', rest = ''] = /^([A-Z]+)\s+([\s\S]*)$/.exec(line) ?? [];
    if (name === 'ARG' && stage === undefined) {
      const [key = '', value = ''] = rest.split('=');
      globals.set(key, value);
    } else if (name === 'FROM') {
      stage = openStage(rest, globals, stages);
      stages.set(stage.name, stage);
    } else if (stage === undefined) throw new Error(`Before the first FROM: ${line}`);
    else apply(stage, name, rest);
  }
  return stages;
}

function logicalLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function openStage(rest: string, globals: ReadonlyMap<string, string>, known: ReadonlyMap<string, Draft>): Draft {
  const [, image = '', name = ''] = /^(\S+)\s+AS\s+(\S+)$/.exec(rest) ?? [];
  if (name === '') throw new Error(`FROM without a name: ${rest}`);
  const parent = image.replace(/\$\{(\w+)\}/g, (_, key: string) => globals.get(key) ?? '');
  const inherited = known.get(parent);
  return {
    ...(inherited ?? {
      env: {},
      workdir: '/',
      user: undefined,
      entrypoint: [],
      cmd: [],
      healthcheck: [],
      volumes: [],
      stopSignal: undefined,
    }),
    name,
    parent,
    steps: [],
  };
}

function apply(stage: Draft, name: string, rest: string): void {
  const parse = () => words.parse(JSON.parse(rest));
  if (name === 'COPY') stage.steps = [...stage.steps, copyStep(rest, stage.workdir)];
  else if (name === 'RUN')
    stage.steps = [
      ...stage.steps,
      { name: 'RUN', from: undefined, mode: undefined, args: [rest], workdir: stage.workdir },
    ];
  else if (name === 'WORKDIR') stage.workdir = rest;
  else if (name === 'ENV')
    stage.env = { ...stage.env, ...Object.fromEntries(rest.split(/\s+/).map((pair) => pair.split('=', 2))) };
  else if (name === 'USER') stage.user = rest;
  else if (name === 'ENTRYPOINT') stage.entrypoint = parse();
  else if (name === 'CMD') stage.cmd = parse();
  else if (name === 'VOLUME') stage.volumes = parse();
  else if (name === 'STOPSIGNAL') stage.stopSignal = rest;
  else if (name === 'HEALTHCHECK')
    stage.healthcheck = rest === 'NONE' ? [] : words.parse(JSON.parse(/CMD (\[.*\])$/.exec(rest)?.[1] ?? 'null'));
  else if (name !== 'EXPOSE') throw new Error(`Not foreseen in a Dockerfile of ours: ${name} ${rest}`);
}

function copyStep(rest: string, workdir: string): Step {
  const parts = rest.split(/\s+/);
  const flags = new Map(
    parts.filter((part) => part.startsWith('--')).map((part) => part.slice(2).split('=', 2) as [string, string]),
  );
  for (const flag of flags.keys()) if (flag !== 'from' && flag !== 'chmod') throw new Error(`COPY --${flag}`);
  const mode = flags.get('chmod');
  return {
    name: 'COPY',
    from: flags.get('from'),
    mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
    args: parts.filter((part) => !part.startsWith('--')),
    workdir,
  };
}
