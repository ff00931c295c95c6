/** One look at one link: what the steps of the state table share (protocol section 1). */
import type { Settings } from '../../config/settings.ts';
import { noteSuspects } from '../../db/absences.repo.ts';
import * as links from '../../db/links.repo.ts';
import type { Attempt, Link, Replacement, Replica, Run, VersionAttempt, VersionLink } from '../../db/tables.ts';
import type { Phase } from '../../domain/document-state.ts';
import { checkIdentity } from '../../domain/identity.ts';
import { reservedAsn } from '../../domain/markers.ts';
import type { PaperlessDocument } from '../../domain/model.ts';
import type { FieldReport } from '../../domain/report.ts';
import type { TranslationTables } from '../../domain/translate/tables.ts';
import type { MasterFile } from '../../domain/versions.ts';
import { AppError } from '../../kernel/errors.ts';
import type { PaperlessReader, PaperlessWriter } from '../../paperless/api.ts';
import type { EngineDeps } from '../deps.ts';
import type { LentFile } from '../scratch.ts';
import { seenLink } from './seen-link.ts';
import type { ReplicaFindings } from '../check-replica.ts';

export interface DocumentWork {
  readonly deps: EngineDeps;
  readonly settings: Settings;
  readonly run: Run;
  readonly replica: Replica;
  readonly findings: ReplicaFindings;
  readonly tables: TranslationTables;
  readonly master: PaperlessReader;
  readonly writer: PaperlessWriter;
  readonly lease: links.LeaseRef;
  /** dirty_seq as it was before the master was read: what this look can make applied (protocol section 3). */
  readonly want: number;
  readonly signal: AbortSignal;
  /** The phase in which this look found the link. */
  readonly entered: string;
  link: Link;
  attempts: Attempt[];
  /** When an upload posted later ended, by attempt: whatever waited in front of it has been taken by then. */
  overtaken: ReadonlyMap<number, number>;
  masterDoc: PaperlessDocument | null;
  /** The copy as last read in this look; null after a write. */
  copy: PaperlessDocument | null;
  lent: LentFile | null;
  bytes: number;
  /** The file or a note went over: the master is read once more before `ok`. */
  transferred: boolean;
  reports: FieldReport[];
  /** Fields that somebody edited on the replica, by what becomes of the edit. */
  readonly edits: { readonly overwritten: Set<string>; readonly waiting: Set<string>; readonly kept: Set<string> };
  /** The file of the copy is being replaced (2.20, H14). */
  replacement: Replacement | null;
  /** Versions of the copy, once they were looked at. */
  versions: VersionState | null;
  /** Said of the file; kept apart, since the fields are looked at after it. */
  fileReports: FieldReport[];
  /** The file is not as it should be, or not yet: how the look ends after all other fields were seen to. */
  fileStep: Step | null;
  /** Checksum of a 2.20 copy as probed in this look. */
  copyFile: string | null;
  /** The newest file of the copy is not the master's, or may change: its text is not written (H9). */
  contentHeld: boolean;
}

/** What a look knows of the versions of its copy. */
export interface VersionState {
  readonly files: readonly MasterFile[];
  attempts: VersionAttempt[];
  links: VersionLink[];
}

export type EndState = 'ok' | 'failed' | 'blocked' | 'gone' | 'held' | 'dlq';

export type Step =
  | { readonly kind: 'go'; readonly phase: Phase }
  | { readonly kind: 'snooze'; readonly ms: number; readonly patch?: links.LinkPatch }
  | {
      readonly kind: 'end';
      readonly state: EndState;
      readonly code?: string;
      readonly message?: string;
      readonly patch?: links.LinkPatch;
    };

export const go = (phase: Phase): Step => ({ kind: 'go', phase });
export const snooze = (ms: number, patch: links.LinkPatch = {}): Step => ({ kind: 'snooze', ms, patch });
export const end = (state: EndState, code?: string, message?: string, patch: links.LinkPatch = {}): Step => ({
  kind: 'end',
  state,
  ...(code === undefined ? {} : { code }),
  ...(message === undefined ? {} : { message }),
  patch,
});

/** Writes the link under its lease, or stops the work: somebody else goes on with it (protocol section 2, point 4). */
export async function save(work: DocumentWork, patch: links.LinkPatch): Promise<void> {
  const link = await links.updateLeased(work.deps.db, work.lease, patch);
  if (!link) throw leaseLost();
  work.link = seenLink(work.replacement, link);
}

export function leaseLost(): AppError {
  return new AppError({
    code: 'lease_lost',
    class: 'conflict',
    message: 'Another process works on this document now.',
  });
}

export function reservedFor(work: DocumentWork): number | null {
  return reservedAsn(work.settings.asnBase, work.link.master_doc_id);
}

/** The master's document, read once a look; null if it is proven to be gone (H4), an error if it is only not visible. */
export async function masterDocument(work: DocumentWork): Promise<PaperlessDocument | null> {
  if (work.masterDoc) return work.masterDoc;
  const document = await work.master.document(work.link.master_doc_id, work.signal);
  if (!document) return proveGone(work);
  if (work.link.master_added === null) await save(work, { master_added: document.added });
  else await confirmMaster(work, work.link.master_added, document.added);
  work.masterDoc = document;
  return document;
}

async function confirmMaster(work: DocumentWork, stored: string, read: string): Promise<void> {
  const identity = checkIdentity(stored, read);
  if (identity === 'cut') await save(work, { master_added: read });
  if (identity !== 'other') return;
  await noteSuspects(
    work.deps.db,
    'identity',
    [{ id: work.link.master_doc_id, known: stored, seen: read }],
    work.run.id,
  );
  throw identityChanged('master', work.link.master_doc_id);
}

/** H2: an id that names another document than it did: no write, the link waits for a person. */
export function identityChanged(side: 'master' | 'replica', id: number): AppError {
  return new AppError({
    code: 'identity_changed',
    class: 'duplicate',
    message: `Document #${id} of the ${side} is not the one this link was made for: the instance was restored, and its ids are used again.`,
    hint: 'Reconcile the replica. Nothing was written.',
  });
}

/** H4: a 404 means "deleted" only if the token was a superuser's before and after. */
async function proveGone(work: DocumentWork): Promise<null> {
  const facts = await work.master.probe(work.signal);
  if (!work.findings.masterSubset && facts.isSuperuser) return null;
  throw new AppError({
    code: 'master_not_visible',
    class: 'permission',
    message: `Master document #${work.link.master_doc_id} is not visible to the master token.`,
    hint: 'Use the token of a superuser.',
  });
}

/** The copy, with its identity proven; null if it is not live (any more). */
export async function readCopy(work: DocumentWork): Promise<PaperlessDocument | null> {
  if (work.copy) return work.copy;
  const id = work.link.replica_doc_id;
  const copy = id === null ? null : await work.writer.document(id, work.signal);
  if (copy && work.link.replica_added !== null) {
    const identity = checkIdentity(work.link.replica_added, copy.added);
    if (identity === 'other') throw identityChanged('replica', copy.id);
    if (identity === 'cut') await save(work, { replica_added: copy.added });
  }
  work.copy = copy;
  return copy;
}
