/** A master that looks restored, replaced or emptied is left alone until a person says what happened to it (H2). */
import * as absences from '../db/absences.repo.ts';
import * as masterRepo from '../db/master.repo.ts';
import type { Db } from '../db/tables.ts';
import { AppError } from '../kernel/errors.ts';
import type { EngineDeps } from './deps.ts';

const KINDS = {
  shrunk: {
    code: 'master_shrunk',
    class: 'not-an-api',
    hint: 'Check the token and the instance. If the documents were really deleted, confirm it: POST /api/master/confirm. Nothing was changed anywhere.',
  },
  restored: {
    code: 'master_restored',
    class: 'not-an-api',
    hint: 'Check the instance. If it is the right one, confirm its new identities: POST /api/master/confirm. Nothing was changed anywhere.',
  },
} as const;
export type Suspension = keyof typeof KINDS;

function suspension(kind: Suspension, message: string): AppError {
  return new AppError({ ...KINDS[kind], scope: 'instance', message });
}

/** From here on every cycle ends with this name. A list that shrank is believed again when it is whole again. */
export async function suspendMaster(
  deps: Pick<EngineDeps, 'db' | 'clock'>,
  kind: Suspension,
  reason: string,
): Promise<never> {
  const { code } = KINDS[kind];
  const before = await masterRepo.masterState(deps.db);
  await masterRepo.updateMaster(deps.db, {
    suspended_code: code,
    suspended_reason: reason,
    suspended_at: before.suspended_code === code ? before.suspended_at : deps.clock.now(),
  });
  throw suspension(kind, reason);
}

/** A master whose ids name other documents stays suspended whatever it answers now: two libraries may take turns. */
export function refuseSuspended(state: masterRepo.MasterState): void {
  if (state.suspended_code === KINDS.restored.code) throw suspension('restored', state.suspended_reason ?? '');
}

export async function suspicionCleared(db: Db, kind: Suspension): Promise<void> {
  await db
    .updateTable('master_state')
    .set({ suspended_code: null, suspended_reason: null, suspended_at: null })
    .where('suspended_code', '=', KINDS[kind].code)
    .execute();
}

/** H2: a few ids that name other documents quarantine their links; more of them, and it is another master. */
export async function suspendIfReplaced(deps: Pick<EngineDeps, 'db' | 'clock'>): Promise<void> {
  const { identity } = await absences.countSuspects(deps.db);
  if (identity === 0) return;
  const known = await absences.countKnownDocuments(deps.db);
  if (identity > Math.max(5, Math.ceil(known / 1000)))
    await suspendMaster(
      deps,
      'restored',
      `${identity} of ${known} ids of the master name other documents than they did: it was restored from a backup, or is another instance.`,
    );
}
