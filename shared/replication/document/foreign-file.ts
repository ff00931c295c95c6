/** A file of the copy that no work of ours put there: somebody of the replica changed it (E21). */
import { fingerprint } from '../../domain/fingerprint.ts';
import { notReplicable } from '../../domain/report.ts';
import { noteEdit } from './edits.ts';
import type { DocumentWork } from './work.ts';

export interface ForeignFile {
  /** Checksums as they should be and as they are, in order; hashed as the comparison of whole libraries does. */
  readonly wanted: readonly string[];
  readonly actual: readonly string[];
  readonly shown: Readonly<Record<string, unknown>>;
}

/** Recorded before anything is done about it. True: the master's file goes over it. False: it is left, and so is its text. */
export async function mayReplace(work: DocumentWork, foreign: ForeignFile): Promise<boolean> {
  const verdict = await noteEdit(work, {
    field: 'file',
    base: null,
    theirs: fingerprint(foreign.actual),
    wanted: fingerprint(foreign.wanted),
    shown: foreign.shown,
  });
  if (verdict === 'overwrite') {
    work.edits.overwritten.add('file');
    return true;
  }
  work.contentHeld = true;
  if (verdict === 'wait') work.edits.waiting.add('file');
  else {
    work.edits.kept.add('file');
    work.fileReports = [notReplicable('file', "a person chose to keep the replica's file")];
  }
  return false;
}
