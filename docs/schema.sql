-- The schema after all migrations. What each column means stands in shared/db/migrations/.

create sequence dirty_seq as bigint;

CREATE OR REPLACE FUNCTION count_lost_links()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
    begin
      update link_totals t set links = t.links - lost.links
        from (select replica_id, count(*) as links from taken group by replica_id) as lost
        where t.replica_id = lost.replica_id;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION count_new_links()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
    begin
      insert into link_totals as t (replica_id, links)
        select replica_id, count(*) from added group by replica_id order by replica_id
        on conflict (replica_id) do update set links = t.links + excluded.links;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION forget_unmapped_links()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'public', 'pg_temp'
AS $function$
    begin
      delete from sync_map where master_doc_id < 0;
      return null;
    end $function$;

CREATE OR REPLACE FUNCTION forget_verification()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if new.dirty_seq is distinct from old.dirty_seq or new.replica_doc_id is distinct from old.replica_doc_id then
        new.verified_at := null;
        new.verified_depth := null;
        new.checksum_at := null;
      end if;
      if new.replica_doc_id is distinct from old.replica_doc_id or new.file_checksum is distinct from old.file_checksum
        or new.stored_checksum is distinct from old.stored_checksum then
        new.bytes_at := null;
      end if;
      return new;
    end $function$;

CREATE OR REPLACE FUNCTION keep_excluded()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      new.phase := 'excluded';
      new.status := 'pending';
      new.applied_seq := new.dirty_seq;
      new.error_code := null;
      new.error_msg := null;
      new.failed_at := null;
      new.next_due_at := null;
      return new;
    end $function$;

CREATE OR REPLACE FUNCTION note_open_work()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      if new.dirty_seq = new.applied_seq then new.dirty_since := null;
      elsif old.dirty_seq = old.applied_seq then new.dirty_since := now();
      end if;
      return new;
    end $function$;

CREATE OR REPLACE FUNCTION tell_progress()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
    begin
      perform pg_notify('pngx_progress', new.id::text);
      return null;
    end $function$;

create table acknowledgements (
  key text not null,
  reason text not null,
  actor text not null,
  acknowledged_at timestamp with time zone not null default now(),
  constraint acknowledgements_pkey PRIMARY KEY (key)
);

create table admin_account (
  id smallint not null default 1,
  password_hash text not null,
  changed_at timestamp with time zone not null default now(),
  constraint admin_account_pkey PRIMARY KEY (id),
  constraint admin_account_id_check CHECK ((id = 1))
);

create table alert_deliveries (
  id bigint not null generated always as identity,
  event_id bigint not null,
  channel_id bigint not null,
  state text not null,
  attempts integer not null default 0,
  due_at timestamp with time zone not null default now(),
  held_by text,
  claimed_until timestamp with time zone,
  dispatched_at timestamp with time zone,
  dispatch_gen integer not null default 0,
  error_code text,
  last_error text,
  created_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  constraint alert_deliveries_event_id_channel_id_key UNIQUE (event_id, channel_id),
  constraint alert_deliveries_pkey PRIMARY KEY (id),
  constraint alert_deliveries_channel_id_fkey FOREIGN KEY (channel_id) REFERENCES notification_channels(id) ON DELETE CASCADE,
  constraint alert_deliveries_event_id_fkey FOREIGN KEY (event_id) REFERENCES alert_events(id) ON DELETE CASCADE,
  constraint alert_deliveries_state_check CHECK ((state = ANY (ARRAY['standby'::text, 'waiting'::text, 'delivered'::text, 'failed'::text, 'dropped'::text])))
);

CREATE INDEX alert_deliveries_channel ON alert_deliveries USING btree (channel_id, id DESC);
CREATE INDEX alert_deliveries_due ON alert_deliveries USING btree (due_at) WHERE (state = 'waiting'::text);

create table alert_events (
  id bigint not null generated always as identity,
  message_id text not null,
  alert_id bigint,
  event text not null,
  state text not null,
  severity text not null,
  replica_id bigint,
  title text not null,
  message text not null,
  data jsonb not null default '{}'::jsonb,
  run_id bigint,
  digest_day text,
  created_at timestamp with time zone not null default now(),
  constraint alert_events_message_id_key UNIQUE (message_id),
  constraint alert_events_pkey PRIMARY KEY (id),
  constraint alert_events_alert_id_fkey FOREIGN KEY (alert_id) REFERENCES alerts(id) ON DELETE SET NULL,
  constraint alert_events_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE SET NULL,
  constraint alert_events_severity_check CHECK ((severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
  constraint alert_events_state_check CHECK ((state = ANY (ARRAY['raised'::text, 'recovered'::text, 'info'::text, 'test'::text])))
);

CREATE INDEX alert_events_alert ON alert_events USING btree (alert_id);
CREATE INDEX alert_events_created ON alert_events USING btree (created_at);
CREATE UNIQUE INDEX alert_events_digest ON alert_events USING btree (digest_day) WHERE (digest_day IS NOT NULL);
CREATE UNIQUE INDEX alert_events_run ON alert_events USING btree (event, run_id) WHERE (run_id IS NOT NULL);

create table alert_silences (
  id bigint not null generated always as identity,
  event text,
  replica_id bigint,
  reason text not null,
  until timestamp with time zone not null,
  created_by text not null,
  created_at timestamp with time zone not null default now(),
  constraint alert_silences_pkey PRIMARY KEY (id),
  constraint alert_silences_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint alert_silences_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 500)))
);

