/** What a person says about a master that looked restored, replaced or emptied (H2): the only way out of a suspension. */
import * as absences from '../db/absences.repo.ts';
import { sampleOfMaster } from '../db/links.repo.ts';
import * as masterRepo from '../db/master.repo.ts';
import type { Db } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import type { EngineDeps } from './deps.ts';
import { suspicionCleared } from './master-suspension.ts';

/**
 * `disappearance`: the missing documents are really gone. `identities`: ids that name other documents name new ones.
 * `rollback`: the master was restored on purpose, and shows what it should. `address`: the master is at its new address, though
 * its documents are there with cut times, or just as well those of a replica.
 */
export type Confirmation = 'disappearance' | 'identities' | 'rollback' | 'address';

/** Returns the ids that were confirmed. */
export async function confirmMaster(
  deps: Pick<EngineDeps, 'db' | 'log'>,
  confirmation: Confirmation,
): Promise<number[]> {
  const ids = await deps.db.transaction().execute((trx) => CONFIRM[confirmation](trx));
  if (ids.length === 0)
    throw new AppError({
      code: 'nothing_to_confirm',
      class: 'conflict',
      message: `The master shows nothing of this kind (${confirmation}) that waits to be confirmed.`,
      hint: 'GET /api/master lists what waits.',
    });
  deps.log.warning(`A person confirmed for ${ids.length} documents of the master: ${confirmation}.`, {
    code: 'master_confirmed',
  });
  return ids;
}

const CONFIRM: Record<Confirmation, (db: Db) => Promise<number[]>> = {
  async disappearance(db) {
    const ids = [...(await absences.confirmSuspects(db, ['missing'])), ...(await absences.confirmNewest(db))];
    await suspicionCleared(db, 'shrunk');
    return [...new Set(ids)];
  },
  async identities(db) {
    const ids = await absences.confirmSuspects(db, ['identity', 'reused']);
    if (!(await absences.renewLinks(db, ids))) throw busy();
    // Learned anew from the next census: the old mark may stand above all that are given out now.
    await masterRepo.updateMaster(db, { high_water_id: null, high_water_added: null });
    await suspicionCleared(db, 'restored');
    return ids;
  },
  rollback: (db) => absences.confirmSuspects(db, ['rollback']),
  async address(db) {
    if (!(await masterRepo.masterState(db)).unconfirmed) return [];
    await masterRepo.updateMaster(db, { unconfirmed: false });
    return (await sampleOfMaster(db, 50)).map((known) => known.master_doc_id);
  },
};

function busy(): AppError {
  return new AppError({
    code: 'documents_busy',
    class: 'conflict',
    message: 'Some of these documents are being worked on right now.',
    hint: 'Try again in a moment.',
  });
}
