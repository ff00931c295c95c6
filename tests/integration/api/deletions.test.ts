import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addReplicaRow, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let replica: number;
beforeAll(async () => {
  api = await startTestApi();
  replica = await addReplicaRow(api, 'attic', { deletion_mode: 'trash' });
  await api.db.updateTable('master_state').set({ is_superuser: true, document_count: 30 }).execute();
});
afterAll(() => api?.close());

/** A copy whose document is missing on the master. */
async function missing(masterId: number, more: object = {}): Promise<number> {
  const link = await api.db
    .insertInto('sync_map')
    .values({ replica_id: replica, master_doc_id: masterId, replica_doc_id: 100 + masterId, phase: 'ok', status: 'ok' })
    .returning('id')
    .executeTakeFirstOrThrow();
  await api.db
    .insertInto('master_absences')
    .values({ master_doc_id: masterId, state: 'trashed', trashed_sweeps: 1, last_run: 1, ...more })
    .execute();
  return link.id;
}

async function tombstone(linkId: number, masterId: number, state: 'trashed' | 'purged'): Promise<number> {
  const row = await api.db
    .insertInto('tombstones')
    .values({
      replica_id: replica,
      link_id: linkId,
      master_doc_id: masterId,
      replica_doc_id: 100 + masterId,
      reason: 'trashed_on_master',
      asn: 7,
      state,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await api.db.updateTable('sync_map').set({ tombstone_id: row.id }).where('id', '=', linkId).execute();
  return row.id;
}

describe('GET /api/replicas/{id}/deletions', () => {
  it('says of each missing document what becomes of its copy, why, and whether anything stops it', async () => {
    await missing(1);
    await missing(2, { state: 'absent', trashed_sweeps: 0, absent_sweeps: 1 });
    const { body } = await api.get(`/api/replicas/${replica}/deletions?dry_run=1`);
    expect(body).toMatchObject({ mode: 'trash', held: null, wanted: 1, limit: 0 });
    expect(body.stopped).toContain('1 of 2 copies');
    expect(body.documents).toMatchObject([
      { master_doc_id: 1, replica_doc_id: 101, master_state: 'trashed', action: 'trash', goes: false },
      { master_doc_id: 2, action: 'wait', goes: false, why: expect.stringContaining('1 of 2 sweeps') },
    ]);
    await api.db.insertInto('settings').values({ key: 'max_delete_percent', value: '100' }).execute();
    const free = (await api.get(`/api/replicas/${replica}/deletions`)).body;
    expect(free).toMatchObject({ stopped: null, limit: 2 });
    expect(free.documents.map((row: { goes: boolean }) => row.goes)).toEqual([true, false]);
  });

  it('knows only replicas that are there, and no other question', async () => {
    expect((await api.get('/api/replicas/999/deletions')).status).toBe(404);
    expect((await api.get(`/api/replicas/${replica}/deletions?dry_run=0`)).status).toBe(400);
  });
});

describe('POST /api/replicas/{id}/deletions/acknowledge', () => {
  it('releases the latch for as many as were held, once', async () => {
    const held = { deletions_held: 'Too many.', deletions_held_at: new Date(), deletions_held_count: 12 };
    await api.db.updateTable('replicas').set(held).where('id', '=', replica).execute();
    expect((await api.get(`/api/replicas/${replica}/deletions`)).body).toMatchObject({
      stopped: 'Too many.',
      held: { reason: 'Too many.', count: 12 },
    });
    const answer = await api.request('POST', `/api/replicas/${replica}/deletions/acknowledge`);
    expect(answer).toMatchObject({ status: 200, body: { approved: 12 } });
    expect((await api.get(`/api/replicas/${replica}/deletions`)).body.held).toBeNull();
    const again = await api.request('POST', `/api/replicas/${replica}/deletions/acknowledge`);
    expect(again).toMatchObject({ status: 409, body: { error: { code: 'nothing_held' } } });
  });
});

describe('tombstones', () => {
  it('are listed newest first, by pages and by state', async () => {
    const first = await tombstone(await missing(11), 11, 'trashed');
    const second = await tombstone(await missing(12), 12, 'purged');
    const { body } = await api.get(`/api/replicas/${replica}/tombstones?limit=1`);
    expect(body).toMatchObject({ tombstones: [{ id: second, state: 'purged' }], next_cursor: String(second) });
    const rest = await api.get(`/api/replicas/${replica}/tombstones?limit=1&cursor=${body.next_cursor}`);
    expect(rest.body.tombstones).toMatchObject([{ id: first, archive_serial_number: 7, replica_doc_id: 111 }]);
    const purged = await api.get(`/api/replicas/${replica}/tombstones?state=purged`);
    expect(purged.body.tombstones.map((row: { id: number }) => row.id)).toEqual([second]);
  });

  it('can be undone while the copy is in the trash: noted, due, and a run begins', async () => {
    const link = await missing(21);
    const id = await tombstone(link, 21, 'trashed');
    const answer = await api.request('POST', `/api/replicas/${replica}/tombstones/${id}/undo`);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ tombstone: { id, undo_asked_at: expect.any(String) } });
    expect(api.enqueued).toContain(answer.body.run_id);
    const row = await api.db.selectFrom('sync_map').selectAll().where('id', '=', link).executeTakeFirstOrThrow();
    expect(row.dirty_seq).not.toBe(row.applied_seq);
  });

  it('are undone in the next cycle where none can begin now', async () => {
    const id = await tombstone(await missing(22), 22, 'trashed');
    await api.db.updateTable('replicas').set({ enabled: false }).where('id', '=', replica).execute();
    const answer = await api.request('POST', `/api/replicas/${replica}/tombstones/${id}/undo`);
    expect(answer).toMatchObject({ status: 202, body: { run_id: null } });
    await api.db.updateTable('replicas').set({ enabled: true }).where('id', '=', replica).execute();
  });

  it('of another replica are not found, and one that is over cannot be undone', async () => {
    const id = await tombstone(await missing(23), 23, 'purged');
    const over = await api.request('POST', `/api/replicas/${replica}/tombstones/${id}/undo`);
    expect(over).toMatchObject({ status: 409, body: { error: { code: 'not_undoable' } } });
    const other = await addReplicaRow(api, 'cellar');
    const foreign = await api.request('POST', `/api/replicas/${other}/tombstones/${id}/undo`);
    expect(foreign).toMatchObject({ status: 404, body: { error: { code: 'tombstone_not_found' } } });
  });
});