create table alerts (
  id bigint not null generated always as identity,
  key text not null,
  event text not null,
  replica_id bigint,
  level bigint not null,
  opened_at timestamp with time zone not null default now(),
  closed_at timestamp with time zone,
  constraint alerts_pkey PRIMARY KEY (id),
  constraint alerts_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX alerts_open ON alerts USING btree (key) WHERE (closed_at IS NULL);

create table api_keys (
  id bigint not null generated always as identity,
  name text not null,
  key_hash text not null,
  hint text not null,
  scope text not null,
  created_at timestamp with time zone not null default now(),
  created_by text not null,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint api_keys_key_hash_key UNIQUE (key_hash),
  constraint api_keys_pkey PRIMARY KEY (id),
  constraint api_keys_scope_check CHECK ((scope = ANY (ARRAY['read'::text, 'full'::text])))
);

CREATE UNIQUE INDEX api_keys_name ON api_keys USING btree (lower(name)) WHERE (revoked_at IS NULL);

create table app_meta (
  key text not null,
  value text not null,
  constraint app_meta_pkey PRIMARY KEY (key)
);

create table audit_log (
  id bigint not null generated always as identity,
  at timestamp with time zone not null default now(),
  actor text not null,
  via text not null,
  action text not null,
  target text,
  status smallint,
  request_id text,
  source text,
  before jsonb,
  after jsonb,
  constraint audit_log_pkey PRIMARY KEY (id)
);

CREATE INDEX audit_log_at ON audit_log USING btree (at);

create table backups (
  id bigint not null generated always as identity,
  made_at timestamp with time zone not null default now(),
  state text not null,
  file text,
  bytes bigint,
  row_count bigint,
  digest text,
  sha256 text,
  error_msg text,
  constraint backups_pkey PRIMARY KEY (id),
  constraint backups_state_check CHECK ((state = ANY (ARRAY['made'::text, 'unchanged'::text, 'failed'::text])))
);

create table conflicts (
  id bigint not null generated always as identity,
  replica_id bigint not null,
  link_id bigint not null,
  master_doc_id bigint not null,
  replica_doc_id bigint,
  field text not null,
  base_hash text,
  replica_hash text,
  master_hash text,
  shown jsonb not null default '{}'::jsonb,
  state text not null default 'open'::text,
  found_at timestamp with time zone not null default now(),
  decided_at timestamp with time zone,
  constraint conflicts_pkey PRIMARY KEY (id),
  constraint conflicts_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE CASCADE,
  constraint conflicts_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint conflicts_state_check CHECK ((state = ANY (ARRAY['open'::text, 'overwritten'::text, 'keep_master'::text, 'keep_replica'::text, 'gone'::text])))
);

CREATE INDEX conflicts_link ON conflicts USING btree (link_id);
CREATE INDEX conflicts_replica ON conflicts USING btree (replica_id, id DESC);
CREATE UNIQUE INDEX conflicts_undecided ON conflicts USING btree (link_id, field) WHERE (state = ANY (ARRAY['open'::text, 'keep_master'::text, 'keep_replica'::text]));

create table findings (
  id bigint not null generated always as identity,
  replica_id bigint not null,
  link_id bigint,
  master_doc_id bigint,
  replica_doc_id bigint,
  kind text not null,
  depth text not null,
  message text not null,
  hint text,
  fields jsonb not null default '[]'::jsonb,
  state text not null default 'open'::text,
  verification_id bigint not null,
  last_verification_id bigint not null,
  found_at timestamp with time zone not null default now(),
  last_seen_at timestamp with time zone not null default now(),
  round integer not null default 0,
  repair_after_run bigint,
  repaired_at timestamp with time zone,
  verified_again_at timestamp with time zone,
  verified_again_by bigint,
  reason text,
  constraint findings_pkey PRIMARY KEY (id),
  constraint findings_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE CASCADE,
  constraint findings_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint findings_verification_id_fkey FOREIGN KEY (verification_id) REFERENCES verifications(id) ON DELETE CASCADE,
  constraint findings_state_check CHECK ((state = ANY (ARRAY['open'::text, 'repairing'::text, 'repaired'::text, 'accepted'::text])))
);

CREATE INDEX findings_link ON findings USING btree (link_id) WHERE (link_id IS NOT NULL);
CREATE UNIQUE INDEX findings_one_matter ON findings USING btree (replica_id, kind, COALESCE(link_id, (0)::bigint), COALESCE(replica_doc_id, (0)::bigint)) WHERE (state <> 'repaired'::text);
CREATE INDEX findings_repairing ON findings USING btree (replica_id) WHERE (state = 'repairing'::text);
CREATE INDEX findings_replica ON findings USING btree (replica_id, state, id DESC);
CREATE INDEX findings_seen ON findings USING btree (last_verification_id);

create table leader (
  id smallint not null default 1,
  worker_id uuid,
  epoch bigint not null default 0,
  since timestamp with time zone,
  constraint leader_pkey PRIMARY KEY (id),
  constraint leader_id_check CHECK ((id = 1))
);

create table link_totals (
  replica_id bigint not null,
  links bigint not null,
  constraint link_totals_pkey PRIMARY KEY (replica_id),
  constraint link_totals_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE
);

create table login_attempts (
  id bigint not null generated always as identity,
  source text not null,
  at timestamp with time zone not null default now(),
  constraint login_attempts_pkey PRIMARY KEY (id)
);

CREATE INDEX login_attempts_at ON login_attempts USING btree (at);

create table logs (
  id bigint not null generated always as identity,
  run_id bigint,
  replica_id bigint,
  level text not null,
  message text not null,
  doc_id bigint,
  code text,
  created_at timestamp with time zone not null default now(),
  search tsvector generated always as (to_tsvector('simple'::regconfig, message)) stored,
  constraint logs_pkey PRIMARY KEY (id),
  constraint logs_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE SET NULL,
  constraint logs_run_id_fkey FOREIGN KEY (run_id) REFERENCES sync_runs(id) ON DELETE SET NULL,
  constraint logs_level_check CHECK ((level = ANY (ARRAY['info'::text, 'warning'::text, 'error'::text])))
);

CREATE INDEX logs_code ON logs USING btree (code, id DESC) WHERE (code IS NOT NULL);
CREATE INDEX logs_created ON logs USING btree (created_at DESC, id DESC);
CREATE INDEX logs_document ON logs USING btree (doc_id, id DESC) WHERE (doc_id IS NOT NULL);
CREATE INDEX logs_replica ON logs USING btree (replica_id, id DESC);
CREATE INDEX logs_run ON logs USING btree (run_id, id DESC) WHERE (run_id IS NOT NULL);
CREATE INDEX logs_search ON logs USING gin (search);
CREATE INDEX logs_trouble ON logs USING btree (level, id DESC) WHERE (level <> 'info'::text);

create table master_absences (
  master_doc_id bigint not null,
  state text not null,
  since timestamp with time zone not null default now(),
  seen_in_trash boolean not null default false,
  newest boolean not null default false,
  trashed_sweeps integer not null default 0,
  absent_sweeps integer not null default 0,
  last_sweep_run bigint,
  last_run bigint not null,
  constraint master_absences_pkey PRIMARY KEY (master_doc_id),
  constraint master_absences_state_check CHECK ((state = ANY (ARRAY['trashed'::text, 'absent'::text])))
);

create table master_state (
  id smallint not null default 1,
  cursor_us bigint,
  topology_epoch bigint not null default 1,
  next_cycle_at timestamp with time zone not null default now(),
  generation text,
  version text,
  is_superuser boolean,
  last_contact_at timestamp with time zone,
  document_count bigint,
  high_water_id bigint,
  high_water_added text,
  error_code text,
  error_msg text,
  unconfirmed boolean not null default false,
  suspended_code text,
  suspended_reason text,
  suspended_at timestamp with time zone,
  last_sweep_run bigint,
  deletions_from_sweep bigint not null default 0,
  hygiene jsonb,
  hygiene_at timestamp with time zone,
  last_sweep_at timestamp with time zone,
  sweep_count bigint not null default 0,
  next_verify_at timestamp with time zone,
  constraint master_state_pkey PRIMARY KEY (id),
  constraint master_state_id_check CHECK ((id = 1))
);

create table master_suspects (
  kind text not null,
  master_doc_id bigint not null,
  known text,
  seen text,
  run_id bigint,
  found_at timestamp with time zone not null default now(),
  confirmed_at timestamp with time zone,
  constraint master_suspects_pkey PRIMARY KEY (kind, master_doc_id),
  constraint master_suspects_kind_check CHECK ((kind = ANY (ARRAY['missing'::text, 'identity'::text, 'reused'::text, 'rollback'::text])))
);

create table match_proposals (
  id bigint not null generated always as identity,
  replica_id bigint not null,
  link_id bigint not null,
  master_doc_id bigint not null,
  master_added text not null,
  replica_doc_id bigint not null,
  replica_added text not null,
  rule text not null,
  shown jsonb not null default '{}'::jsonb,
  state text not null default 'open'::text,
  created_at timestamp with time zone not null default now(),
  decided_at timestamp with time zone,
  constraint match_proposals_replica_id_master_doc_id_master_added_repli_key UNIQUE (replica_id, master_doc_id, master_added, replica_doc_id, replica_added),
  constraint match_proposals_pkey PRIMARY KEY (id),
  constraint match_proposals_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE CASCADE,
  constraint match_proposals_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint match_proposals_rule_check CHECK ((rule = ANY (ARRAY['asn'::text, 'title_created'::text]))),
  constraint match_proposals_state_check CHECK ((state = ANY (ARRAY['open'::text, 'accepted'::text, 'rejected'::text, 'linked'::text, 'stale'::text])))
);

CREATE INDEX match_proposals_link ON match_proposals USING btree (link_id);

create table note_links (
  link_id bigint not null,
  master_note_id bigint not null,
  replica_note_id bigint not null,
  text_hash text not null,
  constraint note_links_pkey PRIMARY KEY (link_id, master_note_id),
  constraint note_links_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE CASCADE
);

create table notification_channels (
  id bigint not null generated always as identity,
  name text not null,
  kind text not null,
  config text not null,
  shown text not null,
  enabled boolean not null default true,
  role text not null default 'primary'::text,
  events text[] not null,
  min_severity text not null default 'info'::text,
  cooldown_seconds integer,
  send_recovery boolean not null default true,
  quiet_hours text,
  created_at timestamp with time zone not null default now(),
  confirmed_at timestamp with time zone,
  failing_since timestamp with time zone,
  last_error text,
  constraint notification_channels_pkey PRIMARY KEY (id),
  constraint notification_channels_cooldown_seconds_check CHECK (((cooldown_seconds >= 0) AND (cooldown_seconds <= 604800))),
  constraint notification_channels_min_severity_check CHECK ((min_severity = ANY (ARRAY['info'::text, 'warning'::text, 'critical'::text]))),
  constraint notification_channels_role_check CHECK ((role = ANY (ARRAY['primary'::text, 'backup'::text])))
);

CREATE UNIQUE INDEX notification_channels_name ON notification_channels USING btree (lower(name));
CREATE UNIQUE INDEX notification_channels_settings ON notification_channels USING btree (kind) WHERE (kind = 'settings'::text);

create table promotion_documents (
  promotion_id bigint not null,
  kind text not null,
  old_doc_id bigint not null,
  new_doc_id bigint,
  detail text,
  noted_at timestamp with time zone not null default now(),
  constraint promotion_documents_pkey PRIMARY KEY (promotion_id, kind, old_doc_id),
  constraint promotion_documents_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES promotions(id) ON DELETE CASCADE,
  constraint promotion_documents_kind_check CHECK ((kind = ANY (ARRAY['absent'::text, 'behind'::text, 'changed'::text, 'added'::text, 'deleted'::text])))
);

create table promotion_links (
  promotion_id bigint not null,
  old_doc_id bigint not null,
  old_added text not null,
  old_modified text,
  new_doc_id bigint not null,
  new_added text not null,
  file_checksum text,
  file_md5 text,
  file_size bigint,
  constraint promotion_links_promotion_id_new_doc_id_key UNIQUE (promotion_id, new_doc_id),
  constraint promotion_links_pkey PRIMARY KEY (promotion_id, old_doc_id),
  constraint promotion_links_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES promotions(id) ON DELETE CASCADE
);

create table promotion_taxonomy (
  promotion_id bigint not null,
  kind text not null,
  old_id bigint not null,
  new_id bigint not null,
  name text not null,
  constraint promotion_taxonomy_promotion_id_kind_new_id_key UNIQUE (promotion_id, kind, new_id),
  constraint promotion_taxonomy_pkey PRIMARY KEY (promotion_id, kind, old_id),
  constraint promotion_taxonomy_promotion_id_fkey FOREIGN KEY (promotion_id) REFERENCES promotions(id) ON DELETE CASCADE
);

create table promotions (
  id bigint not null generated always as identity,
  phase text not null default 'freezing'::text,
  replica_id bigint not null,
  replica_name text not null,
  asked_by text not null,
  asked_at timestamp with time zone not null default now(),
  stop_epoch bigint not null default 0,
  accepted_at timestamp with time zone,
  accepted_by text,
  waits_code text,
  waits_for text,
  drain_run bigint,
  left_open jsonb,
  old_master_url text not null,
  old_master_token text not null,
  new_master_url text not null,
  switched_at timestamp with time zone,
  finished_at timestamp with time zone,
  summary jsonb,
  readmitted_as bigint,
  readmitted_at timestamp with time zone,
  constraint promotions_pkey PRIMARY KEY (id),
  constraint promotions_phase_check CHECK ((phase = ANY (ARRAY['freezing'::text, 'stopping'::text, 'draining'::text, 'settling'::text, 'restoring'::text, 'switching'::text, 'switched'::text, 'done'::text, 'cancelled'::text])))
);

CREATE UNIQUE INDEX promotions_open ON promotions USING btree ((true)) WHERE (finished_at IS NULL);
CREATE TRIGGER promotions_switched AFTER UPDATE ON promotions FOR EACH ROW WHEN (((old.switched_at IS NULL) AND (new.switched_at IS NOT NULL))) EXECUTE FUNCTION forget_unmapped_links();

create table reconcile_rows (
  scan_id bigint not null,
  side text not null,
  doc_id bigint not null,
  added text not null,
  asn bigint,
  title_key text not null,
  name_key text,
  content_key text,
  root_hex text,
  newest_hex text,
  sha256 text,
  md5 text,
  marked_for bigint,
  bears_reserved boolean not null default false,
  link_id bigint,
  former_id bigint,
  matched_to bigint,
  rule text,
  constraint reconcile_rows_pkey PRIMARY KEY (scan_id, side, doc_id),
  constraint reconcile_rows_scan_id_fkey FOREIGN KEY (scan_id) REFERENCES reconciliations(id) ON DELETE CASCADE,
  constraint reconcile_rows_side_check CHECK ((side = ANY (ARRAY['master'::text, 'replica'::text])))
);

CREATE INDEX reconcile_rows_asn ON reconcile_rows USING btree (scan_id, asn, side) WHERE ((rule IS NULL) AND (asn IS NOT NULL));
CREATE INDEX reconcile_rows_content ON reconcile_rows USING btree (scan_id, content_key, side) WHERE (rule IS NULL);
CREATE INDEX reconcile_rows_link ON reconcile_rows USING btree (scan_id, link_id) WHERE (link_id IS NOT NULL);
CREATE INDEX reconcile_rows_mark ON reconcile_rows USING btree (scan_id, marked_for) WHERE (marked_for IS NOT NULL);
CREATE INDEX reconcile_rows_name ON reconcile_rows USING btree (scan_id, name_key, side) WHERE (rule IS NULL);
CREATE INDEX reconcile_rows_root ON reconcile_rows USING btree (scan_id, root_hex, side) WHERE (rule IS NULL);
CREATE INDEX reconcile_rows_title ON reconcile_rows USING btree (scan_id, title_key, side) WHERE (rule IS NULL);

create table reconciliations (
  id bigint not null generated always as identity,
  replica_id bigint not null,
  run_id bigint,
  mode text not null,
  started_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  summary jsonb,
  constraint reconciliations_pkey PRIMARY KEY (id),
  constraint reconciliations_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint reconciliations_mode_check CHECK ((mode = ANY (ARRAY['reconcile'::text, 'resync'::text])))
);

CREATE INDEX reconciliations_replica ON reconciliations USING btree (replica_id, id DESC);
CREATE UNIQUE INDEX reconciliations_run ON reconciliations USING btree (run_id);

create table replacements (
  id bigint not null generated always as identity,
  link_id bigint not null,
  replica_id bigint not null,
  step text not null default 'r1'::text,
  from_k integer not null,
  old_doc_id bigint not null,
  old_added text not null,
  old_checksum text not null,
  new_doc_id bigint,
  new_added text,
  new_checksum text,
  new_sha256 text,
  new_md5 text,
  new_size bigint,
  started_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  constraint replacements_pkey PRIMARY KEY (id),
  constraint replacements_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE CASCADE,
  constraint replacements_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint replacements_step_check CHECK ((step = ANY (ARRAY['r1'::text, 'r2'::text, 'r3'::text, 'r4'::text, 'r5'::text, 'r6'::text, 'r7'::text, 'r8'::text, 'done'::text, 'kept'::text, 'abandoned'::text])))
);

CREATE UNIQUE INDEX replacements_new ON replacements USING btree (replica_id, new_doc_id) WHERE ((finished_at IS NULL) AND (new_doc_id IS NOT NULL));
CREATE INDEX replacements_old ON replacements USING btree (replica_id, old_doc_id);
CREATE UNIQUE INDEX replacements_open ON replacements USING btree (link_id) WHERE (finished_at IS NULL);

create table replicas (
  id bigint not null generated always as identity,
  name text not null,
  url text not null,
  api_token text not null,
  enabled boolean not null default true,
  sync_interval_seconds integer,
  last_sync_ts timestamp with time zone,
  consecutive_failures integer not null default 0,
  suspended_at timestamp with time zone,
  suspended_reason text,
  last_alert_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  paused_at timestamp with time zone,
  pause_reason text,
  generation text,
  version text,
  token_user_id bigint,
  last_contact_at timestamp with time zone,
  error_code text,
  error_msg text,
  asn_fence boolean not null default true,
  library_proven boolean not null default false,
  unconfirmed boolean not null default false,
  uploads_held text,
  document_count bigint,
  foreign_count bigint,
  deletions_held text,
  deletions_held_at timestamp with time zone,
  deletions_held_count integer not null default 0,
  deletions_approved integer not null default 0,
  deletions_acknowledged_at timestamp with time zone,
  altered_acknowledged boolean not null default false,
  hygiene jsonb,
  hygiene_at timestamp with time zone,
  reconcile_required text,
  reconciled_at timestamp with time zone,
  known_marks jsonb not null default '[]'::jsonb,
  high_water_id bigint,
  high_water_added text,
  missing_accepted integer not null default 0,
  deletion_mode text not null default 'keep'::text,
  replace_files_on_v2 boolean not null default false,
  unknown_owner text not null default 'token_user'::text,
  conflict_policy text not null default 'master'::text,
  restore_held_back boolean not null default false,
  last_sweep_at timestamp with time zone,
  sweep_started_at timestamp with time zone,
  sweep_position bigint,
  quiet_hours text,
  requests_per_minute integer,
  max_bytes_per_second bigint,
  queue_asked_at timestamp with time zone,
  queue_foreign integer,
  queue_oldest_at timestamp with time zone,
  constraint replicas_name_key UNIQUE (name),
  constraint replicas_pkey PRIMARY KEY (id),
  constraint replicas_conflict_policy_check CHECK ((conflict_policy = ANY (ARRAY['master'::text, 'person'::text]))),
  constraint replicas_deletion_mode_check CHECK ((deletion_mode = ANY (ARRAY['keep'::text, 'trash'::text, 'delete'::text]))),
  constraint replicas_max_bytes_per_second_check CHECK ((max_bytes_per_second >= 16384)),
  constraint replicas_quiet_hours_check CHECK ((quiet_hours ~ '^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$'::text)),
  constraint replicas_requests_per_minute_check CHECK (((requests_per_minute >= 1) AND (requests_per_minute <= 60000))),
  constraint replicas_unknown_owner_check CHECK ((unknown_owner = ANY (ARRAY['token_user'::text, 'unowned'::text, 'skip'::text])))
);

create table request_pace (
  target bigint not null,
  requests_until timestamp with time zone not null default '-infinity'::timestamp with time zone,
  bytes_until timestamp with time zone not null default '-infinity'::timestamp with time zone,
  refused_until timestamp with time zone not null default '-infinity'::timestamp with time zone,
  constraint request_pace_pkey PRIMARY KEY (target)
);

create table request_slots (
  slot_key integer not null,
  held boolean not null,
  waits_until timestamp with time zone,
  constraint request_slots_pkey PRIMARY KEY (slot_key)
);

create table run_items (
  run_id bigint not null,
  link_id bigint not null,
  chunk integer not null,
  kind text not null,
  state text not null default 'planned'::text,
  constraint run_items_pkey PRIMARY KEY (run_id, link_id),
  constraint run_items_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE CASCADE,
  constraint run_items_run_id_fkey FOREIGN KEY (run_id) REFERENCES sync_runs(id) ON DELETE CASCADE,
  constraint run_items_kind_check CHECK ((kind = ANY (ARRAY['upload'::text, 'update'::text]))),
  constraint run_items_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'open'::text, 'done'::text, 'failed'::text, 'held'::text])))
);

