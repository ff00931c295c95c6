/** Verifications as pages show them. */
import type { LedgerRow, Verification } from '../../../shared/db/tables.ts';
import { ledgerPage } from '../../../shared/db/verification-ledger.repo.ts';
import { childrenOfVerification, findVerification, listVerifications } from '../../../shared/db/verifications.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { nextAfter, replicaNames } from './names.ts';

export type { LedgerRow, Verification };

const PAGE = 50;
const ROWS = 100;

/** Of one replica or (null) of all. */
export async function loadVerificationList(
  { db }: Pick<ApiDeps, 'db'>,
  replicaId: number | null,
  before: number | undefined,
) {
  const [rows, names] = await Promise.all([
    listVerifications(db, replicaId, { before, limit: PAGE }),
    replicaNames(db),
  ]);
  return { rows, names, next: nextAfter(rows, PAGE) };
}

export async function existingVerification({ db }: Pick<ApiDeps, 'db'>, id: number): Promise<Verification> {
  const verification = await findVerification(db, id);
  if (verification === undefined) throw notFound(`The verification ${id}`, 'verification_not_found');
  return verification;
}

/** With a page of its receipt, or with its parts. */
export async function loadVerificationPage(deps: Pick<ApiDeps, 'db'>, id: number, afterLink: number) {
  const one = await existingVerification(deps, id);
  const [rows, children, names] = await Promise.all([
    ledgerPage(deps.db, one.id, afterLink, ROWS),
    childrenOfVerification(deps.db, one.id),
    replicaNames(deps.db),
  ]);
  return { one, rows, children, names, next: rows.length === ROWS ? (rows.at(-1)?.link_id ?? null) : null };
}
