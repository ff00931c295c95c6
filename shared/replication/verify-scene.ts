/** What the steps of one verification share. Both instances are readers here: verification writes to neither (E22). */
import type { Settings } from '../config/settings.ts';
import type * as ledger from '../db/verification-ledger.repo.ts';
import * as repo from '../db/verifications.repo.ts';
import type { Db, Replica, Verification } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import type { PaperlessReader } from '../paperless/api.ts';
import type { CompareScope } from './compare-batch.ts';
import type { EngineDeps } from './deps.ts';
import { readTables } from './taxonomy/read.ts';

export interface Scene {
  readonly deps: EngineDeps;
  readonly settings: Settings;
  readonly replica: Replica;
  readonly lease: repo.VerificationLease;
  readonly master: PaperlessReader;
  readonly copies: PaperlessReader;
  readonly compare: CompareScope;
  readonly signal: AbortSignal;
  /** As in the database; every save renews it. */
  verification: Verification;
  /** True from the moment the master token was seen not to be a superuser's: nothing is called verified (E4, H4). */
  subset: boolean;
  /** Monotonic time of the last save: what has passed since is not in spent_ms yet. */
  savedAt: number;
}

export async function openScene(
  deps: EngineDeps,
  verification: Verification,
  lease: repo.VerificationLease,
  signal: AbortSignal,
): Promise<Scene> {
  const startedAt = deps.clock.monotonic();
  const replica = await replicaOf(deps.db, verification.replica_id);
  const master = await deps.instances.master();
  const copies: PaperlessReader = await deps.instances.replica(replica.id);
  const [facts, copyFacts] = await Promise.all([master.probe(signal), copies.probe(signal)]);
  refuseWeakToken(replica.name, copyFacts.isSuperuser);
  const tables = await readTables(
    { db: deps.db, replica, reader: master, writer: copies, signal, now: deps.clock.now() },
    copyFacts.userId,
  );
  const [masterCensus, copyCensus] = await Promise.all([master.census(signal), copies.census(signal)]);
  const compare: CompareScope = {
    db: deps.db,
    replicaId: replica.id,
    master,
    replica: copies,
    tables,
    masterIds: new Set(masterCensus.ids),
    replicaIds: new Set(copyCensus.ids),
    signal,
  };
  const scene: Scene = {
    deps,
    settings: await deps.settings(),
    replica,
    lease,
    master,
    copies,
    compare,
    signal,
    verification,
    subset: verification.subset || !facts.isSuperuser,
    savedAt: startedAt,
  };
  await save(scene, deps.db, { master_documents: masterCensus.ids.length, replica_documents: copyCensus.ids.length });
  return scene;
}

async function replicaOf(db: Db, id: number | null): Promise<Replica> {
  const replica = await db
    .selectFrom('replicas')
    .selectAll()
    .where('id', '=', id ?? 0)
    .executeTakeFirst();
  if (replica) return replica;
  throw new AppError({ code: 'replica_deleted', class: 'cancelled', message: 'The replica was deleted.' });
}

function refuseWeakToken(name: string, isSuperuser: boolean): void {
  if (isSuperuser) return;
  throw new AppError({
    code: 'token_not_superuser',
    class: 'permission',
    scope: 'instance',
    message: `The token of replica "${name}" does not belong to a superuser: a document it does not see would look missing.`,
    hint: 'Use the token of a superuser who is also staff.',
  });
}

/** Writes progress under the lease, with the working time since the last save; stops the work where it was lost. */
export async function save(scene: Scene, db: Db, patch: repo.VerificationPatch): Promise<void> {
  const now = scene.deps.clock.monotonic();
  const spent = scene.verification.spent_ms + Math.round(now - scene.savedAt);
  const saved = await repo.updateVerification(db, scene.lease, { ...patch, subset: scene.subset, spent_ms: spent });
  if (!saved)
    throw new AppError({
      code: 'verification_taken_over',
      class: 'cancelled',
      message: 'The verification went on in another process, or was cancelled.',
    });
  scene.verification = saved;
  scene.savedAt = now;
}

/** Whether the time budget is used up; one without a budget takes as long as it needs. */
export function outOfTime(scene: Scene): boolean {
  const { budget_ms: budget, spent_ms: spent } = scene.verification;
  return budget !== null && spent + (scene.deps.clock.monotonic() - scene.savedAt) >= budget;
}

/** Counts are added to as the rows are written, in one transaction: a resumed verification counts nothing twice. */
export function addCounts(scene: Scene, rows: readonly ledger.NewLedgerRow[], bytes: number): repo.VerificationPatch {
  const { compared, equal, derived, skipped, bytes_read } = scene.verification;
  const of = (outcome: string) => rows.filter((row) => row.outcome === outcome).length;
  return {
    compared: compared + of('equal') + of('different'),
    equal: equal + of('equal'),
    derived: derived + rows.filter((row) => row.derived && row.outcome === 'equal').length,
    skipped: skipped + of('skipped'),
    bytes_read: bytes_read + bytes,
  };
}

/** H4: proves that a document is not there: superuser before and after, and a direct answer in between. */
export async function isProvenAbsent(scene: Scene, reader: PaperlessReader, id: number): Promise<boolean> {
  if (!(await reader.probe(scene.signal)).isSuperuser) return false;
  if ((await reader.document(id, scene.signal)) !== null) return false;
  return (await reader.probe(scene.signal)).isSuperuser;
}
