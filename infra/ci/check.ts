import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSources, sourceFaults } from './source-rules.ts';

/** `npm run check`: everything that can be judged without running the program. All steps run, so that one start shows all. */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface Result {
  readonly ok: boolean;
  readonly output: string;
}

function run(program: string, ...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(join(ROOT, 'node_modules', '.bin', program), args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => resolve({ ok: false, output: error.message }));
    child.once('close', (code) => resolve({ ok: code === 0, output }));
  });
}

async function sourceRules(): Promise<Result> {
  const faults = sourceFaults(await readSources(ROOT));
  return { ok: faults.length === 0, output: `${faults.join('\n')}\n` };
}

const STEPS: readonly (readonly [string, () => Promise<Result>])[] = [
  ['types', () => run('tsc', '--noEmit')],
  ['lint, layers, cycles', () => run('oxlint', '--type-aware', '--deny-warnings')],
  ['format', () => run('biome', 'format', '--reporter=summary')],
  ['unused code', () => run('knip', '--no-progress', '--no-config-hints')],
  ['rules of the house', sourceRules],
];

let failed = 0;
for (const [name, step] of STEPS) {
  const started = performance.now();
  const { ok, output } = await step();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'}  ${name} (${seconds} s)\n`);
  if (!ok) process.stdout.write(`${output.trimEnd()}\n\n`);
  failed += ok ? 0 : 1;
}
process.stdout.write(failed === 0 ? 'All checks passed.\n' : `${failed} of ${STEPS.length} checks failed.\n`);
process.exitCode = failed === 0 ? 0 : 1;
