/** What verifications found, as a page shows it, and what a person lets be. */
import { acceptFinding, findFinding, listFindings } from '../../../shared/db/findings.repo.ts';
import type { Finding } from '../../../shared/db/tables.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { nextAfter, replicaNames } from './names.ts';

export type { Finding };

const PAGE = 50;

export async function loadFindingPage(
  { db }: Pick<ApiDeps, 'db'>,
  filter: Parameters<typeof listFindings>[1],
  before: number | undefined,
) {
  const [findings, names] = await Promise.all([listFindings(db, filter, { before, limit: PAGE }), replicaNames(db)]);
  return { findings, names, next: nextAfter(findings, PAGE) };
}

/** `accepted` is false where it is over already. */
export async function letBe(
  deps: Pick<ApiDeps, 'db' | 'log'>,
  findingId: number,
): Promise<{ readonly finding: Finding; readonly accepted: boolean }> {
  const accepted = await acceptFinding(deps.db, findingId);
  const finding = accepted ?? (await findFinding(deps.db, findingId));
  if (finding === undefined) throw notFound(`The finding ${findingId}`, 'finding_not_found');
  if (accepted !== undefined)
    deps.log.info(`Finding ${finding.id} (${finding.kind}) was accepted.`, { replicaId: finding.replica_id });
  return { finding, accepted: accepted !== undefined };
}
