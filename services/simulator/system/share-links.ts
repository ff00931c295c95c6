/**
 * Share links touch no document, and their slugs cannot be chosen; they are here to prove the former.
 */

import type { Context } from '../context.ts';
import { json, noContent, notFound, type Reply } from '../http/reply.ts';
import { choiceField, idField, nullable, readInput, textField } from '../rest/input.ts';
import { paginate } from '../rest/pagination.ts';
import type { Route } from '../router.ts';
import { isoTime } from '../state/clock.ts';
import { isListed } from '../state/document-index.ts';
import type { PlainRow } from '../state/model.ts';

const KIND = 'sharelink';

const linksOf = ({ store }: Context): PlainRow[] => store.plain.filter((row) => row.kind === KIND);
const linkJson = (row: PlainRow): Record<string, unknown> => ({ id: row.id, ...row.data });

function listLinks(context: Context): Reply {
  context.require('view_sharelink');
  const rows = linksOf(context);
  const { rows: page, envelope } = paginate(rows, context.page);
  return json(envelope(page.map(linkJson), () => rows.map((row) => row.id)));
}

function linksOfDocument(context: Context): Reply {
  context.require('view_sharelink');
  return json(
    linksOf(context)
      .filter((row) => row.data.document === context.id())
      .map(linkJson),
  );
}

async function createLink(context: Context): Promise<Reply> {
  context.require('add_sharelink');
  const { store } = context;
  const listed = (id: number): boolean => {
    const row = store.documents.get(id);
    return row !== undefined && isListed(row);
  };
  const shape = {
    document: idField(listed),
    file_version: choiceField(['archive', 'original'] as const),
    expiration: nullable(textField()),
  };
  const values = readInput(await context.input(), shape, ['document']);
  const data = {
    created: isoTime(store.clock.now()),
    expiration: values.expiration ?? null,
    slug: store.random(50),
    document: values.document,
    file_version: values.file_version ?? 'archive',
  };
  return json(linkJson(store.plain.save({ id: store.plain.takeId(), kind: KIND, data })), 201);
}

function deleteLink(context: Context): Reply {
  context.require('delete_sharelink');
  const row = linksOf(context).find((candidate) => candidate.id === context.id());
  if (!row) throw notFound('ShareLink');
  context.store.plain.remove(row.id);
  return noContent();
}

export const shareLinkRoutes: readonly Route[] = [
  { path: 'share_links/', methods: { GET: listLinks, POST: createLink } },
  { path: 'share_links/:id/', methods: { DELETE: deleteLink } },
  { path: 'documents/:id/share_links/', methods: { GET: linksOfDocument } },
];
