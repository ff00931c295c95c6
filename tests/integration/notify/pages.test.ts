/** Notifications over the API and on the pages: nothing that opens a channel is ever shown, and every act says what it did. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { takeDueDeliveries } from '../../../shared/db/deliveries.repo.ts';
import { deliver } from '../../../shared/replication/notify/deliver.ts';
import type { Answer } from '../api/harness.ts';
import { fill, HOSTILE, openStage, type Filled, type PageStage } from '../api/pages/stage.ts';
import { startReceiver, type Receiver } from './receivers.ts';

let stage: PageStage;
let filled: Filled;
let receiver: Receiver;
beforeAll(async () => {
  stage = await openStage();
  filled = await fill(stage.api, 'one');
  receiver = await startReceiver();
});
afterAll(async () => {
  await stage.close();
  await receiver.close();
});
beforeEach(async () => {
  await stage.api.owner.deleteFrom('notification_channels').execute();
  await stage.api.owner.deleteFrom('alert_silences').execute();
  await stage.api.owner
    .deleteFrom('settings')
    .where('key', 'like', 'alert_target%' as never)
    .execute();
  receiver.received.length = 0;
  receiver.answer(200);
});

const TOKEN = 'Agotify-token-of-mine';
const api = (method: string, path: string, body?: unknown) => stage.api.request(method, path, body);
const gotify = (more: object = {}) => ({
  name: 'phone',
  kind: 'gotify',
  config: { url: receiver.url, token: TOKEN },
  ...more,
});
const add = async (more?: object): Promise<number> =>
  (await api('POST', '/api/notifications', gotify(more))).body.channel.id;
const errorOf = ({ status, body }: Answer) => [status, body.error.code];

describe('over the API', () => {
  it('a channel is made, shown without its secrets, changed, tested and removed, and each act is in the audit log', async () => {
    const made = await api('POST', '/api/notifications', gotify());
    expect([made.status, made.body.channel]).toEqual([
      201,
      expect.objectContaining({
        name: 'phone',
        state: 'unconfirmed',
        config: { url: receiver.url },
        secrets_set: ['token'],
      }),
    ]);
    const { id } = made.body.channel;
    const tested = await api('POST', `/api/notifications/${id}/test`);
    expect(tested.body.delivery).toMatchObject({ state: 'delivered', attempts: 1, event: 'test' });
    expect(receiver.received[0]?.headers['x-gotify-key']).toBe(TOKEN);
    const changed = await api('PUT', `/api/notifications/${id}`, {
      events: ['conflict'],
      cooldown_seconds: 60,
      config: { token: '' },
    });
    expect(changed.body.channel).toMatchObject({
      state: 'ready',
      events: ['conflict'],
      cooldown_seconds: 60,
      secrets_set: ['token'],
    });
    const list = await api('GET', '/api/notifications');
    expect(list.body).toMatchObject({ undelivered: 0, nobody: false });
    expect([
      (await api('DELETE', `/api/notifications/${id}`)).body,
      (await api('GET', `/api/notifications/${id}`)).status,
    ]).toEqual([{ removed: 1 }, 404]);
    const audit = await api('GET', '/api/audit?target=/api/notifications');
    expect(audit.body.acts.map(({ action }: { action: string }) => action).slice(0, 4)).toEqual([
      'DELETE /api/notifications/:id',
      'PUT /api/notifications/:id',
      'POST /api/notifications/:id/test',
      'POST /api/notifications',
    ]);
    const everything = [made, tested, changed, list, audit].map(({ text }) => text).join();
    const rows = JSON.stringify(await stage.api.owner.selectFrom('notification_channels').selectAll().execute());
    expect(`${everything}${rows}${JSON.stringify(stage.api.logged)}`).not.toContain(TOKEN);
  });

  it('refuses what cannot be with a name for each field, and never repeats a value', async () => {
    const url = 'http://169.254.169.254/secret-path';
    const refused = await api('POST', '/api/notifications', gotify({ config: { url, token: '' } }));
    expect([errorOf(refused), refused.body.error.fields]).toEqual([
      [422, 'channel_refused'],
      { 'config.url': 'must not be a link-local or metadata address', 'config.token': 'is missing' },
    ]);
    expect(refused.text).not.toContain('secret-path');
    const id = await add();
    expect(errorOf(await api('POST', '/api/notifications', gotify({ name: 'PHONE' })))).toEqual([
      409,
      'channel_name_taken',
    ]);
    const moved = await api('PUT', `/api/notifications/${id}`, { config: { url: 'http://127.0.0.1:9' } });
    expect(moved.body.error.fields).toEqual({ 'config.token': 'is needed again, since the address changes' });
    expect((await api('PUT', `/api/notifications/${id}`, { events: ['cycle_finished', 'nonsense'] })).status).toBe(422);
    await api('PUT', `/api/notifications/${id}`, { enabled: false });
    expect(errorOf(await api('POST', `/api/notifications/${id}/test`))).toEqual([409, 'channel_disabled']);
    expect(errorOf(await api('POST', '/api/digest/send'))).toEqual([409, 'no_digest_channel']);
  });

  it('shows what was not delivered, and tries it again on demand', async () => {
    receiver.answer(404);
    const id = await add();
    const failed = (await api('POST', `/api/notifications/${id}/test`)).body.delivery;
    expect(failed).toMatchObject({ state: 'failed', error_code: 'notify_refused', attempts: 1 });
    expect((await api('GET', '/api/notifications')).body.undelivered).toBe(1);
    expect((await stage.api.get('/metrics')).text).toMatch(/pngx_alerts_undelivered 1/);
    expect((await stage.open('/')).text).toContain('1 alert was not delivered.');
    receiver.answer(200);
    expect((await api('POST', `/api/notifications/deliveries/${failed.id}/retry`)).status).toBe(202);
    await deliver({ ...stage.api.deps.notify, racePoint: () => Promise.resolve() }, failed.id);
    const page = await api('GET', `/api/notifications/deliveries?channel_id=${id}&limit=1`);
    expect(page.body.deliveries).toMatchObject([{ state: 'delivered' }]);
    expect(errorOf(await api('POST', `/api/notifications/deliveries/${failed.id}/retry`))).toEqual([
      409,
      'delivery_not_failed',
    ]);
    expect((await stage.open('/')).text).not.toContain('was not delivered');
  });

  it('sends the digest on demand, silences and ends a silence', async () => {
    await add();
    expect((await api('POST', '/api/digest/send')).body.channels).toBe(1);
    await takeDueDeliveries(stage.api.db, { lostAfterMs: 1, limit: 10 });
    const { body } = await api('POST', '/api/notifications/silences', {
      replica_id: filled.attic,
      reason: 'moving',
      hours: 2,
    });
    expect((await api('GET', '/api/notifications/silences')).body.silences).toEqual([body.silence]);
    expect((await api('DELETE', `/api/notifications/silences/${body.silence.id}`)).body).toEqual({ released: 0 });
    expect(errorOf(await api('DELETE', `/api/notifications/silences/${body.silence.id}`))).toEqual([
      404,
      'silence_not_found',
    ]);
    expect(
      (await api('POST', '/api/notifications/silences', { replica_id: 999_999, reason: 'x', hours: 1 })).status,
    ).toBe(404);
  });

  it('shows the target of the settings as a channel that has its address there', async () => {
    await api('PUT', '/api/settings', {
      alert_target_type: 'gotify',
      alert_target_url: receiver.url,
      alert_target_token: TOKEN,
    });
    const [channel] = (await api('GET', '/api/notifications')).body.channels;
    expect(channel).toMatchObject({ of_settings: true, leads_to: new URL(receiver.url).host, state: 'unconfirmed' });
    expect((await api('POST', `/api/notifications/${channel.id}/test`)).body.delivery.state).toBe('delivered');
    expect(errorOf(await api('DELETE', `/api/notifications/${channel.id}`))).toEqual([409, 'channel_of_settings']);
    expect(
      errorOf(await api('PUT', `/api/notifications/${channel.id}`, { config: { url: 'http://127.0.0.1:9' } })),
    ).toEqual([409, 'channel_of_settings']);
    await api('PUT', '/api/settings', { alert_target_type: '' });
    expect((await api('GET', '/api/notifications')).body).toMatchObject({
      nobody: true,
      channels: [{ state: 'not_set' }],
    });
  });
});

describe('on the pages', () => {
  const fields = (more: Record<string, string> = {}) => ({
    name: 'phone',
    'config.url': receiver.url,
    'config.token': TOKEN,
    enabled: '1',
    'event.conflict': '1',
    ...more,
  });

  it('says in red that nobody is told, and what a channel would show', async () => {
    const page = await stage.open('/notifications');
    expect(page.text).toContain('Nobody is told of troubles.');
    expect((await stage.open('/notifications/new')).text).toContain('/notifications/new/telegram');
    expect((await stage.open('/notifications/new/nonsense')).status).toBe(404);
  });

  it('adds a channel by a form, tests it, and says what happened', async () => {
    const added = await stage.follow('/notifications/new/gotify', fields());
    expect(added.text).toContain('1 channel was added');
    const [{ id }] = (await api('GET', '/api/notifications')).body.channels;
    expect((await stage.follow(`/notifications/${id}/test`)).text).toContain('took the test message.');
    receiver.answer(403);
    const refused = await stage.follow(`/notifications/${id}/test`);
    expect(refused.text).toMatch(/role="alert"[^<]*did not take the test message: 127\.0\.0\.1:\d+ answered 403/);
    expect(refused.text).toContain('Failing');
    expect((await stage.open('/notifications/deliveries?undelivered=1')).text).toContain('Try again');
    const form = await stage.open(`/notifications/${id}/edit`);
    expect(form.text).toContain('It is set. Leave this empty to keep it.');
    expect(form.text + refused.text).not.toContain(TOKEN);
    const saved = await stage.follow(`/notifications/${id}/edit`, fields({ 'config.token': '', name: 'new name' }));
    expect(saved.text).toContain('new name');
    const page = await stage.open(`/notifications/${id}/remove`);
    expect(page.text).toContain('Remove new name');
    expect((await stage.follow(`/notifications/${id}/remove`)).text).toContain('1 channel was removed.');
  });

  it('shows a form again with what was typed, but for secrets', async () => {
    const page = await stage.submit('/notifications/new/gotify', fields({ 'config.url': 'ftp://x', quiet_hours: '' }));
    expect([page.status, page.text.includes('must be a full http or https address')]).toEqual([422, true]);
    expect(page.text).toContain('value="phone"');
    expect(page.text).not.toContain(TOKEN);
    expect((await stage.submit('/notifications/new/gotify', fields({ name: '' }))).status).toBe(422);
  });

  it('silences with a reason, sends the digest, and escapes whatever people write', async () => {
    await stage.follow('/notifications/new/gotify', fields({ name: HOSTILE, 'event.daily_digest': '1' }));
    const silenced = await stage.follow('/notifications/silences', {
      event: '',
      replica_id: '',
      hours: '4',
      reason: HOSTILE,
    });
    expect(silenced.text).toContain('1 silence was begun.');
    expect((await stage.submit('/notifications/silences', { hours: '0', reason: '' })).status).toBe(422);
    expect((await stage.follow('/notifications/digest')).text).toContain('on its way to 1 channel');
    for (const path of ['/notifications', '/notifications/deliveries']) {
      const { text, queries } = await stage.open(path);
      expect(text).not.toContain('<script>alert');
      expect(queries).toBeLessThan(12);
    }
    const [{ id }] = (await api('GET', '/api/notifications/silences')).body.silences;
    expect((await stage.follow(`/notifications/silences/${id}/end`)).text).toContain('The silence has ended');
  });
});
