/** What differs on a replica, field by field; the master's values go over it only behind a page that shows them. */
import type { DriftRow, FieldChange, OverwritePreview } from '../presenters/drift.ts';
import type { ReplicaDetail } from '../presenters/replica-detail.ts';
import { number, To } from './components/links.tsx';
import { ConfirmPage, Empty } from './components/notices.tsx';
import { fieldWord, Shown } from './components/shown.tsx';
import { Table } from './components/table.tsx';
import { Time } from './components/time.tsx';

export function Drift({ detail: { row, replica, drift } }: { detail: ReplicaDetail }) {
  return (
    <section aria-labelledby="drift">
      <h2 id="drift">Drift</h2>
      {drift.length === 0 ? (
        <Empty>Nothing. What a comparison finds different here will appear field by field, and be repaired.</Empty>
      ) : (
        <>
          <DriftTable rows={drift} replica={row.name} />
          <p>
            <To to={`/replicas/${row.id}/findings?state=open&drift=1`}>
              All {number(replica.verification.drift)} differences
            </To>
            {' · '}
            <To to={`/conflicts?replica_id=${row.id}`}>All edits that wait for you</To>{' '}
            <span class="faint">
              The next cycle puts right what it may: the master's value is written to {row.name}. You need not wait.
            </span>
          </p>
        </>
      )}
      <p>
        <To to={`/replicas/${row.id}/findings`}>Everything that comparisons ever found</To>
      </p>
    </section>
  );
}

export function DriftTable({ rows, replica }: { rows: readonly DriftRow[]; replica: string }) {
  return (
    <Table columns={['Document', 'What', `On the master, on ${replica}`, 'Found']}>
      {rows.map((row) => (
        <tr class={row.state === 'open' || row.state === 'waits for you' ? 'bad-row' : undefined}>
          <td data-label="Document">
            {row.masterDocId === null ? (
              `copy #${row.replicaDocId ?? '?'}`
            ) : (
              <To to={`/documents/${row.masterDocId}`}>#{row.masterDocId}</To>
            )}
            <small>{row.state}</small>
          </td>
          <td data-label="What">
            {row.what}
            {row.hint === null ? null : <small>{row.hint}</small>}
            {row.overwrite === null ? null : (
              <div class="actions">
                <To to={row.overwrite}>Keep master's on {replica}</To>
              </div>
            )}
          </td>
          <td data-label="Field by field">
            <Changes fields={row.fields} replica={replica} />
          </td>
          <td class="nowrap" data-label="Found">
            <Time at={row.foundAt} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Changes({ fields, replica }: { fields: readonly FieldChange[]; replica: string }) {
  if (fields.length === 0) return <span class="faint">the document as a whole</span>;
  return (
    <>
      {fields.map(({ field, master, copy }) => (
        <small>
          <strong>{fieldWord(field)}</strong>: master <Shown value={master} />, {replica} <Shown value={copy} />
        </small>
      ))}
    </>
  );
}

/** Exactly what will be written, and to whom. */
export function OverwritePage({ preview }: { preview: OverwritePreview }) {
  const { replica, masterDocId, replicaDocId, fields, returns, fault } = preview;
  return (
    <ConfirmPage
      title={`Keep master's on ${replica.name}`}
      action={`/findings/${preview.findingId}/keep-master`}
      back={`/replicas/${replica.id}`}
      button={`Overwrite on ${replica.name}`}
      danger
    >
      <p>
        Document {replicaDocId ?? '?'} <strong>on {replica.name}</strong> gets the values of the master's{' '}
        <To to={`/documents/${masterDocId}`}>document {masterDocId}</To>. The master is not touched.
      </p>
      {returns ? <p>The copy was deleted on {replica.name}: it is taken out of the trash, or uploaded again.</p> : null}
      <WhatIsWritten fields={fields} replica={replica.name} returns={returns} />
      {fault === null ? (
        <p class="faint">Both sides were read just now. They are read once more before anything is written.</p>
      ) : (
        <p class="note">
          These are the values of the comparison <Time at={preview.comparedAt} />, since: {fault} Both sides are read
          anew before anything is written.
        </p>
      )}
    </ConfirmPage>
  );
}

function WhatIsWritten(props: { fields: readonly FieldChange[]; replica: string; returns: boolean }) {
  if (props.fields.length === 0)
    return props.returns ? null : <p>Nothing is left to write: both sides agree. It is compared once more.</p>;
  return (
    <Table columns={['Field', `On ${props.replica} now`, 'What is written']}>
      {props.fields.map(({ field, master, copy }) => (
        <tr>
          <td data-label="Field">{fieldWord(field)}</td>
          <td data-label={`On ${props.replica} now`}>
            <del>
              <Shown value={copy} />
            </del>
          </td>
          <td data-label="What is written">
            <ins>
              <Shown value={master} />
            </ins>
          </td>
        </tr>
      ))}
    </Table>
  );
}
