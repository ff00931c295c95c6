/** Reads master documents and their copies by the hundred and compares them; used by sweep, verification and preview. */
import { keptConflicts, type KeptConflict } from '../db/conflicts.repo.ts';
import * as linksRepo from '../db/links.repo.ts';
import { notePairsOf } from '../db/note-links.repo.ts';
import type { Db, Link } from '../db/tables.ts';
import { versionLinksOf } from '../db/versions.repo.ts';
import { comparePair, masterHash, type Compared, type Difference, type Surroundings } from '../domain/compare.ts';
import { checkIdentity } from '../domain/identity.ts';
import type { PaperlessDocument } from '../domain/model.ts';
import { idsOf } from '../domain/translate/custom-fields.ts';
import type { TranslationTables } from '../domain/translate/tables.ts';
import type { PaperlessReader } from '../paperless/api.ts';
import { toKnown } from './document/version-state.ts';

/** One request for each side takes so many (paperless-api.md 2.2: full permissions on 2.20 are slow). */
export const BATCH_SIZE = 100;

export interface CompareScope {
  readonly db: Db;
  readonly replicaId: number;
  readonly master: PaperlessReader;
  readonly replica: PaperlessReader;
  readonly tables: TranslationTables;
  /** All live ids of both sides, from censuses begun before the documents are read. */
  readonly masterIds: ReadonlySet<number>;
  readonly replicaIds: ReadonlySet<number>;
  readonly signal: AbortSignal;
  /** A dry run looks at copies as the changes of the taxonomy will leave them. */
  readonly afterwards?: (copy: PaperlessDocument) => PaperlessDocument;
}

export type LinkComparison = { readonly link: Link; readonly masterHash: string | null } & (
  | ({ readonly kind: 'compared'; readonly master: PaperlessDocument; readonly copy: PaperlessDocument } & Compared)
  /** A document was not in the answer. That alone proves nothing (H4). */
  | { readonly kind: 'missing'; readonly side: 'master' | 'replica' }
  /** The id names another document than the link was made for (H2). */
  | { readonly kind: 'identity'; readonly side: 'master' | 'replica' }
);

/** @param links at most BATCH_SIZE, each with a claimed copy. Two requests, a third where one-way document links may be. */
export async function compareBatch(scope: CompareScope, links: readonly Link[]): Promise<LinkComparison[]> {
  const read = async (reader: PaperlessReader, ids: readonly number[]) =>
    new Map((await reader.documents(ids, scope.signal)).map((document) => [document.id, document]));
  const ids = links.map((link) => link.master_doc_id);
  const copyIds = links.flatMap((link) => link.replica_doc_id ?? []);
  const [masters, copies] = await Promise.all([read(scope.master, ids), read(scope.replica, copyIds)]);
  const around = await surroundings(scope, [...masters.values()], [...copies.values()]);
  const linkIds = links.map((link) => link.id);
  const notes = await notePairsOf(scope.db, linkIds);
  const kept = await keptConflicts(scope.db, linkIds);
  const versions = await versionLinksOf(scope.db, linkIds);
  return links.map((link) => {
    const master = masters.get(link.master_doc_id);
    const found = copies.get(link.replica_doc_id ?? -1);
    const copy = found && (scope.afterwards?.(found) ?? found);
    const hash = master ? masterHash(master) : null;
    if (!master) return { link, masterHash: hash, kind: 'missing', side: 'master' };
    if (!copy) return { link, masterHash: hash, kind: 'missing', side: 'replica' };
    if (isOther(link.master_added, master.added)) return { link, masterHash: hash, kind: 'identity', side: 'master' };
    if (isOther(link.replica_added, copy.added)) return { link, masterHash: hash, kind: 'identity', side: 'replica' };
    const file = {
      md5: link.file_md5,
      sha256: link.file_checksum,
      stored: link.stored_checksum,
      versions: versions.filter((one) => one.link_id === link.id).map(toKnown),
    };
    const compared = comparePair({ master, copy, file, notePairs: notes.get(link.id) ?? [] }, around);
    return { link, masterHash: hash, kind: 'compared', master, copy, ...without(compared, kept.get(link.id) ?? []) };
  });
}

function isOther(stored: string | null, read: string): boolean {
  return stored !== null && checkIdentity(stored, read) === 'other';
}

/** What a person decided to keep on the replica is said, and no difference any more, until either side changes. */
function without(compared: Compared, kept: readonly KeptConflict[]): Compared {
  const isKept = ({ field, masterHash: wanted, copyHash }: Difference) =>
    kept.some((one) => one.field === field && one.replica_hash === copyHash && one.master_hash === wanted);
  const accepted = compared.differences.filter(isKept);
  if (accepted.length === 0) return compared;
  const reports = accepted.map(({ field }) => ({
    field,
    kind: 'not_replicable' as const,
    reason: "a person chose to keep the replica's value",
  }));
  return {
    differences: compared.differences.filter((difference) => !accepted.includes(difference)),
    reports: [...compared.reports, ...reports],
  };
}

async function surroundings(
  scope: CompareScope,
  masters: readonly PaperlessDocument[],
  copies: readonly PaperlessDocument[],
): Promise<Surroundings> {
  const { tables, masterIds, replicaIds } = scope;
  const linkFields = [...tables.fields].filter(([, field]) => field.dataType === 'documentlink');
  const named = (documents: readonly PaperlessDocument[], fields: ReadonlySet<number>) =>
    documents.flatMap((one) =>
      one.customFields.filter(({ field }) => fields.has(field)).flatMap(({ value }) => idsOf(value)),
    );
  const targets = named(masters, new Set(linkFields.map(([id]) => id)));
  const rows = await linksRepo.copiesOf(scope.db, scope.replicaId, [...new Set(targets)]);
  const copyOf = new Map(rows.map((row) => [row.master_doc_id, row.replica_doc_id]));
  const known = new Set(copyOf.values());
  const leftOut = await linksRepo.excludedAmong(scope.db, scope.replicaId, [...new Set(targets)]);
  const extra = named(copies, new Set(linkFields.map(([, field]) => field.replicaId))).filter((id) => !known.has(id));
  const owners = await linksRepo.ownersOf(scope.db, scope.replicaId, [...new Set(extra)]);
  const oneWay = await oneWayLinks(scope, linkFields, owners);
  const apart = [...rows, ...owners].flatMap((row) => (row.excluded ? [row.replica_doc_id] : []));
  const excluded = { onMaster: new Set(leftOut), onReplica: new Set(apart) };
  return { tables, copyOf, liveOnMaster: masterIds, liveOnReplica: replicaIds, oneWay, excluded };
}

/** Links that paperless mirrored onto a copy although the master holds them in one direction only (links.ts). */
async function oneWayLinks(
  scope: CompareScope,
  linkFields: readonly (readonly [number, { readonly replicaId: number }])[],
  owners: readonly linksRepo.CopyRow[],
): Promise<Set<string>> {
  const origin = new Map(owners.map((owner) => [owner.master_doc_id, owner.replica_doc_id]));
  const documents = origin.size === 0 ? [] : await scope.master.documents([...origin.keys()], scope.signal);
  const pairs = documents.flatMap((document) =>
    linkFields.flatMap(([id, { replicaId }]) => {
      const value = document.customFields.find(({ field }) => field === id)?.value;
      return idsOf(value).map((named) => `${replicaId}:${origin.get(document.id) ?? -1}:${named}`);
    }),
  );
  return new Set(pairs);
}
