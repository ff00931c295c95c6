import { setTimeout as pause } from 'node:timers/promises';
import { EXIT } from '../../shared/config/exit-codes.ts';
import { listFindings } from '../../shared/db/findings.repo.ts';
import { listReplicas } from '../../shared/db/replicas.repo.ts';
import type { Db, Finding, Verification } from '../../shared/db/tables.ts';
import { childrenOfVerification, findVerification } from '../../shared/db/verifications.repo.ts';
import { DEPTHS, FINDINGS, type Depth } from '../../shared/domain/verification.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { engineQueue } from '../../shared/replication/engine-queue.ts';
import { openVerification, type OpenedVerification } from '../../shared/replication/verify-open.ts';
import { usageError } from './arguments.ts';
import { attach, type Attached } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';

export interface VerifyOptions {
  readonly replica: string | undefined;
  readonly document: string | undefined;
  readonly depth: string | undefined;
  readonly wait: boolean;
  readonly json: boolean;
}

export async function runVerify(options: VerifyOptions): Promise<number> {
  const depth = depthOf(options.depth);
  const masterDocId = documentOf(options);
  const attached = await attach();
  try {
    return await verify(attached, options, depth, masterDocId);
  } finally {
    await attached.close();
  }
}

function depthOf(given: string | undefined): Depth {
  const depth = DEPTHS.find((one) => one === (given ?? 'checksum'));
  if (depth === undefined) throw usageError(`There is no depth "${given}"; there are ${DEPTHS.join(', ')}.`, 'verify');
  return depth;
}

function documentOf({ document, replica }: VerifyOptions): number | undefined {
  if (document === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(document)) throw usageError(`"${document}" is no id of a document.`, 'verify');
  if (replica === undefined) throw usageError('--document needs --replica.', 'verify');
  return Number(document);
}

async function verify(
  { foundation, alone, startWorker }: Attached,
  options: VerifyOptions,
  depth: Depth,
  masterDocId: number | undefined,
): Promise<number> {
  const { database, producer, log } = foundation;
  const { db } = database;
  const replicaId = options.replica === undefined ? null : await replicaIdOf(db, options.replica);
  const scope = replicaId === null ? 'everything' : masterDocId === undefined ? 'replica' : 'document';
  if (options.wait && alone) await startWorker();
  const opened = await openVerification(
    { db, queue: engineQueue(producer), log },
    { replicaId, scope, depth, masterDocId, trigger: 'cli', askedBy: 'cli' },
  );
  if (!options.wait) return announce(opened, alone, options.json);
  const receipts = await follow(db, opened.verificationId);
  const found = await findingsOf(db, receipts);
  report(await replicaNames(db), opened, receipts, found, options.json);
  return isGood(receipts, found) ? EXIT.ok : EXIT.failure;
}

function announce({ verificationId, alreadyRunning }: OpenedVerification, alone: boolean, json: boolean): number {
  const answer = { verification_id: verificationId, already_running: alreadyRunning };
  if (json) process.stdout.write(`${JSON.stringify(answer)}\n`);
  else {
    const words = alreadyRunning ? 'is already under way' : 'was started';
    const later = alone ? ' No controller runs here: it begins with the next start.' : '';
    process.stdout.write(`Verification ${verificationId} ${words}.${later}\n`);
  }
  return EXIT.ok;
}

const LOOK_EVERY_MS = 500;

/** The verifications of the replicas, ended; of a single one itself. */
async function follow(db: Db, id: number): Promise<Verification[]> {
  for (;;) {
    const [own, children] = await Promise.all([findVerification(db, id), childrenOfVerification(db, id)]);
    if (own === undefined)
      throw new AppError({
        code: 'verification_not_found',
        class: 'not-found',
        message: `Verification ${id} is gone: its replica was removed.`,
      });
    if (own.finished_at !== null) return own.replica_id === null ? children : [own];
    await pause(LOOK_EVERY_MS);
  }
}

/** Enough for a screen; the API has all of them. */
const SHOWN_FINDINGS = 200;

async function findingsOf(db: Db, receipts: readonly Verification[]): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { id, replica_id: replicaId } of receipts)
    found.push(
      ...(await listFindings(db, { replicaId: replicaId ?? 0, verificationId: id }, { limit: SHOWN_FINDINGS })),
    );
  return found;
}

async function replicaNames(db: Db): Promise<ReadonlyMap<number, string>> {
  return new Map((await listReplicas(db)).map((replica) => [replica.id, replica.name]));
}

/** Notes and documents of the replica's own are said, and are nobody's fault. */
function isGood(receipts: readonly Verification[], found: readonly Finding[]): boolean {
  const whole = receipts.every(
    (one) => one.state === 'done' && !one.subset && one.error_code === null && one.equal === one.compared,
  );
  return whole && found.every((one) => !FINDINGS[one.kind].drift || one.state === 'accepted');
}

function report(
  names: ReadonlyMap<number, string>,
  opened: OpenedVerification,
  receipts: readonly Verification[],
  found: readonly Finding[],
  json: boolean,
): void {
  if (json) {
    const answer = {
      verification_id: opened.verificationId,
      already_running: opened.alreadyRunning,
      verifications: receipts,
      findings: found,
    };
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  for (const one of receipts) {
    const counts = `${one.equal} of ${one.compared} equal, ${one.findings} findings, ${one.skipped} skipped`;
    const subset = one.subset ? '; the master token does not see everything' : '';
    const why = one.error_msg === null ? '' : `: ${one.error_msg}`;
    process.stdout.write(`${names.get(one.replica_id ?? 0) ?? 'replica'}: ${one.state} (${counts}${subset})${why}\n`);
  }
  for (const { kind, master_doc_id: id, message } of found)
    process.stdout.write(`  ${kind}${id === null ? '' : ` #${id}`}: ${message}\n`);
}
