/**
 * Master document against its copy, field by field: the one comparison of sweep, verification and preview. Both were read
 * anew; nothing remembered is believed but which documents belong together and what a person decided.
 */
import { canonicalActual, canonicalDesired, diffFields } from './diff.ts';
import { canonicalJson, fingerprint } from './fingerprint.ts';
import type { WritableField } from './field-policy.ts';
import { toMicros } from './instant.ts';
import type { PaperlessDocument } from './model.ts';
import { planNotes, type NotePair } from './provenance.ts';
import { notReplicable, type FieldReport } from './report.ts';
import { idsOf, type LinkField } from './translate/custom-fields.ts';
import { translateDocument } from './translate/index.ts';
import type { TranslationTables } from './translate/tables.ts';
import { compareFiles, type KnownFile } from './compare-files.ts';

export interface Difference {
  /** A field of FIELD_POLICY; document links are told from the other custom fields. */
  readonly field: string;
  /** Hashes of both sides in the replica's terms, for receipts and conflicts; null where there is no such value. */
  readonly masterHash: string | null;
  readonly copyHash: string | null;
  /** What a person may be shown: short values, of longer ones and of document text the length only. */
  readonly master: unknown;
  readonly copy: unknown;
}

export interface Compared {
  /** Empty: equal in every exact and mapped field (product.md, "equal"). */
  readonly differences: readonly Difference[];
  /** Not replicable and derived differences, and what waits for another document: listed, not counted. */
  readonly reports: readonly FieldReport[];
}

export interface Pair {
  readonly master: PaperlessDocument;
  readonly copy: PaperlessDocument;
  readonly file: KnownFile;
  /** Notes of the copy that are known to stand for master notes though they bear no mark (H17). */
  readonly notePairs: readonly NotePair[];
}

/** What surrounds a pair: both libraries as just read. */
export interface Surroundings {
  readonly tables: TranslationTables;
  /** Claimed copies: master id -> replica id. */
  readonly copyOf: ReadonlyMap<number, number>;
  readonly liveOnMaster: { has(id: number): boolean };
  readonly liveOnReplica: { has(id: number): boolean };
  /** `${replica field}:${replica id of the other end}:${master id it names}` of links held by documents beside these. */
  readonly oneWay: ReadonlySet<string>;
  /** Left out by a person: links from or to these are neither made nor taken. Ids of both sides. */
  readonly excluded: { readonly onMaster: ReadonlySet<number>; readonly onReplica: ReadonlySet<number> };
}

export function comparePair(pair: Pair, around: Surroundings): Compared {
  const { master, copy, file } = pair;
  const desired = translateDocument(master, around.tables);
  const wanted = canonicalDesired(desired);
  const actual = canonicalActual(
    copy,
    new Set(desired.links.map((link) => link.replicaField)),
    around.tables.tagParents,
  );
  const skipped = new Set<WritableField>(desired.unknown);
  const differences: Difference[] = diffFields(wanted, actual)
    .filter(({ field }) => !skipped.has(field))
    .map(({ field }) => difference(field, wanted[field], actual[field]));
  const reports: FieldReport[] = [...desired.reports];
  const links = skipped.has('custom_fields') ? [] : desired.links;
  for (const link of links) compareLinks(link, pair, around, differences, reports);
  compareNotes(pair, differences, reports);
  const files = compareFiles(master, copy, file);
  differences.push(...files.differences.map(({ field, wanted: a, actual: b }) => difference(field, a, b)));
  reports.push(...files.reports, ...derived(master, copy));
  return { differences, reports };
}

