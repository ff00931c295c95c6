import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT } from '../../shared/config/exit-codes.ts';
import { insertAudit } from '../../shared/db/audit.repo.ts';
import { findPromotion, listPromotions } from '../../shared/db/promotions.repo.ts';
import { findReplica } from '../../shared/db/replicas.repo.ts';
import type { Db, Promotion } from '../../shared/db/tables.ts';
import { PHASE_WORDS } from '../../shared/domain/promotion.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import {
  acceptPromotion,
  askPromotion,
  cancelPromotion,
  promotionNotFound,
} from '../../shared/replication/promote/ask.ts';
import { planPromotion, type PromotionPlan } from '../../shared/replication/promote/plan.ts';
import { planReadmission, readmit, type ReadmissionPlan } from '../../shared/replication/promote/readmit.ts';
import { replicaNotFound } from '../../shared/replication/update-replica.ts';
import { usageError } from './arguments.ts';
import { attach, type Attached } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';
import { printJson, printLines } from './print.ts';
import { planDeps } from './run-reconcile.ts';

const BY = { actor: 'command line', via: 'command' } as const;
const LOOK_MS = 500;

export interface PromoteOptions {
  readonly replica: string | undefined;
  readonly promotion: number | undefined;
  readonly verb: 'promote' | 'accept' | 'cancel' | 'readmit' | 'show';
  readonly name: string | undefined;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly accept: boolean;
  readonly wait: boolean;
  readonly json: boolean;
}

export async function runPromote(options: PromoteOptions): Promise<number> {
  const attached = await attach();
  try {
    if (options.verb === 'promote') return await promote(attached, options);
    if (options.verb === 'readmit') return await takeBack(attached, options);
    return await decide(attached, options);
  } finally {
    await attached.close();
  }
}

function verbDeps(attached: Attached) {
  const randomHex = (bytes: number) => randomBytes(bytes).toString('hex');
  return { ...planDeps(attached), log: attached.foundation.log, clock: systemClock, randomHex };
}

async function promote(attached: Attached, options: PromoteOptions): Promise<number> {
  const deps = verbDeps(attached);
  const replicaId = await replicaIdOf(deps.db, options.replica ?? '');
  const replica = await findReplica(deps.db, replicaId);
  if (replica === undefined) throw replicaNotFound(replicaId);
  if (options.dryRun) {
    const plan = await planPromotion(deps, replica);
    if (options.json) printJson({ dry_run: true, ...plan });
    else printLines(planLines(plan));
    return plan.problems.length === 0 ? EXIT.ok : EXIT.failure;
  }
  if (!options.yes)
    throw usageError(`This makes "${replica.name}" the master. Look at --dry-run, then add --yes.`, 'promote');
  await insertAudit(deps.db, { ...BY, action: 'promote', target: `replica ${replicaId}` });
  const id = await askPromotion(deps, { replicaId, by: BY.actor, accept: options.accept });
  if (options.wait && attached.alone) await attached.startWorker();
  if (options.wait) return follow(deps.db, id, options.json);
  if (options.json) printJson({ promotion_id: id });
  else
    printLines([
      `Promotion ${id} was begun.${attached.alone ? ' No controller runs here: it goes on with the next start.' : ''}`,
    ]);
  return EXIT.ok;
}

/** Until it is over, or waits for a person. */
async function follow(db: Db, id: number, json: boolean): Promise<number> {
  for (let before = ''; ; await pause(LOOK_MS)) {
    const promotion = await existing(db, id);
    const line = sentence(promotion);
    if (!json && line !== before) process.stderr.write(`${line}\n`);
    before = line;
    const stuck = promotion.waits_code === 'uploads_unfinished';
    if (promotion.finished_at === null && !stuck) continue;
    if (json) printJson({ promotion: told(promotion) });
    else if (stuck) printLines([`It waits for a person: promote --promotion ${id} --accept, or --cancel.`]);
    return promotion.phase === 'done' ? EXIT.ok : EXIT.failure;
  }
}