CREATE INDEX run_items_link ON run_items USING btree (link_id);
CREATE INDEX run_items_open ON run_items USING btree (run_id, state, kind, link_id);

create table sessions (
  token_hash text not null,
  created_at timestamp with time zone not null default now(),
  last_seen_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  constraint sessions_pkey PRIMARY KEY (token_hash)
);

CREATE INDEX sessions_expiry ON sessions USING btree (expires_at);

create table settings (
  key text not null,
  value text not null,
  updated_at timestamp with time zone not null default now(),
  constraint settings_pkey PRIMARY KEY (key)
);

create table sync_map (
  id bigint not null generated always as identity,
  replica_id bigint not null,
  master_doc_id bigint not null,
  master_added text,
  master_modified text,
  feed_modified text,
  replica_doc_id bigint,
  replica_added text,
  replica_modified text,
  task_id text,
  status text not null default 'pending'::text,
  phase text not null default 'pending'::text,
  error_code text,
  error_msg text,
  retry_count integer not null default 0,
  failed_at timestamp with time zone,
  last_synced timestamp with time zone,
  next_due_at timestamp with time zone,
  dirty_seq bigint not null default nextval('dirty_seq'::regclass),
  applied_seq bigint not null default 0,
  dispatch_gen bigint not null default 0,
  dispatched_at timestamp with time zone,
  lease_worker uuid,
  lease_epoch bigint not null default 0,
  topology_epoch bigint not null default 1,
  crash_count integer not null default 0,
  file_checksum text,
  file_md5 text,
  file_size bigint,
  stored_checksum text,
  plan jsonb,
  applied jsonb,
  report jsonb not null default '[]'::jsonb,
  hold_until timestamp with time zone,
  clean_read_at timestamp with time zone,
  locate boolean not null default false,
  unconfirmed boolean not null default false,
  verified_at timestamp with time zone,
  verified_depth text,
  created_at timestamp with time zone not null default now(),
  tombstone_id bigint,
  kept_at timestamp with time zone,
  version_k integer not null default 0,
  recheck_file boolean not null default false,
  replacing boolean not null default false,
  former_doc_id bigint,
  former_added text,
  dirty_since timestamp with time zone default now(),
  master_hash text,
  held_plan jsonb,
  checksum_at timestamp with time zone,
  bytes_at timestamp with time zone,
  dispatched_by uuid,
  excluded_at timestamp with time zone,
  excluded_reason text,
  excluded_by text,
  constraint sync_map_replica_id_master_doc_id_key UNIQUE (replica_id, master_doc_id),
  constraint sync_map_pkey PRIMARY KEY (id),
  constraint sync_map_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint sync_map_tombstone_id_fkey FOREIGN KEY (tombstone_id) REFERENCES tombstones(id) ON DELETE SET NULL,
  constraint sync_map_excluded_reason_check CHECK (((length(excluded_reason) >= 1) AND (length(excluded_reason) <= 500))),
  constraint sync_map_status_check CHECK ((status = ANY (ARRAY['pending'::text, 'ok'::text, 'error'::text])))
);

