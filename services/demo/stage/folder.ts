import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/** For all that a controller leaves on disk. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pngx-demo-'));
  // The embedded PostgreSQL runs as another user when this one is root, and must get through to its data.
  await chmod(folder, 0o711);
  return folder;
}

export async function removeFolder(folder: string): Promise<void> {
  await endDatabase(folder);
  await rm(folder, { recursive: true, force: true });
}

/** A controller that had to be killed leaves its PostgreSQL behind, which would keep the folder busy. */
async function endDatabase(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true });
  for (const name of names.filter((one) => basename(one) === 'postmaster.pid')) {
    const [pid = ''] = (await readFile(join(folder, name), 'utf8').catch(() => '')).split('\n');
    // The number may long belong to somebody else: only a process that was started on this folder is ours.
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(folder)) process.kill(Number(pid), 'SIGQUIT');
  }
}
