import { decideConflict, findConflict, type Conflict } from '../db/conflicts.repo.ts';
import { AppError } from '../kernel/errors.ts';
import type { EngineDeps } from './deps.ts';

/**
 * A person's word on an edit that was made on a replica (E21); the document is due, and the next cycle carries it out.
 * @throws conflict_not_found, conflict_over
 */
export async function resolveConflict(
  deps: Pick<EngineDeps, 'db' | 'log'>,
  id: number,
  keep: 'master' | 'replica',
): Promise<Conflict> {
  const decided = await decideConflict(deps.db, id, keep === 'master' ? 'keep_master' : 'keep_replica');
  if (decided === null) throw await undecidable(deps, id);
  deps.log.info(`A person keeps the ${keep}'s value of "${decided.field}".`, {
    replicaId: decided.replica_id,
    docId: decided.master_doc_id,
  });
  return decided;
}

async function undecidable({ db }: Pick<EngineDeps, 'db'>, id: number): Promise<AppError> {
  const conflict = await findConflict(db, id);
  if (conflict === undefined)
    return new AppError({ code: 'conflict_not_found', class: 'not-found', message: `There is no conflict ${id}.` });
  const how = conflict.state === 'gone' ? 'both sides agree again' : "the master's value was written";
  return new AppError({ code: 'conflict_over', class: 'conflict', message: `The conflict ${id} is over: ${how}.` });
}
