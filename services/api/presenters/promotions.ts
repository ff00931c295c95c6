/** What is said of promotions (E27). The old master's token never leaves the database. */
import {
  countParted,
  findPromotion,
  listPromotions,
  openPromotion,
  partedDocuments,
} from '../../../shared/db/promotions.repo.ts';
import type { LeftOpen, PartedDocument, PartedKind, Promotion } from '../../../shared/db/tables.ts';
import { PHASE_WORDS } from '../../../shared/domain/promotion.ts';
import type { ReadmissionPlan } from '../../../shared/replication/promote/readmit.ts';
import { askPromotion, promotionNotFound } from '../../../shared/replication/promote/ask.ts';
import { AppError } from '../../../shared/kernel/errors.ts';
import type { ApiDeps } from '../deps.ts';
import type { Replica } from '../existing.ts';

export function presentPromotion({ old_master_token: _token, stop_epoch: _epoch, ...row }: Promotion) {
  return row;
}

const SHOWN = 1000;

export function presentReadmission(plan: ReadmissionPlan, replicaId: number | null) {
  const { url, documents, foreign, diverged } = plan;
  const shown = diverged.slice(0, SHOWN);
  return {
    dry_run: replicaId === null,
    replica_id: replicaId,
    url,
    documents,
    foreign,
    diverged: shown,
    diverged_count: diverged.length,
  };
}

/** The name is typed, by people and programs alike: it cannot be undone with a click. */
export function confirmed(replica: Replica, typed: string | undefined): void {
  if (typed?.trim() === replica.name) return;
  throw new AppError({
    code: 'not_confirmed',
    class: 'invalid',
    message: `To promote "${replica.name}", repeat its name.`,
    hint: `Send {"confirm": "${replica.name}"}; with ?dry_run=1 nothing is changed and no name is needed.`,
    fields: { confirm: 'is not the name of this replica' },
  });
}

export interface Wanted {
  readonly confirm: string | undefined;
  readonly accept: boolean;
  readonly by: string;
}
export function startPromotion(deps: ApiDeps, replica: Replica, wanted: Wanted, signal: AbortSignal): Promise<number> {
  confirmed(replica, wanted.confirm);
  return askPromotion(deps, { replicaId: replica.id, by: wanted.by, accept: wanted.accept }, signal);
}

export type { LeftOpen, PartedDocument, PartedKind, Promotion };

/** @throws promotion_not_found */
export async function existingPromotion({ db }: Pick<ApiDeps, 'db'>, promotionId: number): Promise<Promotion> {
  const promotion = await findPromotion(db, promotionId);
  if (promotion === undefined) throw promotionNotFound(promotionId);
  return promotion;
}

export const PARTED_SHOWN = 100;

export interface PromotionPart {
  readonly promotion: Promotion;
  readonly counts: readonly { readonly kind: PartedKind; readonly documents: number }[];
  /** A page of the documents on which old and new master part. */
  readonly documents: readonly PartedDocument[];
}

export async function loadPromotion(
  { db }: Pick<ApiDeps, 'db'>,
  promotionId: number,
  { kind, after }: { readonly kind?: PartedKind | undefined; readonly after: number },
): Promise<PromotionPart> {
  const promotion = await existingPromotion({ db }, promotionId);
  const counts = await countParted(db, promotionId);
  const documents = await partedDocuments(db, promotionId, { kind, after, limit: PARTED_SHOWN });
  return { promotion, counts, documents };
}

export const loadPromotions = ({ db }: Pick<ApiDeps, 'db'>): Promise<Promotion[]> => listPromotions(db, PARTED_SHOWN);

/** Why nothing else runs just now; null: there is none under way. */
export async function troubleOfPromotion({ db }: Pick<ApiDeps, 'db'>) {
  const promotion = await openPromotion(db);
  if (promotion === undefined) return null;
  const to = `/promotions/${promotion.id}`;
  return {
    key: `promotion:${promotion.id}:${promotion.waits_code ?? promotion.phase}`,
    tone: 'warn' as const,
    title: `"${promotion.replica_name}" becomes the master.`,
    reason: promotion.waits_for ?? PHASE_WORDS[promotion.phase],
    next: 'No run and no verification begins until that is over.',
    to,
    verbs: [{ label: 'Open the promotion', path: to, method: 'get' as const }],
  };
}
