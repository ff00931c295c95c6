/** What people are told, when, by whom, and how often: on a real database, with real receivers (N1, N3). */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseSettings, type Settings } from '../../../shared/config/settings.ts';
import { createSecretBox } from '../../../shared/config/secret-key.ts';
import { openDatabase, type Database } from '../../../shared/db/client.ts';
import { takeDueDeliveries } from '../../../shared/db/deliveries.repo.ts';
import { insertReplica } from '../../../shared/db/replicas.repo.ts';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import type { Tables } from '../../../shared/db/tables.ts';
import { registerWorker } from '../../../shared/db/workers.repo.ts';
import type { EventName } from '../../../shared/domain/notify-rules.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import { createLeadership, type Leadership } from '../../../shared/replication/lead.ts';
import { addChannel, type NewChannelInput } from '../../../shared/replication/notify/channels.ts';
import { deliver } from '../../../shared/replication/notify/deliver.ts';
import type { EvaluateDeps } from '../../../shared/replication/notify/deps.ts';
import { sendDigest } from '../../../shared/replication/notify/digest.ts';
import { evaluateAlerts } from '../../../shared/replication/notify/evaluate.ts';
import { endSilence, insertSilence } from '../../../shared/db/channels.repo.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { startReceiver, type Receiver } from './receivers.ts';

let testDatabase: TestDatabase;
let database: Database<Tables>;
let first: Receiver;
let second: Receiver;
let leaders: Leadership[];
let replica: number;
let settings: Record<string, string>;
let at: Date;
let race: (name: string) => Promise<void>;
let queued: number[];
const secrets = createSecretBox({ current: formatFernetKey(randomBytes(32)), old: undefined });
const log = { info: () => undefined, warning: () => undefined, error: () => undefined };
const guard = { assertAlive: () => undefined, fenced: new AbortController().signal };

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  database = openDatabase<Tables>(testDatabase.url, { max: 6 });
  [first, second] = [await startReceiver(), await startReceiver()];
  leaders = await Promise.all(
    ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'].map(async (workerId) => {
      await registerWorker(database.db, { id: workerId, role: 'worker', version: '1' });
      return createLeadership({ db: database.db, workerId, guard, log });
    }),
  );
  await leaders[0]?.tick();
});
afterAll(async () => {
  await Promise.all([first.close(), second.close(), database.close()]);
  await testDatabase.drop();
});

beforeEach(async () => {
  const owner = testDatabase.owner;
  for (const table of [
    'alert_silences',
    'notification_channels',
    'alert_events',
    'alerts',
    'sync_runs',
    'replicas',
  ] as const)
    await owner.deleteFrom(table).execute();
  await owner.updateTable('master_state').set({ error_code: null, error_msg: null }).execute();
  const made = await insertReplica(database.db, { name: 'attic', url: 'http://attic.test', api_token: 'sealed' });
  replica = made?.id ?? 0;
  settings = { alert_cooldown_seconds: '0' };
  at = new Date();
  queued = [];
  race = () => Promise.resolve();
  for (const one of [first, second]) {
    one.received.length = 0;
    one.answer(200);
  }
});

const load = (): Promise<Settings> =>
  Promise.resolve(
    parseSettings(
      Object.entries(settings).map(([key, value]) => ({ key, value })),
      (text) => text,
    ),
  );
const deps = (leader = leaders[0]): EvaluateDeps => ({
  db: database.db,
  secrets,
  log,
  settings: load,
  clock: { ...systemClock, now: () => at },
  publicUrl: 'https://pngx.example',
  onDelivered: () => undefined,
  queue: { deliver: async (jobs) => void queued.push(...jobs.map(({ deliveryId }) => deliveryId)) },
  racePoint: (name) => race(name),
  leader: leader as Leadership,
});

const webhook = (name: string, to: Receiver, more: Partial<NewChannelInput> = {}) =>
  addChannel(
    { db: database.db, secrets, log },
    { name, kind: 'webhook', config: { url: `${to.url}/${name}` }, ...more },
  );
const set = (values: object) => database.db.updateTable('replicas').set(values).where('id', '=', replica).execute();
const suspend = () => set({ suspended_at: at, suspended_reason: 'it is gone', consecutive_failures: 5 });
const unsuspend = () => set({ suspended_at: null, suspended_reason: null, consecutive_failures: 0 });
/** Looks, then sends what is due, as jobs would. */
async function look(): Promise<void> {
  await evaluateAlerts(deps());
  await send();
}
async function send(): Promise<string[]> {
  const due = await takeDueDeliveries(database.db, { lostAfterMs: 60_000, limit: 100 });
  queued.push(...due.map(({ id }) => id));
  const ends = [];
  for (let id = queued.shift(); id !== undefined; id = queued.shift()) ends.push(await deliver(deps(), id));
  return ends;
}
/** Everything that waits for a time is due. */
const passTime = () =>
  database.db
    .updateTable('alert_deliveries')
    .set({ due_at: new Date(0), dispatched_at: null })
    .where('state', '=', 'waiting')
    .execute();
