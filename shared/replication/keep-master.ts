/**
 * A person wants the master's values written over what a comparison found on a replica (E21), now and not when its turn comes.
 * That is a decision, too: a replica whose policy leaves edits to a person does not ask again.
 */
import { keepMasterIn, type DecidedField } from '../db/conflicts.repo.ts';
import { findFinding } from '../db/findings.repo.ts';
import { linkById } from '../db/links.repo.ts';
import { findReplica } from '../db/replicas.repo.ts';
import { repairAtOnce } from '../db/retry.repo.ts';
import type { Finding, Link, Replica } from '../db/tables.ts';
import { FINDINGS } from '../domain/verification.ts';
import { AppError } from '../kernel/errors.ts';
import type { EngineDeps } from './deps.ts';

export interface Overwritable {
  readonly finding: Finding;
  readonly replica: Replica;
  readonly link: Link;
}

/** The engine can put it right, and there is a copy to do it to. */
export function isOverwritable({ kind, state, link_id, replica_doc_id }: Finding): boolean {
  const undecided = state === 'open' || state === 'repairing';
  return undecided && FINDINGS[kind].repair && link_id !== null && replica_doc_id !== null;
}

/** @throws finding_not_found, finding_over */
export async function findOverwritable({ db }: Pick<EngineDeps, 'db'>, findingId: number): Promise<Overwritable> {
  const finding = await findFinding(db, findingId);
  if (finding === undefined)
    throw new AppError({
      code: 'finding_not_found',
      class: 'not-found',
      message: `The finding ${findingId} does not exist.`,
    });
  const [replica, link] = await Promise.all([findReplica(db, finding.replica_id), linkById(db, finding.link_id ?? 0)]);
  if (!isOverwritable(finding) || replica === undefined || link === undefined) throw over(finding);
  return { finding, replica, link };
}

/** @throws as findOverwritable */
export async function keepMaster(deps: Pick<EngineDeps, 'db' | 'log'>, findingId: number): Promise<Overwritable> {
  const asked = await findOverwritable(deps, findingId);
  const { finding, replica, link } = asked;
  const due = await deps.db.transaction().execute(async (trx) => {
    if (replica.conflict_policy === 'person') await keepMasterIn(trx, link, decided(finding));
    return repairAtOnce(trx, finding.id);
  });
  if (!due) throw over(finding);
  deps.log.info(`A person keeps the master's values of document #${link.master_doc_id}: ${finding.message}`, {
    replicaId: replica.id,
    docId: link.master_doc_id,
  });
  return asked;
}

/** By the names under which a run notices edits. */
function decided({ kind, fields }: Finding): DecidedField[] {
  const all: DecidedField[] = fields.map(({ field, copyHash, masterHash, master, copy }) => ({
    field: field === 'versions' ? 'file' : field,
    replicaHash: copyHash,
    masterHash,
    shown: { master, replica: copy },
  }));
  if (kind === 'missing')
    all.push({ field: 'document', replicaHash: null, masterHash: null, shown: { master: 'live', replica: 'gone' } });
  // Those to other documents are no edits of their own: they are set whatever the policy.
  return all.filter(({ field }) => field !== 'document_links');
}

function over({ id, state, kind }: Finding): AppError {
  const why =
    state === 'open' || state === 'repairing'
      ? `"${kind.replaceAll('_', ' ')}" has no value of the master's to write`
      : `it is ${state} already`;
  return new AppError({
    code: 'finding_over',
    class: 'conflict',
    message: `Nothing to write for finding ${id}: ${why}.`,
  });
}
