/** What people are told, when, by whom, and how often: on a real database, with real receivers (N1, N3). */
import { describe, expect, it } from 'vitest';
import { endSilence, insertSilence } from '../../../shared/db/channels.repo.ts';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import { useAlertStage } from './stage.ts';

const s = useAlertStage();

describe('a trouble', () => {
  it('is told once with the payload of the reference, and its end once', async () => {
    await s.webhook('hook', s.first);
    await s.suspend();
    await s.look();
    await s.look();
    expect(JSON.parse(s.first.received[0]?.body ?? '')).toEqual({
      event: 'replica_suspended',
      replica: 'attic',
      replica_url: 'http://attic.test',
      consecutive_failures: 5,
      docs_failed: 0,
      docs_synced: 0,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      controller_url: 'https://pngx.example',
    });
    expect(s.events(s.first)).toEqual(['replica_suspended']);
    await s.unsuspend();
    await s.look();
    await s.look();
    expect(s.events(s.first)).toEqual(['replica_suspended', 'replica_recovered']);
    const row = await s.database.db.selectFrom('replicas').select('last_alert_at').executeTakeFirstOrThrow();
    expect(row.last_alert_at).not.toBeNull();
  });

  it('of a run with many failures is told after each such run, and not of one below the threshold', async () => {
    await s.webhook('hook', s.first);
    for (const failed of [4, 5, 7, 1]) {
      await s.run({ docs_failed: failed, docs_synced: 3 });
      await s.look();
    }
    expect(s.first.received.map(({ body }) => [JSON.parse(body).event, JSON.parse(body).docs_failed])).toEqual([
      ['sync_failures_threshold', 5],
      ['sync_failures_threshold', 7],
      ['sync_failures_over', 1],
    ]);
  });

  it('of each kind is found in what the database knows', async () => {
    await s.webhook('hook', s.first);
    await s.set({ error_code: 'token_refused', error_msg: 'no', last_sync_ts: new Date(s.at.getTime() - 3_600_000) });
    await s.set({ deletions_held: 'too many', deletions_held_at: s.at });
    await s.database.db
      .updateTable('master_state')
      .set({ error_code: 'instance_unreachable', error_msg: 'away' })
      .execute();
    await s.database.db
      .insertInto('sync_map')
      .values({ replica_id: s.replica, master_doc_id: 1, status: 'error', phase: 'dlq' })
      .execute();
    const link = await s.database.db.selectFrom('sync_map').select('id').executeTakeFirstOrThrow();
    await s.database.db
      .insertInto('conflicts')
      .values({ replica_id: s.replica, link_id: link.id, master_doc_id: 1, field: 'title' })
      .execute();
    await s.database.db.updateTable('workers').set({ scratch_full_since: s.at }).execute();
    await s.look();
    await s.database.db.updateTable('workers').set({ scratch_full_since: null }).execute();
    expect(s.events(s.first).sort()).toEqual(
      [
        'conflict',
        'cycle_late',
        'deletion_guard',
        'disk_low',
        'dlq_growth',
        'master_unreachable',
        'token_refused',
      ].sort(),
    );
    await s.set({ paused_at: s.at });
    await s.look();
    expect(s.events(s.first)).not.toContain('cycle_on_time');
  });

  it('of silent webhooks is told when cycles find what none told of, and is over with the next one', async () => {
    await s.webhook('hook', s.first);
    const long = new Date(Date.now() - 2 * 86_400_000);
    await putSettings(s.database.db, [{ key: 'webhook_secret', value: 'sealed' }]);
    const hint = { master_doc_id: 5, body: 'json', state: 'done', last_received_at: long } as const;
    await s.database.db.insertInto('webhook_events').values(hint).execute();
    await s.look();
    expect(s.events(s.first)).not.toContain('webhook_silence');
    // What a hint opened itself, and a sweep, prove nothing.
    const run = { replica_id: s.replica, phase: 'closed', outcome: 'ok', finished_at: s.at, docs_synced: 2 } as const;
    await s.database.db
      .insertInto('sync_runs')
      .values([
        { ...run, triggered_by: 'webhook' },
        { ...run, triggered_by: 'scheduler', sweep: true },
      ])
      .execute();
    await s.look();
    expect(s.events(s.first)).not.toContain('webhook_silence');
    await s.database.db
      .insertInto('sync_runs')
      .values({ ...run, triggered_by: 'scheduler' })
      .execute();
    await s.look();
    expect(s.events(s.first)).toContain('webhook_silence');
    await s.database.db.updateTable('webhook_events').set({ last_received_at: new Date() }).execute();
    await s.look();
    expect(s.events(s.first)).toContain('webhook_heard');
    await s.database.db.deleteFrom('webhook_events').execute();
    await s.database.db.deleteFrom('settings').where('key', '=', 'webhook_secret').execute();
  });

  it('that comes back within the cooldown is told when the cooldown is over, if it still holds', async () => {
    s.settings['alert_cooldown_seconds'] = '3600';
    await s.webhook('hook', s.first);
    await s.suspend();
    await s.look();
    await s.unsuspend();
    await s.look();
    s.at = new Date(s.at.getTime() + 1000);
    await s.suspend();
    await s.look();
    expect(s.events(s.first)).toEqual(['replica_suspended', 'replica_recovered']);
    await s.unsuspend();
    await s.look();
    await s.passTime();
    await s.send();
    expect(s.events(s.first)).toEqual(['replica_suspended', 'replica_recovered']);
    s.at = new Date(s.at.getTime() + 1000);
    await s.suspend();
    await s.look();
    await s.passTime();
    await s.send();
    expect(s.events(s.first)).toEqual(['replica_suspended', 'replica_recovered', 'replica_suspended']);
  });

  it('goes where its event and severity are wanted, and its end only where it is wanted', async () => {
    await s.webhook('some', s.first, { events: ['conflict'] });
    await s.webhook('grave', s.second, { minSeverity: 'critical', sendRecovery: false });
    await s.run({ docs_failed: 9 });
    await s.suspend();
    await s.look();
    await s.unsuspend();
    await s.look();
    expect([s.events(s.first), s.events(s.second)]).toEqual([[], ['replica_suspended']]);
  });

  it('is held back by a silence and by quiet hours, and told when they end', async () => {
    await s.webhook('hook', s.first, { quietHours: '00:00-23:59' });
    s.settings['timezone'] = 'UTC';
    s.at = new Date('2026-11-22T12:00:00Z');
    const silence = {
      event: null,
      replica_id: s.replica,
      reason: 'moving house',
      until: new Date(Date.now() + 9e6),
      created_by: 'kim',
    };
    s.at = new Date();
    const { id } = await insertSilence(s.database.db, silence);
    await s.suspend();
    await s.run({ docs_failed: 9 });
    await s.look();
    expect(s.events(s.first)).toEqual([]);
    expect(await endSilence(s.database.db, id)).toBeGreaterThan(0);
    await s.send();
    expect(s.events(s.first)).toContain('replica_suspended');
  });
});

