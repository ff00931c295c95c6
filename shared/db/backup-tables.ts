/** What a backup of our own database holds (C2). A table without a line here does not compile. */
import type { ColumnType, Generated } from 'kysely';
import type { Tables } from './tables.ts';

export interface BackupsTable {
  id: ColumnType<number, never, never>;
  made_at: Generated<Date>;
  state: 'made' | 'unchanged' | 'failed';
  file: string | null;
  bytes: number | null;
  row_count: number | null;
  digest: string | null;
  sha256: string | null;
  error_msg: string | null;
}

type Part<T> =
  /** `volatile`: bookkeeping that alone makes no new backup worth its space. */
  | { readonly keep: true; readonly volatile?: readonly (keyof T & string)[] }
  | { readonly keep: false; readonly why: string; readonly stays?: true };

const KEEP = { keep: true } as const;
const left = (why: string) => ({ keep: false, why }) as const;

export const BACKUP_PLAN: { readonly [T in keyof Tables]: Part<Tables[T]> } = {
  app_meta: KEEP,
  settings: KEEP,
  master_state: { keep: true, volatile: ['last_contact_at', 'next_cycle_at', 'hygiene_at', 'next_verify_at'] },
  replicas: {
    keep: true,
    volatile: ['last_contact_at', 'last_sync_ts', 'hygiene_at', 'queue_asked_at', 'queue_foreign', 'queue_oldest_at'],
  },
  sync_map: { keep: true, volatile: ['dispatched_at', 'dispatched_by', 'dispatch_gen', 'lease_worker', 'lease_epoch'] },
  link_totals: left('counted anew as the links come back'),
  upload_attempts: KEEP,
  version_attempts: KEEP,
  version_links: KEEP,
  replacements: KEEP,
  taxonomy_links: { keep: true, volatile: ['updated_at'] },
  note_links: KEEP,
  tombstones: KEEP,
  conflicts: KEEP,
  acknowledgements: KEEP,
  match_proposals: KEEP,
  master_absences: { keep: true, volatile: ['last_run'] },
  master_suspects: KEEP,
  promotions: KEEP,
  promotion_links: KEEP,
  promotion_taxonomy: KEEP,
  promotion_documents: KEEP,
  verifications: KEEP,
  verification_ledger: KEEP,
  findings: { keep: true, volatile: ['last_seen_at', 'last_verification_id'] },
  admin_account: KEEP,
  api_keys: { keep: true, volatile: ['last_used_at'] },
  sessions: left('browsers log in again'),
  login_attempts: left('guesses of the moment'),
  audit_log: left('events'),
  workers: left('processes of the moment'),
  request_pace: left('grants of the moment'),
  request_slots: left('requests of the moment'),
  leader: { keep: false, why: 'processes of the moment', stays: true },
  logs: left('events'),
  sync_runs: left('runs; what they owe stands in the links'),
  run_items: left('runs'),
  reconciliations: left('runs'),
  reconcile_rows: left('what a reconcile has read; read again by the next'),
  notification_channels: { keep: true, volatile: ['confirmed_at', 'failing_since', 'last_error'] },
  alerts: left('what is open is told again'),
  alert_events: left('events'),
  alert_deliveries: left('events'),
  alert_silences: KEEP,
  webhook_events: left('events'),
  webhook_rate: { keep: false, why: 'events of the moment', stays: true },
  backups: left('what was backed up to where'),
};

export type TableName = keyof Tables;
export const KEPT_TABLES = (Object.keys(BACKUP_PLAN) as TableName[]).filter((name) => BACKUP_PLAN[name].keep);
export const ALL_TABLES = Object.keys(BACKUP_PLAN) as TableName[];
/** All but tables whose one row has to be there. */
export const EMPTIED_TABLES = ALL_TABLES.filter((name) => {
  const part = BACKUP_PLAN[name];
  return part.keep || part.stays !== true;
});

export function volatileColumns(name: TableName): readonly string[] {
  const part = BACKUP_PLAN[name];
  return part.keep ? (part.volatile ?? []) : [];
}
