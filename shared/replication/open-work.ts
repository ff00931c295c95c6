/** Everything one look at a link needs, gathered once; the run's tables are parsed once a process and run. */
import { attemptsOf } from '../db/attempts.repo.ts';
import type * as links from '../db/links.repo.ts';
import { openReplacement } from '../db/replacements.repo.ts';
import type { Link, Run } from '../db/tables.ts';
import { tablesFromJson, type TranslationTables } from '../domain/translate/tables.ts';
import { AppError } from '../kernel/errors.ts';
import { noteFacts } from '../telemetry/context.ts';
import type { ReplicaFindings } from './check-replica.ts';
import type { EngineDeps } from './deps.ts';
import { seenLink } from './document/seen-link.ts';
import type { DocumentWork } from './document/work.ts';
import type { RunContext } from './sync-replica.ts';

interface ParsedContext {
  readonly tables: TranslationTables;
  readonly findings: ReplicaFindings;
}

/** A few runs are open at a time; a run's tables can be large, so old ones are dropped. */
const parsed = new WeakMap<object, Map<number, ParsedContext>>();
const KEPT_RUNS = 8;

export async function openWork(
  deps: EngineDeps,
  link: Link,
  lease: links.LeaseRef,
  run: Run,
  signal: AbortSignal,
): Promise<DocumentWork> {
  const settings = await deps.settings();
  const replica = await deps.db.selectFrom('replicas').selectAll().where('id', '=', link.replica_id).executeTakeFirst();
  if (!replica)
    throw new AppError({ code: 'replica_deleted', class: 'cancelled', message: 'The replica was deleted.' });
  noteFacts({ run_id: run.id, replica: replica.name, replica_id: replica.id, doc_id: link.master_doc_id });
  const left = run.started_at.getTime() + settings.syncCycleTimeoutSeconds * 1000 - deps.clock.now().getTime();
  const context = contextOf(deps, run);
  const replacement = link.replacing ? ((await openReplacement(deps.db, link.id)) ?? null) : null;
  const attempts = await attemptsOf(deps.db, link.id);
  return {
    deps,
    settings,
    run,
    replica,
    ...context,
    master: await deps.instances.master(),
    writer: await deps.instances.replica(replica.id),
    lease,
    want: link.dirty_seq,
    signal: AbortSignal.any([signal, AbortSignal.timeout(Math.max(1, left))]),
    entered: link.phase,
    link: seenLink(replacement, link),
    // While the new file is on its way, the uploads of the old one are history.
    attempts: replacement?.step === 'r1' ? attempts.filter((one) => one.k > replacement.from_k) : attempts,
    overtaken: new Map(),
    replacement,
    masterDoc: null,
    copy: null,
    lent: null,
    bytes: 0,
    transferred: false,
    reports: [],
    edits: { overwritten: new Set(), waiting: new Set(), kept: new Set() },
    versions: null,
    fileReports: [],
    fileStep: null,
    copyFile: null,
    contentHeld: false,
  };
}

function contextOf(deps: EngineDeps, run: Run): ParsedContext {
  const cache = parsed.get(deps.db) ?? new Map<number, ParsedContext>();
  parsed.set(deps.db, cache);
  const known = cache.get(run.id);
  if (known) return known;
  const context = run.context as RunContext | null;
  if (!context) throw new AppError({ code: 'run_closed', class: 'cancelled', message: 'The run was closed.' });
  const fresh = { tables: tablesFromJson(context.tables), findings: context.findings };
  cache.set(run.id, fresh);
  for (const id of cache.keys()) if (cache.size > KEPT_RUNS) cache.delete(id);
  return fresh;
}
