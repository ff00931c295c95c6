/**
 * A copy is claimed as soon as it is found, by whichever attempt came first; nobody waits for the others any more. But R is
 * given up only when nothing can come of any of them, so what became of them is asked, once a look.
 */
import { overtakenAttempts } from '../../db/attempts.repo.ts';
import type { Attempt } from '../../db/tables.ts';
import { TASK_LOST } from './attempt-facts.ts';
import { failureKind } from './failure-kind.ts';
import { settle } from './upload.ts';
import type { DocumentWork } from './work.ts';

export async function askOpenAttempts(work: DocumentWork): Promise<void> {
  for (const attempt of work.attempts)
    if (attempt.state === 'awaiting' && attempt.task_id !== null) await ask(work, attempt, attempt.task_id);
  if (work.attempts.some((one) => one.state === 'unknown' && one.failure_code === TASK_LOST))
    work.overtaken = await overtakenAttempts(work.deps.db, work.replica.id, work.link.id);
}

async function ask(work: DocumentWork, attempt: Attempt, taskId: string): Promise<void> {
  const task = await work.writer.task(taskId, work.signal);
  const now = work.deps.clock.now();
  switch (task?.state) {
    case 'success':
      return settle(
        work,
        attempt,
        { state: 'success', success_doc_id: task.documentId, terminal_at: now, closed_at: now },
        {},
      );
    case 'failure':
    case 'revoked':
      return settle(work, attempt, { state: 'failure', failure_code: failureKind(task), terminal_at: now }, {});
    case 'started':
      if (attempt.started_seen_at === null) await settle(work, attempt, { started_seen_at: now }, {});
      return undefined;
    default:
      // Wiped, or kept by a dead worker: as where it is waited for, a row that does not move says nothing any more.
      if (now.getTime() - attempt.posted_at.getTime() > work.deps.timings.stuckQueueMs)
        await settle(work, attempt, { state: 'unknown', unknown_at: now, failure_code: TASK_LOST }, {});
      return undefined;
  }
}
