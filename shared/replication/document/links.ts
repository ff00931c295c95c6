/**
 * Document links, the second phase (H19, H27). Written only with the leases of the document and of every target added, kept
 * or removed: paperless rewrites each target's list without a lock.
 */
import * as linksRepo from '../../db/links.repo.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import { leftOut } from '../../domain/compare.ts';
import { notReplicable, waiting } from '../../domain/report.ts';
import { idsOf, type LinkField } from '../../domain/translate/custom-fields.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import { customFieldItems } from '../../domain/plan.ts';
import type { Finalising } from './finalise.ts';
import { guardedPatch } from './patch.ts';
import { go, snooze, type DocumentWork, type Step } from './work.ts';

interface LinkTarget {
  readonly field: LinkField;
  readonly current: readonly number[];
  readonly wanted: readonly number[];
}

/** Null: every link field is as it can be (what cannot is in the reports). A step: written, or to be tried again. */
export async function writeLinks(work: DocumentWork, state: Finalising, copy: PaperlessDocument): Promise<Step | null> {
  if (state.refused.has('custom_fields')) return null;
  const targets: LinkTarget[] = [];
  for (const field of state.desired.links) targets.push(await resolve(work, field, copy));
  const changed = targets.filter((target) => !sameSet(target.current, target.wanted));
  if (changed.length === 0) return null;
  const others = [...new Set(changed.flatMap((target) => [...target.current, ...target.wanted]))];
  const owners = await linksRepo.ownersOf(work.deps.db, work.replica.id, others);
  return underLeases(
    work,
    owners.map((owner) => owner.id),
    () => writeLeased(work, state, targets),
  );
}

/** Whatever rewrites the link lists of these documents. Null: done; a step: one of them is worked on elsewhere. */
export function underLeases(
  work: DocumentWork,
  linkIds: readonly number[],
  inner: () => Promise<Step | null>,
): Promise<Step | null> {
  return withAll(work, linkIds, async () => {
    const leases = await leaseAll(work, linkIds);
    if (leases === null) return snooze(300 + Math.floor(Math.random() * 1500));
    try {
      return await inner();
    } finally {
      for (const lease of leases) await linksRepo.releaseLease(work.deps.db, lease, {});
    }
  });
}

/** Entered as busy before they are leased, or a tick of the dispatcher would take them for forgotten. */
function withAll<T>(work: DocumentWork, linkIds: readonly number[], inner: () => Promise<T>): Promise<T> {
  const [first, ...rest] = linkIds;
  return first === undefined
    ? inner()
    : work.deps.busy.links.during(first, work.signal, () => withAll(work, rest, inner));
}

async function writeLeased(
  work: DocumentWork,
  state: Finalising,
  targets: readonly LinkTarget[],
): Promise<Step | null> {
  const values = new Map(targets.map((target) => [target.field.replicaField, target.wanted]));
  const body = { custom_fields: customFieldItems(state.desired, values, state.refusedCustomFields) };
  const unanswered = await guardedPatch(work, state, body, { document_links: fingerprint([...values]) });
  return unanswered ?? (state.refused.has('custom_fields') ? null : go('claimed'));
}

async function resolve(work: DocumentWork, field: LinkField, copy: PaperlessDocument): Promise<LinkTarget> {
  const current = idsOf(copy.customFields.find((item) => item.field === field.replicaField)?.value);
  const apart = await excludedTargets(work, field, current);
  const masterTargets = field.masterTargets.filter((id) => !apart.masterIds.has(id));
  const copies = await linksRepo.copiesOf(work.deps.db, work.replica.id, masterTargets);
  const known = new Map(copies.map((row) => [row.master_doc_id, row.replica_doc_id]));
  const resolved = masterTargets.flatMap((id) => known.get(id) ?? []);
  // Only ids that live on the replica in this very run may be sent: one dead id and the whole PATCH is refused (H27).
  const live = resolved.length === 0 ? [] : await work.writer.liveAmong(resolved, work.signal);
  const open = await openTargets(work, { ...field, masterTargets }, known);
  const extra = current.filter((id) => !resolved.includes(id) && !apart.kept.includes(id));
  const reflected = await reflectedFrom(work, field, extra);
  const kept = open ? await work.writer.liveAmong(extra, work.signal) : reflected;
  const stays = apart.kept.length === 0 ? [] : await work.writer.liveAmong(apart.kept, work.signal);
  return { field, current, wanted: [...new Set([...live, ...kept, ...stays])].sort((a, b) => a - b) };
}

