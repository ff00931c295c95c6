import type { ProcessView } from '../../presenters/queue.ts';
import type { QueueLook } from '../../../../shared/queue/inspect.ts';
import { duration } from '../../presenters/replica-state.ts';
import { useView } from '../view.ts';
import { Badge } from './badge.tsx';
import { CountLink, To } from './links.tsx';
import { Time } from './time.tsx';
import { Table } from './table.tsx';

const COUNTS = ['waiting', 'active', 'delayed', 'failed'] as const;

export function QueueTable({ queues }: { queues: readonly QueueLook[] }) {
  return (
    <table class="stack">
      <thead>
        <tr>
          <th>Queue</th>
          {COUNTS.map((name) => (
            <th class="number">{name[0]?.toUpperCase() + name.slice(1)}</th>
          ))}
          <th>Oldest that waits</th>
        </tr>
      </thead>
      <tbody>
        {queues.map((one) => (
          <tr>
            <td data-label="Queue">
              {one.queue} {one.paused ? <Badge tone="warn">Paused</Badge> : null}
            </td>
            {COUNTS.map((name) => (
              <td class="number" data-label={name}>
                <CountLink
                  to={`/queues/queue/${one.queue}?status=${name}`}
                  count={one[name]}
                  {...(name === 'failed' ? { tone: 'bad' as const } : {})}
                />
              </td>
            ))}
            <td data-label="Oldest that waits">
              <Time at={one.oldestAt} never="none waits" />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

type Names = readonly { readonly id: number; readonly name: string }[];

export function Processes({ processes, replicas }: { processes: readonly ProcessView[]; replicas: Names }) {
  const { now } = useView();
  return (
    <Table columns={['Process', 'State', 'Up for', 'Last heartbeat', 'Works on']}>
      {processes.map((one) => (
        <tr>
          <td data-label="Process">
            {one.role} <code>{one.id.slice(0, 8)}</code> <span class="faint">{one.version}</span>
          </td>
          <td data-label="State">
            {one.dead ? <Badge tone="calm">Ended</Badge> : <Badge tone="good">Alive</Badge>}
            {one.leads ? ' leads' : ''}
            {one.scratch_full_since === null || one.dead ? null : (
              <small class="bad">
                no room for files since <Time at={one.scratch_full_since} />
              </small>
            )}
          </td>
          <td data-label="Up for">{one.dead ? '-' : duration((now.getTime() - one.started_at.getTime()) / 1000)}</td>
          <td data-label="Last heartbeat">
            <Time at={one.beat_at} />
          </td>
          <td data-label="Works on">
            <WorksOn one={one} replicas={replicas} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function WorksOn({ one, replicas }: { one: ProcessView; replicas: Names }) {
  if (one.dead || one.documents.length + one.runs.length + one.verifications.length === 0) return <>nothing</>;
  const name = (replicaId: number) => replicas.find(({ id }) => id === replicaId)?.name ?? `replica ${replicaId}`;
  return (
    <span class="about">
      {one.runs.map((run) => (
        <To to={`/runs/${run}`}>run {run}</To>
      ))}
      {one.verifications.map((verification) => (
        <To to={`/verifications/${verification}`}>verification {verification}</To>
      ))}
      {one.documents.map((document) => (
        <To to={`/documents/${document.master_doc_id}`}>
          document {document.master_doc_id} on {name(document.replica_id)}
        </To>
      ))}
    </span>
  );
}