CREATE INDEX sync_map_begun ON sync_map USING btree (replica_id) WHERE (phase = ANY (ARRAY['sending'::text, 'unknown'::text, 'awaiting'::text, 'claimed'::text, 'finalising'::text, 'linking'::text, 'releasing'::text]));
CREATE INDEX sync_map_bytes_at ON sync_map USING btree (replica_id, bytes_at NULLS FIRST, id) WHERE (phase <> 'gone'::text);
CREATE INDEX sync_map_checksum_at ON sync_map USING btree (replica_id, checksum_at NULLS FIRST, id) WHERE (phase <> 'gone'::text);
CREATE INDEX sync_map_dispatched ON sync_map USING btree (replica_id) WHERE (dispatched_at IS NOT NULL);
CREATE INDEX sync_map_gone ON sync_map USING btree (master_doc_id) WHERE (phase = 'gone'::text);
CREATE INDEX sync_map_lease ON sync_map USING btree (lease_worker) WHERE (lease_worker IS NOT NULL);
CREATE INDEX sync_map_master ON sync_map USING btree (master_doc_id);
CREATE INDEX sync_map_open ON sync_map USING btree (replica_id, id) WHERE (dirty_seq <> applied_seq);
CREATE INDEX sync_map_owed ON sync_map USING btree (replica_id, dirty_since) WHERE (dirty_since IS NOT NULL);
CREATE INDEX sync_map_read_back ON sync_map USING btree (replica_id, last_synced) WHERE ((checksum_at IS NULL) AND (status = 'ok'::text) AND (phase <> 'gone'::text) AND (dirty_seq = applied_seq));
CREATE INDEX sync_map_reason ON sync_map USING btree (replica_id, error_code, master_doc_id) WHERE (error_code IS NOT NULL);
CREATE UNIQUE INDEX sync_map_replica_doc ON sync_map USING btree (replica_id, replica_doc_id) WHERE (replica_doc_id IS NOT NULL);
CREATE INDEX sync_map_report ON sync_map USING gin (report jsonb_path_ops) WHERE (report <> '[]'::jsonb);
CREATE INDEX sync_map_tombstone ON sync_map USING btree (replica_id) WHERE (tombstone_id IS NOT NULL);
CREATE INDEX sync_map_unsettled ON sync_map USING btree (replica_id, status, phase, checksum_at) WHERE ((status <> 'ok'::text) OR (phase <> 'ok'::text));
CREATE TRIGGER sync_map_added AFTER INSERT ON sync_map REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION count_new_links();
CREATE TRIGGER sync_map_excluded BEFORE INSERT OR UPDATE ON sync_map FOR EACH ROW WHEN ((new.excluded_at IS NOT NULL)) EXECUTE FUNCTION keep_excluded();
CREATE TRIGGER sync_map_forget_verification BEFORE UPDATE OF dirty_seq, replica_doc_id, file_checksum, stored_checksum ON sync_map FOR EACH ROW EXECUTE FUNCTION forget_verification();
CREATE TRIGGER sync_map_open_work BEFORE UPDATE OF dirty_seq, applied_seq ON sync_map FOR EACH ROW EXECUTE FUNCTION note_open_work();
CREATE TRIGGER sync_map_taken AFTER DELETE ON sync_map REFERENCING OLD TABLE AS taken FOR EACH STATEMENT EXECUTE FUNCTION count_lost_links();

