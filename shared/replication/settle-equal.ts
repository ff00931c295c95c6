/**
 * Many documents are dirty and equal nevertheless: after paperless' own import every "modified" is the time of the import,
 * after a reconcile every link is new. They are compared by the hundred before any job is made; a job, two requests and a
 * dozen statements each are for those that differ.
 */
import { saveNotePairs } from '../db/note-links.repo.ts';
import { plainUpdates, settleLinks, type SettledLink } from '../db/settled.repo.ts';
import { canonicalActual, fieldHashes } from '../domain/diff.ts';
import { planNotes } from '../domain/provenance.ts';
import { translateDocument } from '../domain/translate/index.ts';
import type { TranslationTables } from '../domain/translate/tables.ts';
import type { Link } from '../db/tables.ts';
import { BATCH_SIZE, compareBatch, type CompareScope, type LinkComparison } from './compare-batch.ts';
import { scopeOf } from './sweep.ts';
import type { ReplicaRun } from './sync-replica.ts';

/** Below that, the jobs themselves read no more. */
const WORTH_IT = 20;

type Compared = Extract<LinkComparison, { kind: 'compared' }>;

export async function settleEqual(work: ReplicaRun, tables: TranslationTables, planned: number): Promise<void> {
  if (planned < WORTH_IT) return;
  const { deps, run, lease } = work;
  let scope: CompareScope | null = null;
  let settled = 0;
  for (let after = 0; ; ) {
    work.signal.throwIfAborted();
    const links = await plainUpdates(deps.db, run.id, after, BATCH_SIZE);
    const last = links.at(-1);
    if (!last) break;
    after = last.id;
    scope ??= await scopeOf(work, tables);
    const equal = (await compareBatch(scope, links)).filter(isEqual);
    for (const one of equal) await rememberNotes(work, one);
    settled += await settleLinks(
      deps.db,
      lease,
      equal.map((one) => settledLink(one, tables)),
    );
    await deps.racePoint('settle.batch');
  }
  if (settled > 0)
    deps.log.info(`${settled} documents that were to be looked at are equal already.`, {
      replicaId: work.replica.id,
      runId: run.id,
    });
}

function isEqual(one: LinkComparison): one is Compared {
  if (one.kind !== 'compared' || one.differences.length > 0) return false;
  return (
    fileIsKnown(one) && one.reports.every((report) => report.kind === 'not_replicable' || report.kind === 'derived')
  );
}

/**
 * 2.20 shows no checksum and rewrites files in place: of a document that moved since it was last looked at, its job asks. A
 * copy that was never looked at was matched by its bytes in this very run.
 */
function fileIsKnown({ link, master, copy }: Compared): boolean {
  const unmoved = (shows: boolean, then: string | null, now: string) => shows || then === null || then === now;
  return (
    unmoved(master.versions.length > 0, link.master_modified, master.modified) &&
    unmoved(copy.versions.length > 0, link.replica_modified, copy.modified) &&
    !needsFile(link)
  );
}

/** Neither what was sent nor what is stored is known: only a job can tell. */
const needsFile = (link: Link): boolean =>
  link.stored_checksum === null || (link.file_checksum ?? link.file_md5) === null;

function settledLink({ link, master, copy, reports }: Compared, tables: TranslationTables): SettledLink {
  const linkFields = new Set(translateDocument(master, tables).links.map((field) => field.replicaField));
  return {
    id: link.id,
    want: link.dirty_seq,
    masterAdded: master.added,
    masterModified: master.modified,
    replicaAdded: copy.added,
    replicaModified: copy.modified,
    applied: fieldHashes(canonicalActual(copy, linkFields, tables.tagParents)),
    report: reports.filter((report) => report.kind !== 'derived'),
  };
}

async function rememberNotes({ deps }: ReplicaRun, { link, master, copy }: Compared): Promise<void> {
  if (master.notes.length === 0) return;
  await saveNotePairs(deps.db, link.id, planNotes(master.notes, copy.notes).pairs);
}
