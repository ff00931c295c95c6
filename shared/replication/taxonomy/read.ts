/** The taxonomy of both instances and what is remembered of it, read without any write (E5). */
import * as taxonomyRepo from '../../db/taxonomy.repo.ts';
import type { Db, Replica } from '../../db/tables.ts';
import type { PlanInput } from '../../domain/taxonomy/draft.ts';
import { planTaxonomy, type TaxonomyPlan } from '../../domain/taxonomy/plan.ts';
import type { Vocabulary } from '../../domain/taxonomy/vocabulary.ts';
import type { TranslationTables } from '../../domain/translate/tables.ts';
import type { PaperlessReader } from '../../paperless/api.ts';
import { removalFacts } from './removal-facts.ts';

export interface TaxonomySource {
  readonly db: Db;
  readonly replica: Pick<Replica, 'id' | 'unknown_owner' | 'restore_held_back' | 'deletion_mode'>;
  /** The master. */
  readonly reader: PaperlessReader;
  /** The replica; nothing is written to it here. */
  readonly writer: PaperlessReader;
  readonly signal?: AbortSignal | undefined;
  readonly now: Date;
}

export interface TaxonomyView {
  readonly input: PlanInput;
  readonly plan: TaxonomyPlan;
}

/** What a run would do to the replica's taxonomy right now; `tokenUser` is the user of our token there. */
export async function viewTaxonomy(source: TaxonomySource, tokenUser: number, sweep: boolean): Promise<TaxonomyView> {
  const { db, replica, reader, writer, signal } = source;
  const [master, there] = await Promise.all([readVocabulary(reader, signal), readVocabulary(writer, signal)]);
  const stored = await taxonomyRepo.taxonomyLinks(db, replica.id);
  const input: PlanInput = {
    master,
    replica: there,
    stored,
    tokenUser,
    unknownOwner: replica.unknown_owner,
    restoreHeldBack: replica.restore_held_back,
    sweep,
    removal: await removalFacts(source, { master, replica: there, stored, sweep }),
    now: source.now,
  };
  return { input, plan: planTaxonomy(input) };
}

/** Master ids in the replica's ids as things stand, for whoever compares without writing (verify, dry runs). */
export async function readTables(source: TaxonomySource, tokenUser: number): Promise<TranslationTables> {
  return (await viewTaxonomy(source, tokenUser, false)).plan.tables;
}

async function readVocabulary(instance: PaperlessReader, signal?: AbortSignal): Promise<Vocabulary> {
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
