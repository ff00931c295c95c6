/**
 * Mail rules and saved views run nothing here, workflows only webhooks (workflows/fire.ts). They exist because a controller has to
 * notice them before it trusts a replica.
 */

import type { Context } from '../context.ts';
import { badRequest, json, noContent, notFound, type Reply } from '../http/reply.ts';
import { REQUIRED } from '../rest/input.ts';
import { paginate } from '../rest/pagination.ts';
import type { Route } from '../router.ts';
import type { PlainRow } from '../state/model.ts';

/** Objects that the simulator keeps and lists and that have no effect: they matter to whoever inspects an instance. */
const KINDS = [
  { path: 'saved_views/', model: 'savedview', className: 'SavedView', required: ['name'], owned: true },
  {
    path: 'workflows/',
    model: 'workflow',
    className: 'Workflow',
    required: ['name', 'triggers', 'actions'],
    owned: false,
  },
  { path: 'mail_accounts/', model: 'mailaccount', className: 'MailAccount', required: ['name'], owned: true },
  { path: 'mail_rules/', model: 'mailrule', className: 'MailRule', required: ['name'], owned: true },
] as const;

type Kind = (typeof KINDS)[number];

const rowsOf = ({ store }: Context, kind: Kind): PlainRow[] => store.plain.filter((row) => row.kind === kind.model);

const rowJson = (row: PlainRow): Record<string, unknown> => ({ id: row.id, ...row.data });

function list(context: Context, kind: Kind): Reply {
  context.require(`view_${kind.model}`);
  const rows = rowsOf(context, kind);
  const { rows: page, envelope } = paginate(rows, context.page);
  return json(envelope(page.map(rowJson), () => rows.map((row) => row.id)));
}

function find(context: Context, kind: Kind): PlainRow {
  const row = rowsOf(context, kind).find((candidate) => candidate.id === context.id());
  if (!row) throw notFound(kind.className);
  return row;
}

async function create(context: Context, kind: Kind): Promise<Reply> {
  context.require(`add_${kind.model}`);
  const input = await context.input();
  const missing = kind.required.filter((name) => !(name in input));
  if (missing.length > 0) throw badRequest(Object.fromEntries(missing.map((name) => [name, [REQUIRED]])));
  const owner = kind.owned ? { owner: context.user.id, user_can_change: true } : { enabled: true, order: 0 };
  const row = context.store.plain.save({
    id: context.store.plain.takeId(),
    kind: kind.model,
    data: { ...owner, ...input },
  });
  return json(rowJson(row), 201);
}

async function update(context: Context, kind: Kind): Promise<Reply> {
  context.require(`change_${kind.model}`);
  const row = find(context, kind);
  row.data = { ...row.data, ...(await context.input()) };
  context.store.plain.save(row);
  return json(rowJson(row));
}

function remove(context: Context, kind: Kind): Reply {
  context.require(`delete_${kind.model}`);
  context.store.plain.remove(find(context, kind).id);
  return noContent();
}

export const plainRoutes: readonly Route[] = KINDS.flatMap(
  (kind) =>
    [
      { path: kind.path, methods: { GET: (context) => list(context, kind), POST: (context) => create(context, kind) } },
      {
        path: `${kind.path}:id/`,
        methods: {
          GET: (context) => json(rowJson((context.require(`view_${kind.model}`), find(context, kind)))),
          PATCH: (context) => update(context, kind),
          PUT: (context) => update(context, kind),
          DELETE: (context) => remove(context, kind),
        },
      },
    ] satisfies Route[],
);
