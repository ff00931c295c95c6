/** One replica: link, sync and last run are three facts, each with what it means. */
import type { ReplicaDetail } from '../presenters/replica-detail.ts';
import { Badge, OutcomeBadge, STATE_WORDS, StateBadge } from './components/badge.tsx';
import { DayStrip, GapLine } from './components/charts.tsx';
import { HygieneList } from './components/connection.tsx';
import { PostButton } from './components/forms.tsx';
import { To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { Empty, RedThing } from './components/notices.tsx';
import { RunningLine } from './components/progress.tsx';
import { Counts, Said } from './components/replica-card.tsx';
import { RunTable } from './components/run-table.tsx';
import { Time } from './components/time.tsx';
import { Verbs } from './components/verbs.tsx';
import { Drift } from './drift-parts.tsx';
import { Ledger, Taxonomy } from './replica-proof.tsx';

export function ReplicaPage({ detail }: { detail: ReplicaDetail }) {
  const { row, replica, running } = detail;
  return (
    <Live id="replica" active={running !== null}>
      <hgroup>
        <h1>
          {row.name} <StateBadge state={replica.state} />
        </h1>
        <p>{row.url}</p>
      </hgroup>
      <Sentence detail={detail} />
      {running === null ? null : <RunningLine running={running} name={row.name} />}
      <ReconcileOffer detail={detail} />
      <Facts detail={detail} />
      <section aria-labelledby="documents-title">
        <h2 id="documents-title">Documents</h2>
        <Counts replica={replica} />
        <p>
          <To to={`/replicas/${row.id}/documents`}>All documents of this replica</To>
        </p>
      </section>
      <Drift detail={detail} />
      <Ledger detail={detail} />
      <Taxonomy detail={detail} />
      <Hygiene detail={detail} />
      <section aria-labelledby="runs-title">
        <h2 id="runs-title">Runs</h2>
        <DayStrip days={detail.strip} label={row.name} />
        <GapLine days={detail.strip} />
        <RunTable runs={detail.runs} empty="None yet. Each run of this replica will appear here with its outcome." />
        <p>
          <To to={`/runs?replica_id=${row.id}`}>All runs of this replica</To>
          {' · '}
          <To to={`/logs?replica_id=${row.id}`}>Its log</To>
        </p>
      </section>
      <Danger detail={detail} />
    </Live>
  );
}

/** Red with reason, next step and button; everything else in one calm line. */
function Sentence({ detail: { row, replica, step } }: { detail: ReplicaDetail }) {
  const { tone } = STATE_WORDS[replica.state];
  const verbs = <Verbs verbs={step.verbs} id="step" />;
  const more = (
    <>
      {row.paused_at === null && row.suspended_at === null && row.enabled ? (
        <To to={`/replicas/${row.id}/pause`} id="pause">
          Pause
        </To>
      ) : null}
      <To to={`/replicas/${row.id}/edit`} id="edit">
        Edit
      </To>
    </>
  );
  if (tone === 'bad' || tone === 'warn')
    return (
      <RedThing title="" reason={replica.reason} next={step.next} tone={tone}>
        {verbs}
        {more}
      </RedThing>
    );
  return (
    <>
      <p>
        <Said replica={replica} /> <span class="faint">{step.next}</span>
      </p>
      <div class="actions">
        {verbs}
        {more}
      </div>
    </>
  );
}

function ReconcileOffer({ detail: { row, offersReconcile } }: { detail: ReplicaDetail }) {
  if (!offersReconcile) return null;
  return (
    <div class="note">
      <p>
        <strong>It already holds {row.document_count} documents.</strong> Match them with the master's first, so that
        none is uploaded twice. You see what would happen before anything is done.
      </p>
      <To to={`/replicas/${row.id}/reconcile`}>Show what would be matched</To>
    </div>
  );
}

function Facts({ detail }: { detail: ReplicaDetail }) {
  const { row, replica, master, next } = detail;
  return (
    <div class="cards">
      <section class="card" aria-labelledby="link-title">
        <header>
          <h2 id="link-title">Link</h2>
          {row.error_code === null ? <Badge tone="calm">answers</Badge> : <Badge tone="bad">in trouble</Badge>}
        </header>
        <p class="faint">Whether the instance answers and lets us in.</p>
        <dl class="facts">
          <dt>Last contact</dt>
          <dd>
            <Time at={row.last_contact_at} />
          </dd>
          {row.error_code === null ? null : (
            <>
              <dt>Error</dt>
              <dd class="bad">
                {row.error_msg} (<code>{row.error_code}</code>)
              </dd>
            </>
          )}
          <dt>Versions</dt>
          <dd>
            {row.version ?? 'not known yet'} here, {master.version ?? 'not known yet'} on the master
          </dd>
        </dl>
        <div id="connection">
          <PostButton action={`/replicas/${row.id}/test`} id="test-connection">
            Test the connection
          </PostButton>
        </div>
      </section>
      <section class="card" aria-labelledby="sync-title">
        <header>
          <h2 id="sync-title">Sync</h2>
          <StateBadge state={replica.state} />
        </header>
        <p class="faint">Whether it has everything that the master has, by what was compared.</p>
        <dl class="facts">
          <dt>Last good cycle</dt>
          <dd>
            <Time at={replica.last_sync_ts} />
          </dd>
          <dt>Next cycle</dt>
          <dd>
            <Time at={next} />
          </dd>
          <dt>Last full comparison of the lists</dt>
          <dd>
            <Time at={row.last_sweep_at} />
          </dd>
        </dl>
      </section>
      <LastRun detail={detail} />
    </div>
  );
}

function LastRun({ detail: { replica } }: { detail: ReplicaDetail }) {
  const run = replica.last_run;
  return (
    <section class="card" aria-labelledby="last-title">
      <header>
        <h2 id="last-title">Last run</h2>
        {run === null ? <Badge tone="calm">none yet</Badge> : <OutcomeBadge outcome={run.outcome} />}
      </header>
      <p class="faint">How the last attempt ended; it says nothing about what is in step.</p>
      {run === null ? null : (
        <dl class="facts">
          <dt>Run</dt>
          <dd>
            <To to={`/runs/${run.id}`}>{String(run.id)}</To>, ended <Time at={run.finished_at} />
          </dd>
          <dt>Documents</dt>
          <dd>
            <To to={`/runs/${run.id}?state=done`}>{run.docs_synced} done</To>,{' '}
            <To to={`/runs/${run.id}?state=failed`}>{run.docs_failed} failed</To>
          </dd>
          {run.error_msg === null ? null : (
            <>
              <dt>Reason</dt>
              <dd class="bad">{run.error_msg}</dd>
            </>
          )}
        </dl>
      )}
    </section>
  );
}

function Hygiene({ detail: { row } }: { detail: ReplicaDetail }) {
  return (
    <section aria-labelledby="hygiene-title">
      <h2 id="hygiene-title">How the instance is set up</h2>
      <p class="faint">
        Looked at <Time at={row.hygiene_at} />
      </p>
      {row.hygiene === null || row.hygiene.length === 0 ? (
        <Empty>
          {row.hygiene === null
            ? 'Not looked at yet. Settings of the instance that endanger copies will appear here.'
            : 'Nothing to complain about.'}
        </Empty>
      ) : (
        <HygieneList findings={row.hygiene} />
      )}
    </section>
  );
}

function Danger({ detail: { row } }: { detail: ReplicaDetail }) {
  return (
    <section aria-labelledby="danger-title" class="danger-zone">
      <h2 id="danger-title">Danger zone</h2>
      <p class="faint">Each of these shows first what it would do, and to what.</p>
      <div class="actions">
        <To to={`/replicas/${row.id}/reconcile`}>Match the documents</To>
        <To to={`/replicas/${row.id}/resync`}>Match anew from nothing</To>
        {row.enabled ? (
          <PostButton action={`/replicas/${row.id}/disable`} id="disable">
            Disable
          </PostButton>
        ) : null}
        <To to={`/replicas/${row.id}/promote`}>Make it the master</To>
        <To to={`/replicas/${row.id}/remove`}>Remove from the controller</To>
      </div>
    </section>
  );
}
