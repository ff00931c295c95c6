import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { findVerification } from '../../../shared/db/verifications.repo.ts';
import type { Controller } from '../../support/controller.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { gate, waitFor } from '../../support/wait.ts';
import { Stage } from './stage.ts';

const KINDS = [
  'document',
  'tag',
  'correspondent',
  'documenttype',
  'storagepath',
  'customfield',
  'user',
  'group',
  'note',
  'uisettings',
];

describe('a verification', () => {
  let stage: Stage;
  afterEach(() => stage?.stop());

  /** Takes the rights of a superuser away and leaves those to read everything that is nobody else's. */
  const demote = () => {
    for (const user of stage.master.store.users.values()) {
      user.isSuperuser = false;
      user.permissions = KINDS.map((kind) => `view_${kind}`);
      stage.master.store.users.save(user);
    }
  };

  it('never calls anything verified while the master token sees only a part', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3);
    demote();
    const { verification } = await stage.verify('bytes');
    expect(verification).toMatchObject({ state: 'done', subset: true, equal: 3 });
    expect((await stage.controller.links()).map((link) => link.verified_at)).toEqual([null, null, null]);
    expect(await stage.findings()).toEqual([]);
  });

  it('calls nothing verified that was read before the token was demoted in its middle', async () => {
    let armed = false;
    stage = await Stage.inStep(['v3', 'v3'], 3, {
      racePoint: (name) => {
        if (armed && name === 'verify.compared') demote();
        return Promise.resolve();
      },
    });
    armed = true;
    const { verification } = await stage.verify('metadata');
    expect(verification).toMatchObject({ state: 'done', subset: true, equal: 3 });
    expect((await stage.controller.links()).every((link) => link.verified_at === null)).toBe(true);
  });

  it('takes a change of the master that no cycle has seen yet for work to come, not for a finding', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3);
    await ask(stage.master, 'PATCH', '/api/documents/2/', { title: 'Newer' });
    await uploadText(stage.master, 'newer still');
    await stage.master.idle();
    const { verification, rows } = await stage.verify('checksum');
    expect(verification).toMatchObject({ equal: 2, skipped: 1, findings: 0 });
    expect(rows.find((row) => row.master_doc_id === 2)).toMatchObject({
      outcome: 'skipped',
      reason: 'changed_since_sync',
    });
    const link = (await stage.controller.links()).find((one) => one.master_doc_id === 2);
    expect(link?.dirty_seq).not.toBe(link?.applied_seq);
    await stage.cycle();
    expect((await stage.verify('checksum')).verification).toMatchObject({ equal: 4, skipped: 0 });
  });

  it('is not misled by a document that is being written in its middle, and compares it at the end', async () => {
    const held = gate();
    let armed = false;
    const reached = gate();
    stage = await Stage.inStep(['v3', 'v3'], 4, {
      racePoint: async (name) => {
        if (!armed || name !== 'verify.compared') return;
        armed = false;
        reached.open();
        await held.opened;
      },
    });
    await stage.ask('PATCH', `/api/documents/${await stage.copyOf(3)}/`, { title: 'Not so' });
    armed = true;
    const id = await stage.open({ depth: 'metadata' });
    await reached.opened;
    // While the batch lies compared in memory, a cycle carries a change over to the copy that differs.
    await ask(stage.master, 'PATCH', '/api/documents/3/', { title: 'So it is' });
    await stage.master.idle();
    await stage.cycle();
    held.open();
    expect(await stage.ended(id)).toMatchObject({ equal: 4, findings: 0, skipped: 0 });
    expect(await stage.findings()).toEqual([]);
  });

  it('leaves out what is being worked on, says so, and does not call it verified', async () => {
    stage = await Stage.inStep(['v3', 'v3'], 3);
    // Its rounds give back what nobody works on.
    await stage.controller.worker?.dispatcher.stop();
    await stage.controller.db
      .updateTable('sync_map')
      .set({ lease_worker: stage.controller.worker?.workerId ?? '', lease_epoch: 99 })
      .where('master_doc_id', '=', 2)
      .execute();
    const { rows } = await stage.verify('metadata');
    expect(rows.map((row) => [row.master_doc_id, row.outcome, row.reason])).toEqual([
      [1, 'equal', null],
      [2, 'skipped', 'work_under_way'],
      [3, 'equal', null],
    ]);
  });

  it('goes on where its killed process stood, reading nothing twice', { timeout: 120_000 }, async () => {
    stage = await Stage.inStep(['v3', 'v3'], 30, { presence: { beatMs: 200, deadAfterMs: 2000 } });
    await stage.controller.stopWorker();
    const killed = await stage.open({ depth: 'bytes' });
    // Batches of ten: two are written down, the third is compared and lost.
    await workUntil('verify.compared#3', stage.controller);
    const at = await findVerification(stage.controller.db, killed);
    expect(at).toMatchObject({ finished_at: null, compared: 20, state: 'running' });
    expect(at?.lease_worker).not.toBeNull();
    stage.replica.clearRequests();
    await stage.controller.startWorker();
    expect(await stage.ended(killed)).toMatchObject({ state: 'done', compared: 30, equal: 30 });
    expect(stage.replica.requests().filter(({ path }) => path.endsWith('/download/'))).toHaveLength(10);
  });

  it('hands back what it has begun when its process stops in order', async () => {
    const held = gate();
    stage = await Stage.inStep(['v3', 'v3'], 30, {
      racePoint: (name) => (name === 'verify.compared' ? held.opened : Promise.resolve()),
    });
    const id = await stage.open({ depth: 'bytes' });
    await waitFor('a worker to have it', async () => (await findVerification(stage.controller.db, id))?.lease_worker);
    const stopped = stage.controller.stopWorker();
    held.open();
    await stopped;
    expect(await findVerification(stage.controller.db, id)).toMatchObject({ finished_at: null, lease_worker: null });
    await stage.controller.startWorker();
    expect(await stage.ended(id)).toMatchObject({ state: 'done', compared: 30, equal: 30 });
  });
});

/** A worker process that is ended by SIGKILL at this point. */
async function workUntil(killAt: string, { database, key }: Controller): Promise<void> {
  const script = fileURLToPath(new URL('../../support/crashing-worker.ts', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.write(`${JSON.stringify({ databaseUrl: database.url, key, killAt })}\n`);
  const [, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  expect(signal).toBe('SIGKILL');
}