/** As links.ts writes them: every named target that has a live copy, and while one is still to come, extras are left. */
function compareLinks(
  link: LinkField,
  { master: { id: masterId }, copy }: Pair,
  { copyOf, liveOnMaster, liveOnReplica, oneWay, excluded }: Surroundings,
  differences: Difference[],
  reports: FieldReport[],
): void {
  const hasCopy = (id: number) => liveOnReplica.has(copyOf.get(id) ?? -1);
  const targets = link.masterTargets.filter((id) => !excluded.onMaster.has(id));
  const wanted = targets.filter(hasCopy).map((id) => copyOf.get(id) ?? -1);
  const missing = targets.filter((id) => !hasCopy(id));
  const waiting = missing.filter((id) => liveOnMaster.has(id));
  const value = idsOf(copy.customFields.find((item) => item.field === link.replicaField)?.value);
  const actual = value.filter(
    (id) =>
      liveOnReplica.has(id) &&
      !excluded.onReplica.has(id) &&
      (wanted.includes(id) || (waiting.length === 0 && !oneWay.has(`${link.replicaField}:${id}:${masterId}`))),
  );
  const [a, b] = [sorted(wanted), sorted(actual)];
  if (canonicalJson(a) !== canonicalJson(b)) differences.push(difference('document_links', a, b));
  for (const id of link.masterTargets.filter((target) => excluded.onMaster.has(target)))
    reports.push(notReplicable('document_links', `"${link.name}": ${leftOut(id)}`));
  if (waiting.length > 0)
    reports.push({
      field: 'document_links',
      kind: 'waiting',
      reason: `"${link.name}": ${waiting.length} linked documents have no live copy on the replica yet`,
    });
  if (missing.length > waiting.length)
    reports.push(
      notReplicable(
        'document_links',
        `"${link.name}": ${missing.length - waiting.length} linked documents no longer live on the master`,
      ),
    );
}

/** In these words the documents are found that name one which is included again. */
export const leftOut = (masterId: number): string => `linked document #${masterId} is excluded on this replica`;

function compareNotes({ master, copy, notePairs }: Pair, differences: Difference[], reports: FieldReport[]): void {
  const plan = planNotes(master.notes, copy.notes, notePairs);
  if (plan.missing.length > 0 || plan.surplus.length > 0 || plan.stale.length > 0)
    differences.push({
      field: 'notes',
      masterHash: fingerprint(master.notes.map((note) => note.text)),
      copyHash: fingerprint(copy.notes.map((note) => note.text)),
      master: { notes: master.notes.length, missing: plan.missing.length },
      copy: { notes: copy.notes.length, surplus: plan.surplus.length, stale: plan.stale.length },
    });
  if (plan.foreign.length > 0)
    reports.push(notReplicable('notes', `${plan.foreign.length} written on the replica; they are kept`));
}

function derived(master: PaperlessDocument, copy: PaperlessDocument): FieldReport[] {
  const of = (document: PaperlessDocument) => ({
    archive: document.hasArchive,
    page_count: document.pageCount,
    mime_type: document.mimeType,
  });
  const [a, b] = [of(master), of(copy)];
  return (Object.keys(a) as (keyof typeof a)[])
    .filter((field) => a[field] !== b[field])
    .map((field) => ({ field, kind: 'derived', reason: `${a[field]} on the master, ${b[field]} on the replica` }));
}

function difference(field: string, wanted: unknown, actual: unknown): Difference {
  return {
    field,
    masterHash: fingerprint(wanted),
    copyHash: fingerprint(actual),
    master: shown(field, wanted),
    copy: shown(field, actual),
  };
}

const SHOWN_LENGTH = 200;

/** E8: no document text in the database; a long text field is no different from it. */
export function shown(field: string, value: unknown): unknown {
  if (field === 'content') return { characters: typeof value === 'string' ? value.length : 0 };
  if (Array.isArray(value)) return value.map((item) => shown('', item));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown('', item)]));
  return typeof value === 'string' && value.length > SHOWN_LENGTH ? { characters: value.length } : value;
}

const sorted = (ids: Iterable<number>): number[] => [...new Set(ids)].sort((a, b) => a - b);

/** Of everything that is replicated, in the master's own terms; times of notes to the millisecond, as an import leaves them. */
export function masterHash(master: PaperlessDocument): string {
  const { title, content, created, asn, correspondent, documentType, storagePath, owner, permissions } = master;
  return fingerprint({
    title,
    content,
    created,
    asn,
    correspondent,
    documentType,
    storagePath,
    owner,
    permissions,
    tags: sorted(master.tags),
    customFields: [...master.customFields].sort((a, b) => a.field - b.field),
    notes: master.notes.map(({ id, text, created: at }) => [id, text, Math.floor((toMicros(at) ?? 0) / 1000)]),
    versions: master.versions.map(({ id, label, checksum }) => [id, label, checksum]).sort(),
  });
}
