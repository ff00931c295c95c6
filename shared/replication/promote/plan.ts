/** What a promotion would do (E27): the same counts that are written down when it is done. Changes nothing anywhere. */
import { countSwitch, listLacking } from '../../db/promotion-switch.repo.ts';
import { leftOpen } from '../../db/promotions.repo.ts';
import { taxonomyLinks } from '../../db/taxonomy.repo.ts';
import type { LeftOpen, PromotionCounts, Replica } from '../../db/tables.ts';
import { toAppError, type AppError } from '../../kernel/errors.ts';
import { masterNotConfigured } from '../instances.ts';
import { masterAccess } from '../load-settings.ts';
import type { PlanDeps } from '../plan-reconcile.ts';
import { obstacle } from './guards.ts';
import { heldBackOn, type HeldBackObject } from './held-back.ts';
import { lookAtCandidate, masterAnswers, type Candidate } from './look.ts';

export interface Obstruction {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}
export interface PromotionPlan {
  readonly replica: { readonly id: number; readonly name: string; readonly url: string };
  readonly old_master: { readonly url: string; readonly reachable: boolean; readonly error: string | null };
  /** Why it cannot be promoted as things are. */
  readonly problems: readonly Obstruction[];
  readonly counts: PromotionCounts;
  /** The first thousand of the documents that the replica lacks, or has without the last changes. */
  readonly lacking: readonly {
    readonly kind: 'absent' | 'behind';
    readonly old_doc_id: number;
    readonly detail: string | null;
  }[];
  /** What is brought to its end first, or left to a person's decision. */
  readonly left_open: readonly LeftOpen[];
  /** Documents of the replica that bear a reserved number, in its trash, too. */
  readonly reserved: readonly number[];
  readonly reserved_in_trash: readonly number[];
  /** Inbox flags and matching rules that the replica gets back. */
  readonly held_back: readonly HeldBackObject[];
  /** What only a person can do afterwards. */
  readonly afterwards: readonly string[];
}

const SHOWN = 1000;

export async function planPromotion(deps: PlanDeps, replica: Replica, signal?: AbortSignal): Promise<PromotionPlan> {
  const settings = await deps.settings();
  const access = masterAccess(settings);
  if (access === null) throw masterNotConfigured();
  const reader = deps.clients.openReader({
    url: replica.url,
    token: deps.secrets.open(replica.api_token),
    target: replica.id,
  });
  const problems: Obstruction[] = [];
  const against = await obstacle(deps.db, replica);
  if (against) problems.push(obstruction(against));
  let seen: Candidate | null = null;
  let heldBack: readonly HeldBackObject[] = [];
  try {
    seen = await lookAtCandidate({ db: deps.db, asnBase: settings.asnBase }, replica, reader, signal);
    heldBack = await heldBackOn(reader, await taxonomyLinks(deps.db, replica.id), signal);
  } catch (thrown) {
    problems.push(obstruction(toAppError(thrown)));
  }
  return {
    replica: { id: replica.id, name: replica.name, url: replica.url },
    old_master: { url: access.url, ...(await masterAnswers(deps.clients.openReader(access), signal)) },
    problems,
    counts: await countSwitch(deps.db, replica.id),
    lacking: await listLacking(deps.db, replica.id, SHOWN),
    left_open: await leftOpen(deps.db),
    reserved: seen?.reserved.map((row) => row.id) ?? [],
    reserved_in_trash: seen?.reservedInTrash ?? [],
    held_back: heldBack,
    afterwards: AFTERWARDS,
  };
}

/** H5 (3): what keeps a late request out altogether is a new token, which would log out whatever else uses the old one. */
export const AFTERWARDS: readonly string[] = [
  'Send your users and devices to the new master, and keep them away from the old one: nothing can be fenced that people still reach.',
  'Switch on at the new master what was off while it was a replica: workflows, mail rules, scheduled tasks.',
  'Give the controller a new token of the new master (its user profile, "generate token"), and enter it in the settings: every request under the old token is refused from then on, whoever sends it. It is not done for you, since other programs may use the same token.',
  'When the old master is back, look at what was changed there, and add it as a replica: POST /api/promotions/{id}/readmit.',
];

const obstruction = ({ code, message, hint }: AppError): Obstruction => ({ code, message, hint: hint ?? null });