interface Apart {
  /** Excluded documents that the master links to. */
  readonly masterIds: ReadonlySet<number>;
  /** Copies of excluded documents that are linked here now. */
  readonly kept: readonly number[];
}

/** paperless mirrors links: a link to the copy of an excluded document is neither made nor taken, or the copy would change. */
async function excludedTargets(work: DocumentWork, field: LinkField, current: readonly number[]): Promise<Apart> {
  const { db } = work.deps;
  const masterIds = await linksRepo.excludedAmong(db, work.replica.id, field.masterTargets);
  const owners = await linksRepo.ownersOf(db, work.replica.id, current);
  const kept = owners.filter(({ excluded }) => excluded);
  for (const id of new Set([...masterIds, ...kept.map((owner) => owner.master_doc_id)]))
    work.reports.push(notReplicable('custom_fields', `"${field.name}": ${leftOut(id)}`));
  return { masterIds: new Set(masterIds), kept: kept.map((owner) => owner.replica_doc_id) };
}

/** Reports targets without a copy: dead ones for good, others until they arrive. True if one may still arrive. */
async function openTargets(work: DocumentWork, field: LinkField, known: ReadonlyMap<number, number>): Promise<boolean> {
  let open = false;
  for (const id of field.masterTargets) {
    if (known.has(id)) continue;
    const alive = await work.master.document(id, work.signal);
    // A 404 counts only through a superuser's token (H4); the run's probe read it.
    const dead = alive === null && !work.findings.masterSubset;
    open ||= !dead;
    work.reports.push(
      dead
        ? notReplicable('custom_fields', `"${field.name}": linked document #${id} no longer lives on the master`)
        : waiting('custom_fields', `"${field.name}": linked document #${id} has no copy on the replica yet`),
    );
  }
  return open;
}

/**
 * paperless mirrors a link onto its target. Where the master holds a link in one direction only (values given at upload are
 * not mirrored there), the replica cannot: the mirrored end is kept and said, or both ends would be undone in turn for ever.
 */
async function reflectedFrom(work: DocumentWork, field: LinkField, extra: readonly number[]): Promise<number[]> {
  const kept: number[] = [];
  const owners = await linksRepo.ownersOf(work.deps.db, work.replica.id, extra);
  for (const owner of owners) {
    const other = await work.master.document(owner.master_doc_id, work.signal);
    const names = other?.customFields.some(
      ({ field: id, value }) =>
        work.tables.fields.get(id)?.replicaId === field.replicaField && idsOf(value).includes(work.link.master_doc_id),
    );
    if (!names) continue;
    kept.push(owner.replica_doc_id);
    work.reports.push(
      notReplicable(
        'custom_fields',
        `"${field.name}": the link from document #${owner.master_doc_id} is one-way on the master; paperless keeps links both ways`,
      ),
    );
  }
  return kept;
}

/** All or none, without waiting: whoever misses one gives the others back and comes again a little later. */
async function leaseAll(work: DocumentWork, linkIds: readonly number[]): Promise<linksRepo.LeaseRef[] | null> {
  const leases: linksRepo.LeaseRef[] = [];
  for (const linkId of [...new Set(linkIds)].filter((id) => id !== work.link.id).sort((a, b) => a - b)) {
    const link = await linksRepo.takeLease(work.deps.db, linkId, work.lease.worker, null);
    if (link) {
      leases.push({ linkId, worker: work.lease.worker, epoch: link.lease_epoch });
      continue;
    }
    for (const lease of leases) await linksRepo.releaseLease(work.deps.db, lease, {});
    return null;
  }
  return leases;
}

function sameSet(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}
