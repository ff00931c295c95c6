/** The workflow on the master that sends hints (E24): shown to a person first, then installed, looked at, or taken away again. */
import { webUrlFault } from '../../config/env-values.ts';
import type { Settings } from '../../config/settings.ts';
import { masterState } from '../../db/master.repo.ts';
import { differencesFrom, MAX_URL, type WorkflowWish } from '../../domain/webhook-workflow.ts';
import { AppError } from '../../kernel/errors.ts';
import type { HintWorkflows } from '../../paperless/workflows.ts';
import type { ReplicaVerbDeps } from '../add-replica.ts';
import { masterNotConfigured } from '../instances.ts';
import { saveSettings } from '../save-settings.ts';
import type { InstanceAccess } from '../test-connection.ts';

export interface HintWorkflowDeps extends ReplicaVerbDeps {
  /** For the master alone. */
  openHintWorkflows(access: InstanceAccess): HintWorkflows;
  settings(): Promise<Settings>;
}

export interface WorkflowReport {
  readonly state: 'none' | 'installed' | 'differs';
  /** Where its hints go. */
  readonly url: string | null;
  readonly differences: readonly string[];
}

/** `url`: where hints should go; null: any address is right. */
export async function hintWorkflowReport(
  deps: HintWorkflowDeps,
  url: string | null,
  signal?: AbortSignal,
): Promise<WorkflowReport> {
  const { workflows, secret, generation } = await open(deps);
  const found = await workflows.find(signal);
  if (found === null) return { state: 'none', url: null, differences: [] };
  const now = found.actions[0]?.webhook?.url ?? null;
  const differences = differencesFrom(found, { url: url ?? now ?? '', secret: secret ?? '', generation });
  return { state: differences.length === 0 ? 'installed' : 'differs', url: now, differences };
}

/**
 * May be asked for again at any time: what is there already is made as it should be. The secret is made and saved first, so that
 * no hint is ever sent with one that is not known here.
 */
export async function installHintWorkflow(
  deps: HintWorkflowDeps,
  url: string,
  signal?: AbortSignal,
): Promise<{ readonly done: 'created' | 'changed' | 'nothing'; readonly secretMade: boolean }> {
  refuseAddress(url);
  const before = await open(deps);
  const secretMade = before.secret === null;
  if (secretMade) await saveSettings(deps, { webhook_secret: deps.randomHex(32) });
  const { workflows, secret, generation } = await open(deps);
  const wish: WorkflowWish = { url, secret: secret ?? '', generation };
  const found = await workflows.find(signal);
  if (found !== null && differencesFrom(found, wish).length === 0) return { done: 'nothing', secretMade };
  return { done: await workflows.put(wish, signal), secretMade };
}

/** False: there was none. The secret stays: a workflow that somebody made by hand may use it. */
export async function uninstallHintWorkflow(deps: HintWorkflowDeps, signal?: AbortSignal): Promise<boolean> {
  return (await open(deps)).workflows.remove(signal);
}

/** Null: paperless takes it. */
export function addressFault(url: string): string | null {
  if (url.length > MAX_URL) return `must be at most ${MAX_URL} characters long.`;
  return /\{[{%#]/.test(url) ? 'must not contain a template.' : webUrlFault(url);
}

function refuseAddress(url: string): void {
  const fault = addressFault(url);
  if (fault === null) return;
  throw new AppError({
    code: 'webhook_url_refused',
    class: 'invalid',
    message: `The address for the webhook ${fault}`,
    hint: 'Give the address under which the master reaches this controller, with its path /webhook/paperless.',
    fields: { url: fault },
  });
}

interface Opened {
  readonly workflows: HintWorkflows;
  readonly secret: string | null;
  readonly generation: WorkflowWish['generation'];
}

async function open(deps: HintWorkflowDeps): Promise<Opened> {
  const { masterUrl: url, masterToken: token, webhookSecret: secret } = await deps.settings();
  if (url === null || token === null) throw masterNotConfigured();
  const workflows = deps.openHintWorkflows({ url, token, target: 0 });
  const { generation } = await masterState(deps.db);
  if (generation === 'v2' || generation === 'v3') return { workflows, secret, generation };
  // No cycle has read it yet.
  const facts = await deps.clients.openReader({ url, token, target: 0 }).probe();
  return { workflows, secret, generation: facts.generation };
}
