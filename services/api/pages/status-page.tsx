import { Hono } from 'hono';
import type { ApiDeps } from '../deps.ts';
import type { Progress } from '../presenters/progress.ts';
import { duration } from '../presenters/replica-state.ts';
import type { PresentedRun } from '../presenters/runs.ts';
import { loadStatusPage } from '../presenters/status-page.ts';
import type { PresentedReplica, Status } from '../presenters/status.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { Live } from './components/live.tsx';
import { renderPage } from './page.tsx';

export function statusPage(deps: ApiDeps): Hono<GateVariables> {
  return new Hono<GateVariables>().get('/', async (c) => {
    const { status, runs, zone, now } = await loadStatusPage(deps);
    const times = timesIn(zone, now);
    const live = { active: status.progress.running };
    return renderPage(
      c,
      deps,
      { title: 'Dashboard', nav: 'dashboard', live, zone },
      <Live id="dashboard" active={live.active}>
        <h1>Dashboard</h1>
        <p>
          <strong>{status.summary}</strong>
        </p>
        <ProgressPart progress={status.progress} />
        <MasterPart status={status} times={times} />
        <ReplicaTable replicas={status.replicas} times={times} />
        <RunTable runs={runs} times={times} />
        <BackupPart status={status} times={times} />
      </Live>,
    );
  });
}

type Times = (at: Date | null) => { readonly ago: string; readonly exact: string };

function timesIn(zone: string, now: Date): Times {
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: zone });
  return (at) => {
    if (at === null) return { ago: 'never', exact: '' };
    const seconds = (now.getTime() - at.getTime()) / 1000;
    return { ago: seconds < 0 ? `in ${duration(-seconds)}` : `${duration(seconds)} ago`, exact: format.format(at) };
  };
}

function Time({ at, times }: { at: Date | null; times: Times }) {
  const { ago, exact } = times(at);
  return at === null ? (
    <span>{ago}</span>
  ) : (
    <time datetime={at.toISOString()} title={exact}>
      {ago}
    </time>
  );
}

function ProgressPart({ progress }: { progress: Progress }) {
  if (!progress.running) return <p>Nothing runs at the moment.</p>;
  return (
    <section>
      <h2>Running: {progress.phase}</h2>
      {progress.replicas.map((replica) => (
        <p>
          {replica.name}: {replica.phase}, {replica.docs_done} of {replica.docs_total} documents
          {replica.docs_failed > 0 ? `, ${replica.docs_failed} failed` : ''}
          <br />
          <progress
            value={replica.docs_done}
            max={Math.max(1, replica.docs_total)}
            aria-label={`Progress of ${replica.name}`}
          />
        </p>
      ))}
    </section>
  );
}

function MasterPart({ status, times }: { status: Status; times: Times }) {
  const { master } = status;
  return (
    <section>
      <h2>Master</h2>
      {master.configured ? (
        <p>
          {master.url} {master.version === null ? '' : `(paperless-ngx ${master.version})`}
          {master.document_count === null ? '' : `, ${master.document_count} documents`}, last contact{' '}
          <Time at={master.last_contact_at} times={times} />
          {master.error === null ? '' : <span class="bad">: {master.error}</span>}
        </p>
      ) : (
        <p>Not configured yet. Set master_url and master_token with PUT /api/settings.</p>
      )}
    </section>
  );
}

function BackupPart({ status, times }: { status: Status; times: Times }) {
  const { backup } = status;
  return (
    <p>
      Last backup of the controller: <Time at={backup.made_at} times={times} />
      {backup.error === null ? '' : <span class="bad">; since then it failed: {backup.error}</span>}
    </p>
  );
}

const STATE_WORDS: Record<PresentedReplica['state'], { readonly word: string; readonly tone: string }> = {
  verified: { word: 'Verified', tone: 'good' },
  up_to_date: { word: 'Up to date', tone: '' },
  syncing: { word: 'Syncing', tone: '' },
  behind: { word: 'Behind', tone: '' },
  late: { word: 'Late', tone: 'warn' },
  drifted: { word: 'Drifted', tone: 'bad' },
  failing: { word: 'Failing', tone: 'bad' },
  needs_you: { word: 'Needs you', tone: 'bad' },
  resting: { word: 'Resting', tone: '' },
  paused: { word: 'Paused', tone: 'warn' },
  never_run: { word: 'Never run', tone: '' },
};

function ReplicaTable({ replicas, times }: { replicas: readonly PresentedReplica[]; times: Times }) {
  return (
    <section class="scroll">
      <h2>Replicas</h2>
      {replicas.length === 0 ? (
        <p>None yet. Add one with POST /api/replicas; it is shown here with its state and counts.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th>Replica</th>
              <th>State</th>
              <th class="number">In step</th>
              <th class="number">Waiting</th>
              <th class="number">Failed</th>
              <th class="number">Blocked</th>
              <th>Last good cycle</th>
            </tr>
          </thead>
          <tbody>
            {replicas.map((replica) => (
              <tr>
                <td>
                  <strong>{replica.name}</strong>
                  <br />
                  {replica.url}
                </td>
                <td>
                  <span class={STATE_WORDS[replica.state].tone}>{STATE_WORDS[replica.state].word}</span>
                  <br />
                  {replica.reason}
                </td>
                <td class="number">
                  {replica.documents.ok} of {replica.documents.total}
                </td>
                <td class="number">{replica.documents.waiting}</td>
                <td class="number">{replica.documents.failed + replica.documents.given_up}</td>
                <td class="number">{replica.documents.blocked}</td>
                <td>
                  <Time at={replica.last_sync_ts} times={times} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function RunTable({ runs, times }: { runs: readonly PresentedRun[]; times: Times }) {
  return (
    <section class="scroll">
      <h2>Last runs</h2>
      {runs.length === 0 ? (
        <p>None yet. Start one with POST /api/sync, or wait for the next cycle.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th>Run</th>
              <th>Replica</th>
              <th>Started</th>
              <th>By</th>
              <th>Outcome</th>
              <th class="number">Synced</th>
              <th class="number">Failed</th>
              <th class="number">Seconds</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <tr>
                <td>{run.id}</td>
                <td>{run.kind === 'cycle' ? 'all (cycle)' : (run.replica ?? 'removed')}</td>
                <td>
                  <Time at={run.started_at} times={times} />
                </td>
                <td>{run.triggered_by}</td>
                <td>
                  {run.outcome ?? run.phase}
                  {run.error_msg === null ? '' : <span class="bad">: {run.error_msg}</span>}
                </td>
                <td class="number">{run.docs_synced}</td>
                <td class="number">{run.docs_failed}</td>
                <td class="number">{run.duration_seconds}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
