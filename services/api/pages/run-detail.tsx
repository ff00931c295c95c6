/** One run in full. */
import { duration, plural } from '../presenters/replica-state.ts';
import { canRetry, phasesOf, TRIGGERS, type ItemQuery, type RunDetail } from '../presenters/run-detail.ts';
import { Badge, OutcomeBadge } from './components/badge.tsx';
import { FilterForm, PostButton, Select } from './components/forms.tsx';
import { CountLink, Pager, To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { Empty, RedThing } from './components/notices.tsx';
import { size } from './components/progress.tsx';
import { RunTable } from './components/run-table.tsx';
import { ExactTime, Time } from './components/time.tsx';

export function RunPage({ detail, query }: { detail: RunDetail; query: ItemQuery }) {
  const { run, children, groups } = detail;
  return (
    <>
      <Live id="run" active={run.running}>
        <h1>
          Run {String(run.id)} <OutcomeBadge outcome={run.outcome} />
        </h1>
        <Head detail={detail} />
        <Trouble detail={detail} />
        <PhaseBar detail={detail} />
        <Counts detail={detail} />
        <Actions detail={detail} />
        {run.kind === 'cycle' ? (
          <section aria-labelledby="children-title">
            <h2 id="children-title">Replicas</h2>
            <RunTable runs={children} empty="None yet. Each replica that the cycle takes up will appear here." />
          </section>
        ) : null}
        {groups.length === 0 ? null : <Groups detail={detail} />}
      </Live>
      {run.kind === 'replica' ? <Items detail={detail} query={query} /> : null}
    </>
  );
}

function Head({ detail: { run } }: { detail: RunDetail }) {
  return (
    <dl class="facts">
      <dt>Of</dt>
      <dd>
        {run.replica_id === null ? (
          run.kind === 'cycle' ? (
            'all replicas'
          ) : (
            'a replica that was removed'
          )
        ) : (
          <To to={`/replicas/${run.replica_id}`}>{run.replica ?? ''}</To>
        )}
        {run.parent_run_id === null ? null : (
          <>
            , part of <To to={`/runs/${run.parent_run_id}`}>run {String(run.parent_run_id)}</To>
          </>
        )}
      </dd>
      <dt>Started by</dt>
      <dd>{TRIGGERS[run.triggered_by] ?? run.triggered_by}</dd>
      <dt>Began</dt>
      <dd>
        <ExactTime at={run.started_at} /> <span class="faint inline-text">({<Time at={run.started_at} />})</span>
      </dd>
      <dt>{run.running ? 'For' : 'Took'}</dt>
      <dd>{duration(run.duration_seconds)}</dd>
    </dl>
  );
}

function Trouble({ detail: { run, counts } }: { detail: RunDetail }) {
  if (run.error_code !== null)
    return (
      <RedThing
        title={run.error_side === 'master' ? 'The master failed.' : 'It did not get through.'}
        reason={
          <>
            {run.error_msg} (<code>{run.error_code}</code>)
          </>
        }
        next="Documents keep their state; the next cycle tries again by itself."
      />
    );
  if (run.outcome === 'partial')
    return (
      <RedThing
        title="Partial:"
        reason={`${counts.done} of ${plural(counts.total, 'document')} done, ${counts.failed} failed, ${counts.held} held back.`}
        next="What failed is tried again by a later cycle, later each time; what this replica cannot take waits for a change."
        tone="warn"
      />
    );
  return null;
}

function PhaseBar({ detail: { run } }: { detail: RunDetail }) {
  return (
    <ol class="phases" aria-label="Phases">
      {phasesOf(run).map(({ word, state }) => (
        <li class={state} aria-current={state === 'now' ? 'step' : undefined}>
          {word}
        </li>
      ))}
    </ol>
  );
}

function Counts({ detail: { run, counts, pace } }: { detail: RunDetail }) {
  const at = `/runs/${run.id}`;
  // The documents of a cycle are those of its replicas' runs, listed below.
  const rows = (query: string) => (run.kind === 'cycle' ? `${at}#children-title` : at + query);
  return (
    <>
      <progress
        value={run.docs_done}
        max={Math.max(1, run.docs_total)}
        aria-label={`${run.docs_done} of ${run.docs_total} documents`}
      />
      <p class="counts">
        <CountLink to={rows('')} count={counts.total} label="planned" />
        <CountLink to={rows('?state=done')} count={counts.done} label="done" />
        <CountLink to={rows('?state=failed')} count={counts.failed} label="failed" tone="bad" />
        <CountLink to={rows('?state=held')} count={counts.held} label="held" tone="warn" />
        {run.running ? <CountLink to={rows('?state=planned')} count={counts.left} label="left" /> : null}
        {counts.listed ? (
          <>
            <CountLink to={rows('?kind=upload')} count={counts.uploads} label="uploads" />
            <CountLink to={rows('?kind=update')} count={counts.updates} label="updates" />
          </>
        ) : null}
        <To to={rows('#items-title')}>{size(run.bytes)} read</To>
        {pace === null ? null : <span>{pace.perMinute} a minute</span>}
        {pace === null || pace.left === null ? null : <span>about {pace.left} left</span>}
      </p>
    </>
  );
}

function Actions({ detail: { run } }: { detail: RunDetail }) {
  const at = `/runs/${run.id}`;
  return (
    <div class="actions">
      {canRetry(run) ? (
        <PostButton action={`${at}/retry`} id="retry" kind="primary">
          Retry failed only
        </PostButton>
      ) : null}
      {run.running ? (
        <To to={`${at}/cancel`} id="cancel">
          Cancel
        </To>
      ) : (
        <To to={`/runs/preview${run.replica_id === null ? '' : `?replica_id=${run.replica_id}`}`} id="dry-run">
          Dry run: what would the next one do?
        </To>
      )}
      <To to={`/logs?run_id=${run.id}`} id="run-log">
        Log of this run
      </To>
      <To to={`/api/runs/${run.id}`} id="run-json">
        JSON
      </To>
    </div>
  );
}

function Groups({ detail: { run, groups } }: { detail: RunDetail }) {
  return (
    <section aria-labelledby="groups-title">
      <h2 id="groups-title">Why</h2>
      <ul class="plain">
        {groups.map(({ code, items, example, cure }) => (
          <li>
            <CountLink to={`/runs/${run.id}?code=${encodeURIComponent(code)}`} count={items} /> × <code>{code}</code>
            {example === null ? '' : `: ${example}`}
            <small>{cure}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

const STATES = [
  { value: '', label: 'any' },
  { value: 'problem', label: 'failed or held' },
  { value: 'failed', label: 'failed' },
  { value: 'held', label: 'held' },
  { value: 'open', label: 'under way' },
  { value: 'planned', label: 'planned' },
  { value: 'done', label: 'done' },
];

function Items({ detail: { run, items, next, counts }, query }: { detail: RunDetail; query: ItemQuery }) {
  return (
    <section aria-labelledby="items-title">
      <h2 id="items-title">Documents of this run</h2>
      <FilterForm label="Filter the documents">
        <Select label="State" name="state" value={query.state} options={STATES} />
        <Select
          label="What is done"
          name="kind"
          value={query.kind}
          options={[
            { value: '', label: 'any' },
            { value: 'upload', label: 'upload' },
            { value: 'update', label: 'update' },
          ]}
        />
        <Select
          label="Reason"
          name="code"
          value={query.code}
          options={[{ value: '', label: 'any' }, ...reasons(query.code, items)]}
        />
      </FilterForm>
      {items.length === 0 ? (
        <Empty>
          {counts.listed || run.docs_total === 0
            ? 'None. Documents of this run that fit the filters will appear here, failures first.'
            : 'The rows of this run were cleared away with its age; its sums stay above.'}
        </Empty>
      ) : (
        <ItemTable items={items} />
      )}
      <Pager next={next} />
    </section>
  );
}

function reasons(chosen: string | undefined, items: RunDetail['items']) {
  const codes = new Set(items.flatMap(({ error_code: code }) => (code === null ? [] : [code])));
  if (chosen !== undefined) codes.add(chosen);
  return [...codes].sort().map((value) => ({ value, label: value }));
}

function ItemTable({ items }: { items: RunDetail['items'] }) {
  const tones = { failed: 'bad', held: 'warn', open: 'busy', planned: 'calm', done: 'good' } as const;
  return (
    <table class="stack">
      <thead>
        <tr>
          <th scope="col">Document</th>
          <th scope="col">What</th>
          <th scope="col">State</th>
          <th scope="col">Reason, as it is now</th>
        </tr>
      </thead>
      <tbody>
        {items.map((item) => (
          <tr class={item.state === 'failed' ? 'bad-row' : undefined}>
            <td>
              <To to={`/documents/${item.master_doc_id}`}>#{String(item.master_doc_id)}</To>
            </td>
            <td data-label="What">{item.kind}</td>
            <td>
              <Badge tone={tones[item.state]}>{item.state === 'open' ? 'under way' : item.state}</Badge>
            </td>
            <td>
              {item.error_code === null ? null : (
                <>
                  {item.error_msg ?? ''} <code>{item.error_code}</code>
                  {item.next_due_at === null ? null : (
                    <small>
                      Attempt {item.retry_count + 1} <Time at={item.next_due_at} />
                    </small>
                  )}
                </>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
