import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export async function benchSize(): Promise<object[]> {
  const root = fileURLToPath(new URL('../../node_modules', import.meta.url));
  let bytes = 0;
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size;
  return [{ what: 'node_modules', mebibytes: Math.round(bytes / 2 ** 20) }];
}
