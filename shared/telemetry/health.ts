import { delay, SECOND } from '../kernel/clock.ts';

/** Rejects when the part does not work. Only our own parts belong here: an instance that is down is no reason for 503. */
export type HealthCheck = () => Promise<void>;

export interface PartHealth {
  readonly ok: boolean;
  readonly ms: number;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, PartHealth>>;
}

export interface Health {
  /** For /healthz. */
  check(): Promise<HealthReport>;
  /** For /readyz: also false before start-up is through and while the process drains. */
  ready(): Promise<HealthReport>;
  setReady(ready: boolean): void;
}

async function runCheck(check: HealthCheck, limitMs: number): Promise<PartHealth> {
  const started = performance.now();
  const timer = new AbortController();
  const limit = delay(limitMs, timer.signal).then(
    () => false,
    () => false,
  );
  const result = check().then(
    () => true,
    () => false,
  );
  const ok = await Promise.race([result, limit]);
  timer.abort(new Error('done'));
  return { ok, ms: Math.round(performance.now() - started) };
}

/** Answers are shared for a second, so that eager probes cost nothing. Reasons are in the log, not in an open endpoint. */
export function createHealth(checks: Readonly<Record<string, HealthCheck>>, limitMs = 3 * SECOND): Health {
  let isReady = false;
  let recent: { at: number; report: Promise<HealthReport> } | undefined;
  const run = async (): Promise<HealthReport> => {
    const parts = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [name, await runCheck(check, limitMs)] as const),
    );
    return { ok: parts.every(([, part]) => part.ok), parts: Object.fromEntries(parts) };
  };
  const check = () => {
    const now = performance.now();
    if (recent === undefined || now - recent.at > SECOND) recent = { at: now, report: run() };
    return recent.report;
  };
  return {
    check,
    ready: async () => {
      const report = await check();
      return { ...report, ok: report.ok && isReady };
    },
    setReady: (ready) => {
      isReady = ready;
    },
  };
}
