import type { Context } from '../context.ts';
import { forbidden, forbiddenText, json, type Reply } from '../http/reply.ts';
import type { Route } from '../router.ts';
import type { MatchingKind } from '../state/model.ts';
import { canSee } from '../users/permissions.ts';
import { listConfig, readConfig, refuseConfig, updateConfig } from './config.ts';
import { plainRoutes } from './plain-rows.ts';
import { shareLinkRoutes } from './share-links.ts';

function statistics(context: Context): Reply {
  const { store, user } = context;
  const rows = store.index
    .listed('id')
    .map(({ row }) => row)
    .filter((row) => canSee(user, row));
  const inbox = store.matching.tag.filter((tag) => tag.isInboxTag && canSee(user, tag)).map((tag) => tag.id);
  const types = new Map<string, number>();
  for (const row of rows) types.set(row.mimeType, (types.get(row.mimeType) ?? 0) + 1);
  const count = (kind: MatchingKind): number => store.matching[kind].filter((object) => canSee(user, object)).length;
  const inInbox = rows.filter((row) => row.tags.some((tag) => inbox.includes(tag))).length;
  return json({
    documents_total: rows.length,
    documents_inbox: inbox.length === 0 ? null : inInbox,
    inbox_tag: inbox[0] ?? null,
    inbox_tags: inbox.length === 0 ? null : inbox,
    document_file_type_counts: [...types].map(([mime_type, mime_type_count]) => ({ mime_type, mime_type_count })),
    character_count: rows.reduce((sum, row) => sum + row.content.length, 0),
    tag_count: count('tag'),
    correspondent_count: count('correspondent'),
    document_type_count: count('document_type'),
    storage_path_count: count('storage_path'),
    current_asn: store.index.highestAsn() ?? 0,
  });
}

function status({ user, profile, isV3, instance: { options } }: Context): Reply {
  if (!user.isStaff && !(isV3 && user.isSuperuser)) throw forbiddenText();
  const ok = 'OK';
  return json({
    pngx_version: profile.version,
    server_os: 'Linux',
    install_type: 'bare-metal',
    storage: { total: 500_000_000_000, available: options.storageAvailable },
    database: {
      type: 'sqlite',
      url: 'db.sqlite3',
      status: ok,
      error: null,
      migration_status: { latest_migration: 'documents.1075', unapplied_migrations: [] },
    },
    tasks: {
      redis_url: 'redis://localhost:6379',
      redis_status: ok,
      redis_error: null,
      celery_status: options.celery,
      celery_url: 'celery@localhost',
      celery_error: null,
      index_status: ok,
      index_last_modified: null,
      index_error: null,
      classifier_status: 'WARNING',
      classifier_last_trained: null,
      classifier_error: 'Classifier file does not exist (yet). Re-training may be pending.',
      sanity_check_status: 'WARNING',
      sanity_check_last_run: null,
      sanity_check_error: 'No sanity check tasks found',
      ...(isV3 ? { llmindex_status: 'DISABLED', llmindex_last_modified: null, llmindex_error: null } : {}),
    },
  });
}

function logs({ user }: Context): Reply {
  if (!user.isStaff) throw forbidden();
  return json(['paperless']);
}

export const systemRoutes: readonly Route[] = [
  { path: 'statistics/', methods: { GET: statistics } },
  { path: 'status/', methods: { GET: status } },
  { path: 'config/', methods: { GET: listConfig, POST: refuseConfig } },
  { path: 'config/:id/', methods: { GET: readConfig, PATCH: updateConfig } },
  { path: 'logs/', methods: { GET: logs } },
  ...shareLinkRoutes,
  ...plainRoutes,
];
