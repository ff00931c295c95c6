/** What was proven about a replica, what differs, and which names have no counterpart. */
import { DEPTH_WORDS, type DepthRow, type Finding, type ReplicaDetail } from '../presenters/replica-detail.ts';
import { PostButton } from './components/forms.tsx';
import { CountLink, number, To } from './components/links.tsx';
import { Empty } from './components/notices.tsx';
import { Time } from './components/time.tsx';

export function Drift({ detail: { row, replica, findings } }: { detail: ReplicaDetail }) {
  return (
    <section aria-labelledby="drift-title">
      <h2 id="drift-title">Drift</h2>
      {findings.length === 0 ? (
        <Empty>Nothing. What a comparison finds different here will appear field by field, and be repaired.</Empty>
      ) : (
        <>
          <FindingTable findings={findings} />
          <p>
            <To to={`/replicas/${row.id}/findings?state=open&drift=1`}>All {number(replica.verification.drift)}</To>
            <span class="faint">
              {' '}
              The next cycle puts right what it may: the master's value is written to {row.name}.
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

export function FindingTable({ findings }: { findings: readonly Finding[] }) {
  return (
    <table class="stack">
      <thead>
        <tr>
          <th scope="col">Document</th>
          <th scope="col">What</th>
          <th scope="col">On the master, on the replica</th>
          <th scope="col">Found</th>
        </tr>
      </thead>
      <tbody>
        {findings.map((one) => (
          <tr class={one.state === 'open' ? 'bad-row' : undefined}>
            <td>
              {one.master_doc_id === null ? (
                `copy #${one.replica_doc_id ?? '?'}`
              ) : (
                <To to={`/documents/${one.master_doc_id}`}>#{one.master_doc_id}</To>
              )}
              <small>{one.state}</small>
            </td>
            <td>
              {one.message}
              {one.hint === null ? null : <small>{one.hint}</small>}
            </td>
            <td>
              {one.fields.map(({ field, master, copy }) => (
                <small>
                  <strong>{field}</strong>: {shown(master)} (master), {shown(copy)} (replica)
                </small>
              ))}
            </td>
            <td class="nowrap">
              <Time at={one.found_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Short, since a value may be a whole text. */
function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return text.length > 200 ? `${text.slice(0, 200)}...` : text;
}

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
            <To to={`/api/verifications/${last.id}?format=csv`}>
              <Time at={last.finished_at} />
            </To>
            <small>
              {number(last.compared)} compared, {number(last.equal)} equal, {number(last.findings)} found
            </small>
          </>
        )}
      </td>
      <td data-label="Compared">
        {share === null ? (
          <span class="faint">not by document</span>
        ) : (
          `${share} % (${number(covered ?? 0)} of ${number(documents)})`
        )}
      </td>
      <td>
        {open === null ? (
          <PostButton action={`/replicas/${replicaId}/verify`} id={`verify-${depth}`} fields={{ depth }}>
            Verify now
          </PostButton>
        ) : (
          <span class="busy">{open.state === 'waiting' ? 'waiting' : `${number(open.compared)} compared`}</span>
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
