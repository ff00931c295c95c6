/**
 * One batch of links: compare, judge, write down. What differs, is busy or moved in a first pass is put off to the end and
 * looked at once more, so that a document that changes in the middle of it is no finding (H21).
 */
import * as findingsRepo from '../db/findings.repo.ts';
import * as linksRepo from '../db/links.repo.ts';
import type { LedgerOutcome, Link } from '../db/tables.ts';
import * as ledger from '../db/verification-ledger.repo.ts';
import { canonicalActual, canonicalDesired } from '../domain/diff.ts';
import type { WritableField } from '../domain/field-policy.ts';
import { fingerprint } from '../domain/fingerprint.ts';
import { translateDocument } from '../domain/translate/index.ts';
import { DEPTHS, isAsDeep, type Depth } from '../domain/verification.ts';
import { BATCH_SIZE, compareBatch, type LinkComparison } from './compare-batch.ts';
import { compareFilesOf } from './verify-files.ts';
import * as findings from './verify-findings.ts';
import { addCounts, isProvenAbsent, outOfTime, save, type Scene } from './verify-scene.ts';

/** Files are read one after the other: what a kill makes undone is at most this much. */
const BYTES_BATCH = 10;

/** At depth `list` nothing is read but what is in doubt: those are put off, and read by the hundred. */
const LIST_BATCH = 1000;

export function batchSize(depth: Depth, last = false): number {
  if (depth === 'bytes') return BYTES_BATCH;
  return depth === 'list' && !last ? LIST_BATCH : BATCH_SIZE;
}

export interface Pass {
  readonly depth: Depth;
  /** The first pass puts off what the last one judges. */
  readonly last: boolean;
  /** In the order of link ids; its end is the checkpoint. */
  readonly ordered: boolean;
}

interface Judged {
  readonly row: ledger.NewLedgerRow;
  readonly found: readonly findingsRepo.NewFinding[];
  readonly bytes: number;
  /** A change of the master that no cycle has seen yet. */
  readonly moved?: linksRepo.FeedMark;
}

/** Returns how many of these links were done: fewer when the time is up. */
export async function verifyLinks(scene: Scene, links: readonly Link[], pass: Pass): Promise<number> {
  const judged = new Map<number, Judged>();
  const comparable: Link[] = [];
  for (const link of links) {
    const early = beforeReading(scene, link, pass);
    if (early) judged.set(link.id, early);
    else comparable.push(link);
  }
  const compared = comparable.length === 0 ? [] : await compareBatch(scene.compare, comparable);
  await scene.deps.racePoint('verify.compared');
  const together = scene.settings.maxConcurrentRequests;
  let done = links.length;
  for (let at = 0; at < compared.length; at += together) {
    const some = compared.slice(at, at + together);
    if (outOfTime(scene)) {
      done = links.findIndex((link) => link.id === some[0]?.link.id);
      break;
    }
    for (const one of await Promise.all(some.map((comparison) => judge(scene, comparison, pass))))
      judged.set(one.row.link_id, one);
  }
  const ready = links.slice(0, done);
  await writeDown(
    scene,
    ready,
    ready.flatMap((link) => judged.get(link.id) ?? []),
    pass,
  );
  return done;
}

/** Links that are not compared in this pass: busy ones, ones without a copy, and all of them where only lists are wanted. */
function beforeReading(scene: Scene, link: Link, pass: Pass): Judged | null {
  if (link.phase === 'gone')
    return link.replica_doc_id !== null && scene.compare.replicaIds.has(link.replica_doc_id)
      ? judgedAs(link, 'skipped', 'list', 'deleted_on_master', [findings.goneFromMaster(link)])
      : judgedAs(link, 'skipped', 'list', 'deleted_on_master');
  if (link.excluded_at !== null) return judgedAs(link, 'skipped', 'list', 'excluded');
  if (isBusy(link)) return putOff(link, pass, 'work_under_way');
  if (link.replica_doc_id === null)
    return judgedAs(link, 'different', 'list', link.phase, [findings.neverCopied(link)]);
  if (pass.depth !== 'list') return null;
  const there = scene.compare.replicaIds.has(link.replica_doc_id) && scene.compare.masterIds.has(link.master_doc_id);
  if (there) return judgedAs(link, 'equal', 'list', null);
  // Only the last pass proves that something is not there, one document after the other.
  return pass.last ? null : putOff(link, pass, 'not_in_list');
}