create table sync_runs (
  id bigint not null generated always as identity,
  parent_run_id bigint,
  replica_id bigint,
  kind text not null default 'replica'::text,
  triggered_by text not null,
  phase text not null default 'opening'::text,
  started_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  outcome text,
  timed_out boolean not null default false,
  docs_total integer not null default 0,
  docs_synced integer not null default 0,
  docs_failed integer not null default 0,
  docs_held integer not null default 0,
  bytes bigint not null default 0,
  error_code text,
  error_msg text,
  error_side text,
  instance_faults integer not null default 0,
  lease_worker uuid,
  lease_epoch bigint not null default 0,
  dispatch_gen bigint not null default 0,
  dispatched_at timestamp with time zone,
  context jsonb,
  docs_retried integer not null default 0,
  sweep boolean not null default false,
  mode text not null default 'sync'::text,
  dispatched_by uuid,
  constraint sync_runs_pkey PRIMARY KEY (id),
  constraint sync_runs_parent_run_id_fkey FOREIGN KEY (parent_run_id) REFERENCES sync_runs(id) ON DELETE CASCADE,
  constraint sync_runs_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE SET NULL,
  constraint sync_runs_kind_check CHECK ((kind = ANY (ARRAY['cycle'::text, 'replica'::text]))),
  constraint sync_runs_mode_check CHECK ((mode = ANY (ARRAY['sync'::text, 'reconcile'::text, 'resync'::text, 'drain'::text]))),
  constraint sync_runs_outcome_check CHECK ((outcome = ANY (ARRAY['ok'::text, 'partial'::text, 'failed'::text, 'timed_out'::text, 'cancelled'::text])))
);

