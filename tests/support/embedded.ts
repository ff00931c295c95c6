import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Without them a test run spends most of its time waiting for the disk; a crash of the machine costs it nothing. */
export const FAST = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** A directory that a server started by root, which then runs under another identity, can enter too. */
export async function openDirectory(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'pngx-test-'));
  await chmod(path, 0o755);
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
