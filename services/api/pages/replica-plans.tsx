/** Matching anew and forgetting the matches: what would happen is shown first, and nothing happens without the name typed. */
import { Hono } from 'hono';
import { z } from 'zod';
import { openReconcile } from '../../../shared/replication/open-reconcile.ts';
import { planReconcile, type ReconcilePlan } from '../../../shared/replication/plan-reconcile.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { idOf } from '../input.ts';
import { act, formOf } from './actions.ts';
import { PROPOSAL_RULES } from './components/conflict-parts.tsx';
import { CountLink, number, To } from './components/links.tsx';
import { ConfirmPage, Empty, isTyped } from './components/notices.tsx';
import { Table } from './components/table.tsx';
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
  const { summary, documents, proposals } = await planReconcile(deps, replica, mode, c.req.raw.signal);
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
      <Rows id="linked" title="Linked to a copy" documents={documents.filter(hasCopy)} all={linkedBy(summary)} />
      <Rows
        id="uploaded"
        title="Uploaded by the next cycle"
        documents={documents.filter((one) => !hasCopy(one))}
        all={summary.missing}
      />
      <Proposals proposals={proposals} all={summary.proposals} replica={replica} />
    </ConfirmPage>,
  );
}

type Row = ReconcilePlan['documents'][number];
const hasCopy = ({ replica_doc_id: copy }: Row): boolean => copy !== null;
const linkedBy = ({ matched }: ReconcilePlan['summary']): number =>
  Object.values(matched).reduce((sum, count) => sum + count, 0);

/** Each number leads to its rows: below, on one of our lists, or in the instance itself. */
function Plan({ summary, replica }: { summary: ReconcilePlan['summary']; replica: Replica }) {
  const links = `/replicas/${replica.id}/documents`;
  return (
    <dl class="facts wide">
      <dt>Documents on the master</dt>
      <dd>
        <CountLink to="/documents" count={summary.masters} />
      </dd>
      <dt>Documents on {replica.name}</dt>
      <dd>
        <a href={`${replica.url.replace(/\/+$/, '')}/documents`}>{number(summary.copies)}</a>
      </dd>
      <dt>Links that stay as they are</dt>
      <dd>
        <CountLink to={links} count={summary.kept} />
      </dd>
      <dt>Copies that are found and linked</dt>
      <dd>
        <a href="#linked">{number(linkedBy(summary))}</a>
      </dd>
      <dt>Matches that a person has to decide</dt>
      <dd>
        <a href="#proposed">{number(summary.proposals)}</a>
      </dd>
      <dt>Documents that the next cycle uploads</dt>
      <dd>
        <a href="#uploaded">{number(summary.missing)}</a>
      </dd>
      <dt>Links that are taken back</dt>
      <dd>
        <CountLink to={links} count={summary.released} />
      </dd>
    </dl>
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
function Rows({ id, title, documents, all }: { id: string; title: string; documents: readonly Row[]; all: number }) {
  return (
    <>
      <h2 id={id}>{title}</h2>
      {documents.length === 0 ? <Empty>None.</Empty> : null}
      {documents.length === 0 ? null : (
        <Table columns={['Document of the master', 'What would happen', 'Why']}>
          {documents.slice(0, ROWS).map(({ master_doc_id: master, replica_doc_id: copy, rule }) => (
            <tr>
              <td data-label="Document">
                <To to={`/documents/${master}`}>{String(master)}</To>
              </td>
              <td data-label="What">{copy === null ? 'uploaded by the next cycle' : `linked to copy ${copy}`}</td>
              <td data-label="Why">{rule === null ? 'nothing there is its copy' : (RULES[rule] ?? rule)}</td>
            </tr>
          ))}
        </Table>
      )}
      <Rest shown={Math.min(documents.length, ROWS)} all={all} />
    </>
  );
}

function Proposals(props: { proposals: ReconcilePlan['proposals']; all: number; replica: Replica }) {
  return (
    <>
      <h2 id="proposed">For you to decide</h2>
      {props.proposals.length === 0 ? (
        <Empty>None. A document that looks like a copy, but has other bytes, is never linked unasked.</Empty>
      ) : (
        <Table columns={['Document of the master', `Document of ${props.replica.name}`, 'Why']}>
          {props.proposals.slice(0, ROWS).map(({ masterId, copyId, rule }) => (
            <tr>
              <td data-label="Document">
                <To to={`/documents/${masterId}`}>{masterId}</To>
              </td>
              <td data-label={`Document of ${props.replica.name}`}>{copyId}</td>
              <td data-label="Why">{PROPOSAL_RULES[rule]}</td>
            </tr>
          ))}
        </Table>
      )}
      <Rest shown={Math.min(props.proposals.length, ROWS)} all={props.all} />
    </>
  );
}

function Rest({ shown: rows, all }: { shown: number; all: number }) {
  if (all <= rows) return null;
  return (
    <p class="faint">
      {number(all - rows)} more. The dry run of the API lists up to a thousand rows:{' '}
      <code>POST /api/replicas/ID/reconcile?dry_run=1</code>.
    </p>
  );
}
