/** A replica with one of each trouble, so that no page is looked at empty. */
import { sql } from 'kysely';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { addChannel } from '../../../shared/replication/notify/channels.ts';
import { insertReplica } from '../../../shared/db/replicas.repo.ts';
import type { BrowserStage } from './stage.ts';

export async function addTroubles(stage: BrowserStage): Promise<void> {
  const { api, attic, master } = stage;
  const access = { url: attic.url, api_token: api.secrets.seal(attic.token) };
  await insertReplica(api.db, { name: 'attic', ...access });
  await makeAmbiguous(stage);
  attic.setFault('consumption-fails', { skip: 2, times: 1, value: 'ocrmypdf ended with an error' });
  await stage.cycle();
  await insertReplica(api.db, { name: 'cellar', ...access, url: `${master.url}/elsewhere` });
  const { db, owner } = { db: api.db, owner: api.owner };
  const { cellar } = stage;
  await sql`insert into promotions (phase, replica_id, replica_name, asked_by, old_master_url, old_master_token, new_master_url,
      switched_at, finished_at, left_open)
    values ('done', 1, 'attic', 'admin', ${cellar.url}, ${api.secrets.seal(cellar.token)}, ${master.url}, now(), now(),
      '[{"replica_id": 1, "replica": "attic", "uploads": 1, "versions": 0, "replacements": 0, "documents": 1, "unanswered": 0}]')`.execute(
    db,
  );
  await sql`insert into promotion_documents (promotion_id, kind, old_doc_id, new_doc_id, detail)
    select id, 'changed', 3, 4, 'Changed there at 2026-01-01.' from promotions`.execute(db);
  await sql`update replicas set suspended_at = now(), suspended_reason = 'Suspended after 5 failed runs in a row.'
    where name = 'cellar'`.execute(db);
  await sql`insert into conflicts (replica_id, link_id, master_doc_id, replica_doc_id, field, shown)
    select replica_id, id, master_doc_id, replica_doc_id, 'title', '{"before": "Bill", "master": "Invoice", "replica": "Bil"}'
    from sync_map where status = 'ok' order by id limit 1`.execute(db);
  await sql`insert into verifications (replica_id, scope, depth, trigger, asked_by, state, phase, started_at, finished_at)
    select id, 'replica', 'checksum', 'manual', 'page', 'done', 'done', now(), now() from replicas where name = 'attic'`.execute(
    db,
  );
  await sql`insert into findings (replica_id, link_id, master_doc_id, replica_doc_id, kind, depth, message, verification_id,
      last_verification_id, fields)
    select s.replica_id, s.id, s.master_doc_id, s.replica_doc_id, 'field_differs', 'metadata', 'The title differs.', v.id, v.id,
      '[{"field": "title", "masterHash": "a", "copyHash": "b", "master": "Invoice", "copy": "Bill"}]'
    from sync_map s join verifications v on v.replica_id = s.replica_id where s.status = 'ok' order by s.id limit 1`.execute(
    owner,
  );
  await addMessages(stage);
  await sql`insert into logs (level, message, replica_id, doc_id, code)
    select l.level, l.message, r.id, 1, l.code from replicas r cross join (values
      ('info', 'Run finished: 5 done, 1 failed, 0 waiting.', null),
      ('warning', 'The answer took 7 s; the instance is slow', 'slow_answer'),
      ('error', 'The replica could not consume document 3: ocrmypdf failed', 'task_failed')) l(level, message, code)
    where r.name = 'attic'`.execute(owner);
  await sql`insert into audit_log (actor, via, action, target, status, source, before, after)
    values ('admin', 'session', 'PUT /api/settings', 'settings', 200, '127.0.0.1', '{"max_attempts": 10}',
      '{"max_attempts": 7}')`.execute(owner);
}

/** A tag of the master whose name two people of the replica gave to a tag of their own, and a document that bears it. */
export async function makeAmbiguous({ master, attic }: Pick<BrowserStage, 'master' | 'attic'>): Promise<void> {
  const { id } = (await ask(master, 'POST', '/api/tags/', { name: 'Twice', owner: null })) as { id: number };
  for (const username of ['bob', 'cleo']) {
    const user = (await ask(attic, 'POST', '/api/users/', { username })) as { id: number };
    await ask(attic, 'POST', '/api/tags/', { name: 'Twice', owner: user.id });
  }
  await uploadText(master, 'tagged', { tags: id });
  await master.idle();
}

/** A channel that took one message and did not take another, with a silence. */
async function addMessages({ api }: BrowserStage): Promise<void> {
  const channel = await addChannel(
    { db: api.db, secrets: api.secrets, log: api.deps.log },
    { name: 'phone', kind: 'gotify', config: { url: 'http://127.0.0.1:9', token: 'a-token-of-gotify' } },
  );
  await sql`update notification_channels set failing_since = now(), last_error = 'gotify.test answered 503.'`.execute(
    api.db,
  );
  await sql`with told as (insert into alert_events (message_id, event, state, severity, title, message)
      values ('msg_1', 'replica_suspended', 'raised', 'critical', 'cellar is suspended.', 'Five runs failed.'),
        ('msg_2', 'conflict', 'raised', 'warning', 'attic: 1 open conflicts.', '') returning id, event)
    insert into alert_deliveries (event_id, channel_id, state, attempts, last_error, ended_at)
    select id, ${channel.id}, case event when 'conflict' then 'failed' else 'delivered' end, 3,
      case event when 'conflict' then 'gotify.test answered 503.' end, now() from told`.execute(api.db);
  await sql`insert into alert_silences (event, reason, until, created_by)
    values ('conflict', 'Moving house.', now() + interval '4 hours', 'admin')`.execute(api.db);
}
