/** What an attacker would try, against a running API in every mode of AUTH_MODE. More of the doors: doors.test.ts. */
import { readFileSync } from 'node:fs';
import { createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../services/api/app.ts';
import { insertLogs } from '../../../shared/db/logs.repo.ts';
import { NO_PROXIES, parseTrustedProxies } from '../../../shared/config/trusted-proxies.ts';
import { startTestApi, type TestApi } from './harness.ts';
import { PASSWORD, startSyncedStage, type Guest, type SyncedStage } from './synced-stage.ts';
import { knock } from './visitor.ts';

const PAYLOAD = '<img src=x onerror=alert(1)>"\'`</script>';
const TYPED_TOKEN = 'c3d4'.repeat(10);

let stage: SyncedStage;
let open: TestApi;
beforeAll(async () => {
  stage = await startSyncedStage();
  open = stage.apis.none;
});
afterAll(() => stage?.close());

const guest = (name: string): Guest => stage.guests.find((one) => one.name === name) as Guest;
const flat = (headers: Readonly<Record<string, string>>): string[] => Object.entries(headers).flat();
const routes = (api: TestApi) => {
  const all = createApp(api.deps).routes.filter(({ method }) => method !== 'ALL');
  return [...new Map(all.map(({ method, path }) => [`${method} ${path}`, { method, path }])).values()];
};
/** An address that leads to something: the first of its kind. */
const filled = (path: string) => path.replaceAll(/:\w+(\{[^}]*\})?/g, '1');

describe('a header that only a proxy may set', () => {
  it('is nothing when it comes from elsewhere, comes twice, or where there is no proxy', async () => {
    const elsewhere = parseTrustedProxies('10.0.0.1') ?? NO_PROXIES;
    const joins = { testDatabase: stage.controller.database, secrets: stage.controller.secrets };
    const strict = await startTestApi({ joins, door: { mode: 'forward', proxies: elsewhere } });
    const claim = ['X-Authentik-Username', 'admin'];
    const statusOf = async (api: TestApi, headers: string[]) =>
      (await knock(api.url, 'GET', '/api/status', { headers })).status;
    expect(await statusOf(strict, claim)).toBe(401);
    expect(await statusOf(strict, [...claim, 'X-Forwarded-For', '10.0.0.1'])).toBe(401);
    expect(await statusOf(stage.apis.forward, [...claim, ...claim])).toBe(401);
    expect(await statusOf(stage.apis.password, claim)).toBe(401);
    expect(await statusOf(stage.apis.forward, claim)).toBe(200);
    await strict.close();
  });
});

describe('a page of another site', () => {
  it('changes nothing by any route that there is, whoever is logged in', async () => {
    const count = async () =>
      Number((await sql<{ n: string }>`select count(*) as n from audit_log`.execute(open.db)).rows[0]?.n);
    const before = await count();
    for (const [mode, name] of [
      ['password', 'a session'],
      ['forward', 'a proxy'],
    ] as const) {
      const { origin: _own, ...known } = guest(name).headers;
      const changing = routes(stage.apis[mode]).filter(
        ({ method, path }) => method !== 'GET' && !/^\/(login|setup|webhook\/paperless)$/.test(path),
      );
      expect(changing.length).toBeGreaterThan(40);
      for (const { method, path } of changing)
        for (const from of [['Sec-Fetch-Site', 'cross-site'], ['Origin', 'https://evil.example'], []]) {
          const headers = [...flat(known), ...from, 'Content-Type', 'text/plain'];
          const { status, text } = await knock(stage.apis[mode].url, method, filled(path), { headers, body: '{}' });
          expect([method, path, status]).toEqual([method, path, 403]);
          expect(text).toMatch(/cross_site_request|another site/);
        }
    }
    expect(await count()).toBe(before);
  });

  it('cannot send a form of ours without its token, even if a browser takes it for our own page', async () => {
    const session = guest('a session');
    const forms = routes(stage.apis.password).filter(
      ({ method, path }) => method === 'POST' && !/^\/(api|login|setup|queues|webhook)\b/.test(path),
    );
    for (const { path } of forms) {
      const headers = [...flat(session.headers), 'Content-Type', 'application/x-www-form-urlencoded'];
      const { status } = await knock(session.url, 'POST', filled(path), { headers, body: 'name=x&form=0' });
      expect([path, status]).toEqual([path, expect.toSatisfy((code: number) => code === 403 || code === 404)]);
    }
  });
});

