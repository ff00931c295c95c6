/**
 * The fault points of one upload (product.md section 11), all of them in one run: every document meets another one, on
 * both generations of replica and both queues, while the replica's clock is an hour off. The single rules, with the codes
 * that people see, are in the other files of this folder; processes that are killed, in engine/crash.test.ts.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sql } from 'kysely';
import type { FaultArgument, FaultName } from '../../../services/simulator/faults.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { waitFor } from '../../support/wait.ts';
import { addDocument, editDocument } from './library.ts';
import { HOURS, IMPATIENT, live, MINUTES, Stage } from './stage.ts';
import { Redis } from 'ioredis';

const POST = { method: 'POST', pathPrefix: '/api/documents/post_document/' };
const MARKER = 'pngx.';

/** At the n-th upload request; which document that is does not matter. `sent`: how often its file is taken in whole. */
const REQUESTS: readonly (readonly [what: string, fault: FaultName, argument: FaultArgument, sent: number])[] = [
  ['the connection is reset before anything is read', 'down', {}, 1],
  ['the answer is lost after it was accepted', 'drop-after-commit', {}, 1],
  ['it is swallowed and never answered', 'never-answer', { value: 'none' }, 1],
  ['it is accepted and never answered', 'never-answer', { value: 'all' }, 1],
  ['a proxy answers 502 although it was accepted', 'bad-gateway-after-accept', {}, 1],
  ['the database of the replica is locked', 'locked-500', {}, 1],
];
/** While the replica consumes a document's file. */
const CONSUMPTIONS: readonly (readonly [what: string, fault: FaultName, sent: number])[] = [
  ['the task never appears', 'task-row-missing', 1],
  ['the task row vanishes', 'task-vanished', 1],
  ['the task is stuck before it began', 'task-stuck-pending', 2],
  ['the task runs for ever', 'task-stuck-started', 2],
  ['the row says FAILURE although the document is stored', 'task-failed-after-commit', 1],
  ['the message comes again an hour later', 'resurrect', 1],
  ['two workers take the message', 'delivered-twice', 1],
  ['the uploaded file is lost', 'temp-file-lost', 2],
  ['consumption fails', 'consumption-fails', 2],
];
/** While the file is read from the master. */
const DOWNLOADS: readonly FaultName[] = ['truncated-body', 'alter-download', 'down'];

for (const generation of ['v2', 'v3'] as const)
  onBothQueues(`uploads to a ${generation} replica that fail at every point there is`, (redisUrl) => {
    let stage: Stage;
    const once = new Map<string, () => Promise<unknown>>();
    beforeEach(async () => {
      stage = await Stage.open({
        replica: generation,
        timeouts: IMPATIENT,
        redisUrl: redisUrl(),
        documents: [],
        racePoint: async (name) => {
          const strike = once.get(name);
          once.delete(name);
          await strike?.();
        },
      });
    });
    afterEach(() => stage.close());

    it('become one document each, and nothing is left of the faults', { timeout: 240_000 }, async () => {
      stage.copy.setFault('clock-skew', { value: generation === 'v2' ? HOURS : -HOURS });
      const expected = armRequests(stage) + armConsumptions(stage);
      armDownloads(stage);
      const freeNumber = takeNumber(stage);
      const trashed = trashOnce(stage, once);
      loseCommitOnce(stage, once);
      rewriteOnce(stage, once);
      if (redisUrl() !== undefined) once.set('intent.after', () => flush(redisUrl() ?? ''));

      stage.strideMs = 5 * MINUTES;
      await stage.cycle(120_000);
      freeNumber();
      expect(once.size).toBe(0);
      const { documentId, restore } = trashed();
      expect(await stage.link(documentId)).toMatchObject({ status: 'error', error_code: 'trashed_by_replica' });
      restore();
      await stage.heal(2 * HOURS, 10);

      expect(await struckFaults(stage)).toEqual(['clock-skew']);
      expect(await stage.controller.replica('copy')).toMatchObject({ suspended_at: null, uploads_held: null });
      await stage.expectEqual('copy', { surplusPosts: expected });
    });
  });

/** Answers how many files will be sent a second time. */
function armRequests(stage: Stage): number {
  for (const [skip, [, fault, argument]] of REQUESTS.entries()) {
    stage.add();
    stage.copy.setFault(fault, { ...argument, match: POST, skip, times: 1 });
  }
  return REQUESTS.reduce((sum, [, , , sent]) => sum + sent - 1, 0);
}

function armConsumptions(stage: Stage): number {
  for (const [, fault] of CONSUMPTIONS) {
    const id = stage.add();
    stage.copy.setFault(fault, { match: { contains: `letter-${id}.` }, times: 1 });
  }
  return CONSUMPTIONS.reduce((sum, [, , sent]) => sum + sent - 1, 0);
}

function armDownloads(stage: Stage): void {
  for (const fault of DOWNLOADS) {
    const id = stage.add();
    stage.master.setFault(fault, { match: { pathPrefix: `/api/documents/${id}/download/` }, times: 1 });
  }
}

/** The number of a master document is taken on the replica: its PATCH is refused until somebody frees it there. */
function takeNumber(stage: Stage): () => void {
  stage.add({ asn: 4711 });
  const foreign = addDocument(stage.copy, { text: 'filed by hand', title: 'Filed by hand', asn: 4711 });
  return () =>
    editDocument(stage.copy, foreign, { archiveSerialNumber: null, deletedAt: stage.copy.store.clock.now() });
}

/** Somebody there, or a workflow, trashes a copy as soon as it is visible: only a person takes it out again. */
function trashOnce(stage: Stage, once: Map<string, () => Promise<unknown>>) {
  const documentId = stage.add();
  let copyId: number | undefined;
  const strike = async () => {
    const row = live(stage.copy).find(({ title }) => title.startsWith(MARKER) && title.includes(`.m${documentId}.`));
    // Not yet, this was the task of another one.
    if (!row) return void once.set('task.success', strike);
    copyId = row.id;
    editDocument(stage.copy, row.id, { deletedAt: stage.copy.store.clock.now() });
    await Promise.resolve();
  };
  once.set('task.success', strike);
  return () => {
    const id = copyId;
    if (id === undefined) throw new Error('nothing was trashed');
    return { documentId, restore: () => editDocument(stage.copy, id, { deletedAt: null }) };
  };
}

/** The answer is there and cannot be written down: every session of the worker with the database ends at that moment. */
function loseCommitOnce(stage: Stage, once: Map<string, () => Promise<unknown>>): void {
  once.set('upload.answered', () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'worker'`.execute(stage.db),
  );
}

/** A workflow of the replica changes a field right after it was written, once: the read-back differs. */
function rewriteOnce(stage: Stage, once: Map<string, () => Promise<unknown>>): void {
  once.set('patch.after', async () => {
    const row = live(stage.copy).find(({ title }) => title.startsWith('Letter'));
    if (!row) throw new Error('no copy was written yet');
    editDocument(stage.copy, row.id, { title: 'What the workflow wants' });
    await Promise.resolve();
  });
}

async function flush(url: string): Promise<void> {
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
}

/** The faults of replica and master that are still to strike. */
async function struckFaults(stage: Stage): Promise<string[]> {
  return waitFor('every fault to strike', async () => {
    const names: string[] = [];
    for (const { url, token } of [stage.copy, stage.master]) {
      const answer = await fetch(`${url}/simulator/faults`, { headers: { authorization: `Token ${token}` } });
      names.push(...((await answer.json()) as { name: string }[]).map(({ name }) => name));
    }
    return names;
  });
}
