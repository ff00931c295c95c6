/** Matching anew and forgetting the matches: what would happen is shown first, and nothing happens without the name typed. */
import { Hono } from 'hono';
import { z } from 'zod';
import { openReconcile } from '../../../shared/replication/open-reconcile.ts';
import { planReconcile, type ReconcilePlan } from '../../../shared/replication/plan-reconcile.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { idOf } from '../input.ts';
import { act, formOf } from './actions.ts';
import { number, To } from './components/links.tsx';
import { ConfirmPage, isTyped } from './components/notices.tsx';
import { renderPage } from './page.tsx';
import { existingReplica, type Replica } from '../existing.ts';

const WORDS = {
  reconcile: {
    title: (name: string) => `Match the documents of ${name}`,
    button: 'Match them',
    what: 'Documents that are there already are found by file, mark or number and linked instead of uploaded again. Links that are known stay.',
    danger: false,
  },
  resync: {
    title: (name: string) => `Match ${name} anew from nothing`,
    button: 'Forget the links and match anew',
    what: 'All links of this replica are doubted and made again. No document is deleted, neither there nor on the master.',
    danger: true,
  },
} as const;

export function replicaPlans(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  for (const mode of ['reconcile', 'resync'] as const) {
    routes.get(`/:id/${mode}`, async (c) => {
      const replica = await existingReplica(deps.db, idOf(c));
      return shown(c, deps, replica, mode);
    });
    routes.post(`/:id/${mode}`, async (c) => {
      const replica = await existingReplica(deps.db, idOf(c));
      const { values } = await formOf(c, z.object({}));
      if (WORDS[mode].danger && !isTyped(values['confirm'], replica.name))
        return shown(c, deps, replica, mode, 'is not the name of this replica');
      return act(c, deps, `/replicas/${replica.id}`, async () => {
        const runId = await openReconcile(deps, replica.id, mode);
        deps.log.info(`Someone started a ${mode} of replica "${replica.name}".`, { replicaId: replica.id, runId });
        return { text: `Run ${runId} matches the documents.`, to: `/runs/${runId}` };
      });
    });
  }
  return routes;
}

async function shown(c: GateContext, deps: ApiDeps, replica: Replica, mode: keyof typeof WORDS, error?: string) {
  const { title, button, what, danger } = WORDS[mode];
  const { summary, truncated } = await planReconcile(deps, replica, mode, c.req.raw.signal);
  return renderPage(
    c,
    deps,
    { title: title(replica.name), nav: 'replicas', status: error === undefined ? 200 : 422 },
    <ConfirmPage
      title={title(replica.name)}
      action={`/replicas/${replica.id}/${mode}`}
      back={`/replicas/${replica.id}`}
      button={button}
      danger={danger}
      typed={danger ? replica.name : undefined}
      error={error}
    >
      <p>{what}</p>
      <h2>What would happen</h2>
      <Plan summary={summary} replica={replica} />
      {truncated ? <p class="faint">The rows themselves are too many to show here.</p> : null}
    </ConfirmPage>,
  );
}

function Plan({ summary, replica }: { summary: ReconcilePlan['summary']; replica: Replica }) {
  const matched = Object.values(summary.matched).reduce((sum, count) => sum + count, 0);
  const rows: readonly (readonly [string, number])[] = [
    ['Documents on the master', summary.masters],
    [`Documents on ${replica.name}`, summary.copies],
    ['Links that stay as they are', summary.kept],
    ['Copies that are found and linked', matched],
    ['Matches that a person has to decide', summary.proposals],
    ['Documents that the next cycle uploads', summary.missing],
    ['Links that are taken back', summary.released],
  ];
  return (
    <>
      <dl class="facts wide">
        {rows.map(([label, count]) => (
          <>
            <dt>{label}</dt>
            <dd>{number(count)}</dd>
          </>
        ))}
      </dl>
      <p>
        The same, row by row: <To to={`/replicas/${replica.id}/documents`}>what is known now</To>.
      </p>
    </>
  );
}
