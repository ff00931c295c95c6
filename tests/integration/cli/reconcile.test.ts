/** Matching and seeding a replica from the command line, while a worker of the installation runs. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { endPrograms, startProgram } from '../../support/program.ts';
import { waitFor } from '../../support/wait.ts';
import { pairsOf, stage, text, writesOf, type Stage } from '../reconcile/support.ts';

// Each command is a process of its own, which takes its time on a busy machine.
vi.setConfig({ testTimeout: 180_000 });

let current: Stage | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});
afterAll(() => endPrograms());

function start({ controller }: Stage, args: readonly string[]) {
  const env = { DATA_DIR: join(tmpdir(), 'pngx-cli-reconcile'), SECRET_KEY: controller.key };
  return startProgram('services/cli/main.ts', { ...env, DATABASE_URL: controller.database.url }, args);
}
async function pngx(stageNow: Stage, args: readonly string[]) {
  const program = start(stageNow, args);
  return { code: await program.ended, stdout: program.stdout(), stderr: program.stderr() };
}

it('tells first what a reconcile would do, then does it and says what was found', async () => {
  current = await stage('v3', 'v2', (master, copy) => {
    master.write([text('one', { title: 'One' }), text('two'), text('three')]);
    copy.write([text('one', { title: 'One' })]);
  });
  const dry = await pngx(current, ['reconcile', '--replica', 'copy', '--dry-run']);
  expect([dry.code, dry.stderr]).toEqual([0, '']);
  expect(dry.stdout).toContain('Without a copy: 2.');
  expect(dry.stdout).toMatch(/#1 +#1 +title_created/);
  expect(await current.controller.links()).toEqual([]);
  const done = await pngx(current, ['reconcile', '--replica', 'copy', '--wait', '--json']);
  expect(done.code).toBe(0);
  expect(JSON.parse(done.stdout)).toMatchObject({ outcome: 'ok', summary: { claimed: 1, missing: 2 } });
  expect(await pairsOf(current.controller)).toEqual({ 1: 1 });
  expect(writesOf(current.copy)).toEqual([]);
  expect((await pngx(current, ['reconcile'])).code).toBe(2);
});

it('prints the commands of a seeding, waits for the import, reconciles and goes on', async () => {
  current = await stage('v3', 'v3', (master) => void master.write([text('one'), text('two')]));
  const { controller, copy, master } = current;
  const seeding = start(current, ['seed', '--replica', 'copy', '--wait']);
  await waitFor('the guide', () => seeding.stdout().includes('document_importer'), 60_000);
  expect(seeding.stdout()).toContain('docker: docker compose exec -T webserver document_exporter ../export');
  expect(seeding.stdout()).toContain('bare:   ');
  expect((await controller.replica('copy')).paused_at).not.toBeNull();
  copy.import(await master.export());
  expect(await seeding.ended).toBe(0);
  expect(seeding.stdout()).toContain('ended: ok');
  expect(Object.keys(await pairsOf(controller))).toHaveLength(2);
  expect((await controller.replica('copy')).paused_at).toBeNull();
  expect(writesOf(copy)).toEqual([]);
});