async function decide(attached: Attached, { verb, promotion: id, json }: PromoteOptions): Promise<number> {
  const deps = verbDeps(attached);
  if (id === undefined) {
    const all = await listPromotions(deps.db, 20);
    if (json) printJson({ promotions: all.map(told) });
    else printLines(all.length === 0 ? ['There was no promotion yet.'] : all.map(sentence));
    return EXIT.ok;
  }
  if (verb !== 'show') await insertAudit(deps.db, { ...BY, action: `promote ${verb}`, target: `promotion ${id}` });
  if (verb === 'accept') await acceptPromotion(deps, id, BY.actor);
  if (verb === 'cancel') await cancelPromotion(deps, id, BY.actor);
  const promotion = await existing(deps.db, id);
  if (json) printJson({ promotion: told(promotion) });
  else printLines([sentence(promotion)]);
  return EXIT.ok;
}

async function takeBack(attached: Attached, { promotion: id, name, dryRun, json }: PromoteOptions): Promise<number> {
  const deps = verbDeps(attached);
  if (id === undefined) throw usageError('Name the --promotion whose old master comes back.', 'promote');
  if (dryRun) {
    const plan = await planReadmission(deps, id, {});
    if (json) printJson({ dry_run: true, ...plan });
    else printLines(readmissionLines(plan));
    return EXIT.ok;
  }
  if (name === undefined) throw usageError('--name: what the replica is to be called.', 'promote');
  await insertAudit(deps.db, { ...BY, action: 'promote readmit', target: `promotion ${id}` });
  const { replica, plan } = await readmit(deps, id, { name });
  if (json) printJson({ replica_id: replica.id, ...plan });
  else printLines([`The old master is replica "${replica.name}" now.`, ...readmissionLines(plan)]);
  return EXIT.ok;
}

async function existing(db: Db, id: number): Promise<Promotion> {
  const promotion = await findPromotion(db, id);
  if (promotion === undefined) throw promotionNotFound(id);
  return promotion;
}

/** Without the token. */
function told({ old_master_token: _token, stop_epoch: _epoch, ...rest }: Promotion) {
  return rest;
}

function sentence({ id, replica_name: name, phase, waits_for: waits }: Promotion): string {
  return `Promotion ${id}, "${name}" becomes the master: ${PHASE_WORDS[phase]}.${waits === null ? '' : ` Waits: ${waits}`}`;
}

function planLines({ replica, old_master: old, problems, counts, left_open: open, ...plan }: PromotionPlan): string[] {
  return [
    ...problems.map((problem) => `Not as things are: ${problem.message} ${problem.hint ?? ''}`.trim()),
    `"${replica.name}" would be the master. ${counts.documents} documents are on both.`,
    `The master of now (${old.url}) ${old.reachable ? 'answers' : `does not answer: ${old.error ?? ''}`}`,
    `Missing on the new master: ${counts.absent}. Without the last changes: ${counts.behind}.`,
    ...plan.lacking.slice(0, 50).map((row) => `  #${row.old_doc_id} ${row.kind} ${row.detail ?? ''}`.trimEnd()),
    ...open.map((one) => `Begun on "${one.replica}": ${one.uploads} uploads, ${one.documents} documents.`),
    `It gets ${plan.held_back.length} held-back values back.`,
    ...counts.replicas.map((one) => `"${one.replica}": ${one.mapped} links kept, ${one.dropped} dropped.`),
    'Afterwards, by you:',
    ...plan.afterwards.map((line) => `  ${line}`),
  ];
}

function readmissionLines({ url, documents, foreign, diverged }: ReadmissionPlan): string[] {
  return [
    `${url}: ${documents} documents linked as they were, ${foreign} there that belong to none (kept).`,
    `Changed there since: ${diverged.length}.`,
    ...diverged.slice(0, 50).map((row) => `  #${row.old_doc_id} ${row.kind} ${row.detail ?? ''}`.trimEnd()),
  ];
}
