/**
 * The old master comes back as a replica (E27, H5 (6)): proven to be the one it was, linked document by document as at the
 * switch, and everything that was changed there since is listed and left alone until a person decides.
 */
import { inTransaction } from '../../db/client.ts';
import { lockOpening } from '../../db/master.repo.ts';
import * as switching from '../../db/promotion-switch.repo.ts';
import * as repo from '../../db/promotions.repo.ts';
import { listReplicas, updateReplica } from '../../db/replicas.repo.ts';
import type { PromotedLink, Promotion, Replica } from '../../db/tables.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { toMicros } from '../../domain/instant.ts';
import { AppError } from '../../kernel/errors.ts';
import type { FeedRow, PaperlessReader } from '../../paperless/api.ts';
import { addReplica, replicaUrl, TAKEN_BACK, type ReplicaVerbDeps } from '../add-replica.ts';
import type { EngineLog } from '../deps.ts';
import { promotionNotFound } from './ask.ts';
import { refuseDuringPromotion } from './guards.ts';

export interface Readmission {
  /** The name of the replica it becomes. */
  readonly name: string;
  /** Otherwise those it had as the master. */
  readonly url?: string | undefined;
  readonly token?: string | undefined;
}
type ReadmitDeps = ReplicaVerbDeps & { readonly log: EngineLog };

export interface ReadmissionPlan {
  readonly url: string;
  /** Documents that are linked as they were. */
  readonly documents: number;
  readonly diverged: readonly switching.Diverged[];
  /** Documents that are there and on no link: kept, and never deleted. */
  readonly foreign: number;
}
interface Proven {
  readonly promotion: Promotion;
  readonly url: string;
  readonly token: string;
  readonly plan: ReadmissionPlan;
}

const READMITTED = 'It was the master before: its documents are compared with those of the new one first.';
const CHANGED_THERE =
  'Changed on the old master after the promotion; include it to have the new master’s values written over it.';

/** Looks only. @throws as readmit */
export async function planReadmission(
  deps: ReadmitDeps,
  id: number,
  wanted: Omit<Readmission, 'name'>,
  signal?: AbortSignal,
): Promise<ReadmissionPlan> {
  return (await prove(deps, id, wanted, signal)).plan;
}

/**
 * @throws promotion_not_found, promotion_under_way, readmitted_before, former_master_changed, and what adding a replica throws
 */
export async function readmit(
  deps: ReadmitDeps,
  id: number,
  wanted: Readmission,
  signal?: AbortSignal,
): Promise<{ replica: Replica; plan: ReadmissionPlan }> {
  const { promotion, url, token, plan } = await prove(deps, id, wanted, signal);
  const replica = (await halfTaken(deps, url)) ?? (await add(deps, { ...wanted, url, token }, promotion, signal));
  const generation = replica.generation === 'v2' ? 'v2' : 'v3';
  await inTransaction(deps.db, async (trx) => {
    await lockOpening(trx);
    await refuseDuringPromotion(trx);
    if (!(await repo.noteReadmitted(trx, id, replica.id))) throw readmittedBefore(promotion);
    await switching.linkFormer(trx, id, { id: replica.id, generation });
    await switching.noteDiverged(trx, id, replica.id, plan.diverged, CHANGED_THERE);
    await updateReplica(trx, replica.id, { paused_at: null, pause_reason: null, reconcile_required: READMITTED });
  });
  deps.log.warning(
    `The old master is replica "${replica.name}" now: ${plan.documents} documents linked, ${plan.diverged.length} were changed there since.`,
    { replicaId: replica.id, code: 'former_master_readmitted' },
  );
  return { replica, plan };
}

/** Paused until its links stand: whoever dies in between leaves a replica that no run touches, and that is found here. */
async function halfTaken({ db }: Pick<ReadmitDeps, 'db'>, url: string): Promise<Replica | undefined> {
  return (await listReplicas(db)).find((one) => one.url === url && one.pause_reason === TAKEN_BACK);
}

async function add(
  deps: ReadmitDeps,
  { name, url, token }: { readonly name: string; readonly url: string; readonly token: string },
  { id: formerMaster }: Promotion,
  signal: AbortSignal | undefined,
): Promise<Replica> {
  const input = { name, url, token, enabled: true, syncIntervalSeconds: null, formerMaster };
  return (await addReplica(deps, input, signal)).replica;
}

