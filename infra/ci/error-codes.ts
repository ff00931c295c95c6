/** Finds the stable error codes in the source, and the documented ones in docs/error-codes.md. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Demo and simulator are no part of what an operator runs. */
const FOLDERS = ['shared', 'services/api', 'services/cli', 'services/standalone', 'services/worker'];

/** Where a code stands in our code: given to an error, to the end of a document's look, or to a closed run. */
const PLACES: readonly RegExp[] = [
  /\bcode(?::| =)\s*((?:[^;,\n]|\n(?=\s*[?:]))*)/g,
  /\bend\(\s*'\w+',\s*('[a-z_]+')/g,
  /\berrorCode\s*(?::|\?\?)\s*([^;,\n]*)/g,
  /\bnotFound\([^;\n]*,\s*('[a-z_]+')/g,
  /\berror_code = ('[a-z_]+')/g,
  /\bunknownOutcome\(\s*\w+,\s*('[a-z_]+')/g,
  /\bMALFORMED = ('[a-z_]+')/g,
];
/** A function that takes the code first: its calls in the same file name codes. */
const MAKER = /\bfunction (\w+)\(\s*code: string/g;
/** The same, with the code after what it is about. */
const LATE_MAKER = /\bfunction (\w+)\(\s*\w+: \w+, code: string/g;
/** zod's own, and fallbacks for codes of the operating system. */
const NO_CODES = new Set(['custom', 'unknown']);

export async function usedCodes(root: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const folder of FOLDERS)
    for (const path of await sources(join(root, folder)))
      for (const code of codesIn(await readFile(path, 'utf8')))
        found.set(code, [...(found.get(code) ?? []), path.slice(root.length)]);
  return found;
}

export function codesIn(source: string): Set<string> {
  // What a code is compared with is no use of it.
  const text = source.replaceAll(/[!=]==\s*'[^']*'/g, '');
  const makers = [...text.matchAll(MAKER)].map(([, name]) => new RegExp(`\\b${name}\\(\\s*('[a-z_]+')`, 'g'));
  for (const [, name] of text.matchAll(LATE_MAKER))
    makers.push(new RegExp(`\\b${name}\\(\\s*\\w+,\\s*('[a-z_]+')`, 'g'));
  const codes = new Set<string>();
  for (const place of [...PLACES, ...makers])
    for (const [, part = ''] of text.matchAll(place))
      for (const [, code = ''] of part.matchAll(/'([a-z][a-z_]*)'/g)) if (!NO_CODES.has(code)) codes.add(code);
  return codes;
}

/** Codes made of a template, as they are written. */
export async function composedCodes(root: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of FOLDERS)
    for (const path of await sources(join(root, folder)))
      for (const [place] of (await readFile(path, 'utf8')).matchAll(/\bcode: `[^`]*`/g)) found.push(place);
  return found;
}

/** Code -> class, where both stand side by side. */
export async function classesOfCodes(root: string): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const folder of FOLDERS)
    for (const path of await sources(join(root, folder)))
      for (const [, code = '', name = ''] of (await readFile(path, 'utf8')).matchAll(
        /code: '(\w+)',\s*class: '([\w-]+)'/g,
      ))
        found.set(code, (found.get(code) ?? new Set()).add(name));
  return found;
}

/** Code -> the text of its class column. */
export async function documentedCodes(root: string): Promise<Map<string, string>> {
  const text = await readFile(join(root, 'docs/error-codes.md'), 'utf8');
  const codes = new Map<string, string>();
  for (const [, code = '', classes = ''] of text.matchAll(
    /^\| `([a-z_]+)` \| ([^|\n]*) \|(?:(?:[^|\n]|\\\|)*\|){3}$/gm,
  )) {
    if (codes.has(code)) throw new Error(`docs/error-codes.md lists ${code} twice.`);
    codes.set(code, classes);
  }
  return codes;
}

async function sources(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => /\.tsx?$/.test(name)).map((name) => join(folder, name));
}
