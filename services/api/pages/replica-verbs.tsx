/** What a person can do to a replica: one POST each, answered with what changed; the dangerous ones after a page. */
import { Hono } from 'hono';
import { z } from 'zod';
import { countLinksOf } from '../../../shared/db/pages.repo.ts';
import * as repo from '../../../shared/db/replicas.repo.ts';
import { retryFailed } from '../../../shared/db/retry.repo.ts';
import * as tombstones from '../../../shared/db/tombstones.repo.ts';
import { DEPTHS } from '../../../shared/domain/verification.ts';
import { hygieneOf } from '../../../shared/replication/add-replica.ts';
import { loadDeletions } from '../../../shared/replication/deletion-state.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { pauseReplica, resumeReplica } from '../../../shared/replication/pause-replica.ts';
import { testKnownReplica } from '../../../shared/replication/update-replica.ts';
import { openVerification } from '../../../shared/replication/verify-open.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { idOf, text } from '../input.ts';
import { presentDeletions } from '../presenters/deletions.ts';
import { plural } from '../presenters/replica-state.ts';
import { act, formOf, redirectWith } from './actions.ts';
import { ConnectionSteps } from './components/connection.tsx';
import { Field, PostForm } from './components/forms.tsx';
import { number, To } from './components/links.tsx';
import { ConfirmPage, Empty, isTyped } from './components/notices.tsx';
import { renderPage } from './page.tsx';
import { existingReplica } from './replica-of.ts';

const pauseForm = z.object({ reason: text(500).trim().min(1, 'must not be empty') });
const depthOf = z.enum(DEPTHS).catch('checksum');

export function replicaVerbs(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  addSimple(routes, deps);
  addPause(routes, deps);
  addRemoval(routes, deps);
  addDeletions(routes, deps);
  routes.post('/:id/test', async (c) => {
    // Read first, so that the form's token is checked before any instance is asked.
    await formOf(c, z.object({}));
    const replica = await existingReplica(deps, idOf(c));
    const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
    const report = await testKnownReplica(deps, replica, access, c.req.raw.signal);
    if (report.ok) await repo.updateReplica(deps.db, replica.id, hygieneOf(report, deps.clock.now()));
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
  const add = (verb: string, work: (id: number, values: Readonly<Record<string, string>>) => Promise<string>) =>
    routes.post(`/:id/${verb}`, async (c) => {
      const id = idOf(c);
      const back = (await formOf(c, z.object({}))).values['back'] === '/' ? '/' : `/replicas/${id}`;
      return act(c, deps, back, async (values) => work((await existingReplica(deps, id)).id, values));
    });
  add('sync', async (replicaId) => {
    const { runId, alreadyRunning } = await openCycle(deps, { trigger: 'manual', replicaId });
    return alreadyRunning ? `Run ${runId} is under way already.` : `Run ${runId} was started.`;
  });
  add('resume', async (id) => `Replica "${(await resumeReplica(deps, id)).name}" goes on with the next cycle.`);
  add('unsuspend', async (id) => {
    const replica = await repo.unsuspendReplica(deps.db, id);
    deps.log.info(`Replica "${replica?.name}" was enabled again.`, { replicaId: id });
    return `Replica "${replica?.name}" is enabled; the next cycle checks it and goes on.`;
  });
  add('disable', async (id) => {
    const replica = await repo.updateReplica(deps.db, id, { enabled: false });
    deps.log.info(`Replica "${replica?.name}" was disabled.`, { replicaId: id });
    return `Replica "${replica?.name}" is disabled; no cycle includes it.`;
  });
  add('uploads-acknowledge', async (id) => {
    const replica = await repo.acknowledgeUploads(deps.db, id);
    deps.log.info(`Uploads to replica "${replica?.name}" go on.`, { replicaId: id, code: 'uploads_acknowledged' });
    return `Uploads to "${replica?.name}" go on with the next cycle.`;
  });
  add('retry-failed', async (id) => {
    const retried = (await retryFailed(deps.db, id)).reduce((sum, { documents }) => sum + documents, 0);
    deps.log.info(`${retried} failed documents are due again.`, { replicaId: id });
    if (retried === 0) return 'Nothing had failed; no document was changed.';
    const { runId } = await openCycle(deps, { trigger: 'manual', replicaId: id });
    return `${plural(retried, 'document')} made due again, in run ${runId}.`;
  });
  add('verify', async (replicaId, values) => {
    const depth = depthOf.parse(values['depth']);
    const asked = { replicaId, scope: 'replica', depth, trigger: 'manual', askedBy: 'page' } as const;
    const { verificationId, alreadyRunning } = await openVerification(deps, asked);
    return alreadyRunning
      ? `Verification ${verificationId} is under way already.`
      : `Verification ${verificationId} was started.`;
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
    const { id, name } = await existingReplica(deps, idOf(c));
    return page(c, id, name);
  });
  routes.post('/:id/pause', async (c) => {
    const { id, name } = await existingReplica(deps, idOf(c));
    const form = await formOf(c, pauseForm);
    if (!form.ok) return page(c, id, name, form.errors['reason']);
    await pauseReplica(deps.closing, id, form.data.reason);
    return redirectWith(c, deps, `/replicas/${id}`, `Replica "${name}" is paused until you resume it.`);
  });
}

function addRemoval(routes: Hono<GateVariables>, deps: ApiDeps): void {
  const page = async (c: GateContext, id: number, name: string, error?: string) => {
    const links = await countLinksOf(deps.db, id);
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
    const { id, name } = await existingReplica(deps, idOf(c));
    return page(c, id, name);
  });
  routes.post('/:id/remove', async (c) => {
    const { id, name } = await existingReplica(deps, idOf(c));
    const { values } = await formOf(c, z.object({}));
    if (!isTyped(values['confirm'], name)) return page(c, id, name, 'is not the name of this replica');
    const links = await countLinksOf(deps.db, id);
    await repo.deleteReplica(deps.db, id);
    deps.log.info(`Replica "${name}" was removed; its instance was left as it is.`);
    return redirectWith(
      c,
      deps,
      '/replicas',
      `Replica "${name}" was removed, with what was known of ${plural(links, 'document')}.`,
    );
  });
}

function addDeletions(routes: Hono<GateVariables>, deps: ApiDeps): void {
  routes.get('/:id/deletions', async (c) => {
    const replica = await existingReplica(deps, idOf(c));
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
  routes.post('/:id/deletions', (c) =>
    act(c, deps, `/replicas/${idOf(c)}`, async () => {
      const replica = await existingReplica(deps, idOf(c));
      const approved = await tombstones.acknowledgeDeletions(deps.db, replica.id);
      if (approved === null) return 'No deletions wait; nothing was changed.';
      deps.log.warning(`A person let ${approved} deletions on replica "${replica.name}" go.`, {
        replicaId: replica.id,
      });
      return `${plural(approved, 'deletion')} on "${replica.name}" will be carried out by the next cycle.`;
    }),
  );
}