CREATE INDEX sync_runs_cycles ON sync_runs USING btree (id DESC) WHERE (kind = 'cycle'::text);
CREATE UNIQUE INDEX sync_runs_open ON sync_runs USING btree (replica_id) WHERE ((finished_at IS NULL) AND (kind = 'replica'::text));
CREATE INDEX sync_runs_parent ON sync_runs USING btree (parent_run_id);
CREATE INDEX sync_runs_replica ON sync_runs USING btree (replica_id, id DESC) WHERE (kind = 'replica'::text);
CREATE INDEX sync_runs_started ON sync_runs USING btree (started_at) WHERE (kind = 'replica'::text);
CREATE INDEX sync_runs_trouble ON sync_runs USING btree (outcome, id DESC) WHERE (outcome <> 'ok'::text);
CREATE INDEX sync_runs_unfinished ON sync_runs USING btree (id) WHERE (finished_at IS NULL);
CREATE TRIGGER sync_runs_opened AFTER INSERT ON sync_runs FOR EACH ROW EXECUTE FUNCTION tell_progress();
CREATE TRIGGER sync_runs_progress AFTER UPDATE ON sync_runs FOR EACH ROW WHEN (((((((old.phase IS DISTINCT FROM new.phase) OR (old.finished_at IS DISTINCT FROM new.finished_at)) OR (old.docs_total IS DISTINCT FROM new.docs_total)) OR (old.docs_synced IS DISTINCT FROM new.docs_synced)) OR (old.docs_failed IS DISTINCT FROM new.docs_failed)) OR (old.docs_held IS DISTINCT FROM new.docs_held))) EXECUTE FUNCTION tell_progress();

