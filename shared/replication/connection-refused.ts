import { AppError, type AppErrorInit } from '../kernel/errors.ts';
import type { ConnectionReport, StepName } from './test-connection.ts';

const TOKEN_STEPS: readonly StepName[] = ['token', 'superuser'];

/** Carries the steps, for a page that shows them all. */
export class ConnectionRefused extends AppError {
  readonly report: ConnectionReport;

  constructor(init: AppErrorInit, report: ConnectionReport) {
    super(init);
    this.report = report;
  }
}

/** What a caller is told whose instance did not pass: the step, its cure, and which of the entered values it is about. */
export function connectionRefused(
  report: ConnectionReport,
  fields: { readonly url: string; readonly token: string },
): ConnectionRefused {
  const step = report.steps.find((candidate) => !candidate.ok && candidate.blocking);
  const name = step?.name ?? 'reachable';
  const detail = step?.detail ?? 'The instance did not answer.';
  return new ConnectionRefused(
    {
      code: 'connection_test_failed',
      class: 'invalid',
      scope: 'instance',
      message: `The connection test failed at the step "${name}": ${detail}`,
      hint: step?.hint ?? 'Check address and token.',
      fields: { [TOKEN_STEPS.includes(name) ? fields.token : fields.url]: detail },
    },
    report,
  );
}
