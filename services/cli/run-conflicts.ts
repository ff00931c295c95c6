import { EXIT } from '../../shared/config/exit-codes.ts';
import { listConflicts } from '../../shared/db/conflicts.repo.ts';
import { listReplicas } from '../../shared/db/replicas.repo.ts';
import type { Db } from '../../shared/db/tables.ts';
import { resolveConflict } from '../../shared/replication/resolve-conflict.ts';
import { presentConflict } from '../api/presenters/document.ts';
import { numberOf, oneOf, usageError } from './arguments.ts';
import { attach } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';
import { columns, printJson, printLines } from './print.ts';

export interface ConflictsOptions {
  readonly replica: string | undefined;
  readonly state: string | undefined;
  readonly limit: string | undefined;
  readonly resolve: string | undefined;
  readonly keep: string | undefined;
  readonly json: boolean;
}

const STATES = ['open', 'overwritten', 'keep_master', 'keep_replica', 'gone', 'all'] as const;

export async function runConflicts(options: ConflictsOptions): Promise<number> {
  if ((options.resolve === undefined) !== (options.keep === undefined))
    throw usageError('--resolve and --keep belong together.', 'conflicts');
  const id = options.resolve === undefined ? null : numberOf('resolve', options.resolve, 'conflicts');
  const keep = oneOf('keep', options.keep, ['master', 'replica'] as const, 'conflicts');
  const state = oneOf('state', options.state, STATES, 'conflicts') ?? 'open';
  const limit = numberOf('limit', options.limit ?? '100', 'conflicts');
  const attached = await attach();
  try {
    const { database, log } = attached.foundation;
    if (id !== null && keep !== undefined) {
      const conflict = presentConflict(await resolveConflict({ db: database.db, log }, id, keep));
      if (options.json) printJson({ conflict });
      else
        printLines([
          `Conflict ${id}: the ${keep}'s value of "${conflict.field}" stays; the next cycle carries it out.`,
        ]);
    } else await show(database.db, { ...options, state, limit });
    return EXIT.ok;
  } finally {
    await attached.close();
  }
}

async function show(
  db: Db,
  {
    replica,
    state,
    limit,
    json,
  }: { replica: string | undefined; state: (typeof STATES)[number]; limit: number; json: boolean },
): Promise<void> {
  const replicaId = replica === undefined ? undefined : await replicaIdOf(db, replica);
  const rows = await listConflicts(db, { replicaId, state: state === 'all' ? undefined : state }, { limit });
  if (json) return printJson({ conflicts: rows.map(presentConflict) });
  if (rows.length === 0) return printLines(['None.']);
  const names = new Map((await listReplicas(db)).map((one) => [one.id, one.name]));
  const lines = rows.map((row) => [
    ...[row.id, names.get(row.replica_id) ?? row.replica_id, `#${row.master_doc_id}`, row.field, row.state],
    JSON.stringify(row.shown),
  ]);
  printLines(columns([['id', 'replica', 'document', 'field', 'state', 'values'], ...lines]));
}
