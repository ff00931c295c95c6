/** What a person can do to a replica: one POST each, answered with what changed; the dangerous ones after a page. */
import { Hono } from 'hono';
import { z } from 'zod';
import { loadDeletions } from '../../../shared/replication/deletion-state.ts';
import { pauseReplica } from '../../../shared/replication/pause-replica.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, type GateContext, type GateVariables } from '../gate/visitor.ts';
import { idOf, text } from '../input.ts';
import { presentDeletions } from '../presenters/deletions.ts';
import { linksOf, REPLICA_ACTS, removeReplica, testSaved } from '../presenters/replica-acts.ts';
import { existingReplica } from '../existing.ts';
import { plural } from '../presenters/replica-state.ts';
import { act, formOf, redirectWith } from './actions.ts';
import { ConnectionSteps } from './components/connection.tsx';
import { Field, PostForm } from './components/forms.tsx';
import { number, To } from './components/links.tsx';
import { ConfirmPage, Empty, isTyped } from './components/notices.tsx';
import { renderPage } from './page.tsx';

const pauseForm = z.object({ reason: text(500).trim().min(1, 'must not be empty') });

export function replicaVerbs(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  addSimple(routes, deps);
  addPause(routes, deps);
  addRemoval(routes, deps);
  addDeletions(routes, deps);
  routes.post('/:id/test', async (c) => {
    // Read first, so that the form's token is checked before any instance is asked.
    await formOf(c, z.object({}));
    const replica = await existingReplica(deps.db, idOf(c));
    const report = await testSaved(deps, replica, c.req.raw.signal);
    return renderPage(
      c,
      deps,
      { title: `Test of ${replica.name}`, nav: 'replicas' },
      <>
        <h1>{replica.name}</h1>
        <ConnectionSteps report={report} saved />
        <p>
          <To to={`/replicas/${replica.id}`}>Back to the replica</To>
        </p>
      </>,
    );
  });
  return routes;
}

/** One verb each: back to the page it came from, the dashboard or the replica. */
function addSimple(routes: Hono<GateVariables>, deps: ApiDeps): void {
  for (const [verb, work] of Object.entries(REPLICA_ACTS))
    routes.post(`/:id/${verb}`, async (c) => {
      const id = idOf(c);
      const back = (await formOf(c, z.object({}))).values['back'] === '/' ? '/' : `/replicas/${id}`;
      return act(c, deps, back, async (values) => work(deps, await existingReplica(deps.db, id), values, actorOf(c)));
    });
}

function addPause(routes: Hono<GateVariables>, deps: ApiDeps): void {
  const page = (c: GateContext, id: number, name: string, error?: string) =>
    renderPage(
      c,
      deps,
      { title: `Pause ${name}`, nav: 'replicas', status: error === undefined ? 200 : 422 },
      <ConfirmPage title={`Pause ${name}`} action={`/replicas/${id}/pause`} back={`/replicas/${id}`} button="Pause">
        <p>
          A run under way is cancelled; what is in flight is finished by the run after you resume. The replica itself is
          not touched and stays usable.
        </p>
        <Field label="Why?" name="reason" required error={error} hint="Shown beside the state until you resume." />
      </ConfirmPage>,
    );
  routes.get('/:id/pause', async (c) => {
    const { id, name } = await existingReplica(deps.db, idOf(c));
    return page(c, id, name);
  });
  routes.post('/:id/pause', async (c) => {
    const { id, name } = await existingReplica(deps.db, idOf(c));
    const form = await formOf(c, pauseForm);
    if (!form.ok) return page(c, id, name, form.errors['reason']);
    await pauseReplica(deps.closing, id, form.data.reason);
    return redirectWith(c, deps, `/replicas/${id}`, `Replica "${name}" is paused until you resume it.`);
  });
}

function addRemoval(routes: Hono<GateVariables>, deps: ApiDeps): void {
  const page = async (c: GateContext, id: number, name: string, error?: string) => {
    const links = await linksOf(deps, id);
    return renderPage(
      c,
      deps,
      { title: `Remove ${name}`, nav: 'replicas', status: error === undefined ? 200 : 422 },
      <ConfirmPage
        title={`Remove ${name} from the controller`}
        action={`/replicas/${id}/remove`}
        back={`/replicas/${id}`}
        button="Remove"
        danger
        typed={name}
        error={error}
      >
        <p>
          The controller forgets this replica: its address, its token, and what is known of{' '}
          <To to={`/replicas/${id}/documents`}>{`${number(links)} documents`}</To>. Added again, its documents have to
          be matched anew.
        </p>
        <p>
          <strong>The instance itself is left as it is:</strong> no document on it is changed or deleted. The master is
          not touched.
        </p>
      </ConfirmPage>,
    );
  };
  routes.get('/:id/remove', async (c) => {
    const { id, name } = await existingReplica(deps.db, idOf(c));
    return page(c, id, name);
  });
  routes.post('/:id/remove', async (c) => {
    const replica = await existingReplica(deps.db, idOf(c));
    const { id, name } = replica;
    const { values } = await formOf(c, z.object({}));
    if (!isTyped(values['confirm'], name)) return page(c, id, name, 'is not the name of this replica');
    return redirectWith(c, deps, '/replicas', await removeReplica(deps, replica));
  });
}

function addDeletions(routes: Hono<GateVariables>, deps: ApiDeps): void {
  routes.get('/:id/deletions', async (c) => {
    const replica = await existingReplica(deps.db, idOf(c));
    const shown = presentDeletions(replica, (await loadDeletions(deps, replica)).decision);
    return renderPage(
      c,
      deps,
      { title: `Deletions on ${replica.name}`, nav: 'replicas' },
      <>
        <h1>Deletions on {replica.name}</h1>
        {shown.stopped === null ? null : <p class="note bad">{shown.stopped}</p>}
        {shown.documents.length === 0 ? (
          <Empty>None. Copies of documents that leave the master will be listed here before they go.</Empty>
        ) : (
          <table class="stack">
            <thead>
              <tr>
                <th scope="col">Document</th>
                <th scope="col">What becomes of its copy</th>
                <th scope="col">Why</th>
              </tr>
            </thead>
            <tbody>
              {shown.documents.slice(0, 500).map((one) => (
                <tr>
                  <td>
                    <To to={`/documents/${one.master_doc_id}`}>#{one.master_doc_id}</To>
                  </td>
                  <td>{one.action}</td>
                  <td>{one.why}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {shown.held === null ? null : (
          <PostForm action={`/replicas/${replica.id}/deletions`}>
            <button type="submit" class="danger">
              Let {plural(shown.held.count, 'deletion')} on {replica.name} go
            </button>
          </PostForm>
        )}
        <p>
          <To to={`/replicas/${replica.id}`}>Back to the replica</To>
        </p>
      </>,
    );
  });
}
