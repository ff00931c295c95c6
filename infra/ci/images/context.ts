/** The build context: the files of the project that .dockerignore lets through. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

type Rule = (path: string) => boolean | null;

/** The last rule that fits a path or a directory above it decides, as Docker has it. */
export function ignoreRules(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(ruleOf);
  return (path) => {
    let ignored = false;
    for (const rule of rules) ignored = rule(path) ?? ignored;
    return ignored;
  };
}

function ruleOf(line: string): Rule {
  const lets = line.startsWith('!');
  const pattern = expression((lets ? line.slice(1) : line).replace(/^\/|\/$/g, ''));
  return (path) => {
    const parts = path.split('/');
    const fits = parts.some((_, at) => pattern.test(parts.slice(0, at + 1).join('/')));
    return fits ? !lets : null;
  };
}

/** A star stands for names that begin with a dot too, which is why Node's own glob is not used. */
function expression(pattern: string): RegExp {
  const source = pattern
    .split('**/')
    .map((part) =>
      part
        .split('*')
        .map((text) => text.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
        .join('[^/]*'),
    )
    .join('(?:.*/)?');
  return new RegExp(`^${source}$`);
}

/** Paths of all files in the context, from its root. */
export async function contextFiles(root: string): Promise<string[]> {
  const ignored = ignoreRules(await readFile(join(root, '.dockerignore'), 'utf8'));
  const found: string[] = [];
  const walk = async (dir: string): Promise<void> => {
    for (const entry of await readdir(join(root, dir), { withFileTypes: true })) {
      const path = dir === '' ? entry.name : `${dir}/${entry.name}`;
      if (entry.isDirectory()) {
        if (entry.name !== 'node_modules' && entry.name !== '.git') await walk(path);
      } else if (entry.isFile() && !ignored(path)) found.push(path);
    }
  };
  await walk('');
  return found;
}