describe('an address of an instance', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'http://2852039166/',
    'http://0xA9FEA9FE/',
    'http://[::ffff:169.254.169.254]/',
    'http://[fe80::1]/',
    'http://metadata.google.internal/',
    'http://user:secret@127.0.0.1/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_flushall',
    'javascript:alert(1)',
  ])('%s is refused before anything is asked', async (url) => {
    const added = await open.request('POST', '/api/replicas', { name: 'probe', url, api_token: TYPED_TOKEN });
    expect([added.status, added.body.error.code]).toEqual([422, expect.stringMatching(/^url_/)]);
    expect(added.text).not.toContain('secret@');
    for (const key of ['master_url', 'alert_target_url']) {
      const saved = await open.request('PUT', '/api/settings', { [key]: url });
      expect([key, saved.status]).toEqual([key, 422]);
    }
  });

  it('that leads on to another place gets no token there', async () => {
    const seen: string[] = [];
    const thief = await listen((authorization) => seen.push(authorization));
    const lure = await listen(() => undefined, urlOf(thief));
    const answer = await open.request('POST', '/api/replicas', {
      name: 'lure',
      url: urlOf(lure),
      api_token: TYPED_TOKEN,
    });
    expect(answer.status).toBe(422);
    expect(seen.filter((header) => header.includes(TYPED_TOKEN))).toEqual([]);
    thief.close();
    lure.close();
  });
});

describe('what is put into addresses and headers', () => {
  it.each([
    '/api/jobs/%0d%0aSet-Cookie:%20pngx_session=evil',
    '/api/logs?q=%0d%0aX-Evil:%201',
    '/login?next=%0d%0aX-Evil:%201',
    '/api/replicas/1%00/documents',
    '/%0d%0aX-Evil:%201',
  ])('%s makes no header of an answer', async (path) => {
    const { status, headers } = await knock(open.url, 'GET', path);
    expect(status).toBeLessThan(500);
    expect([headers['x-evil'], String(headers['set-cookie']).includes('evil')]).toEqual([undefined, false]);
  });

  it('an id of a request is taken over only if it is harmless', async () => {
    const { headers } = await knock(open.url, 'GET', '/healthz', { headers: ['X-Request-Id', PAYLOAD] });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f]{16}$/);
  });

  it.each([
    '/assets/../../package.json',
    '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
    '/assets/..%5c..%5cpackage.json',
    '//etc/passwd',
  ])('%s leads to no file', async (path) => {
    const { status, text } = await knock(open.url, 'GET', path);
    expect([400, 401, 404]).toContain(status);
    expect(text).not.toContain('dependencies');
  });
});

describe('a body', () => {
  it('that is too large is cut off, also when it does not say how large it is', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const { hostname, port } = new URL(open.url);
      const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
      const request = httpRequest({ hostname, port, method: 'PUT', path: '/api/settings', headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      request.on('error', reject);
      request.write(`{"digest_time":"${'x'.repeat(100_000)}`);
      request.end('"}');
    });
    expect(status).toBe(413);
  });

  it('that comes drop by drop holds no connection', async () => {
    const joins = { testDatabase: stage.controller.database, secrets: stage.controller.secrets };
    const hasty = await startTestApi({ joins, patience: { headersMs: 200, requestMs: 300, checkMs: 50 } });
    const ended = await new Promise<string>((resolve) => {
      const { hostname, port } = new URL(hasty.url);
      const headers = { 'content-type': 'application/json', 'content-length': '1000' };
      const request = httpRequest({ hostname, port, method: 'PUT', path: '/api/settings', headers }, (answer) => {
        answer.resume().on('close', () => resolve(String(answer.statusCode)));
      });
      request.on('error', () => resolve('cut'));
      request.write('{');
    });
    expect(ended).toMatch(/408|cut/);
    await hasty.close();
  });
});

