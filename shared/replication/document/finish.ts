/** The end of a look at a copy that reads back as desired: links, the reserved ASN, the master once more, and `ok`. */
import { onlyLinkingIsOpen } from '../../db/dispatch.repo.ts';
import type * as links from '../../db/links.repo.ts';
import { canonicalActual, fieldHashes } from '../../domain/diff.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { sql } from 'kysely';
import { allClosed, releaseLater } from './attempt-facts.ts';
import { closeEdits } from './edits.ts';
import type { Finalising } from './finalise.ts';
import { writeLinks } from './links.ts';
import { intendedWrite } from './intent.ts';
import { continueReplacement } from './replace.ts';
import { compareFile } from './sync-file.ts';
import { end, go, readCopy, save, type DocumentWork, type Step } from './work.ts';

export async function finish(
  work: DocumentWork,
  master: PaperlessDocument,
  copy: PaperlessDocument,
  state: Finalising,
): Promise<Step> {
  const replaced = await continueReplacement(work, copy, state);
  if (replaced) return replaced;
  const linked = await writeLinks(work, state, copy);
  if (linked) return linked;
  const moved = await masterMoved(work, master);
  if (moved) return moved;
  const clean = await cleanAfterHold(work);
  if (clean) return clean;
  if (!allClosed(work)) return releaseLater(work);
  return (
    compareFile(work, copy) ??
    judgeReports(work) ??
    (await parkWaiting(work)) ??
    (await judgeEdits(work)) ??
    settled(work, master, copy, state)
  );
}

/** H6: after a transfer the master is read again; what changed meanwhile starts the look over. */
async function masterMoved(work: DocumentWork, before: PaperlessDocument): Promise<Step | null> {
  if (!work.transferred) return null;
  work.transferred = false;
  const now = await work.master.document(before.id, work.signal);
  if (now && now.modified === before.modified && fingerprint(now.versions) === fingerprint(before.versions))
    return null;
  work.masterDoc = null;
  return go('claimed');
}

/**
 * After an unanswered write: two clean read-backs, apart in time, the second after a later save on the replica was
 * answered, before the link may be green (protocol section 2, point 6). The save is ours, of a value that is there: a
 * replica on which nothing else is written would otherwise never come to rest.
 */
export async function cleanAfterHold(work: DocumentWork): Promise<Step | null> {
  const { hold_until: hold, clean_read_at: first } = work.link;
  if (hold === null) return null;
  const now = work.deps.clock.now();
  const apart = work.deps.timings.cleanReadsApartMs;
  if (first !== null && now.getTime() - first.getTime() >= apart) {
    await save(work, { hold_until: null, clean_read_at: null, plan: null, held_plan: null });
    return null;
  }
  const saved = first === null ? await saveAgain(work) : 'answered';
  if (typeof saved === 'object') return saved;
  const readAt = saved === 'answered' ? (first ?? now) : null;
  return end(
    'held',
    'write_unanswered',
    'Read back as desired; once more before it counts, since a late write may still come.',
    { clean_read_at: readAt, plan: null, next_due_at: new Date((readAt ?? now).getTime() + apart) },
  );
}

/** An answer that is an error tells nothing of what was queued on the replica before it: that save does not count. */
async function saveAgain(work: DocumentWork): Promise<Step | 'answered' | 'refused'> {
  const copy = await readCopy(work);
  if (!copy) return 'refused';
  const { title } = copy;
  let answered = false;
  const unanswered = await intendedWrite(work, {
    name: 'save-again',
    plan: fieldHashes({ title }),
    send: async () => {
      await work.writer.patchDocument(copy.id, { title }, work.signal);
      answered = true;
    },
  });
  return unanswered ?? (answered ? 'answered' : 'refused');
}

/** One bad field never holds up the rest, but the document is not equal either. */
function judgeReports(work: DocumentWork): Step | null {
  const bad = work.reports.find((report) => report.kind === 'rejected');
  if (bad) return end('failed', 'field_rejected', `${bad.field}: ${bad.reason}`, reported(work));
  return null;
}

/**
 * Waits for another document of this run: a link target to come, a number to become free. Parked in phase `linking` until
 * the rest of the run is done; if it is still missing then, it is open work of the next cycle.
 */
async function parkWaiting(work: DocumentWork): Promise<Step | null> {
  const later = work.reports.find((report) => report.kind === 'waiting');
  if (!later) return null;
  const code = later.field === 'asn' ? 'asn_taken' : 'link_target_missing';
  const message = `${later.field}: ${later.reason}`;
  const patch: links.LinkPatch = { ...reported(work), phase: 'linking' };
  // Two that wait for each other's number are both parked first: by the time of the revisit both numbers are free.
  const revisited = work.entered === 'linking' && (await onlyLinkingIsOpen(work.deps.db, work.run.id, work.link.id));
  if (!revisited) return { kind: 'snooze', ms: 0, patch: { ...patch, error_code: code, error_msg: message } };
  return end('held', code, message, patch);
}

/** Everything else is equal; what somebody edited on the replica is closed, or waits for a person. */
async function judgeEdits(work: DocumentWork): Promise<Step | null> {
  await closeEdits(work);
  if (work.edits.waiting.size === 0) return null;
  const fields = [...work.edits.waiting].join(', ');
  return end(
    'blocked',
    'conflict_open',
    `Edited on the replica (${fields}); a person decides which side stays.`,
    reported(work),
  );
}

const reported = (work: DocumentWork): links.LinkPatch => ({ report: JSON.stringify(work.reports) });

function settled(work: DocumentWork, master: PaperlessDocument, copy: PaperlessDocument, state: Finalising): Step {
  return end('ok', undefined, undefined, {
    ...reported(work),
    master_modified: master.modified,
    master_added: master.added,
    replica_modified: copy.modified,
    recheck_file: false,
    applied: JSON.stringify(fieldHashes(canonicalActual(copy, state.linkFields, work.tables.tagParents))),
    plan: null,
    held_plan: null,
    last_synced: sql`now()` as never,
  });
}
