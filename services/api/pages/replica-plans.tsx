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
  const { summary, documents } = await planReconcile(deps, replica, mode, c.req.raw.signal);
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
      <Rows documents={documents} />
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
        <To to={`/replicas/${replica.id}/documents`}>The links as they are now</To>
      </p>
    </>
  );
}

const ROWS = 100;
const RULES: Readonly<Record<string, string>> = {
  identity: 'linked already, and the same document still',
  mark: 'our mark is on it',
  md5: 'the same bytes',
  sha256: 'the same bytes',
  root: 'the same first bytes; later versions follow',
  accepted: 'a person said so',
  in_flight: 'an upload of it is under way',
};

/** Which document would be linked to which; those that stay as they are need no line. */
function Rows({ documents }: { documents: ReconcilePlan['documents'] }) {
  if (documents.length === 0) return <p class="empty">No document would be linked or uploaded otherwise than now.</p>;
  return (
    <>
      <h2>Row by row</h2>
      <table class="stack">
        <thead>
          <tr>
            <th>Document of the master</th>
            <th>What would happen</th>
            <th>Why</th>
          </tr>
        </thead>
        <tbody>
          {documents.slice(0, ROWS).map(({ master_doc_id: master, replica_doc_id: copy, rule }) => (
            <tr>
              <td data-label="Document">
                <To to={`/documents/${master}`}>{String(master)}</To>
              </td>
              <td data-label="What">{copy === null ? 'uploaded by the next cycle' : `linked to copy ${copy}`}</td>
              <td data-label="Why">{rule === null ? 'nothing there is its copy' : (RULES[rule] ?? rule)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {documents.length > ROWS ? (
        <p class="faint">
          These are the first {ROWS}. The dry run of the API lists up to a thousand rows:{' '}
          <code>POST /api/replicas/ID/reconcile?dry_run=1</code>.
        </p>
      ) : null}
    </>
  );
}