describe('what an instance or a person wrote', () => {
  it('stands on every page as text, and in a live stream in one line', async () => {
    await hostileRows();
    const pages = routes(open).filter(
      ({ method, path }) => method === 'GET' && !/^\/(api|assets|queues|metrics|healthz|readyz)\b|\/stream$/.test(path),
    );
    let shown = 0;
    for (const { path } of pages)
      for (const fragment of [[], ['HX-Request', 'true']]) {
        const at = filled(path).replace(/\*$/, '');
        const { status, headers, text } = await knock(open.url, 'GET', at, {
          headers: ['Accept', 'text/html', ...fragment],
        });
        expect([at, status]).toEqual([at, expect.toSatisfy((code: number) => code < 500)]);
        expect(text).not.toContain('<img src=x');
        expect(headers['content-security-policy']).not.toMatch(/script-src[^;]*unsafe/);
        expect(headers['x-content-type-options']).toBe('nosniff');
        if (text.includes('&lt;img src=x onerror')) shown++;
      }
    expect(shown).toBeGreaterThan(0);
  });

  it('is no formula in a table', async () => {
    for (const path of [
      'conflicts.csv',
      'runs.csv',
      'replicas/1/documents.csv',
      'replicas/1/findings?format=csv',
      'logs/download?format=csv',
    ]) {
      const { status, text } = await open.get(`/api/${path}`);
      expect([path, status]).toEqual([path, 200]);
      const cells = text
        .split('\r\n')
        .slice(1)
        .flatMap((line) => line.split(','));
      expect(cells.filter((cell) => /^"?[=+@\t]/.test(cell) || /^"?-\D/.test(cell))).toEqual([]);
    }
  });
});

describe('secrets', () => {
  it('stand in no answer, no line of a log and no table after a life with them', async () => {
    await open.request('PUT', '/api/replicas/1', { api_token: TYPED_TOKEN, url: stage.replica.url });
    await open.request('PUT', '/api/settings', { master_token: TYPED_TOKEN, webhook_secret: TYPED_TOKEN });
    await open.request('POST', '/api/replicas', {
      name: TYPED_TOKEN.slice(0, 8),
      url: 'http://127.0.0.1:9',
      api_token: TYPED_TOKEN,
    });
    const key = (await open.request('POST', '/api/keys', { name: 'life', scope: 'full' })).body.secret as string;
    const session = /pngxs_[\w-]+/.exec(guest('a session').headers['cookie'] ?? '')?.[0] ?? '';
    const secrets = [TYPED_TOKEN, 'a1'.repeat(20), 'b2'.repeat(20), PASSWORD, key, session, stage.controller.key];
    const leaks = (where: string, text: string) =>
      secrets.filter((secret) => text.includes(secret)).map((secret) => `${where}: ${secret}`);
    const found: string[] = [];
    for (const { path } of routes(open).filter(({ method, path: at }) => method === 'GET' && !at.endsWith('/stream'))) {
      const answer = await fetch(open.url + filled(path).replace(/\*$/, ''), { redirect: 'manual' });
      const bytes = Buffer.from(await answer.arrayBuffer());
      const gzip = answer.headers.get('content-type') === 'application/gzip';
      found.push(...leaks(path, (gzip ? gunzipSync(bytes) : bytes).toString() + JSON.stringify([...answer.headers])));
    }
    for (const api of Object.values(stage.apis)) found.push(...leaks('log', JSON.stringify(api.logged)));
    found.push(
      ...leaks('log of the worker', JSON.stringify(stage.controller.logs)),
      ...leaks('tables', await everyTable()),
    );
    expect(found).toEqual([]);
  });

  it('are compared in constant time, or looked up by their hash', () => {
    const source = readFileSync(new URL('../../../shared/kernel/passwords.ts', import.meta.url), 'utf8');
    expect(source).toMatch(/export function isSameSecret[^}]*timingSafeEqual/);
    for (const file of ['gate/cookies.ts', 'gate/visitor.ts'])
      expect(readFileSync(new URL(`../../../services/api/${file}`, import.meta.url), 'utf8')).toMatch(
        /isSameSecret|hashToken/,
      );
  });

  it('that were changed stand in the audit log as changed, beside what else an act changed', async () => {
    await open.db.updateTable('replicas').set({ pause_reason: null }).execute();
    await open.request('PUT', '/api/replicas/1', { deletion_mode: 'trash', name: 'cellar' });
    await open.request('PUT', '/api/settings', { webhook_secret: 'd5e6'.repeat(10), max_attempts: 7 });
    const made = await open.request('POST', '/api/keys', { name: 'audited', scope: 'read' });
    await open.request('POST', '/api/replicas/1/pause', { reason: 'moving house' });
    const rows = await open.db
      .selectFrom('audit_log')
      .select(['action', 'before', 'after'])
      .orderBy('id', 'desc')
      .limit(4)
      .execute();
    const [paused, key, settings, replica] = rows;
    expect(replica).toMatchObject({
      action: 'PUT /api/replicas/:id',
      after: { 'replica 1': { deletion_mode: 'trash', name: 'cellar' } },
    });
    expect(settings?.after).toEqual({ settings: { webhook_secret: '********', max_attempts: '7' } });
    expect(key?.after).toEqual({ [`key ${made.body.key.id}`]: { name: 'audited', scope: 'read', revoked_at: null } });
    expect(paused?.before).toEqual({ 'replica 1': { paused_at: null, pause_reason: null } });
    expect(paused?.after).toMatchObject({ 'replica 1': { pause_reason: 'moving house' } });
    await open.request('POST', '/api/replicas/1/resume');
  });
});

