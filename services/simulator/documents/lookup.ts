/**
 * Who sees which document, and how it is refused: the same missing right is a 404, a 403 in JSON or a 403 in HTML, by the
 * kind of endpoint (paperless-api.md 1.5).
 */

import type { Context } from '../context.ts';
import { forbidden, notFound } from '../http/reply.ts';
import { isListed } from '../state/document-index.ts';
import type { DocumentRow } from '../state/model.ts';
import { canChange, canSee, owns } from '../users/permissions.ts';

/** The document of the path for a reader; trashed, hidden and version rows do not exist here (paperless-api.md 1.5). */
export function visibleDocument(context: Context): DocumentRow {
  context.require('view_document');
  return listed(context);
}

export function changeableDocument(context: Context): DocumentRow {
  context.require('change_document');
  const row = listed(context);
  if (!canChange(context.user, row)) throw forbidden();
  return row;
}

/** A right to change that others gave does not suffice for a deletion (paperless-api.md, appendix B). */
export function deletableDocument(context: Context): DocumentRow {
  context.require('delete_document');
  const row = listed(context);
  if (!owns(context.user, row)) throw forbidden();
  return row;
}

function listed(context: Context): DocumentRow {
  const row = context.store.documents.get(context.id());
  if (!row || !isListed(row) || !canSee(context.user, row)) throw notFound('Document');
  return row;
}

/** The document of the path for actions that answer "Not found." and check the object right in their own words. */
export function liveDocument(context: Context): DocumentRow {
  const row = context.store.documents.get(context.id());
  if (!row || row.deletedAt !== null) throw notFound();
  return row;
}
