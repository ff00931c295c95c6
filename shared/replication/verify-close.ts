/** The end of a verification: what was put off for good, the window, the digest of the receipt, and the repairs. */
import { createHash } from 'node:crypto';
import * as findingsRepo from '../db/findings.repo.ts';
import * as ledger from '../db/verification-ledger.repo.ts';
import * as repo from '../db/verifications.repo.ts';
import type { Db } from '../db/tables.ts';
import { RECEIPT_HEADER, receiptLine } from '../domain/verification.ts';
import { DAY } from '../kernel/clock.ts';
import { AppError } from '../kernel/errors.ts';
import { endRepairs, handOver, startRepairs, twinsAfterRepair } from './verify-repairs.ts';
import { outOfTime, save, type Scene } from './verify-scene.ts';

export async function closeFinished(scene: Scene): Promise<void> {
  const { deps, verification } = scene;
  const late = outOfTime(scene);
  const twins = verification.scope === 'repairs' ? await twinsAfterRepair(scene) : null;
  const repaired = await deps.db.transaction().execute(async (trx) => {
    const skipped = await ledger.skipPutOff(trx, verification.id, late ? 'out_of_time' : 'not_linked');
    if (verification.scope === 'slice') await noteWindow(scene, trx);
    if (twins) await endRepairs(trx, scene, twins);
    const handed = await handOver(trx, scene.verification);
    const findings = await findingsRepo.countSeenBy(trx, verification.id);
    await save(scene, trx, { findings, skipped: scene.verification.skipped + skipped });
    const closed = await repo.closeVerification(trx, verification.id, {
      state: late ? 'stopped' : 'done',
      digest: await receiptDigest(trx, verification.id),
    });
    if (!closed)
      throw new AppError({ code: 'verification_taken_over', class: 'cancelled', message: 'It was cancelled.' });
    return handed;
  });
  say(scene);
  if (repaired > 0) await startRepairs(deps, scene.replica.id);
}

function say(scene: Scene): void {
  const { id, scope, depth, compared, equal, skipped, findings } = scene.verification;
  const text = `Verification ${id} (${scope}, ${depth}): ${equal} of ${compared} equal, ${findings} findings, ${skipped} skipped.`;
  const where = { replicaId: scene.replica.id, replica: scene.replica.name };
  if (findings > 0) scene.deps.log.warning(text, { ...where, code: 'verification_findings' });
  else scene.deps.log.info(text, where);
}

/** The budget wins; what it left unread for too long is said. */
async function noteWindow(scene: Scene, trx: Db): Promise<void> {
  const { replica, verification, settings, deps } = scene;
  const before = new Date(deps.clock.now().getTime() - settings.verifyWindowDays * DAY);
  const missed = await ledger.countWindowMissed(trx, replica.id, before);
  const of = { replicaId: replica.id, verificationId: verification.id };
  if (missed === 0) {
    await findingsRepo.endUnseenOfKind(trx, { ...of, kinds: ['window_missed'] });
    return;
  }
  const found: findingsRepo.NewFinding = {
    linkId: null,
    masterDocId: null,
    replicaDocId: null,
    kind: 'window_missed',
    depth: 'bytes',
    message: `${missed} copies were not read byte by byte within ${settings.verifyWindowDays} days.`,
    hint: 'Raise verify_budget_seconds or verify_window_days, or verify the replica by hand.',
    fields: [],
  };
  await findingsRepo.saveFindings(trx, of, [found]);
}

const PAGE = 1000;

/** Of the receipt as CSV, byte for byte as it is served. */
export async function receiptDigest(db: Db, verificationId: number): Promise<string> {
  const hash = createHash('sha256').update(RECEIPT_HEADER);
  for (let after = 0; ; ) {
    const rows = await ledger.ledgerPage(db, verificationId, after, PAGE);
    for (const row of rows) hash.update(receiptLine(row));
    const last = rows.at(-1);
    if (!last || rows.length < PAGE) return hash.digest('hex');
    after = last.link_id;
  }
}
