/** What an instance says of itself (paperless-api.md 11, 13, 14): read for hygiene only, never for a decision about a document. */
import type { WorkflowEffect } from '../domain/hygiene/facts.ts';
import type { PaperlessReader } from './api.ts';
import { readJson, type ApiRequest, type Http } from './http.ts';
import { readAll } from './lists.ts';
import * as wire from './wire-system.ts';

type SystemReads = Pick<PaperlessReader, 'rights' | 'workflows' | 'mailRules' | 'config' | 'status'>;

export function systemReads(http: Http): SystemReads {
  const get = (route: string, signal: AbortSignal | undefined): ApiRequest => ({
    method: 'GET',
    route,
    purpose: 'list',
    signal,
  });
  return {
    async rights(signal) {
      const { user, settings, permissions } = await readJson(http, get('/api/ui_settings/', signal), wire.ownRights);
      return {
        username: user.username,
        isSuperuser: user.is_superuser,
        isStaff: user.is_staff,
        permissions,
        trashDelayDays: settings.trash_delay ?? null,
      };
    },
    async workflows(signal) {
      const rows = await readAll(http, { route: '/api/workflows/', signal }, wire.workflow);
      return rows.map(({ name, enabled, actions }) => ({
        name,
        enabled,
        effects: [...new Set(actions.flatMap(effectsOf))],
      }));
    },
    async mailRules(signal) {
      const rows = await readAll(http, { route: '/api/mail_rules/', signal }, wire.mailRule);
      return rows.map(({ name, enabled }) => ({ name, enabled }));
    },
    async config(signal) {
      const [row] = await readJson(http, get('/api/config/', signal), wire.config);
      return {
        ocrMode: row.mode ?? null,
        archiveMode: row.archive_file_generation ?? row.skip_archive_file ?? null,
        barcodesSplit: row.barcodes_enabled,
        barcodeAsn: row.barcode_enable_asn,
        barcodeTags: row.barcode_enable_tag,
      };
    },
    async status(signal) {
      const { storage, database, tasks } = await readJson(http, get('/api/status/', signal), wire.status);
      const parts = { database: database.status, Redis: tasks.redis_status, 'task workers': tasks.celery_status };
      return {
        storageTotal: storage.total,
        storageAvailable: storage.available,
        broken: Object.entries(parts).flatMap(([name, state]) => (state === 'ERROR' ? [name] : [])),
      };
    },
  };
}

const ACTION = { assign: 1, remove: 2, email: 3, webhook: 4, password: 5, trash: 6 } as const;

function effectsOf(action: wire.WorkflowAction): WorkflowEffect[] {
  switch (action.type) {
    case ACTION.email:
      return ['e-mail'];
    case ACTION.webhook:
      return ['webhook'];
    case ACTION.password:
      return ['password'];
    case ACTION.trash:
      return ['trash'];
    case ACTION.assign:
    case ACTION.remove:
      return fieldsOf(action);
    default:
      // A kind of action that a later version may bring is taken for the worst it can do.
      return ['trash'];
  }
}

/** Which fields an assignment or a removal names: `assign_title`, `remove_tags`, `remove_all_owners`, ... */
function fieldsOf(action: wire.WorkflowAction): WorkflowEffect[] {
  const side = action.type === ACTION.assign ? 'assign_' : 'remove_';
  return Object.entries(action).flatMap(([key, value]) =>
    key.startsWith(side) && isSet(value) ? effectOf(key.slice(side.length).replace(/^all_/, '')) : [],
  );
}

const EFFECTS: readonly (readonly [RegExp, WorkflowEffect])[] = [
  [/^title/, 'title'],
  [/^owner/, 'owner'],
  [/^tags/, 'tags'],
  [/^(view|change|permission)/, 'permissions'],
  [/^correspondent/, 'correspondent'],
  [/^document_type/, 'document type'],
  [/^storage_path/, 'storage path'],
  [/^custom_field/, 'custom fields'],
];

function effectOf(name: string): WorkflowEffect[] {
  const found = EFFECTS.find(([pattern]) => pattern.test(name));
  return found ? [found[1]] : [];
}

function isSet(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
