/** Runs: the list, one in full, and what a run would do if it began now. */
import { Hono } from 'hono';
import { z } from 'zod';
import { cancelRun } from '../../../shared/replication/pause-replica.ts';
import { planReplicas } from '../../../shared/replication/plan-replicas.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { notFound } from '../http-error.ts';
import { id, idOf, queryOf, text } from '../input.ts';
import { plural } from '../presenters/replica-state.ts';
import { retryRun } from '../presenters/replica-acts.ts';
import { existingRun, loadRun, loadRuns } from '../presenters/run-detail.ts';
import { act } from './actions.ts';
import { FilterForm, PostButton, Select } from './components/forms.tsx';
import { Pager, To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { ConfirmPage } from './components/notices.tsx';
import { RunTable } from './components/run-table.tsx';
import { renderPage } from './page.tsx';
import { PlanPage } from './run-plan.tsx';
import { RunPage } from './run-detail.tsx';

const or = <S extends z.ZodType>(schema: S) => z.union([z.literal('').transform(() => undefined), schema]).optional();

const OUTCOMES = ['ok', 'partial', 'failed', 'timed_out', 'cancelled'] as const;
const runQuery = z.strictObject({
  replica_id: or(id),
  kind: or(z.enum(['cycle', 'replica'])),
  outcome: or(z.enum(OUTCOMES)),
  cursor: or(id),
});
const itemQuery = z.strictObject({
  state: or(z.enum(['planned', 'open', 'done', 'failed', 'held', 'problem'])),
  kind: or(z.enum(['upload', 'update'])),
  code: or(text(100)),
  cursor: or(
    z
      .string()
      .regex(/^\d\.\d{1,15}$/, 'is no cursor')
      .transform((value) => ({ rank: Number(value[0]), linkId: Number(value.slice(2)) })),
  ),
});

export function runPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  addList(routes, deps);
  routes.get('/preview', async (c) => {
    const { replica_id: replicaId } = queryOf(c, z.strictObject({ replica_id: or(id) }));
    const plans = await planReplicas(deps, { replicaId, sweep: false }, c.req.raw.signal);
    return renderPage(c, deps, { title: 'Dry run', nav: 'runs' }, <PlanPage plans={plans} replicaId={replicaId} />);
  });
  routes.get('/:id', async (c) => {
    const query = queryOf(c, itemQuery);
    const detail = await loadRun(deps, idOf(c), query);
    if (detail === null) throw notFound(`The run ${idOf(c)}`, 'run_not_found');
    const live = { active: detail.run.running };
    const title = `Run ${detail.run.id}`;
    return renderPage(c, deps, { title, nav: 'runs', live }, <RunPage detail={detail} query={query} />);
  });
  addVerbs(routes, deps);
  return routes;
}

function addList(routes: Hono<GateVariables>, deps: ApiDeps): void {
  routes.get('/', async (c) => {
    const { replica_id: replicaId, kind, outcome, cursor } = queryOf(c, runQuery);
    const { runs, replicas, next } = await loadRuns(deps, { replicaId, kind, outcome }, cursor);
    const live = { active: runs.some(({ running }) => running) };
    const named = replicas.map((one) => ({ value: String(one.id), label: one.name }));
    return renderPage(
      c,
      deps,
      { title: 'Runs', nav: 'runs', live },
      <>
        <h1>Runs</h1>
        <div class="actions">
          <PostButton action="/sync" id="sync-now" kind="primary">
            Sync now
          </PostButton>
          <To to="/runs/preview">Dry run: show what a cycle would do</To>
        </div>
        <FilterForm>
          <Select
            label="Replica"
            name="replica_id"
            value={replicaId === undefined ? '' : String(replicaId)}
            options={[{ value: '', label: 'any' }, ...named]}
          />
          <Select
            label="Kind"
            name="kind"
            value={kind}
            options={[
              { value: '', label: 'any' },
              { value: 'cycle', label: 'whole cycles' },
              { value: 'replica', label: 'one replica' },
            ]}
          />
          <Select
            label="Outcome"
            name="outcome"
            value={outcome}
            options={[
              { value: '', label: 'any' },
              ...OUTCOMES.map((value) => ({ value, label: value.replace('_', ' ') })),
            ]}
          />
        </FilterForm>
        <Live id="runs" active={live.active}>
          <RunTable runs={runs} empty="None. Each run that fits these filters will appear here, the newest first." />
          <Pager next={next} />
        </Live>
      </>,
    );
  });
}

function addVerbs(routes: Hono<GateVariables>, deps: ApiDeps): void {
  routes.get('/:id/cancel', async (c) => {
    const run = await existingRun(deps, idOf(c));
    const at = `/runs/${run.id}`;
    return renderPage(
      c,
      deps,
      { title: `Cancel run ${run.id}`, nav: 'runs' },
      <ConfirmPage title={`Cancel run ${run.id}`} action={`${at}/cancel`} back={at} button="Cancel the run" danger>
        <p>
          What is done stays: {plural(run.docs_synced, 'document')} so far. What is in flight is finished by the next
          run, and everything else waits for it. Nothing is undone on {run.replica ?? 'any replica'}.
        </p>
      </ConfirmPage>,
    );
  });
  routes.post('/:id/cancel', (c) =>
    act(c, deps, `/runs/${idOf(c)}`, async () => {
      await cancelRun(deps.closing, idOf(c));
      return `Run ${idOf(c)} was cancelled; what it did stays.`;
    }),
  );
  routes.post('/:id/retry', (c) => act(c, deps, `/runs/${idOf(c)}`, () => retryRun(deps, idOf(c))));
}
