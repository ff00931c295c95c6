/** What findings are called and what they say; every one that the engine cannot repair names the next step. */
import type { NewFinding } from '../db/findings.repo.ts';
import type { Link } from '../db/tables.ts';
import type { Difference } from '../domain/compare.ts';
import type { FieldReport } from '../domain/report.ts';
import { groupByKind, type Depth, type FindingKind } from '../domain/verification.ts';
import type { FileVerdict } from './verify-files.ts';

function finding(
  link: Link,
  kind: FindingKind,
  depth: Depth,
  message: string,
  hint: string | null = null,
  fields: readonly Difference[] = [],
): NewFinding {
  const { id: linkId, master_doc_id: masterDocId, replica_doc_id: replicaDocId } = link;
  return { linkId, masterDocId, replicaDocId, kind, depth, message, hint, fields };
}

export function missing(link: Link, trashed: boolean): NewFinding {
  const where = trashed ? "in the replica's trash" : 'neither on the replica nor in its trash';
  return finding(link, 'missing', 'list', `The copy (#${link.replica_doc_id}) is ${where}.`);
}

/** Not copied, and no work under way: given up or blocked. Trying again is a decision of its own. */
export function neverCopied(link: Link): NewFinding {
  const why = link.error_msg ?? `It is in phase ${link.phase}.`;
  return finding(
    link,
    'missing',
    'list',
    `There is no copy. ${why}`,
    'See the document; retry it once the cause is mended.',
  );
}

export function identityChanged(link: Link, side: 'master' | 'replica'): NewFinding {
  const id = side === 'master' ? link.master_doc_id : link.replica_doc_id;
  return finding(
    link,
    'identity_changed',
    'metadata',
    `#${id} of the ${side} is another document than the one that was linked: the instance was restored.`,
    'Reconcile the replica. Nothing is written to this document until then.',
  );
}

export function goneFromMaster(link: Link): NewFinding {
  return finding(
    link,
    'not_on_master',
    'list',
    `The copy (#${link.replica_doc_id}) is live, its document on the master is not.`,
    "What becomes of it is the replica's deletion mode.",
  );
}

const MESSAGES: Partial<Record<FindingKind, (fields: string) => string>> = {
  field_differs: (fields) => `Not as on the master: ${fields}.`,
  wrong_owner: (fields) => `Not as on the master: ${fields}.`,
  note_lost: () => 'Notes of the master are missing, or stand there more than once.',
  link_differs: () => 'Links to other documents are not as on the master.',
  file_differs: (fields) =>
    fields === 'versions' ? 'The versions are not called as on the master.' : "The file is not the master's.",
};

/** At the depth at which the difference shows, so that a repair is verified as deep as it was found. */
export function differing(link: Link, differences: readonly Difference[], depth: Depth = 'metadata'): NewFinding[] {
  return [...groupByKind(differences)].map(([kind, fields]) => {
    const names = [...new Set(fields.map(({ field }) => field))].join(', ');
    return finding(link, kind, depth, MESSAGES[kind]?.(names) ?? `Differs: ${names}.`, null, fields);
  });
}

/** Kept, and listed (E10): a person who looks at the replica sees more than on the master. */
export function notesAdded({
  link,
  reports,
}: {
  readonly link: Link;
  readonly reports: readonly FieldReport[];
}): NewFinding[] {
  return reports
    .filter(({ field, kind }) => field === 'notes' && kind === 'not_replicable')
    .map(({ reason }) => finding(link, 'note_added', 'metadata', `Notes: ${reason}.`, 'Nothing to do.'));
}

export function fileFindings(link: Link, file: FileVerdict): NewFinding[] {
  if (file.kind === 'damaged') return [damaged(link, file)];
  return file.difference ? differing(link, [file.difference], file.reached) : [];
}

function damaged(link: Link, file: FileVerdict): NewFinding {
  const fields = file.difference ? [file.difference] : [];
  if (file.damagedSide === 'master')
    return finding(
      link,
      'file_damaged',
      'bytes',
      `The master's file of #${link.master_doc_id} is not what the master's own checksum says.`,
      "Run paperless' sanity checker on the master, and put the file back from a backup or from a replica that has it.",
      fields,
    );
  return finding(
    link,
    'file_damaged',
    'bytes',
    `The replica's file of #${link.replica_doc_id} is not what the replica's own checksum says.`,
    "Put the file back from the replica's backup; or delete the document there and empty the trash: the next cycle uploads it again.",
    fields,
  );
}
