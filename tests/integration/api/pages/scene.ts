/** Something of everything that pages show, with hostile text in every field that paperless or a person can fill. */
import { insertAudit } from '../../../../shared/db/audit.repo.ts';
import { insertLogs } from '../../../../shared/db/logs.repo.ts';
import { addReplicaRow, type TestApi } from '../harness.ts';

/** What would run, load or break out, were it not escaped. */
export const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>' onfocus='x {{7*7}} \u202e`;

export interface Scene {
  readonly attic: number;
  readonly cellar: number;
  readonly run: number;
  readonly conflict: number;
  readonly proposal: number;
  readonly finding: number;
  readonly verification: number;
  readonly tombstone: number;
  /** Master ids: in step, given up, blocked, edited on the replica. */
  readonly documents: { readonly fine: 1; readonly dead: 2; readonly blocked: 3; readonly edited: 4; readonly gone: 5 };
}

export async function setScene(api: TestApi): Promise<Scene> {
  const { db } = api;
  await db
    .updateTable('master_state')
    .set({ generation: 'v3', version: '3.0.5', is_superuser: true, document_count: 9 })
    .execute();
  const attic = await addReplicaRow(api, `attic ${HOSTILE}`, {
    generation: 'v2',
    deletion_mode: 'trash',
    conflict_policy: 'person',
  });
  const cellar = await addReplicaRow(api, 'cellar', { generation: 'v3' });
  const link = async (values: object) => {
    const row = await db
      .insertInto('sync_map')
      .values({ replica_id: attic, master_doc_id: 1, ...values } as never)
      .returning('id')
      .executeTakeFirstOrThrow();
    return row.id;
  };
  const done = { status: 'ok', phase: 'ok', dirty_seq: 5, applied_seq: 5, last_synced: new Date(), file_size: 12_345 };
  const report = JSON.stringify([{ field: 'owner', kind: 'not_replicable', reason: `nobody is called ${HOSTILE}` }]);
  const fine = await link({ ...done, replica_doc_id: 11, file_checksum: 'a'.repeat(64), report });
  await link({ ...done, replica_id: cellar, replica_doc_id: 91 });
  await link({
    master_doc_id: 2,
    status: 'error',
    phase: 'dlq',
    error_code: 'task_failed',
    error_msg: HOSTILE,
    retry_count: 10,
    failed_at: new Date(),
  });
  await link({
    master_doc_id: 3,
    status: 'error',
    phase: 'blocked',
    error_code: 'duplicate_content',
    error_msg: 'The same bytes are there.',
  });
  const edited = await link({ ...done, master_doc_id: 4, replica_doc_id: 14 });
  const gone = await link({ ...done, master_doc_id: 5, replica_doc_id: 15 });
  await db
    .insertInto('master_absences')
    .values({ master_doc_id: 5, state: 'trashed', trashed_sweeps: 1, last_run: 1 })
    .execute();
  const run = await db
    .insertInto('sync_runs')
    .values({
      kind: 'replica',
      replica_id: attic,
      triggered_by: HOSTILE,
      started_at: new Date(),
      finished_at: new Date(),
      outcome: 'partial',
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('run_items')
    .values({ run_id: run.id, link_id: fine, chunk: 0, kind: 'upload', state: 'done' })
    .execute();
  await db
    .insertInto('upload_attempts')
    .values({
      link_id: fine,
      k: 1,
      state: 'success',
      marker: 'm',
      sha256: 'a'.repeat(64),
      md5: 'b'.repeat(32),
      size: 12_345,
      file_name: HOSTILE,
      worker: crypto.randomUUID(),
      lease_epoch: 1,
      task_id: HOSTILE,
      terminal_at: new Date(),
      closed_at: new Date(),
    })
    .execute();
  const conflict = await db
    .insertInto('conflicts')
    .values({
      replica_id: attic,
      link_id: edited,
      master_doc_id: 4,
      replica_doc_id: 14,
      field: 'title',
      base_hash: '1',
      replica_hash: '2',
      master_hash: '3',
      shown: JSON.stringify({ master: HOSTILE, replica: 'Edited here' }),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const verification = await db
    .insertInto('verifications')
    .values({
      replica_id: attic,
      scope: 'replica',
      depth: 'checksum',
      trigger: 'manual',
      asked_by: HOSTILE,
      state: 'done',
      phase: 'documents',
      started_at: new Date(),
      finished_at: new Date(),
      compared: 2,
      equal: 1,
      findings: 1,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('verification_ledger')
    .values({
      verification_id: verification.id,
      link_id: fine,
      master_doc_id: 1,
      replica_doc_id: 11,
      depth: 'checksum',
      compared_at: new Date(),
      outcome: 'equal',
      reason: HOSTILE,
      master_file: 'a'.repeat(64),
      copy_file: 'a'.repeat(64),
      master_fields: null,
      copy_fields: null,
    })
    .execute();
  const finding = await db
    .insertInto('findings')
    .values({
      replica_id: attic,
      link_id: edited,
      master_doc_id: 4,
      replica_doc_id: 14,
      kind: 'field_differs',
      depth: 'metadata',
      message: HOSTILE,
      hint: HOSTILE,
      fields: JSON.stringify([{ field: 'correspondent', masterHash: 'a', copyHash: 'b', master: HOSTILE, copy: null }]),
      verification_id: verification.id,
      last_verification_id: verification.id,
      last_seen_at: new Date(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const tombstone = await db
    .insertInto('tombstones')
    .values({
      replica_id: attic,
      link_id: gone,
      master_doc_id: 5,
      replica_doc_id: 15,
      reason: 'trashed_on_master',
      state: 'trashed',
      detail: HOSTILE,
      planned_at: new Date(),
      trashed_at: new Date(),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  await db.updateTable('sync_map').set({ tombstone_id: tombstone.id }).where('id', '=', gone).execute();
  const proposal = await insertProposal(api, attic, fine);
  await insertLogs(db, [
    { level: 'info', message: 'Run began', replica_id: attic, run_id: run.id },
    { level: 'warning', message: HOSTILE, replica_id: attic, doc_id: 2, code: 'task_failed' },
    { level: 'error', message: `Upload failed: ${HOSTILE}`, replica_id: attic, doc_id: 2, code: HOSTILE.slice(0, 20) },
  ]);
  await insertAudit(db, {
    actor: HOSTILE,
    via: 'forward',
    action: 'PUT /api/settings',
    target: `/api/settings?${HOSTILE}`,
    status: 200,
    source: HOSTILE,
    before: { x: HOSTILE },
    after: { x: 1 },
  });
  return {
    attic,
    cellar,
    run: run.id,
    conflict: conflict.id,
    proposal,
    finding: finding.id,
    verification: verification.id,
    tombstone: tombstone.id,
    documents: { fine: 1, dead: 2, blocked: 3, edited: 4, gone: 5 },
  };
}

async function insertProposal(api: TestApi, replicaId: number, linkId: number): Promise<number> {
  const row = await api.db
    .insertInto('match_proposals')
    .values({
      replica_id: replicaId,
      link_id: linkId,
      master_doc_id: 3,
      master_added: 'then',
      replica_doc_id: 77,
      replica_added: 'then',
      rule: 'title_created',
      shown: JSON.stringify({ master: { title: HOSTILE }, replica: { title: 'The same' } }),
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}
