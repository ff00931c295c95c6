/** What was proven about a replica, and which names have no counterpart. */
import { DEPTH_WORDS, type DepthRow, type ReplicaDetail } from '../presenters/replica-detail.ts';
import { PostButton } from './components/forms.tsx';
import { CountLink, number, To } from './components/links.tsx';
import { Empty } from './components/notices.tsx';
import { Time } from './components/time.tsx';

export function Ledger({ detail: { row, ledger, replica, windowDays } }: { detail: ReplicaDetail }) {
  return (
    <section aria-labelledby="proof">
      <h2 id="proof">Proof</h2>
      <p>{replica.verification.reason}</p>
      <table class="stack">
        <thead>
          <tr>
            <th scope="col">Depth</th>
            <th scope="col">Last complete pass</th>
            <th scope="col">Compared within {windowDays} days</th>
            <th scope="col">Now</th>
          </tr>
        </thead>
        <tbody>
          {ledger.map((one) => (
            <LedgerRow one={one} replicaId={row.id} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function LedgerRow({
  one: { depth, last, open, covered, documents },
  replicaId,
}: {
  one: DepthRow;
  replicaId: number;
}) {
  const share = covered === null || documents === 0 ? null : Math.floor((covered / documents) * 100);
  return (
    <tr>
      <td>
        <strong>{depth}</strong>
        <small>{DEPTH_WORDS[depth]}</small>
      </td>
      <td data-label="Last complete pass">
        {last === null ? (
          <span class="faint">none yet</span>
        ) : (
          <>
            <To to={`/verifications/${last.id}`}>
              <Time at={last.finished_at} />
            </To>
            <small>
              <CountLink to={`/verifications/${last.id}`} count={last.compared} label="compared" />,{' '}
              <CountLink to={`/verifications/${last.id}`} count={last.equal} label="equal" />,{' '}
              <CountLink to={`/findings?verification=${last.id}`} count={last.findings} label="found" tone="bad" />
            </small>
          </>
        )}
      </td>
      <td data-label="Compared">
        {share === null ? (
          <span class="faint">not by document</span>
        ) : (
          <To to={`/verifications?replica_id=${replicaId}`}>
            {share} % ({number(covered ?? 0)} of {number(documents)})
          </To>
        )}
      </td>
      <td>
        {open === null ? (
          <PostButton action={`/replicas/${replicaId}/verify`} id={`verify-${depth}`} fields={{ depth }}>
            Verify now
          </PostButton>
        ) : (
          <To to={`/verifications/${open.id}`} class="busy">
            {open.state === 'waiting' ? 'waiting' : `${number(open.compared)} compared`}
          </To>
        )}
      </td>
    </tr>
  );
}

export function Taxonomy({ detail: { row, taxonomy, troubles, proposals } }: { detail: ReplicaDetail }) {
  const linked = taxonomy.filter(({ state }) => state === 'linked');
  return (
    <section aria-labelledby="taxonomy-title">
      <h2 id="taxonomy-title">Tags, correspondents, types, paths, fields</h2>
      {taxonomy.length === 0 ? (
        <Empty>Nothing is matched yet. The first cycle matches the names of both sides.</Empty>
      ) : (
        <p class="counts">
          {linked.map(({ kind, names }) => (
            <CountLink
              to={`/api/replicas/${row.id}/taxonomy`}
              count={names}
              label={`${kind.replaceAll('_', ' ')}${names === 1 ? '' : 's'} matched`}
            />
          ))}
        </p>
      )}
      {troubles.length === 0 ? null : (
        <ul>
          {troubles.map((one) => (
            <li>
              <strong>{one.name}</strong> ({one.kind.replaceAll('_', ' ')}):{' '}
              {one.error_msg ?? 'has no counterpart here yet'}{' '}
              <To to={`/conflicts?replica_id=${row.id}#ambiguities`}>Decide</To>
            </li>
          ))}
        </ul>
      )}
      {proposals.length === 0 ? null : (
        <p class="note">
          <To to={`/conflicts?replica_id=${row.id}#matches`}>{`${proposals.length} matches`}</To> wait for your word.
        </p>
      )}
    </section>
  );
}
