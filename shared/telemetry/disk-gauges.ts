import { statfs } from 'node:fs/promises';
import type { Metrics } from './metrics.ts';
import { forget } from './series.ts';

/** Room on the disks of this process; a directory that cannot be asked (not made yet, say) has no line. */
export async function fillDiskGauges(
  metrics: Pick<Metrics, 'diskFree' | 'diskSize'>,
  dirs: Readonly<Record<string, string>>,
): Promise<void> {
  for (const gauge of [metrics.diskFree, metrics.diskSize]) forget(gauge);
  for (const [dir, path] of Object.entries(dirs)) {
    const found = await statfs(path).catch(() => null);
    if (found === null) continue;
    metrics.diskFree.set({ dir }, found.bavail * found.bsize);
    metrics.diskSize.set({ dir }, found.blocks * found.bsize);
  }
}
