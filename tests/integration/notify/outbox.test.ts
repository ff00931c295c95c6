/** Processes that die, digests, pings, and the target of the settings: told at least once, and written once (N1, N3). */
import { describe, expect, it } from 'vitest';
import { sendDigest } from '../../../shared/replication/notify/digest.ts';
import { evaluateAlerts } from '../../../shared/replication/notify/evaluate.ts';
import { useAlertStage } from './stage.ts';

const s = useAlertStage();

describe('a process that dies', () => {
  const die = (point: string) => {
    s.race = (name) => (name === point ? Promise.reject(new Error('killed')) : Promise.resolve());
  };

  it.each(['alerts:observed', 'alerts:written'])(
    'at %s has told nobody, and the next look tells it once',
    async (point) => {
      await s.webhook('hook', s.first);
      await s.suspend();
      die(point);
      await expect(evaluateAlerts(s.deps())).rejects.toThrow('killed');
      expect(await s.states()).toEqual([]);
      s.race = () => Promise.resolve();
      await s.look();
      expect(s.events(s.first)).toEqual(['replica_suspended']);
    },
  );

  it.each([
    ['delivery:claimed', 1],
    ['delivery:sent', 2],
  ])('at %s leaves the message to another, which sends it with the same id', async (point, copies) => {
    await s.webhook('hook', s.first);
    await s.suspend();
    await evaluateAlerts(s.deps());
    die(point);
    await expect(s.send()).rejects.toThrow('killed');
    s.race = () => Promise.resolve();
    expect(await s.send()).toEqual([]);
    await s.database.db
      .updateTable('alert_deliveries')
      .set({ claimed_until: new Date(0), dispatched_at: null })
      .execute();
    expect(await s.send()).toEqual(['delivered']);
    expect(s.first.received.length).toBe(copies);
    expect(new Set(s.first.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it('and one that leads after it never tell the same twice', async () => {
    await s.webhook('hook', s.first);
    await s.suspend();
    let go: () => void = () => undefined;
    const frozen = new Promise<void>((resolve) => (go = resolve));
    s.race = (name) => (name === 'alerts:observed' ? frozen : Promise.resolve());
    const late = evaluateAlerts(s.deps(s.leaders[0]));
    await s.database.db
      .updateTable('workers')
      .set({ dead: true })
      .where('id', 'like', '1111%' as never)
      .execute()
      .catch(() => undefined);
    await s.database.db.updateTable('leader').set({ worker_id: null }).execute();
    await s.leaders[1]?.tick();
    s.race = () => Promise.resolve();
    expect(await evaluateAlerts(s.deps(s.leaders[1]))).toBe(true);
    go();
    expect(await late).toBe(false);
    expect(await s.states()).toEqual(['waiting']);
    await s.database.db.updateTable('leader').set({ worker_id: null }).execute();
    await s.database.db.updateTable('workers').set({ dead: false }).execute();
    await s.leaders[0]?.tick();
  });
});

describe('the daily digest', () => {
  it('is sent once a day however often one looks, not for a day before the channel was there, and on demand', async () => {
    s.settings['timezone'] = 'Europe/Berlin';
    const channel = await s.webhook('hook', s.first, { events: ['daily_digest'] });
    await s.look();
    expect(s.events(s.first)).toEqual([]);
    await s.testDatabase.owner
      .updateTable('notification_channels')
      .set({ created_at: new Date(s.at.getTime() - 3 * 86_400_000) })
      .where('id', '=', channel.id)
      .execute();
    await s.run({ docs_synced: 12, docs_failed: 1, sweep: true, docs_total: 13 });
    await s.look();
    await s.look();
    expect(s.events(s.first)).toEqual(['daily_digest']);
    const { title, message } = JSON.parse(s.first.received[0]?.body ?? '{}');
    expect(title).toBe('Daily digest: 12 synced, 1 failed, nothing is amiss.');
    expect(message).toMatch(
      /^attic: 1 runs \(0 failed\), 12 documents synced, 1 failed, 0 retried; last sweep .*: 13 differed, 12 mended, 1 failed; never verified\.$/,
    );
    s.at = new Date(s.at.getTime() + 86_400_000);
    await s.look();
    expect(s.events(s.first)).toEqual(['daily_digest', 'daily_digest']);
    expect((await sendDigest(s.deps())).channels).toBe(1);
    await s.send();
    expect(s.events(s.first)).toHaveLength(3);
  });

  it('has nobody to go to without a channel that wants it', async () => {
    await expect(sendDigest(s.deps())).rejects.toMatchObject({ code: 'no_digest_channel' });
  });
});

describe('a dead-man ping', () => {
  it('follows every good cycle, says of a failed one that it failed, and hears of nothing else', async () => {
    await s.channel({ name: 'ping', kind: 'ping', config: { url: `${s.first.url}/uuid` } });
    await s.suspend();
    for (const outcome of ['ok', 'failed'] as const) {
      await s.run({ kind: 'cycle', replica_id: null, outcome });
      await s.look();
      await s.look();
    }
    expect(s.first.received.map(({ path }) => path)).toEqual(['/uuid', '/uuid/fail']);
  });
});

describe('the target of the settings', () => {
  it('is a channel whose address and token stand in the settings alone', async () => {
    Object.assign(s.settings, {
      alert_target_type: 'gotify',
      alert_target_url: s.first.url,
      alert_target_token: 'Atoken',
    });
    await s.suspend();
    await s.look();
    expect(s.first.received.map(({ path, headers }) => [path, headers['x-gotify-key']])).toEqual([
      ['/message', 'Atoken'],
    ]);
    expect(JSON.parse(s.first.received[0]?.body ?? '')).toMatchObject({ title: 'pngx-controller alert', priority: 7 });
    Object.assign(s.settings, { alert_target_type: 'webhook', alert_target_url: s.second.url });
    await s.unsuspend();
    await s.look();
    expect(s.second.received.map(({ headers }) => headers.authorization)).toEqual(['Atoken']);
    const { config } = await s.database.db
      .selectFrom('notification_channels')
      .select('config')
      .executeTakeFirstOrThrow();
    expect(config).toBe('');
  });
});
