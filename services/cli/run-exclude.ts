import { EXIT } from '../../shared/config/exit-codes.ts';
import { insertAudit } from '../../shared/db/audit.repo.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { excludeDocument, includeDocument, REASON_LENGTH } from '../../shared/replication/exclude-document.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { numberOf, usageError } from './arguments.ts';
import { attach } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';
import { printJson, printLines } from './print.ts';

const BY = { actor: 'command line', via: 'command' } as const;

export interface ExcludeOptions {
  readonly replica: string | undefined;
  readonly document: string | undefined;
  readonly reason: string | undefined;
  readonly json: boolean;
}

export async function runExclude({ replica, document, reason, json }: ExcludeOptions): Promise<number> {
  const why = reason?.trim() ?? '';
  if (why === '' || why.length > REASON_LENGTH)
    throw usageError(`--reason must have 1 to ${REASON_LENGTH} characters.`, 'exclude');
  const { masterDocId, named } = aboutOf('exclude', replica, document);
  const attached = await attach();
  try {
    const { database, secrets, log, engineMetrics: metrics } = attached.foundation;
    const { db } = database;
    const closing = { db, log, metrics, clock: systemClock, settings: () => loadSettings({ db, secrets }) };
    const replicaId = await replicaIdOf(db, named);
    await excludeDocument(closing, { replicaId, masterDocId }, { reason: why, by: BY.actor });
    const target = `replica ${replicaId}, document ${masterDocId}`;
    await insertAudit(db, { ...BY, action: 'exclude', target, after: { excluded_reason: why } });
    if (json) printJson({ excluded: 1 });
    else printLines([`Document #${masterDocId} is excluded on "${named}" until you include it again.`]);
    return EXIT.ok;
  } finally {
    await attached.close();
  }
}

export async function runInclude({ replica, document, json }: Omit<ExcludeOptions, 'reason'>): Promise<number> {
  const { masterDocId, named } = aboutOf('include', replica, document);
  const attached = await attach();
  try {
    const { database, log } = attached.foundation;
    const replicaId = await replicaIdOf(database.db, named);
    await includeDocument({ db: database.db, log }, { replicaId, masterDocId });
    const target = `replica ${replicaId}, document ${masterDocId}`;
    await insertAudit(database.db, { ...BY, action: 'include', target });
    if (json) printJson({ included: 1 });
    else printLines([`Document #${masterDocId} is due on "${named}" in the next cycle.`]);
    return EXIT.ok;
  } finally {
    await attached.close();
  }
}

function aboutOf(command: string, replica: string | undefined, document: string | undefined) {
  if (replica === undefined || document === undefined) throw usageError('Name --replica and --document.', command);
  return { masterDocId: numberOf('document', document, command), named: replica };
}
