import { EXIT } from '../../shared/config/exit-codes.ts';
import { listDocuments, type DocumentFilter, type DocumentView } from '../../shared/db/documents.repo.ts';
import type { Db } from '../../shared/db/tables.ts';
import { PHASES } from '../../shared/domain/document-state.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { loadDocument } from '../api/presenters/document.ts';
import { numberOf, oneOf, usageError } from './arguments.ts';
import { attach } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';
import { columns, printJson, printLines } from './print.ts';

export interface DocumentsOptions {
  readonly replica?: string | undefined;
  readonly document?: string | undefined;
  readonly status?: string | undefined;
  readonly phase?: string | undefined;
  readonly code?: string | undefined;
  readonly field?: string | undefined;
  readonly limit?: string | undefined;
  readonly waiting?: boolean | undefined;
  readonly held?: boolean | undefined;
  readonly json?: boolean | undefined;
}

export async function runDocuments(options: DocumentsOptions): Promise<number> {
  if ((options.document === undefined) === (options.replica === undefined))
    throw usageError('Name either a replica or a document.', 'documents');
  const masterDocId = options.document === undefined ? null : numberOf('document', options.document, 'documents');
  const limit = numberOf('limit', options.limit ?? '100', 'documents');
  const filter = filterOf(options);
  const attached = await attach();
  try {
    const { db } = attached.foundation.database;
    if (masterDocId !== null) await showOne(db, masterDocId, options.json === true);
    else await showList(db, { ...filter, replicaId: await replicaIdOf(db, options.replica ?? '') }, limit, options);
    return EXIT.ok;
  } finally {
    await attached.close();
  }
}

function filterOf({ status, phase, code, field, waiting, held }: DocumentsOptions): Omit<DocumentFilter, 'replicaId'> {
  return {
    status: oneOf('status', status, ['pending', 'ok', 'error', 'excluded'] as const, 'documents'),
    phase: oneOf('phase', phase, PHASES, 'documents'),
    ...{ code, field, waiting, held },
  };
}

async function showList(db: Db, filter: DocumentFilter, limit: number, { json }: DocumentsOptions): Promise<void> {
  const documents = await listDocuments(db, filter, { limit });
  if (json === true) return printJson({ documents });
  if (documents.length === 0) return printLines(['No such document.']);
  const rows = documents.map((row) => [row.master_doc_id, row.replica_doc_id, row.phase, why(row)]);
  printLines(columns([['master', 'copy', 'phase', 'what is said'], ...rows]));
}

function why(
  row: Pick<DocumentView, 'error_code' | 'error_msg' | 'report' | 'excluded_reason' | 'excluded_by'>,
): string {
  if (row.excluded_reason !== null) return `excluded by ${row.excluded_by}: ${row.excluded_reason}`;
  const said = row.report.map(({ field, reason }) => `${field}: ${reason}`);
  const error = row.error_code === null ? [] : [`${row.error_code}: ${row.error_msg ?? ''}`];
  return [...error, ...said].join('; ');
}

async function showOne(db: Db, masterDocId: number, json: boolean): Promise<void> {
  const document = await loadDocument(db, masterDocId);
  if (document === null)
    throw new AppError({
      code: 'document_not_found',
      class: 'not-found',
      message: `No replica knows a document with the master id ${masterDocId}.`,
    });
  if (json) return printJson(document);
  for (const row of document.replicas) {
    const copy = row.replica_doc_id === null ? 'no copy yet' : `copy #${row.replica_doc_id}`;
    printLines([
      `${row.replica}: ${row.phase}, ${copy}${row.waiting ? ', work waits' : ''}`,
      ...(why(row) === '' ? [] : [`  ${why(row)}`]),
      ...row.uploads.map((upload) => `  upload ${upload.k}: ${upload.state} (${upload.posted_at.toISOString()})`),
      ...row.conflicts.map((conflict) => `  conflict ${conflict.id}: ${conflict.field}, ${conflict.state}`),
      ...row.findings.map((finding) => `  finding ${finding.id}: ${finding.kind}, ${finding.state}`),
      ...row.verifications.map(
        (one) => `  compared (${one.depth}): ${one.outcome} at ${one.compared_at.toISOString()}`,
      ),
      ...row.tombstones.map((stone) => `  tombstone ${stone.id}: copy #${stone.replica_doc_id} ${stone.state}`),
    ]);
  }
}
