/** What is said of the master's webhooks (E24). */
import { hintSummary, listHints, type HintFilter, type HintSummary } from '../../../shared/db/webhook-events.repo.ts';
import { WEBHOOK_STATES, type WebhookEvent, type WebhookState } from '../../../shared/db/webhook-tables.ts';
import { SECRET_HEADER, WEBHOOK_PATH, WORKFLOW_NAME } from '../../../shared/domain/webhook-workflow.ts';
import { toAppError } from '../../../shared/kernel/errors.ts';
import { hintWorkflowReport, type WorkflowReport } from '../../../shared/replication/webhook/hint-workflow.ts';
import type { ApiDeps } from '../deps.ts';

export function presentHint(event: WebhookEvent) {
  return { ...event, next_look_at: event.state === 'pending' ? event.next_look_at : null };
}
export type PresentedHint = ReturnType<typeof presentHint>;

/** Where paperless sends its webhooks, as far as the environment says. */
export function webhookUrl({ publicUrl, basePath }: Pick<ApiDeps, 'publicUrl' | 'basePath'>): string | null {
  if (publicUrl === undefined) return null;
  const root = publicUrl.replace(/\/+$/, '');
  return (root.endsWith(basePath) ? root : root + basePath) + WEBHOOK_PATH;
}

export async function loadSummary(deps: Pick<ApiDeps, 'db' | 'settings' | 'publicUrl' | 'basePath'>) {
  const [settings, { last_received_at, ...events }] = await Promise.all([deps.settings(), hintSummary(deps.db)]);
  return { secret_set: settings.webhookSecret !== null, url: webhookUrl(deps), last_received_at, events };
}

export const STATES = WEBHOOK_STATES;
export const STATE_WORDS: Readonly<Record<WebhookState, { word: string; tone: 'good' | 'busy' | 'calm' | 'warn' }>> = {
  pending: { word: 'waits to be looked at', tone: 'busy' },
  syncing: { word: 'is brought over', tone: 'busy' },
  done: { word: 'done', tone: 'good' },
  left: { word: 'left to a cycle', tone: 'warn' },
};

/** What happens by itself from here on. */
export function nextOf({ state, outcome }: Pick<WebhookEvent, 'state' | 'outcome'>): string | null {
  if (state === 'pending') return 'The document is read again on the master.';
  if (state === 'syncing') return 'A run brings the document to the replicas.';
  if (outcome === 'failed') return 'Cycles try it again; the document says why it failed.';
  return state === 'left' ? 'The next cycle or sweep does what is left.' : null;
}

const PAGE = 50;

export interface WebhookPage {
  readonly summary: Pick<HintSummary, 'last_received_at'> & Awaited<ReturnType<typeof loadSummary>>;
  readonly events: readonly PresentedHint[];
  readonly next: number | null;
  readonly masterSet: boolean;
  /** Null: the master was not asked. */
  readonly workflow: WorkflowReport | { readonly state: 'unknown'; readonly why: string } | null;
  /** For those who set it up by hand: a request like the ones that paperless sends. */
  readonly example: string;
}

export async function loadWebhookPage(
  deps: ApiDeps,
  filter: HintFilter,
  { before, look, signal }: { before: number | undefined; look: boolean; signal: AbortSignal },
): Promise<WebhookPage> {
  const [summary, rows, settings] = await Promise.all([
    loadSummary(deps),
    listHints(deps.db, filter, { before, limit: PAGE }),
    deps.settings(),
  ]);
  return {
    summary,
    events: rows.map(presentHint),
    next: rows.length === PAGE ? (rows.at(-1)?.id ?? null) : null,
    masterSet: settings.masterUrl !== null && settings.masterToken !== null,
    workflow: look ? await askMaster(deps, summary.url, signal) : null,
    example: exampleFor(summary.url),
  };
}

async function askMaster(deps: ApiDeps, url: string | null, signal: AbortSignal): Promise<WebhookPage['workflow']> {
  try {
    return await hintWorkflowReport(deps, url, signal);
  } catch (thrown) {
    const { message, hint } = toAppError(thrown);
    return { state: 'unknown', why: `${message} ${hint ?? ''}`.trim() };
  }
}

function exampleFor(url: string | null): string {
  const to = url ?? `https://pngx-controller.example.org${WEBHOOK_PATH}`;
  return [
    `curl -X POST ${to} \\`,
    `  -H '${SECRET_HEADER}: the webhook_secret of the settings' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '{"doc_url": "https://paperless.example.org/documents/42/"}'`,
  ].join('\n');
}

/** The steps on the master, as its own pages name them. */
export const BY_HAND: readonly (readonly [string, string])[] = [
  ['Name', WORKFLOW_NAME],
  ['Triggers', 'Document Added, and Document Updated; no filters'],
  ['Action', 'Webhook'],
  ['Webhook parameters', 'doc_url = {{doc_url}}; on 3.x also doc_id = {{doc_id}}'],
  ['Send webhook payload as JSON', 'yes'],
  ['Webhook headers', `${SECRET_HEADER} = the webhook_secret of the settings`],
  ['Include document', 'no'],
];
