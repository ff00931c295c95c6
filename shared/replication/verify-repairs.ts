/**
 * From finding to repair and back (E22): the links become dirty, a cycle of the replica works on them, and when its run has
 * closed they are verified again as deep as before. A bounded number of rounds; each step is a row, so a kill loses none.
 */
import * as findingsRepo from '../db/findings.repo.ts';
import type { Db, Finding, Verification } from '../db/tables.ts';
import { FINDING_KINDS, FINDINGS, MAX_REPAIR_ROUNDS } from '../domain/verification.ts';
import { toAppError } from '../kernel/errors.ts';
import type { EngineDeps } from './deps.ts';
import { openCycle } from './open-cycle.ts';
import { openVerification } from './verify-open.ts';
import type { Scene } from './verify-scene.ts';

const REPAIRABLE = FINDING_KINDS.filter((kind) => FINDINGS[kind].repair);

/** In the transaction that ends the verification: from here on the repair happens, whoever dies. Returns how many. */
export async function handOver(trx: Db, verification: Verification): Promise<number> {
  const findings = await findingsRepo.repairable(trx, verification.id, REPAIRABLE, MAX_REPAIR_ROUNDS);
  await findingsRepo.markForRepair(
    trx,
    findings.flatMap((finding) => finding.link_id ?? []),
  );
  await findingsRepo.beginRepair(
    trx,
    findings.map((finding) => finding.id),
  );
  return findings.length;
}

type RepairDeps = Pick<EngineDeps, 'db' | 'queue' | 'log' | 'clock' | 'settings'>;

/** A replica that takes part in no cycle is repaired once it does: its findings are open until then. */
export async function startRepairs(deps: RepairDeps, replicaId: number): Promise<void> {
  try {
    await openCycle(deps, { trigger: 'verify', replicaId });
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.class !== 'conflict') throw thrown;
    const ids = (await findingsRepo.repairing(deps.db, replicaId, null)).map((finding) => finding.id);
    await findingsRepo.reopen(deps.db, ids, error.message, false);
  }
}

/** Each tick: runs that are owed, and verifications of runs that have closed. */
export async function followRepairs(deps: RepairDeps): Promise<void> {
  for (const state of await findingsRepo.repairStates(deps.db)) {
    if (state.run_open || state.verifying) continue;
    // The run that was open when the repair was asked for had its change set already: another one is needed.
    if (state.ended_run === null) await startRepairs(deps, state.replica_id);
    else if (state.ended_outcome === 'ok' || state.ended_outcome === 'partial') await verifyRepairs(deps, state);
    else {
      const ids = (await findingsRepo.repairing(deps.db, state.replica_id, null)).map((finding) => finding.id);
      const why = state.ended_error ?? `it ended as ${state.ended_outcome}`;
      await findingsRepo.reopen(deps.db, ids, `The run that was to repair it did not: ${why}`, false);
    }
  }
}

async function verifyRepairs(deps: RepairDeps, { replica_id, depths }: findingsRepo.RepairState): Promise<void> {
  for (const depth of depths)
    await openVerification(deps, {
      replicaId: replica_id,
      scope: 'repairs',
      depth,
      trigger: 'repair',
      askedBy: 'controller',
    });
}

export interface TwinsAfterRepair {
  readonly removed: readonly Finding[];
  readonly surplus: readonly Finding[];
}

/** Twins have no link: whether they are still there is asked of the replica. */
export async function twinsAfterRepair(scene: Scene): Promise<TwinsAfterRepair> {
  const { verification, replica, deps } = scene;
  const findings = await findingsRepo.repairing(deps.db, replica.id, verification.depth);
  const twins = findings.filter((finding) => finding.link_id === null);
  const ids = twins.flatMap((finding) => finding.replica_doc_id ?? []);
  const live = new Set(await scene.copies.liveAmong(ids, scene.signal));
  const isLive = (finding: Finding) => live.has(finding.replica_doc_id ?? 0);
  return { removed: twins.filter((twin) => !isLive(twin)), surplus: twins.filter(isLive) };
}

/**
 * At the end of a verification of repairs: what was not seen again is closed already; the rest is open with the reason, and
 * handed over once more while there are rounds left.
 */
export async function endRepairs(trx: Db, { verification, replica }: Scene, twins: TwinsAfterRepair): Promise<void> {
  const { removed, surplus } = twins;
  await findingsRepo.endFindings(
    trx,
    verification.id,
    removed.map((finding) => finding.id),
  );
  await findingsRepo.reopen(
    trx,
    surplus.map((finding) => finding.id),
    'It could not be proven to be ours and untouched, so it was left (see the log).',
    true,
  );
  await findingsRepo.reopenWithReason(trx, replica.id, verification.depth);
}
