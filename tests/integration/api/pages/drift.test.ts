/** What somebody changed on a replica: shown field by field, and written over when a person says so, not before it was shown. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../../services/simulator/index.ts';
import { ask } from '../../../support/paperless-calls.ts';
import { addReplicaRow } from '../harness.ts';
import { openStage, type PageStage } from './stage.ts';

const TOKEN = 'd5'.repeat(20);
let stage: PageStage;
let master: Simulator;
let replica: Simulator;
let attic: number;
let link: number;

beforeAll(async () => {
  const same = { profile: 'v3', token: TOKEN, docs: 1, seed: 'drift' } as const;
  [stage, master, replica] = await Promise.all([openStage(), startSimulator(same), startSimulator(same)]);
  const { api } = stage;
  await api.request('PUT', '/api/settings', { master_url: master.url, master_token: TOKEN });
  attic = await addReplicaRow(api, 'attic', { url: replica.url, api_token: api.secrets.seal(TOKEN), generation: 'v3' });
  await ask({ ...replica, token: TOKEN }, 'PATCH', '/api/documents/1/', { title: 'Edited on the replica' });
});
afterAll(async () => {
  await stage.api.close();
  await Promise.all([master.stop(), replica.stop()]);
});

let finding: number;
beforeEach(async () => {
  const { db, owner } = stage.api;
  for (const table of ['findings', 'conflicts', 'sync_runs', 'sync_map', 'verifications'] as const)
    await owner.deleteFrom(table).execute();
  await db.updateTable('replicas').set({ conflict_policy: 'master' }).execute();
  const row = await db
    .insertInto('sync_map')
    .values({
      replica_id: attic,
      master_doc_id: 1,
      replica_doc_id: 1,
      status: 'ok',
      phase: 'ok',
      dirty_seq: 900_000,
      applied_seq: 900_000,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  link = row.id;
  finding = await found({});
});

async function found(more: object): Promise<number> {
  const { db } = stage.api;
  const { id } = await db
    .insertInto('verifications')
    .values({
      replica_id: attic,
      scope: 'replica',
      depth: 'metadata',
      trigger: 'manual',
      asked_by: 'test',
      state: 'done',
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const fields = [{ field: 'title', masterHash: 'm', copyHash: 'c', master: 'As it was', copy: 'Seen by night' }];
  const row = await db
    .insertInto('findings')
    .values({
      ...{ replica_id: attic, link_id: link, master_doc_id: 1, replica_doc_id: 1, kind: 'field_differs' as const },
      ...{ depth: 'metadata' as const, message: 'Not as on the master: title.', fields: JSON.stringify(fields) },
      ...{ verification_id: id, last_verification_id: id, last_seen_at: new Date(), ...more },
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

async function conflict(state: 'open' | 'keep_replica'): Promise<number> {
  const row = await stage.api.db
    .insertInto('conflicts')
    .values({
      ...{ replica_id: attic, link_id: link, master_doc_id: 1, replica_doc_id: 1, field: 'title', state },
      shown: JSON.stringify({ master: 'As it was', replica: 'Seen by night' }),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

const one = (table: 'sync_map' | 'findings' | 'conflicts'): Promise<Record<string, unknown>> =>
  stage.api.db.selectFrom(table).selectAll().executeTakeFirstOrThrow();

describe('drift', () => {
  it('stands on the replica, its list of findings and the document, with both values and the way to the preview', async () => {
    const paths = [`/replicas/${attic}`, `/replicas/${attic}/findings`, '/documents/1', '/findings'];
    for (const path of paths) {
      const { status, text } = await stage.open(path);
      expect([path, status]).toEqual([path, 200]);
      for (const part of [
        'As it was',
        'Seen by night',
        `/findings/${finding}/keep-master"`,
        'Keep master&#39;s on attic',
      ])
        expect(text, path).toContain(part);
    }
  });

  it('that waits for a person is told once, and leads to its decision', async () => {
    const id = await conflict('open');
    const { text } = await stage.open(`/replicas/${attic}`);
    expect(text).toContain(`/conflicts/${id}"`);
    expect(text).not.toContain(`/findings/${finding}/keep-master"`);
    const decided = await stage.follow(`/conflicts/${id}/resolve`, { keep: 'master' });
    expect(decided.text).toMatch(/1 conflict was decided: .* Run \d+ was started for it/);
  });

  it('that nothing can be written over has no such way', async () => {
    const foreign = await found({ kind: 'foreign', link_id: null, replica_doc_id: 9, fields: '[]' });
    const never = await found({ kind: 'missing', replica_doc_id: null, fields: '[]' });
    const { text } = await stage.open('/findings');
    for (const id of [foreign, never]) {
      expect(text).not.toContain(`/findings/${id}/keep-master`);
      expect((await stage.open(`/findings/${id}/keep-master`)).status).toBe(409);
    }
  });
});

describe("keeping the master's", () => {
  it('shows what is there now and what would be written, read from both sides, and writes nothing', async () => {
    for (const side of [master, replica]) side.clearRequests();
    const { status, text } = await stage.open(`/findings/${finding}/keep-master`);
    expect(status).toBe(200);
    expect(text).toContain('Both sides were read just now');
    expect(text).toMatch(/<del><code>Edited on the replica<\/code><\/del>/);
    expect(text).toContain('<button type="submit" class="danger">Overwrite on attic</button>');
    expect(text).not.toContain('Seen by night');
    const methods = [...master.requests(), ...replica.requests()].map(({ method }) => method);
    expect(new Set(methods)).toEqual(new Set(['GET']));
    expect((await one('sync_map'))['dirty_seq']).toBe(900_000);
  });

  it('shows what the comparison saw where an instance cannot be asked, and says so', async () => {
    replica.setFault('down');
    const { status, text } = await stage.open(`/findings/${finding}/keep-master`);
    replica.clearFaults();
    expect(status).toBe(200);
    expect(text).toContain('values of the comparison');
    expect(text).toMatch(/<del><code>Seen by night<\/code><\/del>/);
  });

  it('makes the document due at once, starts a run, is audited, and is compared again behind it', async () => {
    await stage.api.db
      .updateTable('sync_map')
      .set({ status: 'error', phase: 'dlq', retry_count: 10, next_due_at: new Date('2099-01-01') })
      .execute();
    const answer = await stage.follow(`/findings/${finding}/keep-master`);
    expect(answer.text).toMatch(/1 document is due on &quot;attic&quot;.* Run \d+ was started for it/);
    const due = await one('sync_map');
    expect(due).toMatchObject({ status: 'pending', phase: 'pending', retry_count: 0, next_due_at: null });
    expect([due['dirty_seq'] === 900_000, due['recheck_file']]).toEqual([false, true]);
    expect(await one('findings')).toMatchObject({ state: 'repairing', round: 1 });
    const { acts } = (await stage.api.get('/api/audit?limit=1')).body;
    expect(acts[0]).toMatchObject({ action: 'POST /findings/:id/keep-master', status: 303 });
  });

  it('is a decision that a replica which leaves edits to a person does not ask again for', async () => {
    await stage.api.db.updateTable('replicas').set({ conflict_policy: 'person' }).execute();
    await conflict('keep_replica');
    const { status, body } = await stage.api.request('POST', `/api/findings/${finding}/keep-master?now=1`);
    expect([status, body]).toEqual([202, { retried: 1, run_id: expect.any(Number) }]);
    expect(await one('conflicts')).toMatchObject({ state: 'keep_master', field: 'title' });
    expect(await stage.api.db.selectFrom('conflicts').selectAll().execute()).toHaveLength(1);
  });

  it('is refused once it is over, and for what does not exist', async () => {
    await stage.api.db.updateTable('findings').set({ state: 'repaired' }).execute();
    const over = await stage.api.request('POST', `/api/findings/${finding}/keep-master`);
    expect([over.status, over.body.error.code]).toEqual([409, 'finding_over']);
    const none = await stage.api.request('POST', '/api/findings/4711/keep-master');
    expect([none.status, none.body.error.code]).toEqual([404, 'finding_not_found']);
    expect((await one('sync_map'))['dirty_seq']).toBe(900_000);
  });
});

describe('bringing a file over again', () => {
  it('is asked of the API like another attempt, and only where a comparison found another file', async () => {
    const at = `/api/replicas/${attic}/documents/1/reupload`;
    const without = await stage.api.request('POST', at);
    expect([without.status, without.body.error.code]).toEqual([404, 'finding_not_found']);
    await stage.api.db.updateTable('findings').set({ kind: 'file_differs' }).execute();
    const { status, body } = await stage.api.request('POST', `${at}?now=1`);
    expect([status, body]).toEqual([202, { retried: 1, run_id: expect.any(Number) }]);
    expect(await one('sync_map')).toMatchObject({ status: 'pending', recheck_file: true });
    expect((await stage.api.request('POST', `${at}?now=perhaps`)).status).toBe(400);
  });
});
