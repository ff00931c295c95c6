import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** Rules of the house that no linter knows. Each fault is a line: file:line, and why it is a rule. */
export interface SourceFile {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

type Rule = (file: SourceFile) => string[];

/** Comments may speak of what code may not do. */
function codeLines(text: string): string[] {
  const blanked = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '));
  return blanked.split('\n').map((line) => line.replace(/(^|\s)\/\/.*$/, ''));
}

function forbid(where: (path: string) => boolean, pattern: RegExp, why: string): Rule {
  return ({ path, text }) =>
    where(path)
      ? codeLines(text).flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}  ${why}`] : []))
      : [];
}

function isProduction(path: string): boolean {
  return path.startsWith('shared/') || path.startsWith('services/');
}

function isPure(path: string): boolean {
  // systemClock is the one implementation of the clock port, and delay the one timer.
  return (path.startsWith('shared/kernel/') || path.startsWith('shared/domain/')) && path !== 'shared/kernel/clock.ts';
}

const RULES: readonly Rule[] = [
  forbid(
    (path) => isProduction(path) && path !== 'shared/config/env.ts',
    /\bprocess\s*(\.\s*env\b|\[\s*['"]env['"]\s*\])/,
    'process.env is read in shared/config/env.ts alone: there it is validated, and a slip stops the start.',
  ),
  forbid(
    isPure,
    /\bDate\.now\s*\(|\bnew Date\s*\(\s*\)|\bperformance\.now\s*\(/,
    'kernel and domain read no clock: time comes in as an argument.',
  ),
  forbid(
    isPure,
    /\bMath\.random\s*\(|\brandom(Bytes|UUID|Int)\s*\(/,
    'kernel and domain know no randomness: it comes in as an argument.',
  ),
  forbid(isPure, /\bprocess\.|\bfetch\s*\(|\bset(Timeout|Interval|Immediate)\s*\(/, 'kernel and domain do no I/O.'),
  forbid(
    (path) => path.startsWith('tests/'),
    /\b(it|test|describe)\.(only|todo|skip)\b|\b(xit|xdescribe|fit|fdescribe)\s*\(/,
    'A test is run or deleted. What a machine lacks is left out by skipIf, which is reported by name.',
  ),
  ({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) =>
        /@ts-(ignore|nocheck|expect-error)|oxlint-disable(?!-next-line)|eslint-disable/.test(line)
          ? [`${path}:${index + 1}  Faults are mended, not silenced.`]
          : [],
      ),
];

/** What the product is built on; a package that production code does not import has been replaced behind our back. */
const FRAME = [
  'bullmq',
  'ioredis',
  'hono',
  '@hono/node-server',
  'postgres',
  'kysely',
  'got',
  'prom-client',
  'pino',
  'zod',
];
/** Only tests and the demo start it. */
const NOT_PRODUCTION = ['services/simulator/', 'services/demo/', 'services/cluster/'];

function missingFrame(files: readonly SourceFile[]): string[] {
  const production = files.filter(
    ({ path }) => isProduction(path) && !NOT_PRODUCTION.some((dir) => path.startsWith(dir)),
  );
  const imported = new Set(
    production.flatMap(({ text }) =>
      [...text.matchAll(/^(?:import|export)\s+(?!type\b)[^;]*?from\s+'([^'.][^']*)'/gm)].map((match) => match[1] ?? ''),
    ),
  );
  const packages = new Set(
    [...imported].map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    ),
  );
  const faults = FRAME.filter((name) => !packages.has(name)).map(
    (name) => `package.json  ${name} belongs to the frame, but no production code imports it.`,
  );
  // A .tsx file becomes an import of hono/jsx by `jsxImportSource`.
  const usesJsx = production.some(({ path }) => path.endsWith('.tsx'));
  return usesJsx
    ? faults
    : [...faults, 'package.json  hono/jsx belongs to the frame, but no production file is a .tsx.'];
}

const SKIPPED = new Set(['node_modules', 'data', 'dist', 'coverage', '.git']);

export async function readSources(
  root: string,
  dirs: readonly string[] = ['shared', 'services', 'tests', 'infra'],
): Promise<SourceFile[]> {
  const files: SourceFile[] = [];
  for (const dir of dirs) {
    const entries = await readdir(join(root, dir), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
      if (entry.isFile() && /\.tsx?$/.test(entry.name) && !path.split('/').some((part) => SKIPPED.has(part)))
        files.push({ path, text: readFileSync(join(root, path), 'utf8') });
    }
  }
  return files;
}

export function sourceFaults(files: readonly SourceFile[]): string[] {
  // The rules' own patterns would find themselves.
  const judged = files.filter(
    ({ path }) => path !== 'infra/ci/source-rules.ts' && path !== 'tests/unit/ci/source-rules.test.ts',
  );
  return [...judged.flatMap((file) => RULES.flatMap((rule) => rule(file))), ...missingFrame(files)];
}
