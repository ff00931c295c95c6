import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../kernel/errors.ts';

/** Makes the directory and proves, by writing, that it can be used: permission bits lie on read-only and network mounts. */
export async function ensureWritable(variable: 'DATA_DIR' | 'SCRATCH_DIR', dir: string): Promise<void> {
  const probe = join(dir, `.write-test-${randomUUID()}`);
  try {
    await mkdir(dir, { recursive: true });
    await writeFile(probe, '');
    await rm(probe);
  } catch (error) {
    throw new AppError({
      code: 'data_dir_unwritable',
      class: 'config',
      message: `${variable} ${dir} is not writable (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}).`,
      hint: `Give the directory to the user who runs the program, or set ${variable} to another one.`,
      cause: error,
    });
  }
}
