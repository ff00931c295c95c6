import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line of a piece of work carries, without being handed through each call. Names as in the log (O3). */
export interface LogContext {
  readonly run_id?: number | undefined;
  readonly replica?: string | undefined;
  readonly replica_id?: number | undefined;
  readonly doc_id?: number | undefined;
  readonly job?: string | undefined;
  readonly job_id?: string | undefined;
  readonly request_id?: string | undefined;
}

const storage = new AsyncLocalStorage<LogContext>();

export function currentContext(): LogContext {
  return storage.getStore() ?? {};
}

/** Runs the work with these fields added to those around it. */
export function runWithContext<T>(fields: LogContext, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}
