/**
 * The record of a replacement (H14) as one look sees it. Until r6 the link goes on naming the old copy, so that whoever reads
 * the database finds a document that is whole; only the look that carries the replacement out sees the new one.
 */
import { attemptsOf } from '../../db/attempts.repo.ts';
import * as replacementsRepo from '../../db/replacements.repo.ts';
import type { LinkPatch } from '../../db/links.repo.ts';
import type { Replacement, ReplacementStep } from '../../db/tables.ts';
import { AppError } from '../../kernel/errors.ts';
import { newCopy, seenLink } from './seen-link.ts';
import { leaseLost, type DocumentWork } from './work.ts';

/** While the new file is on its way the link counts as one without a copy. */
export function isUploadingNew(work: Pick<DocumentWork, 'replacement'>): boolean {
  return work.replacement?.step === 'r1';
}

/** R stays on the new copy until the number it is to have was taken from the old one. */
export function keepsReserved({ replacement }: Pick<DocumentWork, 'replacement'>): boolean {
  return replacement !== null && (replacement.step === 'r2' || replacement.step === 'r3');
}

/** What r6 writes: the new copy, of which nothing was compared yet. */
export function takeOver(replacement: Replacement): LinkPatch {
  return { ...newCopy(replacement), applied: null, replica_modified: null };
}

/** @throws where another link owns the document, or the lease is lost. */
export async function stepTo(
  work: DocumentWork,
  step: ReplacementStep,
  patch: replacementsRepo.ReplacementPatch = {},
  linkPatch: LinkPatch = {},
): Promise<void> {
  const { replacement } = work;
  if (!replacement) return;
  await work.deps.racePoint(`replace.${step}.before`);
  const ended = ['done', 'kept', 'abandoned'].includes(step);
  const result = await replacementsRepo.stepReplacement(
    work.deps.db,
    work.lease,
    replacement.id,
    { ...patch, step, ...(ended ? { finished_at: work.deps.clock.now() } : {}) },
    { ...linkPatch, ...(ended ? { replacing: false } : {}) },
  );
  if (result === 'lease-lost') throw leaseLost();
  if (result === 'taken')
    throw new AppError({
      code: 'copy_taken',
      class: 'duplicate',
      message: 'The replica document that was to become the copy belongs to another master document.',
    });
  work.replacement = ended ? null : result.replacement;
  work.link = seenLink(work.replacement, result.link);
  work.copy = null;
  work.copyFile = null;
  await work.deps.racePoint(`replace.${step}.after`);
}

/** The link goes on with its old copy; uploads that were made meanwhile count as any other. */
export async function abandon(work: DocumentWork): Promise<void> {
  await stepTo(work, 'abandoned');
  work.attempts = await attemptsOf(work.deps.db, work.link.id);
}