describe('the master', () => {
  it('is shown with what suspends it, and goes on when a person says what happened', async () => {
    const suspended = { suspended_code: 'master_shrunk', suspended_reason: 'Two are gone.', suspended_at: new Date() };
    await api.db.updateTable('master_state').set(suspended).execute();
    for (const master_doc_id of [1, 2])
      await api.db.insertInto('master_suspects').values({ kind: 'missing', master_doc_id }).execute();
    const { body } = await api.get('/api/master');
    expect(body).toMatchObject({
      suspended: { code: 'master_shrunk', reason: 'Two are gone.' },
      waiting: { disappearance: 2, identities: 0, rollback: 0 },
    });
    expect((await api.get(`/api/replicas/${replica}/deletions`)).body.stopped).toContain('suspended');
    const answer = await api.request('POST', '/api/master/confirm', { accept: 'disappearance' });
    expect(answer).toMatchObject({ status: 200, body: { documents: [1, 2] } });
    expect((await api.get('/api/master')).body).toMatchObject({ suspended: null, waiting: { disappearance: 0 } });
  });

  it('takes no confirmation of what nobody asked, nor of what it does not know', async () => {
    const none = await api.request('POST', '/api/master/confirm', { accept: 'identities' });
    expect(none).toMatchObject({ status: 409, body: { error: { code: 'nothing_to_confirm' } } });
    expect((await api.request('POST', '/api/master/confirm', { accept: 'anything' })).status).toBe(422);
  });

  it('waits while a document in question is being worked on', async () => {
    const worker = crypto.randomUUID();
    await api.db.insertInto('workers').values({ id: worker, role: 'worker', version: '1', lock_pid: null }).execute();
    const link = await missing(31);
    await api.db.updateTable('sync_map').set({ lease_worker: worker }).where('id', '=', link).execute();
    await api.db.insertInto('master_suspects').values({ kind: 'identity', master_doc_id: 31 }).execute();
    const busy = await api.request('POST', '/api/master/confirm', { accept: 'identities' });
    expect(busy).toMatchObject({ status: 409, body: { error: { code: 'documents_busy' } } });
    await api.db.updateTable('workers').set({ dead: true }).where('id', '=', worker).execute();
    expect((await api.request('POST', '/api/master/confirm', { accept: 'identities' })).status).toBe(200);
  });
});
