/** The steps of a connection test, each with its result and cure. */
import type { ConnectionReport, StepName } from '../../../../shared/replication/test-connection.ts';
import type { Finding } from '../../../../shared/domain/hygiene/facts.ts';
import { Badge } from './badge.tsx';

const STEPS: Readonly<Record<StepName, string>> = {
  url: 'Address',
  reachable: 'Reachable',
  api: 'Paperless API',
  version: 'Version',
  token: 'Token',
  superuser: 'Rights',
  library: 'Another library than the master',
  asn_range: 'Reserved numbers free',
};

export function ConnectionSteps({ report, saved }: { report: ConnectionReport; saved: boolean }) {
  return (
    <section aria-labelledby="test-title">
      <h2 id="test-title">Connection test</h2>
      <p role={report.ok ? 'status' : 'alert'} class={report.ok ? 'note good' : 'note bad'}>
        {report.ok
          ? `Everything that is needed works${report.documentCount === null ? '' : `; it holds ${report.documentCount} documents`}.`
          : report.error}
        {report.ok || saved ? '' : ' Nothing was saved.'}
      </p>
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Result</th>
            <th scope="col">What was seen</th>
          </tr>
        </thead>
        <tbody>
          {report.steps.map((step) => (
            <tr>
              <td>{STEPS[step.name]}</td>
              <td>
                {step.ok ? (
                  <Badge tone="good">passed</Badge>
                ) : step.blocking ? (
                  <Badge tone="bad">failed</Badge>
                ) : (
                  <Badge tone="warn">warning</Badge>
                )}
              </td>
              <td>
                {step.detail}
                {step.hint === null ? null : <small>{step.hint}</small>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <HygieneList findings={report.findings} />
    </section>
  );
}

const TONES = { danger: 'bad', warning: 'warn', info: 'calm' } as const;

/** How the instance is set up (E25): the dangerous first. */
export function HygieneList({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  const rank = { danger: 0, warning: 1, info: 2 };
  return (
    <ul class="plain">
      {[...findings]
        .sort((a, b) => rank[a.severity] - rank[b.severity])
        .map((finding) => (
          <li>
            <Badge tone={TONES[finding.severity]}>{finding.severity}</Badge> {finding.what}
            <small>{finding.fix}</small>
          </li>
        ))}
    </ul>
  );
}
