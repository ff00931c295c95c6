/** S1, S2: a proxy in front, nobody at the door, visitors that are slow or send too much. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NO_PROXIES, parseTrustedProxies } from '../../../shared/config/trusted-proxies.ts';
import { createApiKey } from '../../../shared/replication/doors/api-keys.ts';
import { startTestApi, type TestApi } from './harness.ts';
import { knock } from './visitor.ts';

const proxies = (text: string) => parseTrustedProxies(text) ?? NO_PROXIES;

let forward: TestApi;
let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ door: { mode: 'password' } });
  forward = await startTestApi({
    door: { mode: 'forward', header: 'x-user', proxies: proxies('127.0.0.1') },
    joins: api,
  });
});
afterAll(async () => {
  await forward.close();
  await api.close();
});

const status = async (path: string, headers: readonly string[], at: TestApi, method = 'GET') =>
  (await knock(at.url, method, path, { headers })).status;

describe('the header of a proxy', () => {
  const user = ['X-User', 'ada'];

  it('is believed from a trusted address, and named in the page and the audit log', async () => {
    const page = await knock(forward.url, 'GET', '/', { headers: user });
    expect(page.text).toContain('Logged in as ada');
    expect(await status('/api/sync', [...user, 'Origin', forward.url], forward, 'POST')).toBe(202);
    const row = await api.db.selectFrom('audit_log').selectAll().orderBy('id', 'desc').executeTakeFirst();
    expect(row).toMatchObject({ actor: 'ada', via: 'forward', action: 'POST /api/sync', status: 202 });
  });

  it.each([
    ['doubled', ['X-User', 'mallory', 'X-User', 'ada']],
    ['doubled in another spelling', ['x-user', 'mallory', 'X-USER', 'ada']],
    ['two names in one', ['X-User', 'mallory, ada']],
    ['empty', ['X-User', '']],
    ['missing', []],
    ['with underscores', ['X_User', 'ada']],
    ['another one', ['X-Authentik-Username', 'ada']],
  ])('is nobody when it comes %s', async (_how, headers) => {
    expect(await status('/api/status', headers, forward)).toBe(401);
  });

  it('is nobody from any other address, whatever the request says of its way', async () => {
    const far = await startTestApi({
      door: { mode: 'forward', header: 'x-user', proxies: proxies('10.0.0.0/8 ::1') },
      joins: api,
    });
    try {
      const claims = ['X-Forwarded-For', '10.0.0.1', 'X-Real-IP', '10.0.0.1', 'Forwarded', 'for=10.0.0.1'];
      expect(await status('/api/status', [...user, ...claims], far)).toBe(401);
      const { secret } = await createApiKey(api.db, { name: 'outside', scope: 'read', createdBy: 'test' });
      expect(await status('/api/status', ['Authorization', `Bearer ${secret}`], far)).toBe(200);
    } finally {
      await far.close();
    }
  });

  it('does not let a page of another site change anything', async () => {
    expect(await status('/api/sync', [...user, 'Origin', 'https://evil.example'], forward, 'POST')).toBe(403);
    expect(await status('/api/sync', user, forward, 'POST')).toBe(403);
    expect(await status('/login', user, forward)).toBe(404);
  });
});

describe('where nobody has to log in', () => {
  it('the page says so, and loudly on a network', async () => {
    const open = await startTestApi({ joins: api, door: { loopback: false } });
    try {
      expect((await knock(open.url, 'GET', '/')).text).toContain('This controller is open.');
      expect(await status('/api/status', ['Host', 'evil.example'], open)).toBe(403);
      expect(await status('/api/status', ['Host', '10.0.0.5:8000'], open)).toBe(200);
      expect(await status('/metrics', ['Host', 'api:8000'], open)).toBe(200);
    } finally {
      await open.close();
    }
  });
});

describe('a visitor who is slow', () => {
  let brisk: TestApi;
  beforeAll(async () => {
    brisk = await startTestApi({ joins: api, patience: { headersMs: 300, requestMs: 600, checkMs: 100 } });
  });
  afterAll(() => brisk.close());

  it.each([
    ['with the headers', 'POST /api/sync HTTP/1.1\r\nHost: 127.0.0.1\r\n'],
    [
      'with the body',
      'PUT /api/settings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    ],
  ])('%s is cut off', async (_how, text) => {
    const { port } = new URL(brisk.url);
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(text));
      let said = '';
      socket.on('data', (chunk) => (said += chunk.toString()));
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(said));
    });
    expect(answer).toMatch(/^(HTTP\/1\.1 408|$)/);
  });
});

describe('a body', () => {
  it('that is larger than any of ours is refused, also from whoever is not known', async () => {
    const body = 'x'.repeat(200_000);
    const answer = await knock(api.url, 'POST', '/login', { body, headers: ['Origin', api.url] });
    expect(answer.status).toBe(413);
  });
});