/** Dirty, leased, or begun and not finished: somebody is about to change it. */
function isBusy(link: Link): boolean {
  return link.dirty_seq !== link.applied_seq || link.lease_worker !== null || link.status === 'pending';
}

async function judge(scene: Scene, comparison: LinkComparison, pass: Pass): Promise<Judged> {
  const { link } = comparison;
  if (comparison.kind === 'missing')
    return pass.last ? judgeMissing(scene, link, comparison.side) : putOff(link, pass, 'not_in_list');
  if (comparison.kind === 'identity')
    return pass.last
      ? judgedAs(link, 'different', 'list', null, [findings.identityChanged(link, comparison.side)])
      : putOff(link, pass, 'identity');
  return judgeCompared(scene, comparison, pass);
}

async function judgeMissing(scene: Scene, link: Link, side: 'master' | 'replica'): Promise<Judged> {
  const [reader, id] =
    side === 'master' ? [scene.master, link.master_doc_id] : [scene.copies, link.replica_doc_id ?? 0];
  if (!(await isProvenAbsent(scene, reader, id))) return judgedAs(link, 'skipped', 'list', 'not_visible');
  if (side === 'master') return judgedAs(link, 'skipped', 'list', 'not_on_master', [findings.goneFromMaster(link)]);
  const trashed = (await scene.copies.trash(scene.signal)).some((row) => row.id === id);
  return judgedAs(link, 'different', 'list', null, [findings.missing(link, trashed)]);
}

type ComparedLink = Extract<LinkComparison, { kind: 'compared' }>;

async function judgeCompared(scene: Scene, comparison: ComparedLink, pass: Pass): Promise<Judged> {
  const { link, master, copy, differences } = comparison;
  if (pass.depth === 'list') return judgedAs(link, 'equal', 'list', null);
  const read = fingerprints(scene, comparison);
  if (differences.length > 0) {
    if (!pass.last) return putOff(link, pass, 'differs');
    if (changedSince(link, master.modified)) return changed(link, 'metadata', master);
    const found = [...findings.differing(link, differences), ...findings.notesAdded(comparison)];
    return judgedAs(link, 'different', 'metadata', null, found, read);
  }
  if (!isAsDeep(pass.depth, 'checksum'))
    return judgedAs(link, 'equal', 'metadata', null, findings.notesAdded(comparison), read);
  const file = await compareFilesOf(scene, { link, master, copy }, pass.depth);
  const hashes = { ...read, master_file: file.masterFile, copy_file: file.copyFile };
  if (file.kind === 'equal')
    return {
      ...judgedAs(link, 'equal', file.reached, null, findings.notesAdded(comparison), hashes),
      bytes: file.bytes,
    };
  if (!pass.last) return { ...putOff(link, pass, 'differs'), bytes: file.bytes };
  if (file.kind === 'gone') return judgedAs(link, 'skipped', 'metadata', 'not_in_list');
  if (file.kind === 'differs' && changedSince(link, master.modified))
    return { ...changed(link, file.reached, master), bytes: file.bytes };
  const found = [...findings.fileFindings(link, file), ...findings.notesAdded(comparison)];
  return { ...judgedAs(link, 'different', file.reached, null, found, hashes), bytes: file.bytes };
}

function changed(link: Link, depth: Depth, moved: linksRepo.FeedMark): Judged {
  return { ...judgedAs(link, 'skipped', depth, 'changed_since_sync'), moved };
}

/** Newer than what was carried over and than what the feed has shown: the next cycle will see it, so it is no drift. */
function changedSince(link: Link, modified: string): boolean {
  return link.status === 'ok' && link.master_modified !== modified && link.feed_modified !== modified;
}

type Hashes = Pick<ledger.NewLedgerRow, 'master_file' | 'copy_file' | 'master_fields' | 'copy_fields' | 'derived'>;

const NO_HASHES: Hashes = {
  master_file: null,
  copy_file: null,
  master_fields: null,
  copy_fields: null,
  derived: false,
};

/** Both sides in the replica's ids, over the fields that a PATCH can carry. */
function fingerprints(scene: Scene, { master, copy, reports }: ComparedLink): Hashes {
  const { tables } = scene.compare;
  const desired = translateDocument(master, tables);
  const linkFields = new Set(desired.links.map((link) => link.replicaField));
  const known = (values: Record<WritableField, unknown>) =>
    fingerprint(Object.entries(values).filter(([field]) => !desired.unknown.includes(field as WritableField)));
  return {
    ...NO_HASHES,
    master_fields: known(canonicalDesired(desired)),
    copy_fields: known(canonicalActual(copy, linkFields, tables.tagParents)),
    derived: reports.length > 0,
  };
}