const events = (to: Receiver) => to.received.map(({ body }) => JSON.parse(body).event as string);
const states = async (event?: EventName) =>
  (
    await database.db
      .selectFrom('alert_deliveries as d')
      .innerJoin('alert_events as e', 'e.id', 'd.event_id')
      .select(['d.state', 'd.attempts', 'd.held_by', 'e.event'])
      .orderBy('d.id')
      .execute()
  )
    .filter((row) => event === undefined || row.event === event)
    .map(({ state }) => state);
const run = (more: object) =>
  database.db
    .insertInto('sync_runs')
    .values({
      kind: 'replica',
      replica_id: replica,
      triggered_by: 'schedule',
      phase: 'closed',
      finished_at: at,
      outcome: 'partial',
      ...more,
    })
    .returning('id')
    .executeTakeFirstOrThrow();

describe('a trouble', () => {
  it('is told once with the payload of the reference, and its end once', async () => {
    await webhook('hook', first);
    await suspend();
    await look();
    await look();
    expect(JSON.parse(first.received[0]?.body ?? '')).toEqual({
      event: 'replica_suspended',
      replica: 'attic',
      replica_url: 'http://attic.test',
      consecutive_failures: 5,
      docs_failed: 0,
      docs_synced: 0,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      controller_url: 'https://pngx.example',
    });
    expect(events(first)).toEqual(['replica_suspended']);
    await unsuspend();
    await look();
    await look();
    expect(events(first)).toEqual(['replica_suspended', 'replica_recovered']);
    const row = await database.db.selectFrom('replicas').select('last_alert_at').executeTakeFirstOrThrow();
    expect(row.last_alert_at).not.toBeNull();
  });

  it('of a run with many failures is told after each such run, and not of one below the threshold', async () => {
    await webhook('hook', first);
    for (const failed of [4, 5, 7, 1]) {
      await run({ docs_failed: failed, docs_synced: 3 });
      await look();
    }
    expect(first.received.map(({ body }) => [JSON.parse(body).event, JSON.parse(body).docs_failed])).toEqual([
      ['sync_failures_threshold', 5],
      ['sync_failures_threshold', 7],
      ['sync_failures_over', 1],
    ]);
  });

  it('of each kind is found in what the database knows', async () => {
    await webhook('hook', first);
    await set({ error_code: 'token_refused', error_msg: 'no', last_sync_ts: new Date(at.getTime() - 3_600_000) });
    await set({ deletions_held: 'too many', deletions_held_at: at });
    await database.db
      .updateTable('master_state')
      .set({ error_code: 'instance_unreachable', error_msg: 'away' })
      .execute();
    await database.db
      .insertInto('sync_map')
      .values({ replica_id: replica, master_doc_id: 1, status: 'error', phase: 'dlq' })
      .execute();
    const link = await database.db.selectFrom('sync_map').select('id').executeTakeFirstOrThrow();
    await database.db
      .insertInto('conflicts')
      .values({ replica_id: replica, link_id: link.id, master_doc_id: 1, field: 'title' })
      .execute();
    await database.db.updateTable('workers').set({ scratch_full_since: at }).execute();
    await look();
    await database.db.updateTable('workers').set({ scratch_full_since: null }).execute();
    expect(events(first).sort()).toEqual(
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
    await set({ paused_at: at });
    await look();
    expect(events(first)).not.toContain('cycle_on_time');
  });

  it('of silent webhooks is told when cycles find what none told of, and is over with the next one', async () => {
    await webhook('hook', first);
    const long = new Date(Date.now() - 2 * 86_400_000);
    await putSettings(database.db, [{ key: 'webhook_secret', value: 'sealed' }]);
    const hint = { master_doc_id: 5, body: 'json', state: 'done', last_received_at: long } as const;
    await database.db.insertInto('webhook_events').values(hint).execute();
    await look();
    expect(events(first)).not.toContain('webhook_silence');
    // What a hint opened itself, and a sweep, prove nothing.
    const run = { replica_id: replica, phase: 'closed', outcome: 'ok', finished_at: at, docs_synced: 2 } as const;
    await database.db
      .insertInto('sync_runs')
      .values([
        { ...run, triggered_by: 'webhook' },
        { ...run, triggered_by: 'scheduler', sweep: true },
      ])
      .execute();
    await look();
    expect(events(first)).not.toContain('webhook_silence');
    await database.db
      .insertInto('sync_runs')
      .values({ ...run, triggered_by: 'scheduler' })
      .execute();
    await look();
    expect(events(first)).toContain('webhook_silence');
    await database.db.updateTable('webhook_events').set({ last_received_at: new Date() }).execute();
    await look();
    expect(events(first)).toContain('webhook_heard');
    await database.db.deleteFrom('webhook_events').execute();
    await database.db.deleteFrom('settings').where('key', '=', 'webhook_secret').execute();
  });

  it('that comes back within the cooldown is told when the cooldown is over, if it still holds', async () => {
    settings['alert_cooldown_seconds'] = '3600';
    await webhook('hook', first);
    await suspend();
    await look();
    await unsuspend();
    await look();
    at = new Date(at.getTime() + 1000);
    await suspend();
    await look();
    expect(events(first)).toEqual(['replica_suspended', 'replica_recovered']);
    await unsuspend();
    await look();
    await passTime();
    await send();
    expect(events(first)).toEqual(['replica_suspended', 'replica_recovered']);
    at = new Date(at.getTime() + 1000);
    await suspend();
    await look();
    await passTime();
    await send();
    expect(events(first)).toEqual(['replica_suspended', 'replica_recovered', 'replica_suspended']);
  });

  it('goes where its event and severity are wanted, and its end only where it is wanted', async () => {
    await webhook('some', first, { events: ['conflict'] });
    await webhook('grave', second, { minSeverity: 'critical', sendRecovery: false });
    await run({ docs_failed: 9 });
    await suspend();
    await look();
    await unsuspend();
    await look();
    expect([events(first), events(second)]).toEqual([[], ['replica_suspended']]);
  });

  it('is held back by a silence and by quiet hours, and told when they end', async () => {
    await webhook('hook', first, { quietHours: '00:00-23:59' });
    settings['timezone'] = 'UTC';
    at = new Date('2026-11-22T12:00:00Z');
    const silence = {
      event: null,
      replica_id: replica,
      reason: 'moving house',
      until: new Date(Date.now() + 9e6),
      created_by: 'kim',
    };
    at = new Date();
    const { id } = await insertSilence(database.db, silence);
    await suspend();
    await run({ docs_failed: 9 });
    await look();
    expect(events(first)).toEqual([]);
    expect(await endSilence(database.db, id)).toBeGreaterThan(0);
    await send();
    expect(events(first)).toContain('replica_suspended');
  });
});

describe('a channel that fails', () => {
  it('is tried again with the same id, then its backup is asked, and all of it can be seen', async () => {
    first.answer(503);
    await webhook('main', first);
    await webhook('reserve', second, { role: 'backup' });
    await run({ docs_failed: 9 });
    await look();
    expect(await states()).toEqual(['waiting', 'standby']);
    for (let round = 0; round < 2; round += 1) {
      await passTime();
      await send();
    }
    await send();
    expect(events(second)).toEqual(['sync_failures_threshold']);
    expect(new Set(first.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(first.received.length).toBeGreaterThanOrEqual(3);
    const channel = await database.db
      .selectFrom('notification_channels')
      .selectAll()
      .where('name', '=', 'main')
      .executeTakeFirstOrThrow();
    expect([channel.failing_since === null, channel.last_error]).toEqual([
      false,
      expect.stringContaining('answered 503'),
    ]);
    first.answer(200);
    await passTime();
    await send();
    expect(await states()).toEqual(['delivered', 'delivered']);
  });

  it('for good is not tried again; the backup speaks at once', async () => {
    first.answer(404);
    await webhook('main', first);
    await webhook('reserve', second, { role: 'backup' });
    await run({ docs_failed: 9 });
    await look();
    await send();
    expect(await states()).toEqual(['failed', 'delivered']);
  });

  it('does not keep its backup from what is critical', async () => {
    await webhook('main', first);
    await webhook('reserve', second, { role: 'backup' });
    await suspend();
    await look();
    expect([events(first), events(second)]).toEqual([['replica_suspended'], ['replica_suspended']]);
  });
});

describe('a process that dies', () => {
  const die = (point: string) => {
    race = (name) => (name === point ? Promise.reject(new Error('killed')) : Promise.resolve());
  };

  it.each(['alerts:observed', 'alerts:written'])(
    'at %s has told nobody, and the next look tells it once',
    async (point) => {
      await webhook('hook', first);
      await suspend();
      die(point);
      await expect(evaluateAlerts(deps())).rejects.toThrow('killed');
      expect(await states()).toEqual([]);
      race = () => Promise.resolve();
      await look();
      expect(events(first)).toEqual(['replica_suspended']);
    },
  );

  it.each([
    ['delivery:claimed', 1],
    ['delivery:sent', 2],
  ])('at %s leaves the message to another, which sends it with the same id', async (point, copies) => {
    await webhook('hook', first);
    await suspend();
    await evaluateAlerts(deps());
    die(point);
    await expect(send()).rejects.toThrow('killed');
    race = () => Promise.resolve();
    expect(await send()).toEqual([]);
    await database.db
      .updateTable('alert_deliveries')
      .set({ claimed_until: new Date(0), dispatched_at: null })
      .execute();
    expect(await send()).toEqual(['delivered']);
    expect(first.received.length).toBe(copies);
    expect(new Set(first.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  it('and one that leads after it never tell the same twice', async () => {
    await webhook('hook', first);
    await suspend();
    let go: () => void = () => undefined;
    const frozen = new Promise<void>((resolve) => (go = resolve));
    race = (name) => (name === 'alerts:observed' ? frozen : Promise.resolve());
    const late = evaluateAlerts(deps(leaders[0]));
    await database.db
      .updateTable('workers')
      .set({ dead: true })
      .where('id', 'like', '1111%' as never)
      .execute()
      .catch(() => undefined);
    await database.db.updateTable('leader').set({ worker_id: null }).execute();
    await leaders[1]?.tick();
    race = () => Promise.resolve();
    expect(await evaluateAlerts(deps(leaders[1]))).toBe(true);
    go();
    expect(await late).toBe(false);
    expect(await states()).toEqual(['waiting']);
    await database.db.updateTable('leader').set({ worker_id: null }).execute();
    await database.db.updateTable('workers').set({ dead: false }).execute();
    await leaders[0]?.tick();
  });
});

describe('the daily digest', () => {
  it('is sent once a day however often one looks, not for a day before the channel was there, and on demand', async () => {
    settings['timezone'] = 'Europe/Berlin';
    const channel = await webhook('hook', first, { events: ['daily_digest'] });
    await look();
    expect(events(first)).toEqual([]);
    await testDatabase.owner
      .updateTable('notification_channels')
      .set({ created_at: new Date(at.getTime() - 3 * 86_400_000) })
      .where('id', '=', channel.id)
      .execute();
    await run({ docs_synced: 12, docs_failed: 1, sweep: true, docs_total: 13 });
    await look();
    await look();
    expect(events(first)).toEqual(['daily_digest']);
    const { title, message } = JSON.parse(first.received[0]?.body ?? '{}');
    expect(title).toBe('Daily digest: 12 synced, 1 failed, nothing is amiss.');
    expect(message).toMatch(
      /^attic: 1 runs \(0 failed\), 12 documents synced, 1 failed, 0 retried; last sweep .*: 13 differed, 12 mended, 1 failed; never verified\.$/,
    );
    at = new Date(at.getTime() + 86_400_000);
    await look();
    expect(events(first)).toEqual(['daily_digest', 'daily_digest']);
    expect((await sendDigest(deps())).channels).toBe(1);
    await send();
    expect(events(first)).toHaveLength(3);
  });

  it('has nobody to go to without a channel that wants it', async () => {
    await expect(sendDigest(deps())).rejects.toMatchObject({ code: 'no_digest_channel' });
  });
});

describe('a dead-man ping', () => {
  it('follows every good cycle, says of a failed one that it failed, and hears of nothing else', async () => {
    await addChannel(
      { db: database.db, secrets, log },
      { name: 'ping', kind: 'ping', config: { url: `${first.url}/uuid` } },
    );
    await suspend();
    for (const outcome of ['ok', 'failed'] as const) {
      await run({ kind: 'cycle', replica_id: null, outcome });
      await look();
      await look();
    }
    expect(first.received.map(({ path }) => path)).toEqual(['/uuid', '/uuid/fail']);
  });
});

describe('the target of the settings', () => {
  it('is a channel whose address and token stand in the settings alone', async () => {
    Object.assign(settings, { alert_target_type: 'gotify', alert_target_url: first.url, alert_target_token: 'Atoken' });
    await suspend();
    await look();
    expect(first.received.map(({ path, headers }) => [path, headers['x-gotify-key']])).toEqual([
      ['/message', 'Atoken'],
    ]);
    expect(JSON.parse(first.received[0]?.body ?? '')).toMatchObject({ title: 'pngx-controller alert', priority: 7 });
    Object.assign(settings, { alert_target_type: 'webhook', alert_target_url: second.url });
    await unsuspend();
    await look();
    expect(second.received.map(({ headers }) => headers.authorization)).toEqual(['Atoken']);
    const { config } = await database.db.selectFrom('notification_channels').select('config').executeTakeFirstOrThrow();
    expect(config).toBe('');
  });
});
