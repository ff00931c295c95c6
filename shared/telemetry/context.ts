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
  readonly trace_id?: string | undefined;
}

/** Collected while a job works, for its one wide line. */
export type Facts = Record<string, unknown>;

interface Store {
  readonly fields: LogContext;
  readonly facts: Facts | null;
}

const storage = new AsyncLocalStorage<Store>();

export function currentContext(): LogContext {
  return storage.getStore()?.fields ?? {};
}

/** Runs the work with these fields added to those around it; with `facts`, what is noted inside is collected there. */
export function runWithContext<T>(fields: LogContext, work: () => T, facts?: Facts): T {
  const around = storage.getStore();
  return storage.run({ fields: { ...around?.fields, ...fields }, facts: facts ?? around?.facts ?? null }, work);
}

/** Something worth knowing about the job that runs now; the last word counts. Outside a job nothing happens. */
export function noteFacts(facts: Facts): void {
  const collected = storage.getStore()?.facts;
  if (collected) Object.assign(collected, facts);
}

/** Sums up, such as requests and their time. */
export function countFact(name: string, amount: number): void {
  const collected = storage.getStore()?.facts;
  if (!collected) return;
  const known = collected[name];
  collected[name] = (typeof known === 'number' ? known : 0) + amount;
}