/** A session that was known before the login is worth nothing after it. */
it('a session that somebody planted does not become that of who logs in', async () => {
  const planted = 'pngx_session=pngxs_planted-by-somebody-else-0123456789abcdef';
  const page = await knock(stage.apis.password.url, 'GET', '/login', { headers: ['Cookie', planted] });
  expect(String(page.headers['set-cookie'])).not.toContain('planted');
  const { status } = await knock(stage.apis.password.url, 'GET', '/api/status', { headers: ['Cookie', planted] });
  expect(status).toBe(401);
});

async function hostileRows(): Promise<void> {
  const { db } = open;
  await db
    .updateTable('replicas')
    .set({ name: PAYLOAD, pause_reason: PAYLOAD, error_msg: PAYLOAD, version: PAYLOAD })
    .where('id', '=', 1)
    .execute();
  await db
    .updateTable('sync_map')
    .set({
      status: 'error',
      phase: 'failed',
      error_code: 'values_refused',
      error_msg: PAYLOAD,
      report: JSON.stringify([{ field: PAYLOAD, reason: PAYLOAD, kind: 'rejected' }]),
    })
    .execute();
  await db
    .updateTable('conflicts')
    .set({ field: PAYLOAD, shown: JSON.stringify({ master: PAYLOAD, copy: PAYLOAD }) })
    .execute();
  await db.updateTable('sync_runs').set({ error_code: 'x', error_msg: PAYLOAD, triggered_by: PAYLOAD }).execute();
  await db.updateTable('findings').set({ message: PAYLOAD, hint: PAYLOAD }).execute();
  await db
    .updateTable('match_proposals')
    .set({ shown: JSON.stringify({ title: PAYLOAD, name: PAYLOAD }) })
    .execute();
  await db.updateTable('tombstones').set({ detail: PAYLOAD }).execute();
  await insertLogs(db, [{ level: 'error', message: `${PAYLOAD}\n\nevent: evil\ndata: x`, replica_id: 1, doc_id: 1 }]);
}

async function everyTable(): Promise<string> {
  const { rows: tables } = await sql<{ table: string }>`
    select format('%I.%I', table_schema, table_name) as table from information_schema.tables
    where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`.execute(
    stage.controller.database.owner,
  );
  expect(tables.length).toBeGreaterThan(20);
  const texts: string[] = [];
  for (const { table } of tables) {
    const { rows } = await sql<{
      text: string | null;
    }>`select string_agg(t::text, chr(10)) as text from ${sql.raw(table)} t`.execute(stage.controller.database.owner);
    texts.push(rows[0]?.text ?? '');
  }
  return texts.join('\n');
}

function listen(onAuthorization: (header: string) => void, leadsTo?: string): Promise<Server> {
  const server = createServer((request, answer) => {
    onAuthorization(request.headers.authorization ?? '');
    if (leadsTo === undefined) answer.end('{}');
    else answer.writeHead(302, { location: leadsTo + (request.url ?? '') }).end();
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}
const urlOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
