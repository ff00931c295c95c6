import { TRIGGERS } from '../../presenters/run-detail.ts';
import type { PresentedRun } from '../../presenters/runs.ts';
import { duration } from '../../presenters/replica-state.ts';
import { OutcomeBadge } from './badge.tsx';
import { CountLink, number, To } from './links.tsx';
import { Empty } from './notices.tsx';
import { size } from './progress.tsx';
import { Time } from './time.tsx';
import { Table } from './table.tsx';

export function RunTable({ runs, empty }: { runs: readonly PresentedRun[]; empty: string }) {
  if (runs.length === 0) return <Empty>{empty}</Empty>;
  return (
    <Table
      columns={[
        'Run',
        'Outcome',
        'Of',
        { number: 'Done' },
        { number: 'Failed' },
        { number: 'Held' },
        { number: 'Read' },
        'Began',
        'Took',
      ]}
    >
      {runs.map((run) => (
        <RunRow run={run} />
      ))}
    </Table>
  );
}

function RunRow({ run }: { run: PresentedRun }) {
  const at = `/runs/${run.id}`;
  return (
    <tr>
      <td>
        <To to={at}>{String(run.id)}</To>
        <small>by {TRIGGERS[run.triggered_by] ?? run.triggered_by}</small>
      </td>
      <td>
        <OutcomeBadge outcome={run.outcome} />
        {run.error_msg === null ? null : <small>{run.error_msg}</small>}
      </td>
      <td data-label="Of">
        {run.replica_id === null ? 'all replicas' : <To to={`/replicas/${run.replica_id}`}>{run.replica ?? ''}</To>}
      </td>
      {run.kind === 'cycle' ? <td colspan={4}></td> : <RunNumbers run={run} />}
      <td data-label="Began">
        <Time at={run.started_at} />
      </td>
      <td data-label="Took">{run.running ? '' : duration(run.duration_seconds)}</td>
    </tr>
  );
}

/** A cycle has none of its own: its replicas' runs have them. */
function RunNumbers({ run }: { run: PresentedRun }) {
  const at = `/runs/${run.id}`;
  return (
    <>
      <td class="number" data-label="Done">
        <CountLink to={`${at}?state=done`} count={run.docs_synced} label={`of ${number(run.docs_total)}`} />
      </td>
      <td class="number" data-label="Failed">
        <CountLink to={`${at}?state=failed`} count={run.docs_failed} tone="bad" />
      </td>
      <td class="number" data-label="Held">
        <CountLink to={`${at}?state=held`} count={run.docs_held} />
      </td>
      <td class="number" data-label="Read">
        <To to={at}>{size(run.bytes)}</To>
      </td>
    </>
  );
}
