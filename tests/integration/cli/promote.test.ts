/** A promotion from the command line, while a worker of the installation runs. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { endPrograms, startProgram } from '../../support/program.ts';
import { pair } from '../promote/stage.ts';

// Each command is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000 });
afterAll(() => endPrograms());

it('looks first, then promotes once that is confirmed, and tells how it ended', async () => {
  const { controller, heir, close } = await pair(['v3', 'v3']);
  const pngx = async (...args: string[]) => {
    const env = { DATA_DIR: join(tmpdir(), 'pngx-cli-promote'), SECRET_KEY: controller.key };
    const program = startProgram('services/cli/main.ts', { ...env, DATABASE_URL: controller.database.url }, args);
    return { code: await program.ended, stdout: program.stdout(), stderr: program.stderr() };
  };
  try {
    const dry = await pngx('promote', '--replica', 'heir', '--dry-run', '--json');
    expect([dry.code, dry.stderr]).toEqual([0, '']);
    const { counts, problems, held_back } = JSON.parse(dry.stdout);
    expect([counts.documents, problems, held_back.length]).toEqual([1, [], 1]);
    const unsure = await pngx('promote', '--replica', 'heir');
    const done = await pngx('promote', '--replica', 'heir', '--yes', '--wait', '--json');
    expect([unsure.code, unsure.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('to become the master')]);
    expect(JSON.parse(done.stdout).promotion).toMatchObject({ phase: 'done', summary: counts });
    expect(done.stdout).not.toContain('token');
    const settings = await controller.db.selectFrom('settings').selectAll().where('key', '=', 'master_url').execute();
    expect(settings[0]?.value).toBe(heir.url);
  } finally {
    await close();
  }
});
