/**
 * Taxonomy parity before documents (E5): what the master has is created on the replica where it is missing, and the pairs of
 * ids are remembered. One writer a replica: the run's lease. Names are unique per owner in paperless, so a create that is
 * repeated after a lost answer cannot make a second object; on any refusal the list is read again (H16).
 */
import * as taxonomyRepo from '../db/taxonomy.repo.ts';
import {
  TAXONOMY_KINDS,
  type CustomFieldDefinition,
  type Principal,
  type TaxonomyKind,
  type TaxonomyObject,
} from '../domain/model.ts';
import type { FieldMapping, TranslationTables } from '../domain/translate/tables.ts';
import { ensureCustomFields } from './ensure-custom-fields.ts';
import { ensureObjects } from './ensure-objects.ts';
import type { ReplicaRun } from './sync-replica.ts';

/** Both sides as read at the start of the run. */
export interface Vocabulary {
  readonly objects: Readonly<Record<TaxonomyKind, TaxonomyObject[]>>;
  readonly fields: readonly CustomFieldDefinition[];
  readonly users: readonly Principal[];
  readonly groups: readonly Principal[];
}

/** What the ensure-steps share: stored pairs, name maps, and where to put the results. */
export interface Parity {
  readonly run: ReplicaRun;
  readonly master: Vocabulary;
  readonly replica: Vocabulary;
  readonly stored: ReadonlyMap<string, taxonomyRepo.TaxonomyLink>;
  readonly users: ReadonlyMap<number, number>;
  readonly groups: ReadonlyMap<number, number>;
  readonly userNames: ReadonlyMap<number, string>;
  readonly groupNames: ReadonlyMap<number, string>;
  readonly tokenUser: number;
  readonly unmapped: Map<string, string>;
}

export async function ensureTaxonomy(run: ReplicaRun, tokenUser: number): Promise<TranslationTables> {
  const master = await readVocabulary(run.reader, run.signal);
  const replica = await readVocabulary(run.writer, run.signal);
  const links = await taxonomyRepo.taxonomyLinks(run.deps.db, run.replica.id);
  const parity: Parity = {
    run,
    master,
    replica,
    stored: new Map(links.map((link) => [`${link.kind}:${link.master_id}`, link])),
    users: byName(master.users, replica.users),
    groups: byName(master.groups, replica.groups),
    userNames: new Map(master.users.map((user) => [user.id, user.name])),
    groupNames: new Map(master.groups.map((group) => [group.id, group.name])),
    tokenUser,
    unmapped: new Map(),
  };
  const taxonomy = {} as Record<TaxonomyKind, Map<number, number>>;
  for (const kind of TAXONOMY_KINDS) taxonomy[kind] = await ensureObjects(parity, kind);
  const fields: Map<number, FieldMapping> = await ensureCustomFields(parity);
  return {
    taxonomy,
    fields,
    unmapped: parity.unmapped,
    users: parity.users,
    groups: parity.groups,
    userNames: parity.userNames,
    groupNames: parity.groupNames,
    tokenUser,
    tagParents: new Map(replica.objects.tag.map((tag) => [tag.id, tag.parent])),
  };
}

async function readVocabulary(instance: ReplicaRun['reader'], signal: AbortSignal): Promise<Vocabulary> {
  const [tag, correspondent, document_type, storage_path, fields, users, groups] = await Promise.all([
    instance.taxonomy('tag', signal),
    instance.taxonomy('correspondent', signal),
    instance.taxonomy('document_type', signal),
    instance.taxonomy('storage_path', signal),
    instance.customFields(signal),
    instance.users(signal),
    instance.groups(signal),
  ]);
  return { objects: { tag, correspondent, document_type, storage_path }, fields, users, groups };
}

/** E11: users and groups are mapped by name and never created. */
function byName(master: readonly Principal[], replica: readonly Principal[]): Map<number, number> {
  const ids = new Map(replica.map((principal) => [principal.name, principal.id]));
  return new Map(master.flatMap(({ id, name }) => (ids.has(name) ? [[id, ids.get(name) as number]] : [])));
}
