import { EXIT } from '../../shared/config/exit-codes.ts';
import { insertAudit } from '../../shared/db/audit.repo.ts';
import { listHints } from '../../shared/db/webhook-events.repo.ts';
import { WEBHOOK_STATES } from '../../shared/db/webhook-tables.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import type { Foundation } from '../../shared/replication/foundation.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import {
  hintWorkflowReport,
  installHintWorkflow,
  uninstallHintWorkflow,
  type HintWorkflowDeps,
} from '../../shared/replication/webhook/hint-workflow.ts';
import { replayHint } from '../../shared/replication/webhook/take-hint.ts';
import { randomBytes } from 'node:crypto';
import { hintWorkflowsFor, instanceClients, NO_LIMIT } from '../api/deps.ts';
import { loadSummary, presentHint, webhookUrl } from '../api/presenters/webhook.ts';
import { numberOf, oneOf } from './arguments.ts';
import { attach } from './attach.ts';
import { columns, printJson, printLines } from './print.ts';

const BY = { actor: 'command line', via: 'command' } as const;

export function runWebhookStatus({ ask, json }: { ask: boolean; json: boolean }): Promise<number> {
  return onController(async (deps, foundation) => {
    const summary = await loadSummary({ ...deps, ...foundation.env });
    const workflow = ask ? await hintWorkflowReport(deps, summary.url) : null;
    if (json) return printJson({ ...summary, workflow });
    const { events, last_received_at: last } = summary;
    printLines([
      summary.secret_set ? 'A secret is set: webhooks are taken.' : 'No secret is set: every webhook is refused.',
      `Address: ${summary.url ?? 'not known, since PUBLIC_URL is not set'}`,
      `Last webhook: ${last?.toISOString() ?? 'never'}`,
      `Events: ${events.pending} wait, ${events.syncing} are brought over, ${events.done} done, ${events.left} left to a cycle`,
    ]);
    if (workflow === null) return undefined;
    const how = workflow.differences.length === 0 ? '' : `: ${workflow.differences.join('; ')}`;
    return printLines([
      `Workflow on the master: ${workflow.state}${how}${workflow.url === null ? '' : ` (${workflow.url})`}`,
    ]);
  });
}

export function runWebhookInstall({ url: given, json }: { url: string | undefined; json: boolean }): Promise<number> {
  return onController(async (deps, foundation) => {
    const url = given ?? webhookUrl(foundation.env);
    if (url === null)
      throw new AppError({
        code: 'webhook_url_refused',
        class: 'invalid',
        message: 'It is not known where the master reaches this controller.',
        hint: 'Give --url, or set PUBLIC_URL.',
      });
    await insertAudit(deps.db, { ...BY, action: 'webhook install', target: url });
    const { done, secretMade } = await installHintWorkflow(deps, url);
    if (json) return printJson({ done, secret_made: secretMade, url });
    const words = { created: 'was made', changed: 'was made as it should be', nothing: 'is there as it should be' };
    return printLines([
      `The workflow on the master ${words[done]}; it goes to ${url}.`,
      ...(secretMade ? ['A secret was made for it.'] : []),
    ]);
  });
}

export function runWebhookUninstall({ json }: { json: boolean }): Promise<number> {
  return onController(async (deps) => {
    await insertAudit(deps.db, { ...BY, action: 'webhook uninstall', target: 'master' });
    const removed = await uninstallHintWorkflow(deps);
    if (json) return printJson({ removed });
    return printLines([removed ? 'The workflow was taken away from the master.' : 'The master has no such workflow.']);
  });
}

export interface EventOptions {
  readonly state?: string | undefined;
  readonly document?: string | undefined;
  readonly limit?: string | undefined;
  readonly json: boolean;
}

export function runWebhookEvents({ state, document, limit, json }: EventOptions): Promise<number> {
  const filter = {
    state: oneOf('state', state, WEBHOOK_STATES, 'webhook'),
    document: document === undefined ? undefined : numberOf('document', document, 'webhook'),
  };
  const most = Math.min(limit === undefined ? 50 : numberOf('limit', limit, 'webhook'), 1000);
  return onController(async ({ db }) => {
    const events = (await listHints(db, filter, { limit: most })).map(presentHint);
    if (json) return printJson({ events });
    if (events.length === 0) return printLines(['None.']);
    const rows = events.map((event) => [
      ...[event.id, event.last_received_at.toISOString(), event.master_doc_id, event.kind, event.state],
      ...[event.run_id, event.detail],
    ]);
    return printLines(columns([['id', 'came', 'document', 'kind', 'state', 'run', 'what it led to'], ...rows]));
  });
}

export function runWebhookReplay({ id, json }: { id: number; json: boolean }): Promise<number> {
  return onController(async ({ db }) => {
    const { id: event, documentId } = await replayHint({ db }, id);
    await insertAudit(db, { ...BY, action: 'webhook replay', target: `document ${documentId}` });
    if (json) return printJson({ id: event, master_doc_id: documentId });
    return printLines([`Document #${documentId} is looked at again (event ${event}).`]);
  });
}

async function onController(
  work: (deps: HintWorkflowDeps, foundation: Foundation) => Promise<void> | void,
): Promise<number> {
  const attached = await attach();
  try {
    const { foundation } = attached;
    const { database, secrets, pace, onRequest } = foundation;
    // One question after the other: nobody else has to make room.
    const from = { slots: NO_LIMIT, pace, onRequest };
    const deps: HintWorkflowDeps = {
      db: database.db,
      secrets,
      clock: systemClock,
      clients: instanceClients(from),
      openHintWorkflows: hintWorkflowsFor(from),
      randomHex: (bytes) => randomBytes(bytes).toString('hex'),
      settings: () => loadSettings({ db: database.db, secrets }),
    };
    await work(deps, foundation);
    return EXIT.ok;
  } finally {
    await attached.close();
  }
}