async function prove(
  deps: ReadmitDeps,
  id: number,
  wanted: Omit<Readmission, 'name'>,
  signal?: AbortSignal,
): Promise<Proven> {
  await refuseDuringPromotion(deps.db);
  const promotion = await repo.findPromotion(deps.db, id);
  if (promotion === undefined) throw promotionNotFound(id);
  if (promotion.switched_at === null) throw notSwitched(promotion);
  if (promotion.readmitted_at !== null) throw readmittedBefore(promotion);
  const url = wanted.url === undefined ? promotion.old_master_url : replicaUrl(wanted.url);
  const token = wanted.token ?? deps.secrets.open(promotion.old_master_token);
  const reader = deps.clients.openReader({ url, token, target: null });
  const plan = await compare(deps, promotion, url, reader, signal);
  return { promotion, url, token, plan };
}

/** Every document that was linked: the same one still, gone, or another under its number. */
async function compare(
  deps: ReadmitDeps,
  promotion: Promotion,
  url: string,
  reader: PaperlessReader,
  signal?: AbortSignal,
): Promise<ReadmissionPlan> {
  const { ids } = await reader.census(signal);
  const known = new Set<number>();
  const diverged: switching.Diverged[] = [];
  let [after, documents, others] = [0, 0, 0];
  for (;;) {
    const links = await repo.promotedLinks(deps.db, promotion.id, after, 1000);
    const last = links.at(-1);
    if (!last) break;
    after = last.old_doc_id;
    const live = new Map(
      (
        await reader.times(
          links.map((link) => link.old_doc_id),
          signal,
        )
      ).map((row) => [row.id, row]),
    );
    for (const link of links) {
      known.add(link.old_doc_id);
      const row = live.get(link.old_doc_id);
      if (row && checkIdentity(link.old_added, row.added) === 'other') others += 1;
      else documents += 1;
      diverged.push(...divergence(link, row));
    }
  }
  if (others > 0) throw isAnother(promotion, others, documents + others);
  const missing = new Set(
    (await repo.partedDocuments(deps.db, promotion.id, { kind: 'absent', after: 0, limit: 1_000_000 })).map(
      (row) => row.old_doc_id,
    ),
  );
  const foreign = ids.filter((id) => !known.has(id));
  for (const id of foreign)
    if (!missing.has(id))
      diverged.push({ kind: 'added', old_doc_id: id, new_doc_id: null, detail: 'Added there after the promotion.' });
  return { url, documents, diverged, foreign: foreign.length };
}

function divergence(link: PromotedLink, row: FeedRow | undefined): switching.Diverged[] {
  const { old_doc_id, new_doc_id, old_modified } = link;
  if (!row) return [{ kind: 'deleted', old_doc_id, new_doc_id, detail: 'Deleted there after the promotion.' }];
  if (old_modified !== null && toMicros(row.modified) === toMicros(old_modified)) return [];
  const detail = old_modified === null ? 'Never applied before the promotion.' : `Changed there at ${row.modified}.`;
  return [{ kind: 'changed', old_doc_id, new_doc_id, detail }];
}

function isAnother({ old_master_url: url }: Promotion, others: number, known: number): AppError {
  return new AppError({
    code: 'former_master_changed',
    class: 'conflict',
    status: 409,
    message: `${others} of ${known} documents there are others than those of the old master (${url}): it was restored, or is another instance.`,
    hint: 'Add it as an ordinary replica, and reconcile it: its documents are matched by content. Nothing was changed.',
  });
}

function notSwitched({ id, phase }: Promotion): AppError {
  return new AppError({
    code: 'promotion_over',
    class: 'conflict',
    message: `Promotion ${id} switched nothing: its phase is "${phase}".`,
  });
}

function readmittedBefore({ id, readmitted_as: replica }: Promotion): AppError {
  return new AppError({
    code: 'readmitted_before',
    class: 'conflict',
    message: `The old master of promotion ${id} was taken back before, as replica ${replica}.`,
  });
}
