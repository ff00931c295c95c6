import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { simulator } from '../support/simulator.ts';
import { LATER, LEFT_OUT } from './left-out.ts';
import { Replay } from './replay.ts';
import { readTranscript } from './transcript.ts';

const FILES = new URL('./files/', import.meta.url);
const GENERATIONS = { 'v2.20.15': 'v2', 'v3.0.5': 'v3' } as const;

for (const [version, profile] of Object.entries(GENERATIONS)) {
  const folder = new URL(`./${version}/`, import.meta.url);
  const names = readdirSync(folder).map((file) => file.replace(/\.jsonl$/, ''));

  describe(`the ${profile} simulator answers as paperless-ngx ${version} did`, () => {
    for (const name of names.filter((candidate) => !(candidate in LATER))) {
      it(`in ${name}`, async () => {
        expect(await replay(folder, name, profile)).toEqual([]);
      });
    }
  });

  it(`leaves out at most one step in twenty of ${version}`, () => {
    const required = names.filter((name) => !(name in LATER));
    const steps = required.flatMap((name) => readTranscript(new URL(`${name}.jsonl`, folder).pathname));
    const left = LEFT_OUT.filter(({ transcript }) => transcript.startsWith(`${version}/`));
    expect(left.length / steps.length).toBeLessThanOrEqual(0.05);
  });
}

async function replay(folder: URL, name: string, profile: 'v2' | 'v3'): Promise<string[]> {
  const instance = await simulator(profile);
  try {
    const run = new Replay(instance, FILES);
    const found: string[] = [];
    for (const [at, step] of readTranscript(new URL(`${name}.jsonl`, folder).pathname).entries()) {
      const place = `${folder.pathname.split('/').at(-2)}/${name}`;
      const isLeftOut = LEFT_OUT.some((left) => left.transcript === place && left.line === at + 1);
      const differences = await run.step(step);
      if (isLeftOut || differences.length === 0) continue;
      found.push(
        `${at + 1} ${step.request.method} ${step.request.path} (${step.note}): ${differences.slice(0, 4).join('; ')}`,
      );
    }
    return found;
  } finally {
    await instance.stop();
  }
}
