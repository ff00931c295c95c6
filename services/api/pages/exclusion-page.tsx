/** A person leaves one document out on one replica, or on all, and says why; and takes it back. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { existingReplica, type Replica } from '../existing.ts';
import { actorOf, type GateContext, type GateVariables } from '../gate/visitor.ts';
import { notFound } from '../http-error.ts';
import { flag, idOf } from '../input.ts';
import { begin, excludeOn, includeOn, REASON } from '../presenters/document-acts.ts';
import { loadDocument } from '../presenters/document.ts';
import { act, formOf } from './actions.ts';
import { Check, Field } from './components/forms.tsx';
import { To } from './components/links.tsx';
import { ConfirmPage } from './components/notices.tsx';
import { renderPage } from './page.tsx';

const excludeForm = z.object({ reason: REASON, everywhere: flag.optional() });

export function exclusionPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/documents/:id/replicas/:replica/exclude', async (c) => {
    const replica = await existingReplica(deps.db, idOf(c, 'replica'));
    return confirm(c, deps, replica, {});
  });
  routes.post('/documents/:id/replicas/:replica/exclude', async (c) => {
    const replica = await existingReplica(deps.db, idOf(c, 'replica'));
    const form = await formOf(c, excludeForm);
    if (!form.ok) return confirm(c, deps, replica, { values: form.values, error: form.errors['reason'] });
    const masterDocId = idOf(c);
    return act(c, deps, `/documents/${masterDocId}`, async () => {
      const { reason, everywhere } = form.data;
      const on = { replica, masterDocId, everywhere: everywhere === true };
      const excluded = await excludeOn(deps, on, { reason, by: actorOf(c) });
      return `1 document is excluded on ${excluded.map((name) => `"${name}"`).join(', ')} until you include it again.`;
    });
  });
  routes.post('/documents/:id/replicas/:replica/include', (c) =>
    act(c, deps, `/documents/${idOf(c)}`, async () => {
      const replica = await existingReplica(deps.db, idOf(c, 'replica'));
      await includeOn(deps, replica, idOf(c));
      return `1 document is included on "${replica.name}" again and due. ${await begin(deps, replica.id)}`;
    }),
  );
  return routes;
}

interface Typed {
  readonly values?: Readonly<Record<string, string>>;
  readonly error?: string | undefined;
}

async function confirm(c: GateContext, deps: ApiDeps, replica: Replica, { values, error }: Typed): Promise<Response> {
  const masterDocId = idOf(c);
  const document = await loadDocument(deps.db, masterDocId);
  const row = document?.replicas.find((one) => one.replica_id === replica.id);
  if (!document || !row)
    throw notFound(`A document with the master id ${masterDocId} on this replica`, 'document_not_linked');
  const title = `Exclude document ${masterDocId} on ${replica.name}`;
  const others = document.replicas.filter((one) => one.status !== 'excluded' && one.replica_id !== replica.id);
  const underWay = row.uploads.some((upload) => upload.closed_at === null);
  return renderPage(
    c,
    deps,
    { title, nav: 'documents', status: values === undefined ? 200 : 422 },
    <ConfirmPage
      title={title}
      action={`/documents/${masterDocId}/replicas/${replica.id}/exclude`}
      back={`/documents/${masterDocId}`}
      button="Exclude"
    >
      <p>
        From now on nothing is written to <To to={`/replicas/${replica.id}`}>{replica.name}</To> for{' '}
        <To to={`/documents/${masterDocId}`}>document {String(masterDocId)}</To>: no upload, no change, no deletion.
        Comparisons leave it out. It is listed as excluded and never counted as in step.
      </p>
      <p>
        <strong>What is on the replica already stays as it is.</strong>{' '}
        {row.replica_doc_id === null
          ? 'There is no copy of it yet.'
          : `Its copy (document ${row.replica_doc_id}) is neither changed nor deleted.`}{' '}
        The master is not touched.
      </p>
      {underWay ? (
        <p>
          An upload of it is under way. Whatever the replica makes of it stays there unfinished; it is recognised, and
          not sent again, once you include the document again.
        </p>
      ) : null}
      <Field
        label="Why?"
        name="reason"
        required
        value={values?.['reason']}
        error={error}
        hint="Shown beside the document until you include it again."
      />
      {others.length === 0 ? null : (
        <Check
          label="On all replicas"
          name="everywhere"
          checked={values?.['everywhere'] === '1'}
          hint={`Also on ${others.map((one) => one.replica).join(', ')}.`}
        />
      )}
    </ConfirmPage>,
  );
}