create table taxonomy_links (
  id bigint not null generated always as identity,
  replica_id bigint not null,
  kind text not null,
  master_id bigint not null,
  replica_obj_id bigint,
  name text not null,
  state text not null,
  created_by_us boolean not null default false,
  held_back jsonb,
  detail jsonb,
  error_msg text,
  updated_at timestamp with time zone not null default now(),
  constraint taxonomy_links_replica_id_kind_master_id_key UNIQUE (replica_id, kind, master_id),
  constraint taxonomy_links_pkey PRIMARY KEY (id),
  constraint taxonomy_links_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint taxonomy_links_state_check CHECK ((state = ANY (ARRAY['creating'::text, 'linked'::text, 'ambiguous'::text, 'failed'::text, 'gone'::text])))
);

CREATE UNIQUE INDEX taxonomy_links_replica ON taxonomy_links USING btree (replica_id, kind, replica_obj_id) WHERE (replica_obj_id IS NOT NULL);

create table tombstones (
  id bigint not null generated always as identity,
  replica_id bigint not null,
  link_id bigint,
  master_doc_id bigint not null,
  master_added text,
  replica_doc_id bigint not null,
  replica_added text,
  asn bigint,
  checksum text,
  reason text not null,
  state text not null default 'planned'::text,
  detail text,
  planned_run bigint,
  trashed_run bigint,
  planned_at timestamp with time zone not null default now(),
  asn_cleared_at timestamp with time zone,
  trashed_at timestamp with time zone,
  purge_due_at timestamp with time zone,
  purged_at timestamp with time zone,
  undo_asked_at timestamp with time zone,
  closed_at timestamp with time zone,
  constraint tombstones_pkey PRIMARY KEY (id),
  constraint tombstones_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE SET NULL,
  constraint tombstones_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint tombstones_reason_check CHECK ((reason = ANY (ARRAY['trashed_on_master'::text, 'absent_on_master'::text, 'surplus'::text, 'replaced'::text]))),
  constraint tombstones_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'asn_cleared'::text, 'trashed'::text, 'purge_due'::text, 'purged'::text, 'restored'::text, 'undone'::text, 'cancelled'::text, 'released'::text])))
);

CREATE INDEX tombstones_recent ON tombstones USING btree (replica_id, planned_at);
CREATE INDEX tombstones_replica ON tombstones USING btree (replica_id, id DESC);

create table upload_attempts (
  id bigint not null generated always as identity,
  link_id bigint not null,
  k integer not null,
  state text not null,
  marker text not null,
  reserved_asn bigint,
  sha256 text not null,
  md5 text not null,
  size bigint not null,
  file_name text not null,
  worker uuid not null,
  lease_epoch bigint not null,
  replica_date timestamp with time zone,
  task_id text,
  success_doc_id bigint,
  posted_at timestamp with time zone not null default now(),
  unknown_at timestamp with time zone,
  started_seen_at timestamp with time zone,
  terminal_at timestamp with time zone,
  closed_at timestamp with time zone,
  failure_code text,
  looks integer not null default 0,
  looked_at timestamp with time zone,
  constraint upload_attempts_link_id_k_key UNIQUE (link_id, k),
  constraint upload_attempts_pkey PRIMARY KEY (id),
  constraint upload_attempts_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE CASCADE,
  constraint upload_attempts_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'unknown'::text, 'awaiting'::text, 'success'::text, 'failure'::text, 'refused'::text])))
);

CREATE INDEX upload_attempts_open ON upload_attempts USING btree (link_id) WHERE (closed_at IS NULL);

create table verification_ledger (
  verification_id bigint not null,
  link_id bigint not null,
  master_doc_id bigint not null,
  replica_doc_id bigint,
  depth text not null,
  compared_at timestamp with time zone not null,
  outcome text not null,
  reason text,
  master_file text,
  copy_file text,
  master_fields text,
  copy_fields text,
  derived boolean not null default false,
  constraint verification_ledger_pkey PRIMARY KEY (verification_id, link_id),
  constraint verification_ledger_verification_id_fkey FOREIGN KEY (verification_id) REFERENCES verifications(id) ON DELETE CASCADE,
  constraint verification_ledger_outcome_check CHECK ((outcome = ANY (ARRAY['equal'::text, 'different'::text, 'skipped'::text, 'again'::text])))
);

CREATE INDEX verification_ledger_again ON verification_ledger USING btree (verification_id, link_id) WHERE (outcome = 'again'::text);
CREATE INDEX verification_ledger_link ON verification_ledger USING btree (link_id, depth, compared_at DESC);

