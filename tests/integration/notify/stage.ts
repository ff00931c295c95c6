/** A database with one replica, two receivers, and two processes of which one leads: what is told is looked at step by step. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { createSecretBox } from '../../../shared/config/secret-key.ts';
import { parseSettings } from '../../../shared/config/settings.ts';
import { openDatabase, type Database } from '../../../shared/db/client.ts';
import { takeDueDeliveries } from '../../../shared/db/deliveries.repo.ts';
import { insertReplica } from '../../../shared/db/replicas.repo.ts';
import type { Tables } from '../../../shared/db/tables.ts';
import { registerWorker } from '../../../shared/db/workers.repo.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import { createLeadership, type Leadership } from '../../../shared/replication/lead.ts';
import { addChannel, type NewChannelInput } from '../../../shared/replication/notify/channels.ts';
import { deliver } from '../../../shared/replication/notify/deliver.ts';
import type { EvaluateDeps } from '../../../shared/replication/notify/deps.ts';
import { evaluateAlerts } from '../../../shared/replication/notify/evaluate.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { startReceiver, type Receiver } from './receivers.ts';

const secrets = createSecretBox({ current: formatFernetKey(randomBytes(32)), old: undefined });
const log = { info: () => undefined, warning: () => undefined, error: () => undefined };
const guard = { assertAlive: () => undefined, fenced: new AbortController().signal };
const PROCESSES = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const EMPTIED = [
  ...(['alert_silences', 'notification_channels', 'alert_events', 'alerts', 'webhook_events'] as const),
  ...(['sync_runs', 'replicas'] as const),
];

export class AlertStage {
  testDatabase!: TestDatabase;
  database!: Database<Tables>;
  first!: Receiver;
  second!: Receiver;
  leaders: Leadership[] = [];
  replica = 0;
  settings: Record<string, string> = {};
  /** The time that verbs are given. */
  at = new Date();
  race: (name: string) => Promise<void> = () => Promise.resolve();
  #queued: number[] = [];

  async open(): Promise<void> {
    this.testDatabase = await createTestDatabase();
    this.database = openDatabase<Tables>(this.testDatabase.url, { max: 6 });
    [this.first, this.second] = [await startReceiver(), await startReceiver()];
    const { db } = this.database;
    for (const workerId of PROCESSES) {
      await registerWorker(db, { id: workerId, role: 'worker', version: '1' });
      this.leaders.push(createLeadership({ db, workerId, guard, log }));
    }
    await this.leaders[0]?.tick();
  }

  async close(): Promise<void> {
    await Promise.all([this.first.close(), this.second.close(), this.database.close()]);
    await this.testDatabase.drop();
  }

  async reset(): Promise<void> {
    const { owner } = this.testDatabase;
    for (const table of EMPTIED) await owner.deleteFrom(table).execute();
    await owner.updateTable('master_state').set({ error_code: null, error_msg: null }).execute();
    const row = { name: 'attic', url: 'http://attic.test', api_token: 'sealed' };
    this.replica = (await insertReplica(this.database.db, row))?.id ?? 0;
    this.settings = { alert_cooldown_seconds: '0' };
    this.at = new Date();
    this.#queued = [];
    this.race = () => Promise.resolve();
    for (const one of [this.first, this.second]) {
      one.received.length = 0;
      one.answer(200);
    }
  }

  deps(leader = this.leaders[0]): EvaluateDeps {
    const rows = () => Object.entries(this.settings).map(([key, value]) => ({ key, value }));
    return {
      ...{ db: this.database.db, secrets, log, leader: leader as Leadership },
      settings: () => Promise.resolve(parseSettings(rows(), (text) => text)),
      clock: { ...systemClock, now: () => this.at },
      publicUrl: 'https://pngx.example',
      onDelivered: () => undefined,
      queue: { deliver: async (jobs) => void this.#queued.push(...jobs.map(({ deliveryId }) => deliveryId)) },
      racePoint: (name) => this.race(name),
    };
  }

  channel(input: NewChannelInput) {
    return addChannel({ db: this.database.db, secrets, log }, input);
  }

  webhook(name: string, to: Receiver, more: Partial<NewChannelInput> = {}) {
    return this.channel({ name, kind: 'webhook', config: { url: `${to.url}/${name}` }, ...more });
  }

  set(values: object) {
    return this.database.db.updateTable('replicas').set(values).where('id', '=', this.replica).execute();
  }
  suspend() {
    return this.set({ suspended_at: this.at, suspended_reason: 'it is gone', consecutive_failures: 5 });
  }
  unsuspend() {
    return this.set({ suspended_at: null, suspended_reason: null, consecutive_failures: 0 });
  }
  run(more: object) {
    const given = { kind: 'replica' as const, replica_id: this.replica, triggered_by: 'scheduler', phase: 'closed' };
    return this.database.db
      .insertInto('sync_runs')
      .values({ ...given, finished_at: this.at, outcome: 'partial', ...more })
      .execute();
  }

  /** Looks, then sends what is due, as jobs would. */
  async look(): Promise<void> {
    await evaluateAlerts(this.deps());
    await this.send();
  }
  async send(): Promise<string[]> {
    const due = await takeDueDeliveries(this.database.db, { lostAfterMs: 60_000, limit: 100 });
    this.#queued.push(...due.map(({ id }) => id));
    const ends = [];
    for (let id = this.#queued.shift(); id !== undefined; id = this.#queued.shift())
      ends.push(await deliver(this.deps(), id));
    return ends;
  }
  /** Everything that waits for a time is due. */
  passTime() {
    return this.database.db
      .updateTable('alert_deliveries')
      .set({ due_at: new Date(0), dispatched_at: null })
      .where('state', '=', 'waiting')
      .execute();
  }
  events(to: Receiver): string[] {
    return to.received.map(({ body }) => JSON.parse(body).event as string);
  }
  async states(): Promise<string[]> {
    const rows = await this.database.db.selectFrom('alert_deliveries').select('state').orderBy('id').execute();
    return rows.map(({ state }) => state);
  }
}

export function useAlertStage(): AlertStage {
  const stage = new AlertStage();
  beforeAll(() => stage.open());
  afterAll(() => stage.close());
  beforeEach(() => stage.reset());
  return stage;
}
