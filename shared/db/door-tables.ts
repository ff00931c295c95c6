/** Tables of who may come in, and of what operators did; what each column means stands in migrations/2026-11-23-doors.ts. */
import type { ColumnType, Generated, Selectable } from 'kysely';
import type { Id, NullableTime, Time } from './tables.ts';

export interface AdminAccountTable {
  id: Generated<number>;
  password_hash: string;
  changed_at: Time;
}
export interface SessionsTable {
  token_hash: string;
  created_at: Time;
  last_seen_at: Time;
  expires_at: ColumnType<Date, Date | string, Date | string>;
}
export interface LoginAttemptsTable {
  id: Id;
  source: string;
  at: Time;
}
export type KeyScope = 'read' | 'full';
export interface ApiKeysTable {
  id: Id;
  name: string;
  key_hash: string;
  hint: string;
  scope: KeyScope;
  created_at: Time;
  created_by: string;
  last_used_at: NullableTime;
  revoked_at: NullableTime;
}
export interface AuditLogTable {
  id: Id;
  at: Time;
  actor: string;
  via: string;
  action: string;
  target: string | null;
  status: number | null;
  request_id: string | null;
  source: string | null;
  before: ColumnType<unknown, string | null | undefined, string | null>;
  after: ColumnType<unknown, string | null | undefined, string | null>;
}

export interface DoorTables {
  admin_account: AdminAccountTable;
  sessions: SessionsTable;
  login_attempts: LoginAttemptsTable;
  api_keys: ApiKeysTable;
  audit_log: AuditLogTable;
}
export type ApiKey = Selectable<ApiKeysTable>;