create table verifications (
  id bigint not null generated always as identity,
  parent_id bigint,
  replica_id bigint,
  scope text not null,
  depth text not null,
  master_doc_id bigint,
  trigger text not null,
  asked_by text not null,
  state text not null default 'waiting'::text,
  phase text not null default 'list'::text,
  checkpoint bigint not null default 0,
  requested_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  budget_ms bigint,
  spent_ms bigint not null default 0,
  compared bigint not null default 0,
  equal bigint not null default 0,
  derived bigint not null default 0,
  findings bigint not null default 0,
  skipped bigint not null default 0,
  bytes_read bigint not null default 0,
  master_documents bigint,
  replica_documents bigint,
  subset boolean not null default false,
  digest text,
  faults integer not null default 0,
  error_code text,
  error_msg text,
  lease_worker uuid,
  lease_epoch bigint not null default 0,
  dispatched_at timestamp with time zone,
  dispatched_by uuid,
  constraint verifications_pkey PRIMARY KEY (id),
  constraint verifications_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES verifications(id) ON DELETE CASCADE,
  constraint verifications_replica_id_fkey FOREIGN KEY (replica_id) REFERENCES replicas(id) ON DELETE CASCADE,
  constraint verifications_depth_check CHECK ((depth = ANY (ARRAY['list'::text, 'metadata'::text, 'checksum'::text, 'bytes'::text]))),
  constraint verifications_scope_check CHECK ((scope = ANY (ARRAY['document'::text, 'replica'::text, 'slice'::text, 'repairs'::text, 'everything'::text]))),
  constraint verifications_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'stopped'::text, 'failed'::text, 'cancelled'::text]))),
  constraint verifications_trigger_check CHECK ((trigger = ANY (ARRAY['manual'::text, 'cli'::text, 'scheduler'::text, 'repair'::text])))
);

CREATE INDEX verifications_open ON verifications USING btree (id) WHERE (finished_at IS NULL);
CREATE INDEX verifications_parent ON verifications USING btree (parent_id);
CREATE INDEX verifications_replica ON verifications USING btree (replica_id, id DESC);

create table version_attempts (
  id bigint not null generated always as identity,
  link_id bigint not null,
  k integer not null,
  state text not null,
  master_version_id bigint not null,
  label text not null,
  sha256 text not null,
  md5 text not null,
  size bigint not null,
  file_name text not null,
  worker uuid not null,
  lease_epoch bigint not null,
  replica_date timestamp with time zone,
  task_id text,
  replica_version_id bigint,
  posted_at timestamp with time zone not null default now(),
  unknown_at timestamp with time zone,
  started_seen_at timestamp with time zone,
  terminal_at timestamp with time zone,
  closed_at timestamp with time zone,
  failure_code text,
  looks integer not null default 0,
  looked_at timestamp with time zone,
  constraint version_attempts_link_id_k_key UNIQUE (link_id, k),
  constraint version_attempts_pkey PRIMARY KEY (id),
  constraint version_attempts_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE CASCADE,
  constraint version_attempts_state_check CHECK ((state = ANY (ARRAY['sending'::text, 'unknown'::text, 'awaiting'::text, 'success'::text, 'failure'::text, 'refused'::text])))
);

create table version_links (
  id bigint not null generated always as identity,
  link_id bigint not null,
  master_version_id bigint not null,
  replica_version_id bigint not null,
  sha256 text,
  md5 text,
  stored_checksum text not null,
  state text not null default 'current'::text,
  created_at timestamp with time zone not null default now(),
  constraint version_links_link_id_replica_version_id_key UNIQUE (link_id, replica_version_id),
  constraint version_links_pkey PRIMARY KEY (id),
  constraint version_links_link_id_fkey FOREIGN KEY (link_id) REFERENCES sync_map(id) ON DELETE CASCADE,
  constraint version_links_state_check CHECK ((state = ANY (ARRAY['current'::text, 'superseded'::text, 'removed'::text])))
);

CREATE UNIQUE INDEX version_links_current ON version_links USING btree (link_id, master_version_id) WHERE (state = 'current'::text);

create table webhook_events (
  id bigint not null generated always as identity,
  master_doc_id bigint not null,
  kind text not null default 'changed'::text,
  state text not null default 'pending'::text,
  received_at timestamp with time zone not null default now(),
  last_received_at timestamp with time zone not null default now(),
  received_count integer not null default 1,
  body text not null,
  fields jsonb not null default '{}'::jsonb,
  looks integer not null default 0,
  next_look_at timestamp with time zone not null default now(),
  marked_at timestamp with time zone,
  ended_at timestamp with time zone,
  outcome text,
  detail text,
  run_id bigint,
  constraint webhook_events_pkey PRIMARY KEY (id),
  constraint webhook_events_run_id_fkey FOREIGN KEY (run_id) REFERENCES sync_runs(id) ON DELETE SET NULL,
  constraint webhook_events_body_check CHECK ((body = ANY (ARRAY['json'::text, 'form'::text, 'text'::text, 'multipart'::text, 'replay'::text]))),
  constraint webhook_events_kind_check CHECK ((kind = ANY (ARRAY['added'::text, 'updated'::text, 'changed'::text]))),
  constraint webhook_events_master_doc_id_check CHECK ((master_doc_id > 0)),
  constraint webhook_events_outcome_check CHECK ((outcome = ANY (ARRAY['applied'::text, 'failed'::text, 'deferred'::text, 'not_there'::text]))),
  constraint webhook_events_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'syncing'::text, 'done'::text, 'left'::text])))
);

CREATE INDEX webhook_events_document ON webhook_events USING btree (master_doc_id, id);
CREATE INDEX webhook_events_open ON webhook_events USING btree (next_look_at) WHERE (state = ANY (ARRAY['pending'::text, 'syncing'::text]));
CREATE UNIQUE INDEX webhook_events_pending ON webhook_events USING btree (master_doc_id) WHERE (state = 'pending'::text);
CREATE INDEX webhook_events_run ON webhook_events USING btree (run_id) WHERE (run_id IS NOT NULL);

create table webhook_rate (
  id smallint not null default 1,
  minute timestamp with time zone not null default date_trunc('minute'::text, now()),
  requests integer not null default 0,
  constraint webhook_rate_pkey PRIMARY KEY (id),
  constraint webhook_rate_id_check CHECK ((id = 1))
);

create table workers (
  id uuid not null,
  role text not null,
  version text not null,
  started_at timestamp with time zone not null default now(),
  beat bigint not null default 0,
  beat_at timestamp with time zone not null default now(),
  dead boolean not null default false,
  lock_pid integer,
  lock_backend_start timestamp with time zone,
  scratch_full_since timestamp with time zone,
  topology_epoch bigint not null default 0,
  constraint workers_pkey PRIMARY KEY (id)
);
