/** Webhooks of the master (E24): what came in, what it led to, and how it is set up. */
import { Hono } from 'hono';
import { z } from 'zod';
import { SECRET_HEADER, WORKFLOW_NAME } from '../../../shared/domain/webhook-workflow.ts';
import { addressFault } from '../../../shared/replication/webhook/hint-workflow.ts';
import { replayHint } from '../../../shared/replication/webhook/take-hint.ts';
import type { ApiDeps } from '../deps.ts';
import { actorOf, type GateVariables } from '../gate/visitor.ts';
import { flag, id, idOf, text } from '../input.ts';
import { loadWebhookPage, STATES } from '../presenters/webhook.ts';
import { install, uninstall } from '../routes/webhook.ts';
import { act, formOf } from './actions.ts';
import { ConfirmPage } from './components/notices.tsx';
import { To } from './components/links.tsx';
import { filtersOf, givenOf } from './filters.ts';
import { renderPage } from './page.tsx';
import { AddressForm, WebhookView } from './webhook-view.tsx';

const AT = '/settings/webhook';
const QUERY = z.strictObject({
  state: z.enum(STATES).optional(),
  document: id.optional(),
  cursor: id.optional(),
  /** The master is asked only when somebody wants to know. */
  look: flag.optional(),
});
const wanted = z.strictObject({ url: text(500).trim().min(1, 'is needed') });

export function webhookPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get(AT, async (c) => {
    const { cursor: before, look = false, ...filter } = filtersOf(c, QUERY);
    const page = await loadWebhookPage(deps, filter, { before, look, signal: c.req.raw.signal });
    const active = page.summary.events.pending + page.summary.events.syncing > 0;
    // A page that asked the master asks it again only when somebody wants that.
    const live = look ? {} : { live: { active } };
    const content = <WebhookView page={page} active={active} given={givenOf(c)} />;
    return renderPage(c, deps, { title: 'Webhook', nav: 'settings', ...live }, content);
  });
  routes.post(`${AT}/events/:id/replay`, (c) =>
    act(c, deps, AT, async () => {
      const { documentId } = await replayHint(deps, idOf(c));
      return `1 document is looked at again: #${documentId}.`;
    }),
  );
  addWorkflow(routes, deps);
  return routes;
}

function addWorkflow(routes: Hono<GateVariables>, deps: ApiDeps): void {
  routes.post(`${AT}/install`, async (c) => {
    const given = await formOf(c, wanted);
    const url = given.values['url'] ?? '';
    const fault = given.ok ? addressFault(given.data.url) : (given.errors['url'] ?? null);
    const status = fault === null ? 200 : 422;
    return renderPage(
      c,
      deps,
      { title: 'Install the workflow?', nav: 'settings', status },
      fault === null ? <InstallPage url={url.trim()} /> : <AddressPage url={url} error={fault} />,
    );
  });
  routes.post(`${AT}/install/confirmed`, (c) =>
    act(c, deps, AT, async ({ url = '' }) => {
      const { done, secret_made: made } = await install(deps, url, actorOf(c), c.req.raw.signal);
      return `${WORDS[done]}${made ? ' A secret was made for it.' : ''}`;
    }),
  );
  routes.post(`${AT}/uninstall`, (c) =>
    act(c, deps, AT, async () =>
      (await uninstall(deps, actorOf(c), c.req.raw.signal))
        ? '1 workflow was taken away from the master. Changes arrive with the cycles from now on.'
        : '0 workflows were taken away: the master has none of that name.',
    ),
  );
}

const WORDS = {
  created: '1 workflow was made on the master.',
  changed: '1 workflow on the master was made as it should be.',
  nothing: '0 workflows were changed: it is on the master already, as it should be.',
} as const;

/** Nothing is written to the master before a person has seen this. */
function InstallPage({ url }: { url: string }) {
  return (
    <ConfirmPage
      title="Install the workflow on the master?"
      action={`${AT}/install/confirmed`}
      back={AT}
      button="Install it"
    >
      <p>This is written to the master, and nothing else:</p>
      <dl class="facts">
        <dt>Workflow</dt>
        <dd>{WORKFLOW_NAME}</dd>
        <dt>When</dt>
        <dd>a document is added or updated, any document</dd>
        <dt>What it does</dt>
        <dd>
          it sends a webhook with the id of the document to <code>{url}</code>
        </dd>
        <dt>Header</dt>
        <dd>
          <code>{SECRET_HEADER}</code> with the secret of the <To to="/settings#webhook">settings</To>; one is made if
          there is none
        </dd>
      </dl>
      <p class="faint">
        A workflow of this name that is there already is made as it should be. It can be taken away again.
      </p>
      <input type="hidden" name="url" value={url} />
    </ConfirmPage>
  );
}

function AddressPage({ url, error }: { url: string; error: string }) {
  return (
    <>
      <h1>Install the workflow on the master?</h1>
      <AddressForm url={url} error={error} />
    </>
  );
}
