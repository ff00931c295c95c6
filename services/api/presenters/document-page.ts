/** One document on all replicas, as its page shows it. */
import { listConflicts } from '../../../shared/db/conflicts.repo.ts';
import * as documents from '../../../shared/db/documents.repo.ts';
import { queryLogs } from '../../../shared/db/logs.repo.ts';
import { masterState } from '../../../shared/db/master.repo.ts';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import { lastOfLinks } from '../../../shared/db/verification-ledger.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { fieldMatrix, versionPair } from './field-matrix.ts';
import { timelineOf } from './timeline.ts';

const LAST = 50;

/** Null: no replica knows it. */
export async function loadDocumentPage(deps: Pick<ApiDeps, 'db' | 'settings'>, masterDocId: number) {
  const { db } = deps;
  const rows = await documents.documentOnReplicas(db, masterDocId);
  if (rows.length === 0) return null;
  const linkIds = rows.map((row) => row.link_id);
  const [settings, master, replicas, uploads, conflicts, findings, tombstones, ledger, logs] = await Promise.all([
    deps.settings(),
    masterState(db),
    listReplicas(db),
    documents.uploadsOf(db, linkIds),
    listConflicts(db, { masterDocId }, { limit: LAST }),
    documents.findingsOfLinks(db, linkIds),
    documents.tombstonesOf(db, masterDocId),
    lastOfLinks(db, linkIds),
    queryLogs(db, { docId: masterDocId }, { limit: LAST }),
  ]);
  const copies = rows.map((row) => {
    const replica = replicas.find((one) => one.id === row.replica_id);
    const own = uploads.filter((upload) => upload.link_id === row.link_id);
    return {
      row,
      generation: replica?.generation ?? null,
      url: row.replica_doc_id === null || replica === undefined ? null : documentUrl(replica.url, row.replica_doc_id),
      matched: howMatched(row, own),
      checks: ledger.filter((one) => one.link_id === row.link_id),
      findings: findings.filter((finding) => finding.link_id === row.link_id),
      conflicts: conflicts.filter((conflict) => conflict.link_id === row.link_id),
    };
  });
  return {
    masterDocId,
    zone: settings.timezone,
    masterUrl: settings.masterUrl === null ? null : documentUrl(settings.masterUrl, masterDocId),
    versionsKnown: copies.every(({ generation }) => versionPair(master.generation, generation) !== null),
    copies,
    matrix: fieldMatrix(master.generation, copies),
    timeline: timelineOf({ rows, uploads, ledger, findings, conflicts, tombstones, logs }),
    /** Work is open, so that the page looks again soon. */
    active: rows.some((row) => row.waiting),
  };
}
export type DocumentPage = NonNullable<Awaited<ReturnType<typeof loadDocumentPage>>>;
export type DocumentCopy = DocumentPage['copies'][number];

/** The page of a document in paperless itself. */
function documentUrl(base: string, id: number): string {
  return `${base.replace(/\/+$/, '')}/documents/${id}/details`;
}

function howMatched(row: documents.DocumentOnReplica, uploads: readonly documents.AttemptView[]): string {
  if (row.replica_doc_id === null) {
    if (row.status === 'error') return 'it is not there';
    return uploads.length > 0 ? 'being uploaded' : 'not yet';
  }
  const upload = uploads.findLast(({ state }) => state === 'success');
  return upload === undefined
    ? 'was on the replica already, recognised by its content'
    : `uploaded by us (upload ${upload.k})`;
}
