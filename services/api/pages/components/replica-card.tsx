/** A replica at a glance: state, proof, counts, what runs, the last thirty days. */
import type { ReplicaCard } from '../../presenters/dashboard.ts';
import type { PresentedReplica } from '../../presenters/status.ts';
import { OutcomeBadge, StateBadge } from './badge.tsx';
import { DayStrip, GapLine } from './charts.tsx';
import { PostButton } from './forms.tsx';
import { CountLink, number, To } from './links.tsx';
import { RunningLine } from './progress.tsx';
import { Time } from './time.tsx';

export function ReplicaCards({ cards }: { cards: readonly ReplicaCard[] }) {
  return (
    <div class="cards">
      {cards.map((card) => (
        <Card card={card} />
      ))}
    </div>
  );
}

function Card({ card: { replica, running, strip } }: { card: ReplicaCard }) {
  const at = `/replicas/${replica.id}`;
  return (
    <section class="card" aria-labelledby={`replica-${replica.id}`}>
      <header>
        <h3 id={`replica-${replica.id}`}>
          <To to={at}>{replica.name}</To>
        </h3>
        <StateBadge state={replica.state} />
      </header>
      <p>
        <Said replica={replica} />
      </p>
      {running === null ? null : <RunningLine running={running} name={replica.name} />}
      <Counts replica={replica} />
      <dl class="facts">
        <dt>Last good cycle</dt>
        <dd>
          <Time at={replica.last_sync_ts} />
        </dd>
        <dt>Last run</dt>
        <dd>
          {replica.last_run === null ? (
            <span class="faint">none yet</span>
          ) : (
            <To to={`/runs/${replica.last_run.id}`}>
              <OutcomeBadge outcome={replica.last_run.outcome} />
            </To>
          )}
        </dd>
        <dt>Checksums</dt>
        <dd>
          <To to={`${at}#proof`}>
            {number(replica.verification.documents)} of {number(replica.documents.total)} compared
          </To>
        </dd>
      </dl>
      <DayStrip days={strip} label={replica.name} />
      <GapLine days={strip} />
      <CardActions replica={replica} />
    </section>
  );
}

/** The sentence of its state; how many documents are excluded leads to them. */
export function Said({ replica: { id, reason, documents } }: { replica: PresentedReplica }) {
  const words = `${documents.excluded} excluded`;
  const at = documents.excluded === 0 ? -1 : reason.indexOf(words);
  if (at < 0) return <>{reason}</>;
  return (
    <>
      {reason.slice(0, at)}
      <To to={`/replicas/${id}/documents?status=excluded`}>{words}</To>
      {reason.slice(at + words.length)}
    </>
  );
}

/** Each number is the list of exactly those documents. */
export function Counts({ replica }: { replica: PresentedReplica }) {
  const { documents, verification, conflicts } = replica;
  const list = `/replicas/${replica.id}/documents`;
  return (
    <p class="counts">
      <CountLink to={`${list}?status=ok`} count={documents.ok} label={`of ${number(documents.total)} in step`} />
      <CountLink to={`${list}?waiting=1`} count={documents.waiting} label="waiting" />
      <CountLink to={`${list}?phase=failed`} count={documents.failed} label="failed" tone="bad" />
      {documents.given_up === 0 ? null : (
        <CountLink to={`${list}?phase=dlq`} count={documents.given_up} label="given up" tone="bad" />
      )}
      {documents.blocked === 0 ? null : (
        <CountLink to={`${list}?phase=blocked`} count={documents.blocked} label="blocked" tone="bad" />
      )}
      {documents.excluded === 0 ? null : (
        <CountLink to={`${list}?status=excluded`} count={documents.excluded} label="excluded" />
      )}
      {documents.held === 0 ? null : (
        <CountLink to={`${list}?held=1`} count={documents.held} label="held" tone="warn" />
      )}
      <CountLink
        to={`/replicas/${replica.id}/findings?state=open&drift=1`}
        count={verification.drift}
        label="drifted"
        tone="bad"
      />
      {conflicts === 0 ? null : (
        <CountLink
          to={`/conflicts?replica_id=${replica.id}&state=open`}
          count={conflicts}
          label={conflicts === 1 ? 'conflict' : 'conflicts'}
          tone="bad"
        />
      )}
    </p>
  );
}

function CardActions({ replica }: { replica: PresentedReplica }) {
  const at = `/replicas/${replica.id}`;
  if (replica.status === 'suspended')
    return (
      <div class="actions">
        <To to={at}>Open</To>
      </div>
    );
  return (
    <div class="actions">
      <PostButton action={`${at}/sync`} id={`sync-${replica.id}`} fields={{ back: '/' }}>
        Sync now
      </PostButton>
      <To to={`${at}/pause`} id={`pause-${replica.id}`}>
        Pause
      </To>
    </div>
  );
}
