/** S1, S2, S7: who may come in, tried as an attacker would. Every refusal stands beside the case that is let in. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApp } from '../../../services/api/app.ts';
import { NO_PROXIES, parseTrustedProxies } from '../../../shared/config/trusted-proxies.ts';
import { prepareAdmin, resetPassword } from '../../../shared/replication/doors/admin.ts';
import { createApiKey, revokeApiKey } from '../../../shared/replication/doors/api-keys.ts';
import { startTestApi, type TestApi } from './harness.ts';
import { cookiesOf, knock, submit } from './visitor.ts';

const PASSWORD = 'correct horse battery';
const proxies = (text: string) => parseTrustedProxies(text) ?? NO_PROXIES;

let api: TestApi;
let second: TestApi;
let code: string | null;
beforeAll(async () => {
  // The visitor behind the proxy is who X-Forwarded-For says, so that each test counts its guesses apart.
  const door = { mode: 'password', proxies: proxies('127.0.0.1') } as const;
  api = await startTestApi({ door });
  second = await startTestApi({ door: { ...door, metricsAuth: true }, joins: api });
  code = await prepareAdmin(api.deps, undefined);
});
afterAll(async () => {
  await second.close();
  await api.close();
});

const status = async (path: string, headers: readonly string[] = [], at = api, method = 'GET') =>
  (await knock(at.url, method, path, { headers })).status;
const from = (address: string) => ['X-Forwarded-For', address];
const enter = async (address: string, also: readonly string[] = []) =>
  submit(api.url, '/login', { password: PASSWORD }, [...from(address), ...also]);
const own = () => ['Origin', api.url];

describe('the first password', () => {
  it('needs the code of the console, which is the same for every process and stored in no readable form', async () => {
    expect(code).toMatch(/^\w{5}-\w{5}-\w{5}$/);
    expect(await prepareAdmin(second.deps, undefined)).toBe(code);
    expect(await everything()).not.toContain(code);
    expect((await knock(api.url, 'GET', '/login')).headers['location']).toBe('/setup');
    const wrong = await submit(api.url, '/setup', { code: 'AAAAA-AAAAA-AAAAA', password: PASSWORD, again: PASSWORD });
    expect(wrong.status).toBe(401);
    const short = { code: code ?? '', password: 'short', again: 'short' };
    expect((await submit(api.url, '/setup', short)).status).toBe(422);
    expect((await submit(api.url, '/setup', { ...short, again: 'other' })).status).toBe(422);
  });

  it('is set once, and logs its maker in', async () => {
    const right = { code: (code ?? '').toLowerCase(), password: PASSWORD, again: PASSWORD };
    const [one, other] = await Promise.all([
      submit(api.url, '/setup', right, from('10.9.0.1')),
      submit(second.url, '/setup', right, from('10.9.0.2')),
    ]);
    expect([one.status, other.status].sort()).toEqual([303, 401]);
    const winner = one.status === 303 ? one : other;
    expect(await status('/api/status', ['Cookie', cookiesOf(winner)])).toBe(200);
    expect(await prepareAdmin(api.deps, 'another password')).toBe(null);
    // The form is not even shown any more.
    expect((await submit(api.url, '/setup', right, from('10.9.0.3'))).status).toBe(403);
  });
});

describe('without credentials', () => {
  it('every route that is registered is closed, but for those that are named', async () => {
    // The last has a secret of its own (E24).
    const open = new Set(['/healthz', '/readyz', '/metrics', '/login', '/setup', '/webhook/paperless']);
    const routes = createApp(api.deps).routes.filter(({ method }) => method !== 'ALL');
    expect(routes.length).toBeGreaterThan(50);
    const let_in: string[] = [];
    for (const { method, path } of routes) {
      const answer = await knock(api.url, method, path.replace(/:\w+/g, '1'), { headers: own() });
      if (answer.status !== 401) let_in.push(path);
      else expect(answer.text).toContain('not_authenticated');
    }
    expect(new Set(let_in)).toEqual(open);
  });

  it.each([
    '/healthz/',
    '//healthz',
    '/%61pi/status',
    '/healthz/../api/status',
    '/healthz%2f..%2fapi/status',
    '/HEALTHZ',
    '/healthz;/api/status',
    '/nothing',
    '/api',
  ])('%s is no way in', async (path) => expect(await status(path)).toBe(401));

  it('leads a person to the login and back to where they wanted to go, but never to another site', async () => {
    const { status: led, headers } = await knock(api.url, 'GET', '/?a=1', { headers: ['Accept', 'text/html'] });
    expect([led, headers['location']]).toEqual([303, '/login?next=%2F']);
    const sent = await submit(api.url, '/login', { password: PASSWORD, next: '//evil.example/' }, from('10.1.0.1'));
    expect([sent.status, sent.headers['location']]).toEqual([303, '/']);
  });

  it('METRICS_AUTH closes the numbers, and any key opens them', async () => {
    const { secret } = await createApiKey(api.db, { name: 'prometheus', scope: 'read', createdBy: 'test' });
    expect(await status('/metrics')).toBe(200);
    expect(await status('/metrics', [], second)).toBe(401);
    expect(await status('/metrics', ['Authorization', `Bearer ${secret}`], second)).toBe(200);
  });
});

describe('a session', () => {
  it('is a cookie that scripts and other sites do not get, good in every process, and nothing is cached', async () => {
    const answer = await enter('10.2.0.1');
    const cookie = [answer.headers['set-cookie'] ?? []].flat().find((one) => one.startsWith('pngx_session='));
    expect(cookie).toMatch(/^pngx_session=pngxs_[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/);
    const page = await knock(second.url, 'GET', '/', { headers: ['Cookie', cookiesOf(answer)] });
    expect([page.status, page.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(page.text).toContain('Logged in as admin');
  });

  it('is marked Secure behind TLS', async () => {
    const answer = await enter('10.2.0.2', ['X-Forwarded-Proto', 'https']);
    expect(String(answer.headers['set-cookie'])).toMatch(/pngx_session=[^;]+;[^,]*; Secure/);
  });

  it('is a new one at every login, and one that an attacker planted is worth nothing', async () => {
    const planted = 'pngx_session=pngxs_planted-by-somebody-else-0123456789abcdef';
    const earlier = cookiesOf(await enter('10.2.0.3'));
    const page = await knock(api.url, 'GET', '/login');
    const token = /name="form" value="(\w+)"/.exec(page.text)?.[1] ?? '';
    const body = new URLSearchParams({ form: token, password: PASSWORD }).toString();
    const login = (cookie: string) => {
      const cookies = ['Cookie', `${cookiesOf(page)}; ${cookie}`];
      const type = ['Content-Type', 'application/x-www-form-urlencoded'];
      return knock(api.url, 'POST', '/login', { body, headers: [...type, ...cookies, ...own(), ...from('10.2.0.4')] });
    };
    const fresh = cookiesOf(await login(planted));
    expect(fresh).toMatch(/pngxs_/);
    expect(fresh).not.toContain('planted');
    expect(await status('/api/status', ['Cookie', planted])).toBe(401);
    const again = cookiesOf(await login(earlier));
    expect(await status('/api/status', ['Cookie', earlier])).toBe(401);
    expect(await status('/api/status', ['Cookie', again])).toBe(200);
  });

  it.each([
    ['too old', { expires_at: new Date(0) }],
    ['left alone', { last_seen_at: new Date(Date.now() - 13 * 3_600_000) }],
  ])('has an end: %s', async (_why, set) => {
    const cookie = cookiesOf(await enter('10.2.0.5'));
    expect(await status('/api/status', ['Cookie', cookie])).toBe(200);
    await api.db.updateTable('sessions').set(set).execute();
    expect(await status('/api/status', ['Cookie', cookie])).toBe(401);
  });

  it('cannot be forged from what the database holds', async () => {
    await enter('10.2.0.6');
    const rows = await api.db.selectFrom('sessions').select('token_hash').execute();
    for (const { token_hash: hash } of rows)
      expect(await status('/api/status', ['Cookie', `pngx_session=${hash}`])).toBe(401);
    for (const cookie of [
      'pngx_session=',
      'pngx_session=pngxs_',
      `pngx_session=${'a'.repeat(43)}`,
      'pngx_session="\' or 1=1',
    ])
      expect(await status('/api/status', ['Cookie', cookie])).toBe(401);
  });

  it('ends at logout, with the token of its own form only', async () => {
    const cookie = cookiesOf(await enter('10.2.0.7'));
    const page = await knock(api.url, 'GET', '/', { headers: ['Cookie', cookie] });
    const token = /name="form" value="(\w+)"/.exec(page.text)?.[1] ?? '';
    const logout = (form: string) =>
      knock(api.url, 'POST', '/logout', {
        body: `form=${form}`,
        headers: ['Content-Type', 'application/x-www-form-urlencoded', 'Cookie', cookie, ...own()],
      });
    expect((await logout('0'.repeat(64))).status).toBe(403);
    expect(await status('/api/status', ['Cookie', cookie])).toBe(200);
    expect((await logout(token)).status).toBe(303);
    expect(await status('/api/status', ['Cookie', cookie])).toBe(401);
  });

  it('ends with every other one when the password is replaced', async () => {
    const cookie = cookiesOf(await enter('10.2.0.8'));
    expect(await resetPassword(api.db, PASSWORD)).toBeGreaterThan(0);
    expect(await status('/api/status', ['Cookie', cookie])).toBe(401);
  });
});

describe('a page of another site', () => {
  let cookie: string;
  beforeAll(async () => {
    cookie = cookiesOf(await enter('10.3.0.1'));
  });

  it.each([
    ['says so by itself', ['Sec-Fetch-Site', 'cross-site']],
    ['on a sibling host', ['Sec-Fetch-Site', 'same-site']],
    ['by its origin', ['Origin', 'https://evil.example']],
    ['on another port of this machine', ['Origin', 'http://127.0.0.1:1']],
    ['in a sandbox', ['Origin', 'null']],
    ['in a browser that says nothing', []],
  ])('changes nothing with the cookie of somebody who is logged in: %s', async (_how, headers) => {
    const answer = await knock(api.url, 'POST', '/api/sync', { headers: ['Cookie', cookie, ...headers] });
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('cross_site_request')]);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('while our own page may, and so may a program with a key', async () => {
    expect(await status('/api/sync', ['Cookie', cookie, ...own()], api, 'POST')).toBe(202);
    expect(await status('/api/sync', ['Cookie', cookie, 'Sec-Fetch-Site', 'same-origin'], api, 'POST')).toBe(202);
    const { secret } = await createApiKey(api.db, { name: 'cron', scope: 'full', createdBy: 'test' });
    expect(await status('/api/sync', ['Authorization', `Bearer ${secret}`], api, 'POST')).toBe(202);
  });

  it('cannot log a person in as the attacker: login forms have a token too', async () => {
    const body = `password=${encodeURIComponent(PASSWORD)}&form=${'0'.repeat(64)}`;
    const headers = ['Content-Type', 'application/x-www-form-urlencoded', ...own(), ...from('10.3.0.2')];
    expect((await knock(api.url, 'POST', '/login', { body, headers })).status).toBe(403);
    const foreign = await submit(api.url, '/login', { password: PASSWORD }, ['Sec-Fetch-Site', 'cross-site']);
    expect(foreign.status).toBe(403);
  });
});

describe('guessing', () => {
  it('ends after five tries, in every process, also when all come at once, and for the right password too', async () => {
    await api.db.deleteFrom('login_attempts').execute();
    const guess = (at: TestApi, password: string) => submit(at.url, '/login', { password }, from('10.4.0.1'));
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => guess(n % 2 === 0 ? api : second, `guess number ${n}`)),
    );
    expect(answers.map((one) => one.status).sort()).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
    const late = await guess(second, PASSWORD);
    expect(late.status).toBe(429);
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
    expect((await enter('10.4.0.2')).status).toBe(303);
  });

  it('ends for everybody once too many addresses guess', async () => {
    const rows = Array.from({ length: 50 }, (_, n) => ({ source: `10.5.0.${n}` }));
    await api.db.insertInto('login_attempts').values(rows).execute();
    expect((await enter('10.6.0.1')).status).toBe(429);
    await api.db.deleteFrom('login_attempts').execute();
    expect((await enter('10.6.0.1')).status).toBe(303);
  });
});

describe('an API key', () => {
  const using = (secret: string) => ['Authorization', `Bearer ${secret}`];

  it('is made, shown once, listed without its secret, and revoked', async () => {
    const master = await createApiKey(api.db, { name: 'root', scope: 'full', createdBy: 'test' });
    const headers = { authorization: `Bearer ${master.secret}` };
    const made = await api.request('POST', '/api/keys', { name: 'backup', scope: 'read' }, headers);
    expect(made.status).toBe(201);
    const { secret, key } = made.body;
    expect(secret).toMatch(/^pngxk_[\w-]{43}$/);
    expect((await api.request('POST', '/api/keys', { name: 'BACKUP', scope: 'read' }, headers)).status).toBe(409);
    const listed = await api.request('GET', '/api/keys', undefined, headers);
    expect(listed.body.keys).toContainEqual(expect.objectContaining({ name: 'backup', created_by: 'key root' }));
    expect(listed.text).not.toContain(secret);
    expect(listed.text).not.toMatch(/[0-9a-f]{64}/);
    expect(await status('/api/status', using(secret))).toBe(200);
    const used = await api.db.selectFrom('api_keys').select('last_used_at').where('id', '=', key.id).execute();
    expect(used[0]?.last_used_at).toBeInstanceOf(Date);
    expect((await api.request('DELETE', `/api/keys/${key.id}`, undefined, headers)).status).toBe(200);
    expect(await status('/api/status', using(secret))).toBe(401);
    expect((await api.request('DELETE', `/api/keys/${key.id}`, undefined, headers)).status).toBe(404);
    expect((await api.request('POST', '/api/keys', { name: 'backup', scope: 'read' }, headers)).status).toBe(201);
  });

  it('of scope read changes nothing, whatever the route', async () => {
    const { secret } = await createApiKey(api.db, { name: 'reader', scope: 'read', createdBy: 'test' });
    const routes = createApp(api.deps).routes.filter(({ method }) => !['ALL', 'GET'].includes(method));
    for (const { method, path } of routes.filter(({ path: one }) => !['/login', '/setup'].includes(one)))
      expect([path, await status(path.replace(/:\w+/g, '1'), using(secret), api, method)]).toEqual([path, 403]);
    expect(await status('/api/replicas', using(secret))).toBe(200);
    // A copy of the whole database is more than a look at it.
    expect(await status('/api/backup', using(secret))).toBe(403);
  });

  it('that is revoked or made up is nobody, also beside a session and where nobody has to log in', async () => {
    const { secret, key } = await createApiKey(api.db, { name: 'lost', scope: 'full', createdBy: 'test' });
    await revokeApiKey(api.db, key.id);
    const cookie = cookiesOf(await enter('10.7.0.1'));
    const open = await startTestApi({ joins: api });
    try {
      for (const wrong of [secret, `pngxk_${'A'.repeat(43)}`, 'pngxk_', '%', `${secret}x`]) {
        expect(await status('/api/status', [...using(wrong), 'Cookie', cookie])).toBe(401);
        expect(await status('/api/status', using(wrong), open)).toBe(401);
      }
      expect(await status('/api/status', [], open)).toBe(200);
    } finally {
      await open.close();
    }
  });
});

describe('what is kept and said', () => {
  it('holds no password, session, code or key: not in a table, not in the log', async () => {
    const cookie = cookiesOf(await enter('10.8.0.1'));
    const { secret } = await createApiKey(api.db, { name: 'kept', scope: 'full', createdBy: 'test' });
    await api.request('PUT', '/api/settings', { nonsense: 1 }, { authorization: `Bearer ${secret}` });
    const rows = await everything();
    expect(rows).toContain('PUT /api/settings');
    const said = JSON.stringify([api.logged, second.logged]);
    for (const private_ of [PASSWORD, secret, cookie.split('=')[1] ?? '', code ?? '']) {
      expect(rows).not.toContain(private_);
      expect(said).not.toContain(private_);
    }
    expect(rows + said).not.toMatch(/pngx[ks]_[\w-]{20}/);
  });

  it('tells of each act who it was, how that was known, and what came of it', async () => {
    const acts = await api.db.selectFrom('audit_log').select(['actor', 'via', 'action', 'status', 'source']).execute();
    expect(acts).toContainEqual(
      expect.objectContaining({ actor: 'admin', via: 'password', action: 'login', status: 401 }),
    );
    expect(acts).toContainEqual({
      actor: 'admin',
      via: 'session',
      action: 'POST /logout',
      status: 403,
      source: '127.0.0.1',
    });
    expect(acts).toContainEqual(expect.objectContaining({ actor: 'command line', action: 'passwd' }));
    expect(acts).toContainEqual(
      expect.objectContaining({ actor: 'key root', action: 'DELETE /api/keys/:id', status: 404 }),
    );
    expect(acts.some(({ actor }) => actor === 'key reader')).toBe(false);
  });

  it('tells programs of the acts, too, page by page and by who, what and where', async () => {
    const { secret } = await createApiKey(api.db, { name: 'auditor', scope: 'read', createdBy: 'test' });
    const ask = (query: string) =>
      api.request('GET', `/api/audit?${query}`, undefined, { authorization: `Bearer ${secret}` });
    const all = (await ask('limit=1000')).body;
    expect(all.next_cursor).toBeNull();
    const ids = all.acts.map(({ id }: { id: number }) => id);
    const paged: number[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const { body } = await ask(`limit=3${cursor === '' ? '' : `&cursor=${cursor}`}`);
      paged.push(...body.acts.map(({ id }: { id: number }) => id));
      cursor = body.next_cursor;
    }
    expect(paged).toEqual(ids);
    const some = (await ask('actor=key%20root&action=delete&target=/api/keys')).body.acts;
    expect(some.length).toBeGreaterThan(0);
    for (const act of some) expect(act).toMatchObject({ actor: 'key root', action: 'DELETE /api/keys/:id' });
    expect((await ask('actor=nobody')).body.acts).toEqual([]);
    expect((await api.request('GET', '/api/audit')).status).toBe(401);
  });
});

/** Every row of every table, as text. */
async function everything(): Promise<string> {
  const tables = await api.db.introspection.getTables();
  const texts = await Promise.all(
    tables
      .filter(({ schema, isView }) => schema === 'public' && !isView)
      .map(async ({ name }) =>
        JSON.stringify(
          await api.db
            .selectFrom(name as 'settings')
            .selectAll()
            .execute(),
        ),
      ),
  );
  return texts.join('\n');
}