describe('a channel that fails', () => {
  it('is tried again with the same id, then its backup is asked, and all of it can be seen', async () => {
    s.first.answer(503);
    await s.webhook('main', s.first);
    await s.webhook('reserve', s.second, { role: 'backup' });
    await s.run({ docs_failed: 9 });
    await s.look();
    expect(await s.states()).toEqual(['waiting', 'standby']);
    for (let round = 0; round < 2; round += 1) {
      await s.passTime();
      await s.send();
    }
    await s.send();
    expect(s.events(s.second)).toEqual(['sync_failures_threshold']);
    expect(new Set(s.first.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(s.first.received.length).toBeGreaterThanOrEqual(3);
    const channel = await s.database.db
      .selectFrom('notification_channels')
      .selectAll()
      .where('name', '=', 'main')
      .executeTakeFirstOrThrow();
    expect([channel.failing_since === null, channel.last_error]).toEqual([
      false,
      expect.stringContaining('answered 503'),
    ]);
    s.first.answer(200);
    await s.passTime();
    await s.send();
    expect(await s.states()).toEqual(['delivered', 'delivered']);
  });

  it('for good is not tried again; the backup speaks at once', async () => {
    s.first.answer(404);
    await s.webhook('main', s.first);
    await s.webhook('reserve', s.second, { role: 'backup' });
    await s.run({ docs_failed: 9 });
    await s.look();
    await s.send();
    expect(await s.states()).toEqual(['failed', 'delivered']);
  });

  it('does not keep its backup from what is critical', async () => {
    await s.webhook('main', s.first);
    await s.webhook('reserve', s.second, { role: 'backup' });
    await s.suspend();
    await s.look();
    expect([s.events(s.first), s.events(s.second)]).toEqual([['replica_suspended'], ['replica_suspended']]);
  });
});
