/** All that happened to one document, newest first: uploads, comparisons, findings, edits, deletions, with errors in full. */
import type { Conflict } from '../../../shared/db/conflicts.repo.ts';
import type { Tombstone } from '../../../shared/db/deletion-tables.ts';
import type { AttemptView, DocumentOnReplica } from '../../../shared/db/documents.repo.ts';
import type { LogLine } from '../../../shared/db/logs.repo.ts';
import type { Finding, LedgerRow } from '../../../shared/db/tables.ts';

export interface Happening {
  readonly at: Date;
  readonly replica: string | null;
  readonly what: string;
  /** In full. */
  readonly detail: string | null;
  readonly tone: 'good' | 'bad' | 'warn' | 'calm';
  /** Below the base path. */
  readonly link: string | null;
}
export interface TimelineSource {
  readonly rows: readonly DocumentOnReplica[];
  readonly uploads: readonly AttemptView[];
  readonly ledger: readonly LedgerRow[];
  readonly findings: readonly Finding[];
  readonly conflicts: readonly Conflict[];
  readonly tombstones: readonly Tombstone[];
  readonly logs: readonly LogLine[];
}

export function timelineOf(source: TimelineSource): Happening[] {
  const byLink = new Map(source.rows.map((row) => [row.link_id, row.replica]));
  const byReplica = new Map(source.rows.map((row) => [row.replica_id, row.replica]));
  const all = [
    ...source.rows.flatMap(ofRow),
    ...source.uploads.flatMap((upload) => ofUpload(upload, byLink.get(upload.link_id) ?? null)),
    ...source.ledger.map((row) => ofLedger(row, byLink.get(row.link_id) ?? null)),
    ...source.findings.flatMap((finding) => ofFinding(finding, byReplica.get(finding.replica_id) ?? null)),
    ...source.conflicts.flatMap((conflict) => ofConflict(conflict, byReplica.get(conflict.replica_id) ?? null)),
    ...source.tombstones.flatMap((stone) => ofTombstone(stone, byReplica.get(stone.replica_id) ?? null)),
    ...source.logs.map(ofLog),
  ];
  return all.sort((a, b) => b.at.getTime() - a.at.getTime());
}

type Parts = Partial<Pick<Happening, 'detail' | 'tone' | 'link'>>;
function happening(at: Date, replica: string | null, what: string, parts: Parts = {}): Happening {
  return { at, replica, what, detail: null, tone: 'calm', link: null, ...parts };
}

function ofRow(row: DocumentOnReplica): Happening[] {
  const events: Happening[] = [];
  if (row.last_synced !== null)
    events.push(happening(row.last_synced, row.replica, 'Brought into step', { tone: 'good' }));
  if (row.failed_at !== null)
    events.push(
      happening(row.failed_at, row.replica, `Failed (attempt ${row.retry_count})`, {
        detail: [row.error_code, row.error_msg].filter((part) => part !== null).join(': '),
        tone: 'bad',
      }),
    );
  return events;
}

function ofUpload(upload: AttemptView, replica: string | null): Happening[] {
  const which = `Upload ${upload.k}`;
  const sent = happening(upload.posted_at, replica, `${which} sent`, {
    detail: `${upload.file_name}, ${upload.size} bytes${upload.task_id === null ? '' : `, task ${upload.task_id}`}`,
  });
  const ended = upload.terminal_at ?? upload.closed_at;
  if (ended === null) return [sent];
  const good = upload.state === 'success';
  const end = happening(ended, replica, `${which}: ${good ? 'consumed by the replica' : upload.state}`, {
    detail: upload.failure_code,
    tone: good ? 'good' : 'bad',
  });
  return [end, sent];
}

function ofLedger(row: LedgerRow, replica: string | null): Happening {
  const equal = row.outcome === 'equal';
  return happening(row.compared_at, replica, `Compared at depth ${row.depth}: ${equal ? 'equal' : 'different'}`, {
    detail: row.reason,
    tone: equal ? 'good' : 'bad',
    link: `/verifications/${row.verification_id}`,
  });
}

function ofFinding(finding: Finding, replica: string | null): Happening[] {
  const link = `/findings?replica_id=${finding.replica_id}&kind=${finding.kind}`;
  const found = happening(finding.found_at, replica, `Found: ${finding.kind.replaceAll('_', ' ')}`, {
    detail: [finding.message, finding.reason].filter((part) => part !== null).join(' '),
    tone: finding.state === 'repaired' ? 'calm' : 'bad',
    link,
  });
  if (finding.repaired_at === null) return [found];
  return [
    happening(finding.repaired_at, replica, `Repaired: ${finding.kind.replaceAll('_', ' ')}`, { tone: 'good', link }),
    found,
  ];
}

function ofConflict(conflict: Conflict, replica: string | null): Happening[] {
  const link = `/conflicts/${conflict.id}`;
  const field = conflict.field.replaceAll('_', ' ');
  const found = happening(conflict.found_at, replica, `Edited on the replica: ${field}`, { tone: 'warn', link });
  if (conflict.decided_at === null) return [found];
  return [
    happening(conflict.decided_at, replica, `Edit of ${field}: ${conflict.state.replaceAll('_', ' ')}`, { link }),
    found,
  ];
}

function ofTombstone(stone: Tombstone, replica: string | null): Happening[] {
  const link = `/deletions?replica_id=${stone.replica_id}`;
  const copy = `copy ${stone.replica_doc_id}`;
  const at = (when: Date | null, what: string): Happening[] =>
    when === null ? [] : [happening(when, replica, `${what}: ${copy}`, { detail: stone.detail, tone: 'warn', link })];
  return [
    ...at(stone.planned_at, `Deletion planned (${stone.reason.replaceAll('_', ' ')})`),
    ...at(stone.trashed_at, 'Moved to the trash of the replica'),
    ...at(stone.purged_at, 'Deleted for good'),
    ...at(stone.undo_asked_at, 'Undo asked for'),
  ];
}

function ofLog(line: LogLine): Happening {
  const tone = { info: 'calm', warning: 'warn', error: 'bad' } as const;
  return happening(line.created_at, line.replica, line.message, {
    detail: line.code,
    tone: tone[line.level],
    link: `/logs/${line.id}`,
  });
}
