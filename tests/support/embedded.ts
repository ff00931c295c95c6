import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterOurEnd } from './watchdog.ts';
import { fastFolder } from './fast-folder.ts';

/** Without them a test run spends most of its time waiting for the disk; a crash of the machine costs it nothing. */
export const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** A directory that a server started by root, which then runs under another identity, can enter too; no server on it outlives us. */
export async function openDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(fastFolder(), 'pngx-test-'));
  await chmod(path, 0o755);
  afterOurEnd(
    'for file in $(find "$1" -name postmaster.pid); do kill -QUIT "$(head -n 1 "$file")"; done; rm -rf "$1"',
    path,
  );
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
