import type { Conflict, MatchProposal } from '../../presenters/conflicts.ts';
import { sidesOf } from '../../presenters/sides.ts';
import { Badge, type Tone } from './badge.tsx';
import { PostButton } from './forms.tsx';
import { To } from './links.tsx';
import { nameIn, ReplicaLink, type Names } from './names.tsx';
import { Shown } from './shown.tsx';
import { Time } from './time.tsx';
import { Table } from './table.tsx';

const STATES: Readonly<Record<Conflict['state'], { readonly word: string; readonly tone: Tone }>> = {
  open: { word: 'Not decided', tone: 'warn' },
  keep_master: { word: "Master's will be written", tone: 'busy' },
  keep_replica: { word: "Replica's is kept", tone: 'calm' },
  overwritten: { word: "Master's was written", tone: 'calm' },
  gone: { word: 'Both agree again', tone: 'calm' },
};

export function ConflictState({ state }: { state: Conflict['state'] }) {
  const { word, tone } = STATES[state];
  return <Badge tone={tone}>{word}</Badge>;
}

export function ConflictTable({ conflicts, names }: { conflicts: readonly Conflict[]; names: Names }) {
  return (
    <Table columns={['Document', 'Replica', 'Field', 'Master', "Replica's value", 'Found', 'State']}>
      {conflicts.map((conflict) => {
        const { master, copy } = sidesOf(conflict.shown);
        return (
          <tr>
            <td data-label="Document">
              <To to={`/documents/${conflict.master_doc_id}`}>{conflict.master_doc_id}</To>
            </td>
            <td data-label="Replica">
              <ReplicaLink names={names} id={conflict.replica_id} />
            </td>
            <td data-label="Field">{conflict.field.replaceAll('_', ' ')}</td>
            <td data-label="Master">
              <Shown value={master} />
            </td>
            <td data-label="Replica's value">
              <Shown value={copy} />
            </td>
            <td data-label="Found">
              <Time at={conflict.found_at} />
            </td>
            <td data-label="State">
              <ConflictState state={conflict.state} />{' '}
              <To to={`/conflicts/${conflict.id}`}>{conflict.state === 'open' ? 'decide' : 'look'}</To>
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

const DECIDABLE: readonly Conflict['state'][] = ['open', 'keep_master', 'keep_replica'];

export function ConflictDetail({ conflict, names }: { conflict: Conflict; names: Names }) {
  const { master, copy } = sidesOf(conflict.shown);
  const replica = nameIn(names, conflict.replica_id);
  const field = conflict.field.replaceAll('_', ' ');
  return (
    <>
      <h1>
        {field} of document {conflict.master_doc_id} on {replica}
      </h1>
      <p>
        <ConflictState state={conflict.state} /> Found <Time at={conflict.found_at} />
        {conflict.decided_at === null ? null : (
          <>
            , decided <Time at={conflict.decided_at} />
          </>
        )}
        . <To to={`/documents/${conflict.master_doc_id}`}>The document, side by side</To>
      </p>
      <dl class="facts">
        <dt>On the master</dt>
        <dd>
          <Shown value={master} />
        </dd>
        <dt>On {replica}</dt>
        <dd>
          <Shown value={copy} />
        </dd>
      </dl>
      {DECIDABLE.includes(conflict.state) ? (
        <Choices conflict={conflict} replica={replica} field={field} />
      ) : (
        <p class="note">This conflict is over; nothing is left to decide.</p>
      )}
      <p>
        <To to="/conflicts">All conflicts</To>
      </p>
    </>
  );
}

function Choices({ conflict, replica, field }: { conflict: Conflict; replica: string; field: string }) {
  const { master, copy } = sidesOf(conflict.shown);
  const action = `/conflicts/${conflict.id}/resolve`;
  return (
    <div class="cards">
      <section class="card">
        <h2>Keep the master's</h2>
        <p>
          Overwrites the {field} of document {conflict.replica_doc_id ?? '?'} <strong>on {replica}</strong> with the
          master's value. The master is not touched.
        </p>
        <p>
          <del>
            <Shown value={copy} />
          </del>{' '}
          becomes <Shown value={master} />
        </p>
        <PostButton action={action} id="keep-master" kind="danger" fields={{ keep: 'master' }}>
          Overwrite on {replica}
        </PostButton>
      </section>
      <section class="card">
        <h2>Keep the replica's</h2>
        <p>
          Leaves the {field} on <strong>{replica}</strong> as it is, and stops carrying it over until one of both values
          changes. Nothing is written to the master.
        </p>
        <p>
          <Shown value={copy} /> stays
        </p>
        <PostButton action={action} id="keep-replica" fields={{ keep: 'replica' }}>
          Leave {replica} as it is
        </PostButton>
      </section>
    </div>
  );
}

export const PROPOSAL_RULES: Readonly<Record<MatchProposal['rule'], string>> = {
  asn: 'Both have the same archive serial number.',
  title_created: 'Both have the same title and date.',
};

export function ProposalCard({ proposal, names }: { proposal: MatchProposal; names: Names }) {
  const { master, copy } = sidesOf(proposal.shown);
  const path = `/replicas/${proposal.replica_id}/matches/${proposal.id}`;
  const replica = nameIn(names, proposal.replica_id);
  return (
    <section class="card" aria-label={`Document ${proposal.master_doc_id} on ${replica}`}>
      <header>
        <h3>
          <To to={`/documents/${proposal.master_doc_id}`}>Document {proposal.master_doc_id}</To>
        </h3>
        <ReplicaLink names={names} id={proposal.replica_id} />
      </header>
      <p>
        Is document {proposal.replica_doc_id} of {replica} its copy? {PROPOSAL_RULES[proposal.rule]} Their files differ.
      </p>
      <dl class="facts">
        <dt>Master</dt>
        <dd>
          <Shown value={master} />
        </dd>
        <dt>{replica}</dt>
        <dd>
          <Shown value={copy} />
        </dd>
      </dl>
      <p class="faint">
        Yes: document {proposal.replica_doc_id} on {replica} gets the master's fields and file. No: a new copy is
        uploaded, and document {proposal.replica_doc_id} stays untouched.
      </p>
      <div class="actions">
        <PostButton action={`${path}/accept`} id={`accept-${proposal.id}`} kind="primary">
          Yes, its copy
        </PostButton>
        <PostButton action={`${path}/reject`} id={`reject-${proposal.id}`}>
          No, another document
        </PostButton>
      </div>
    </section>
  );
}
