import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import * as attempts from '../../../../shared/db/attempts.repo.ts';
import type { LeaseRef } from '../../../../shared/db/links.repo.ts';
import type { Db, Link } from '../../../../shared/db/tables.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/postgres.ts';
import { addLink, addReplica, addWorker, bury, lease, readLink } from './support.ts';

let database: TestDatabase;
let db: Db;
let replica: number;
let link: Link;
let held: LeaseRef;

beforeAll(async () => {
  database = await createTestDatabase();
  db = database.db;
});
afterAll(() => database.drop());
beforeEach(async () => {
  replica = await addReplica(db);
  link = await addLink(db, replica);
  held = await lease(db, link.id, await addWorker(db));
});

const intent = (k: number): attempts.NewAttempt => ({
  marker: `pngx.c0ffee00.m${link.master_doc_id}.a${k}`,
  reserved_asn: 2_000_000_000 + link.master_doc_id,
  sha256: 'a'.repeat(64),
  md5: 'b'.repeat(32),
  size: 3_000_000_000,
  file_name: 'a.pdf',
});

describe('intendUpload', () => {
  test('writes the intent and the phase of the link in one, with who means to send it', async () => {
    const attempt = await attempts.intendUpload(db, held, 1, intent(1));
    expect(attempt).toMatchObject({
      ...intent(1),
      k: 1,
      state: 'sending',
      worker: held.worker,
      lease_epoch: held.epoch,
    });
    expect(await readLink(db, link.id)).toMatchObject({ phase: 'sending', status: 'pending' });
    expect(await attempts.attemptsOf(db, link.id)).toEqual([attempt]);
  });

  test('writes nothing without the lease', async () => {
    await bury(db, held.worker);
    expect(await attempts.intendUpload(db, held, 1, intent(1))).toBeNull();
    expect(await attempts.attemptsOf(db, link.id)).toEqual([]);
    expect((await readLink(db, link.id)).phase).toBe('pending');
  });

  test('never gives two uploads of one link the same number', async () => {
    await attempts.intendUpload(db, held, 1, intent(1));
    await expect(attempts.intendUpload(db, held, 1, intent(1))).rejects.toMatchObject({ code: '23505' });
  });
});

describe('settleAttempt', () => {
  test('writes what came of the upload together with the link', async () => {
    const attempt = await attempts.intendUpload(db, held, 1, intent(1));
    const settled = await attempts.settleAttempt(
      db,
      held,
      attempt?.id ?? 0,
      { state: 'awaiting', task_id: 't' },
      { phase: 'awaiting', task_id: 't' },
    );
    expect(settled).toBe(true);
    expect(await attempts.attemptsOf(db, link.id)).toMatchObject([{ state: 'awaiting', task_id: 't' }]);
    expect(await readLink(db, link.id)).toMatchObject({ phase: 'awaiting', task_id: 't' });
  });

  test('writes the outcome of the upload alone, the link being as it was', async () => {
    const attempt = await attempts.intendUpload(db, held, 1, intent(1));
    expect(await attempts.settleAttempt(db, held, attempt?.id ?? 0, { state: 'unknown' })).toBe(true);
    expect((await readLink(db, link.id)).phase).toBe('sending');
  });

  test('writes neither without the lease', async () => {
    const attempt = await attempts.intendUpload(db, held, 1, intent(1));
    await bury(db, held.worker);
    expect(await attempts.settleAttempt(db, held, attempt?.id ?? 0, { state: 'refused' }, { phase: 'prepared' })).toBe(
      false,
    );
    expect(await attempts.attemptsOf(db, link.id)).toMatchObject([{ state: 'sending' }]);
  });
});

describe('claimCopy', () => {
  const copy = { replicaDocId: 41, added: '2024-05-06T07:08:09.123456Z', storedChecksum: 'c'.repeat(32) };

  test('stores the identity of the copy before anything is written to it', async () => {
    expect(await attempts.claimCopy(db, held, { ...copy, patch: { task_id: null } })).toBe('claimed');
    expect(await readLink(db, link.id)).toMatchObject({
      phase: 'claimed',
      replica_doc_id: 41,
      replica_added: copy.added,
      stored_checksum: copy.storedChecksum,
    });
  });

  test('says that a document is taken when another link owns it', async () => {
    await addLink(db, replica, { replica_doc_id: 41 });
    expect(await attempts.claimCopy(db, held, copy)).toBe('taken');
    expect(await readLink(db, link.id)).toMatchObject({ phase: 'pending', replica_doc_id: null });
  });

  test('does not mind the same id on another replica', async () => {
    await addLink(db, await addReplica(db), { replica_doc_id: 41 });
    expect(await attempts.claimCopy(db, held, copy)).toBe('claimed');
  });

  test('gives one document to one of many that want it at once', async () => {
    const rivals = await Promise.all(
      Array.from({ length: 5 }, async () => lease(db, (await addLink(db, replica)).id, await addWorker(db))),
    );
    const answers = await Promise.all(rivals.map((rival) => attempts.claimCopy(db, rival, copy)));
    expect(answers.sort()).toEqual(['claimed', 'taken', 'taken', 'taken', 'taken']);
  });

  test('claims nothing without the lease', async () => {
    await bury(db, held.worker);
    expect(await attempts.claimCopy(db, held, copy)).toBe('lease-lost');
    expect((await readLink(db, link.id)).replica_doc_id).toBeNull();
  });
});

test('outstandingUploads counts what the queue of one replica holds of ours', async () => {
  for (const phase of ['sending', 'unknown', 'awaiting', 'claimed', 'ok', 'failed'])
    await addLink(db, replica, { phase });
  await addLink(db, await addReplica(db), { phase: 'awaiting' });
  expect(await attempts.outstandingUploads(db, replica)).toBe(3);
});
