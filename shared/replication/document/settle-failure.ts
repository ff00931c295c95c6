/** An error ended the look. The one place where the retry policy is asked about a document (E13). */
import * as links from '../../db/links.repo.ts';
import * as runs from '../../db/runs.repo.ts';
import type { Link, Run } from '../../db/tables.ts';
import { decideRetry, INSTANCE_FAULTS_TO_FAIL, type RetryDecision } from '../../domain/retry-policy.ts';
import { SECOND } from '../../kernel/clock.ts';
import { toAppError, type AppError } from '../../kernel/errors.ts';
import { noteFacts } from '../../telemetry/context.ts';
import type { EngineDeps } from '../deps.ts';
import { settleEnd } from './settle.ts';
import type { DocumentWork } from './work.ts';

const STEP_BACK_MS = 5 * SECOND;

export interface FailedLook {
  readonly deps: EngineDeps;
  readonly link: Link;
  readonly lease: links.LeaseRef;
  readonly run: Run;
  readonly work: DocumentWork | null;
}
export interface FailureVerdict {
  readonly why: string;
  /** Set when an instance as a whole is the trouble: the run ends, the documents keep their state. */
  readonly failRun?: runs.Closing;
  /** The instance named a time: the job comes back then. */
  readonly until?: Date;
}

export async function settleFailure(look: FailedLook, thrown: unknown): Promise<FailureVerdict> {
  const error = toAppError(thrown);
  // Stopping, or past the run's time: whatever was thrown then says nothing about the document.
  if (look.work?.signal.aborted) return carryOut(look, error, { kind: 'step-back' }, null);
  const side = error.target === 0 ? 'master' : error.target === undefined ? 'controller' : 'replica';
  const decision = decideRetry({
    class: error.class,
    code: error.code,
    scope: error.scope,
    side,
    attempt: look.link.retry_count + 1,
    maxAttempts: look.work?.settings.maxAttempts ?? 10,
    retryAfterMs: error.retryAfterMs,
  });
  return carryOut(look, error, decision, side === 'controller' ? null : side);
}

async function carryOut(
  look: FailedLook,
  error: AppError,
  decision: RetryDecision,
  side: 'master' | 'replica' | null,
): Promise<FailureVerdict> {
  const { deps, lease, run, work } = look;
  noteFacts({ document: decision.kind, code: error.code, side });
  const closing: runs.Closing = { outcome: 'failed', errorCode: error.code, errorMsg: error.message, errorSide: side };
  switch (decision.kind) {
    case 'step-back':
      // A lost lease makes this a no-op. Stopping gives the link back as it is; anything else must not turn at full speed.
      await links.releaseLease(
        deps.db,
        lease,
        work?.signal.aborted ? {} : { next_due_at: new Date(deps.clock.now().getTime() + STEP_BACK_MS) },
      );
      return { why: error.message };
    case 'fail-run':
      await links.releaseLease(deps.db, lease, { error_code: error.code, error_msg: error.message });
      return { why: error.message, failRun: closing };
    case 'snooze': {
      const due = new Date(deps.clock.now().getTime() + decision.delayMs);
      // Our own disk is no fault of any instance (E8).
      if (error.code === 'disk_full') {
        const again = new Date(deps.clock.now().getTime() + deps.timings.fullDiskMs);
        await links.releaseLease(deps.db, lease, {
          error_code: error.code,
          error_msg: error.message,
          next_due_at: again,
        });
        return { why: error.message };
      }
      // Asked to wait, it is no fault of the instance: its run goes on when the time has come (E14).
      if (error.class === 'rate-limited') {
        await links.rest(deps.db, lease, due, { error_code: error.code, error_msg: error.message });
        return { why: error.message, until: due };
      }
      await links.releaseLease(deps.db, lease, { error_code: error.code, error_msg: error.message, next_due_at: due });
      deps.wake(run.id, due);
      const faults = await runs.countInstanceFault(deps.db, run.id);
      return faults >= INSTANCE_FAULTS_TO_FAIL ? { why: error.message, failRun: closing } : { why: error.message };
    }
    case 'retry':
    case 'give-up':
    case 'block':
      if (work)
        await settleEnd(work, {
          kind: 'end',
          state: decision.kind === 'block' ? 'blocked' : 'failed',
          code: error.code,
          message: withHint(error),
        });
      else await links.releaseLease(deps.db, lease, { error_code: error.code, error_msg: error.message });
      return { why: error.message };
    default:
      return decision satisfies never;
  }
}

function withHint(error: AppError): string {
  return error.hint ? `${error.message} ${error.hint}` : error.message;
}
