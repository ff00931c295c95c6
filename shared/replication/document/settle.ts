/** Writes what came of a look: the link's rest, the run's item, the counters; always together with giving back the lease. */
import * as links from '../../db/links.repo.ts';
import { addBytes, settleItem } from '../../db/runs.repo.ts';
import { noteFacts } from '../../telemetry/context.ts';
import type { DocumentOutcome } from '../sync-document.ts';
import type { DocumentWork, Step } from './work.ts';

type Snooze = Extract<Step, { kind: 'snooze' }>;
type End = Extract<Step, { kind: 'end' }>;

/** Seconds, not the next cycle: the item stays open, the dispatcher comes back when it is due (E6). */
export async function settleSnooze(work: DocumentWork, step: Snooze): Promise<DocumentOutcome> {
  noteFacts({ document: 'snoozed', bytes: work.bytes });
  const due = step.ms === 0 ? null : new Date(work.deps.clock.now().getTime() + step.ms);
  await links.releaseLease(work.deps.db, work.lease, { ...step.patch, next_due_at: due });
  if (work.bytes > 0) await addBytes(work.deps.db, work.run.id, work.bytes);
  if (due) work.deps.wake(work.run.id, due);
  return { kind: 'snoozed' };
}

export async function settleEnd(work: DocumentWork, step: End): Promise<void> {
  const { deps } = work;
  noteFacts({ document: step.state, code: step.code, bytes: work.bytes });
  await deps.racePoint('end.before');
  const settled = await deps.db.transaction().execute(async (trx) => {
    const kept = await rest(trx, work, step);
    if (kept) await settleItem(trx, work.run.id, work.link.id, itemState(step), work.bytes);
    return kept;
  });
  if (!settled) return;
  const where = {
    replicaId: work.replica.id,
    replica: work.replica.name,
    runId: work.run.id,
    docId: work.link.master_doc_id,
    code: step.code ?? null,
  };
  if (step.state === 'ok') deps.metrics.documentSettled(work.replica.name, 'ok');
  if (step.state === 'failed' || step.state === 'dlq' || step.state === 'blocked') {
    deps.metrics.documentSettled(work.replica.name, 'error');
    deps.log.error(step.message ?? 'The document failed.', where);
  }
}

function itemState(step: End): 'done' | 'failed' | 'held' {
  if (step.state === 'ok' || step.state === 'gone') return 'done';
  return step.state === 'held' ? 'held' : 'failed';
}

async function rest(db: links.LinkDb, work: DocumentWork, step: End): Promise<boolean> {
  const problem = { error_code: step.code ?? null, error_msg: step.message ?? null };
  const report = { report: JSON.stringify(work.reports) };
  switch (step.state) {
    case 'ok':
      return links.applyAndRelease(db, work.lease, work.want, { ...CALM, ...problem, ...step.patch });
    case 'gone':
      return links.applyAndRelease(db, work.lease, work.want, { ...CALM, ...problem, ...step.patch, phase: 'gone' });
    case 'blocked':
    case 'dlq':
      // Finished as far as it can be: `applied`, so that only a new change (or a person) brings it back.
      return links.applyAndRelease(db, work.lease, work.want, {
        ...report,
        ...problem,
        ...step.patch,
        status: 'error',
        phase: step.state,
        next_due_at: null,
        failed_at: work.deps.clock.now(),
      });
    case 'held':
      return links.releaseLease(db, work.lease, { ...report, ...problem, ...step.patch });
    case 'failed':
      return failed(db, work, { ...report, ...problem, ...step.patch });
    default:
      return step.state satisfies never;
  }
}

const CALM: links.LinkPatch = {
  retry_count: 0,
  failed_at: null,
  next_due_at: null,
  hold_until: null,
  clean_read_at: null,
};

/** An attempt used: a later cycle tries again, after `max_attempts` the DLQ has it until the document changes (E13). */
async function failed(db: links.LinkDb, work: DocumentWork, patch: links.LinkPatch): Promise<boolean> {
  const attempt = work.link.retry_count + 1;
  const common = { ...patch, retry_count: attempt, failed_at: work.deps.clock.now(), status: 'error' as const };
  if (attempt >= work.settings.maxAttempts)
    return links.applyAndRelease(db, work.lease, work.want, { ...common, phase: 'dlq', next_due_at: null });
  return links.releaseLease(db, work.lease, { ...common, phase: 'failed', next_due_at: null });
}
