/** The first page: how are things, what needs me, what happens now. */
import { Hono } from 'hono';
import { z } from 'zod';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { notFound } from '../http-error.ts';
import { text } from '../input.ts';
import { acknowledgeTrouble, createDashboard, type Attention, type Dashboard } from '../presenters/dashboard.ts';
import { duration } from '../presenters/replica-state.ts';
import { act, formOf, redirectWith } from './actions.ts';
import { Field, PostButton } from './components/forms.tsx';
import { CountLink, number, To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { ConfirmPage, Empty, RedThing } from './components/notices.tsx';
import { ReplicaCards } from './components/replica-card.tsx';
import { Time } from './components/time.tsx';
import { Verbs } from './components/verbs.tsx';
import { renderPage } from './page.tsx';

const given = z.object({ key: text(300), reason: text(500).trim().min(1, 'must not be empty') });

export function dashboardPages(deps: ApiDeps): Hono<GateVariables> {
  const load = createDashboard(deps);
  const routes = new Hono<GateVariables>();
  routes.get('/', async (c) => {
    const board = await load();
    const live = { active: board.status.progress.running };
    return renderPage(
      c,
      deps,
      { title: 'Dashboard', nav: 'dashboard', live, zone: board.zone },
      <Board board={board} />,
    );
  });
  routes.post('/sync', (c) =>
    act(c, deps, '/', async () => {
      const { runId, alreadyRunning } = await openCycle(deps, { trigger: 'manual' });
      return alreadyRunning ? `Run ${runId} is under way already.` : `Run ${runId} was started.`;
    }),
  );
  routes.get('/acknowledge', async (c) => {
    const key = c.req.query('key') ?? '';
    const trouble = (await load()).attention.find((one) => one.key === key);
    if (trouble === undefined) throw notFound('This trouble');
    return renderPage(c, deps, { title: 'Acknowledge' }, <AcknowledgePage trouble={trouble} />);
  });
  routes.post('/acknowledge', (c) => acknowledged(c, deps, load));
  return routes;
}

async function acknowledged(c: GateContext, deps: ApiDeps, load: () => Promise<Dashboard>): Promise<Response> {
  const form = await formOf(c, given);
  const key = form.ok ? form.data.key : (form.values['key'] ?? '');
  const trouble = (await load()).attention.find((one) => one.key === key);
  if (trouble === undefined) return redirectWith(c, deps, '/', 'That trouble is over already.');
  if (!form.ok)
    return renderPage(
      c,
      deps,
      { title: 'Acknowledge', status: 422 },
      <AcknowledgePage trouble={trouble} error={form.errors['reason']} />,
    );
  await acknowledgeTrouble(deps, { key, reason: form.data.reason, actor: c.get('visitor')?.name ?? 'unknown' });
  return redirectWith(c, deps, '/', 'One trouble was acknowledged; it stays listed below until it is over.');
}

function AcknowledgePage({ trouble, error }: { trouble: Attention; error?: string | undefined }) {
  return (
    <ConfirmPage title="Acknowledge" action="/acknowledge" back="/" button="Acknowledge">
      <p>
        <strong>{trouble.title}</strong> {trouble.reason}
      </p>
      <p>It stays quiet until it is over. Should it come back, it is news again.</p>
      <input type="hidden" name="key" value={trouble.key} />
      <Field label="Why is this all right for now?" name="reason" required error={error} />
    </ConfirmPage>
  );
}

function Board({ board }: { board: Dashboard }) {
  const { hero, status, attention } = board;
  return (
    <Live id="dashboard" active={status.progress.running}>
      <h1 class="hidden-title">Dashboard</h1>
      <p class={`hero ${hero.tone}`}>{hero.text}</p>
      <div class="actions">
        <PostButton action="/sync" id="sync-now" kind="primary">
          Sync now
        </PostButton>
        <NextCycle board={board} />
      </div>
      <AttentionList attention={attention} />
      <section aria-labelledby="replicas-title">
        <h2 id="replicas-title">Replicas</h2>
        {board.cards.length === 0 ? (
          <Empty>
            No replica yet. <To to="/replicas/new">Add one</To>; its state and counts will appear here.
          </Empty>
        ) : (
          <ReplicaCards cards={board.cards} />
        )}
      </section>
      <div class="cards">
        <MasterCard status={status} />
        <OwnCard board={board} />
      </div>
      <Events board={board} />
    </Live>
  );
}

function NextCycle({ board: { status, now } }: { board: Dashboard }) {
  const { progress, next_cycle_at: next, last_run: last } = status;
  if (progress.running) return null;
  return (
    <span class="faint">
      {next > now ? (
        <>
          Next cycle <Time at={next} />
        </>
      ) : (
        'The next cycle is due'
      )}
      {last === null ? null : (
        <>
          , last one <To to={`/runs/${last.id}`}>ended</To> <Time at={last.finished_at} />
        </>
      )}
    </span>
  );
}

function AttentionList({ attention }: { attention: readonly Attention[] }) {
  if (attention.length === 0) return null;
  const open = attention.filter(({ acknowledged: known }) => known === null);
  const known = attention.filter(({ acknowledged: word }) => word !== null);
  return (
    <section aria-labelledby="attention-title">
      <h2 id="attention-title">Needs attention</h2>
      {open.map((one, at) => (
        <RedThing title={<To to={one.to}>{one.title}</To>} reason={one.reason} next={one.next} tone={one.tone}>
          <Verbs verbs={one.verbs} id={`attention-${at}`} />
          <To to={`/acknowledge?key=${encodeURIComponent(one.key)}`} id={`acknowledge-${at}`}>
            Acknowledge
          </To>
        </RedThing>
      ))}
      {known.map((one) => (
        <p class="note">
          <To to={one.to}>{one.title}</To> <span class="faint">Known</span> <Time at={one.acknowledged?.at} />
          <span class="faint">
            {' '}
            ({one.acknowledged?.actor}): {one.acknowledged?.reason}
          </span>
        </p>
      ))}
    </section>
  );
}

function MasterCard({ status: { master } }: { status: Dashboard['status'] }) {
  return (
    <section class="card" aria-labelledby="master-title">
      <header>
        <h2 id="master-title">Master</h2>
        {!master.configured ? (
          <span class="warn">not set</span>
        ) : master.reachable === false ? (
          <span class="bad">does not answer</span>
        ) : (
          <span class="faint">{master.reachable === null ? 'not asked yet' : 'reachable'}</span>
        )}
      </header>
      {!master.configured ? (
        <Empty>
          <To to="/settings">Set its address and token</To>; then its version and size appear here.
        </Empty>
      ) : (
        <dl class="facts">
          <dt>Address</dt>
          <dd>{master.url}</dd>
          <dt>Version</dt>
          <dd>{master.version ?? 'not known yet'}</dd>
          <dt>Documents</dt>
          <dd>
            {master.document_count === null ? (
              'not counted yet'
            ) : (
              <To to="/documents">{number(master.document_count)}</To>
            )}
          </dd>
          <dt>Last contact</dt>
          <dd>
            <Time at={master.last_contact_at} />
          </dd>
        </dl>
      )}
    </section>
  );
}

function OwnCard({ board: { workers, queue, status } }: { board: Dashboard }) {
  const working = workers.filter(({ role }) => role !== 'api');
  const oldest = working.map(({ started_at: at }) => at.getTime()).sort((a, b) => a - b)[0];
  return (
    <section class="card" aria-labelledby="own-title">
      <header>
        <h2 id="own-title">Controller</h2>
      </header>
      <dl class="facts">
        <dt>Workers</dt>
        <dd>
          <CountLink to="/queue#workers" count={working.length} label="alive" />
          {oldest === undefined ? null : (
            <span class="faint">
              {' '}
              (up since <Time at={new Date(oldest)} />)
            </span>
          )}
        </dd>
        <dt>Queue</dt>
        <dd>
          {queue === null ? (
            <span class="bad">does not answer</span>
          ) : (
            <span class="counts">
              <CountLink to="/queue?status=waiting" count={queue.waiting} label="waiting" />
              <CountLink to="/queue?status=active" count={queue.active} label="active" />
              <CountLink to="/queue?status=delayed" count={queue.delayed} label="delayed" />
              <CountLink to="/queue?status=failed" count={queue.failed} label="failed" tone="bad" />
            </span>
          )}
        </dd>
        <dt>Oldest change</dt>
        <dd>{oldestOwed(status)}</dd>
        <dt>Last backup</dt>
        <dd>
          <Time at={status.backup.made_at} />
        </dd>
      </dl>
    </section>
  );
}

function oldestOwed({ replicas }: Dashboard['status']): string {
  const oldest = Math.max(0, ...replicas.map(({ rpo_seconds: seconds }) => seconds ?? 0));
  return oldest < 1 ? 'nothing waits' : `${duration(oldest)} old`;
}

function Events({ board: { events } }: { board: Dashboard }) {
  return (
    <section aria-labelledby="events-title">
      <h2 id="events-title">Important events</h2>
      {events.length === 0 ? (
        <Empty>None. Warnings and errors will appear here; everything else is in the log.</Empty>
      ) : (
        <table class="stack">
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Replica</th>
              <th scope="col">What</th>
            </tr>
          </thead>
          <tbody>
            {events.map((event) => (
              <tr class={event.level === 'error' ? 'bad-row' : undefined}>
                <td class="nowrap">
                  <Time at={event.created_at} />
                </td>
                <td>
                  {event.replica_id === null ? '' : <To to={`/replicas/${event.replica_id}`}>{event.replica ?? ''}</To>}
                </td>
                <td>
                  {event.message}{' '}
                  {event.run_id === null ? null : <To to={`/runs/${event.run_id}`}>run {event.run_id}</To>}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p>
        <To to="/logs">All events</To>
      </p>
    </section>
  );
}