function putOff(link: Link, pass: Pass, reason: string): Judged {
  return judgedAs(link, pass.last ? 'skipped' : 'again', 'list', reason);
}

function judgedAs(
  link: Link,
  outcome: LedgerOutcome,
  depth: Depth,
  reason: string | null,
  found: readonly findingsRepo.NewFinding[] = [],
  read: Hashes = NO_HASHES,
): Judged {
  const { id: link_id, master_doc_id, replica_doc_id } = link;
  return { row: { link_id, master_doc_id, replica_doc_id, depth, outcome, reason, ...read }, found, bytes: 0 };
}

/**
 * Rows, findings, counts and checkpoint in one transaction. A link that moved while it was read says nothing: whoever moved
 * it has the last word.
 */
async function writeDown(scene: Scene, links: readonly Link[], judged: readonly Judged[], pass: Pass): Promise<void> {
  const { deps, verification } = scene;
  // H4: a token that was demoted on the way proves nothing of what this batch read.
  scene.subset ||= !(await scene.master.probe(scene.signal)).isSuperuser;
  const at = deps.clock.now();
  await deps.db.transaction().execute(async (trx) => {
    const now = new Map(
      (
        await ledger.linkStates(
          trx,
          links.map((link) => link.id),
        )
      ).map((link) => [link.id, link]),
    );
    const seen = new Map(links.map((link) => [link.id, link]));
    const settled = judged.map((one) =>
      hasMoved(seen.get(one.row.link_id), now.get(one.row.link_id)) ? moved(one, seen, pass) : one,
    );
    const rows = settled.map((one) => one.row);
    await ledger.saveLedger(trx, verification.id, at, rows);
    await linksRepo.markDirty(
      trx,
      settled.flatMap((one) => one.moved ?? []),
    );
    const of = { replicaId: scene.replica.id, verificationId: verification.id };
    await findingsRepo.saveFindings(
      trx,
      of,
      settled.flatMap((one) => one.found),
    );
    await settleEqual(trx, scene, at, rows, seen);
    const last = links.at(-1);
    await save(scene, trx, {
      ...addCounts(
        scene,
        rows,
        judged.reduce((sum, one) => sum + one.bytes, 0),
      ),
      ...(pass.ordered && last ? { checkpoint: last.id } : {}),
      faults: 0,
    });
  });
}

function hasMoved(seen: Link | undefined, now: ledger.LinkState | undefined): boolean {
  return (
    !seen ||
    !now ||
    now.dirty_seq !== seen.dirty_seq ||
    now.lease_epoch !== seen.lease_epoch ||
    now.replica_doc_id !== seen.replica_doc_id
  );
}

function moved(one: Judged, seen: ReadonlyMap<number, Link>, pass: Pass): Judged {
  const link = seen.get(one.row.link_id);
  return link ? { ...putOff(link, pass, 'work_under_way'), bytes: one.bytes } : one;
}

async function settleEqual(
  trx: Scene['deps']['db'],
  scene: Scene,
  at: Date,
  rows: readonly ledger.NewLedgerRow[],
  seen: ReadonlyMap<number, Link>,
): Promise<void> {
  const equal = rows.filter((row) => row.outcome === 'equal');
  const different = rows.filter((row) => row.outcome === 'different').map((row) => row.link_id);
  if (different.length > 0) await ledger.forgetVerified(trx, different);
  if (!scene.subset)
    await ledger.markVerified(
      trx,
      at,
      equal.flatMap((row) => {
        const link = seen.get(row.link_id);
        return link ? [{ linkId: link.id, seq: link.dirty_seq, depth: row.depth }] : [];
      }),
    );
  // A finding has ended where its link was compared as deep and it was not seen any more.
  for (const depth of DEPTHS) {
    const linkIds = rows
      .filter((row) => row.depth === depth && (row.outcome === 'equal' || row.outcome === 'different'))
      .map((row) => row.link_id);
    const covered = DEPTHS.filter((one) => isAsDeep(depth, one));
    await findingsRepo.endUnseen(trx, { verificationId: scene.verification.id, linkIds, depths: covered });
  }
}
