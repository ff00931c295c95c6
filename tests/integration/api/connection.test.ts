/** Replicas and the master's address: nothing is saved that does not pass its connection test. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../services/simulator/index.ts';
import { startTestApi, type Json, type TestApi } from './harness.ts';

const TOKEN = { master: 'm'.repeat(40), attic: 'a'.repeat(40), cellar: 'c'.repeat(40) };
let api: TestApi;
let master: Simulator;
let attic: Simulator;
let cellar: Simulator;

beforeAll(async () => {
  api = await startTestApi();
  master = await startSimulator({ profile: 'v3', token: TOKEN.master, docs: 5, seed: 'master' });
  attic = await startSimulator({ profile: 'v3', token: TOKEN.attic, docs: 2, seed: 'attic' });
  cellar = await startSimulator({ profile: 'v2', token: TOKEN.cellar, seed: 'cellar' });
});
afterAll(async () => {
  await api.close();
  await Promise.all([master, attic, cellar].map((simulator) => simulator.stop()));
});
afterEach(() => {
  for (const simulator of [master, attic, cellar]) simulator.clearFaults();
});

const saveMaster = (url = master.url, token = TOKEN.master) =>
  api.request('PUT', '/api/settings', { master_url: url, master_token: token });
const addReplica = (name: string, url: string, token: string) =>
  api.request('POST', '/api/replicas', { name, url, api_token: token });
/** Asked of the instance itself, as its owner would. */
async function ask(simulator: Simulator, method: string, path: string, body?: object): Promise<Json> {
  const headers = { authorization: `Token ${simulator.token}`, 'content-type': 'application/json' };
  const response = await fetch(`${simulator.url}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
const markers = async (simulator: Simulator) =>
  (await ask(simulator, 'GET', '/api/tags/?name__istartswith=pngx-check')).results;

/** The user of the token keeps the rights that matter here, but is no superuser for as long as `work` takes. */
async function asOrdinaryUser<T>(simulator: Simulator, work: () => Promise<T>): Promise<T> {
  const [user] = simulator.store.users.values();
  if (user === undefined) throw new Error('the instance has no user');
  const may = ['view', 'add', 'change', 'delete'].flatMap((verb) => [`${verb}_tag`, `${verb}_document`]);
  simulator.store.users.save({ ...user, isSuperuser: false, permissions: ['view_uisettings', ...may] });
  try {
    return await work();
  } finally {
    simulator.store.users.save(user);
  }
}

/** Gives a document of the instance a serial number for as long as `work` takes. */
async function withAsn(simulator: Simulator, asn: number, work: () => Promise<void>): Promise<void> {
  const { id, archive_serial_number: before } = (await ask(simulator, 'GET', '/api/documents/')).results[0];
  await ask(simulator, 'PATCH', `/api/documents/${id}/`, { archive_serial_number: asn });
  await work();
  await ask(simulator, 'PATCH', `/api/documents/${id}/`, { archive_serial_number: before });
}
const replicaCount = async () => (await api.get('/api/replicas')).body.replicas.length;
const failedStep = (steps: { name: string; ok: boolean; blocking: boolean }[]) =>
  steps.find((step) => !step.ok && step.blocking)?.name;

describe('before a master is configured', () => {
  it('adds no replica, since nothing could show that it is not the master', async () => {
    const { status, body } = await addReplica('attic', attic.url, TOKEN.attic);
    expect(status).toBe(422);
    expect(body.error.message).toContain('No master is configured');
  });
});

describe('the master in the settings', () => {
  it('is not saved with a token that is refused, and the token is named as the fault', async () => {
    const { status, body } = await saveMaster(master.url, 'x'.repeat(40));
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ code: 'connection_test_failed', fields: { master_token: expect.any(String) } });
    expect(body.error.message).toContain('"token"');
    expect((await api.get('/api/settings')).body.settings.master_url.value).toBeNull();
  });

  it.each([
    ['http://127.0.0.1:9', 'master_url'],
    ['ftp://127.0.0.1', 'master_url'],
    ['http://user:pass@127.0.0.1', 'master_url'],
    ['http://169.254.169.254/latest', 'master_url'],
  ])('is not saved with the address %s', async (url, field) => {
    const { status, body, text } = await saveMaster(url);
    expect(status).toBe(422);
    expect(Object.keys(body.error.fields)).toEqual([field]);
    expect(text).not.toContain('pass@');
  });

  it('is not saved by half', async () => {
    const { status, body } = await api.request('PUT', '/api/settings', { master_url: master.url });
    expect([status, Object.keys(body.error.fields)]).toEqual([422, ['master_token']]);
  });

  it('is saved after a good test, the token encrypted and never shown', async () => {
    const { status, body, text } = await saveMaster(`${master.url}/`);
    expect(status).toBe(200);
    expect(body.settings.master_url).toMatchObject({ value: master.url, source: 'database' });
    expect(body.settings.master_token).toEqual({ set: true, help: expect.any(String) });
    expect(text).not.toContain(TOKEN.master);
    const row = await api.db
      .selectFrom('settings')
      .select('value')
      .where('key', '=', 'master_token')
      .executeTakeFirstOrThrow();
    expect(row.value).not.toContain(TOKEN.master);
    expect(api.secrets.open(row.value)).toBe(TOKEN.master);
  });

  it('keeps the token when it is sent back as the empty field of a form', async () => {
    const { status } = await api.request('PUT', '/api/settings', { master_token: '', sync_interval_seconds: '120' });
    expect(status).toBe(200);
    const { settings } = (await api.get('/api/settings')).body;
    expect([settings.master_token.set, settings.sync_interval_seconds.value]).toEqual([true, 120]);
  });

  it('saves all of a patch or nothing', async () => {
    const patch = { max_attempts: 3, task_poll_timeout_seconds: 600 };
    const { status, body } = await api.request('PUT', '/api/settings', patch);
    expect([status, Object.keys(body.error.fields)]).toEqual([422, ['task_poll_timeout_seconds']]);
    expect((await api.get('/api/settings')).body.settings.max_attempts).toMatchObject({ value: 10, source: 'default' });
  });

  it("warns of a token that is no superuser's, and saves it: a subset can be carried too", async () => {
    const { status, body } = await asOrdinaryUser(master, () => saveMaster());
    expect(status).toBe(200);
    const step = body.test.steps.find(({ name }: { name: string }) => name === 'superuser');
    expect(step).toMatchObject({ ok: false, blocking: false, code: 'token_not_superuser' });
  });

  it('lets other settings be changed while only half of the master is known', async () => {
    await api.db.deleteFrom('settings').where('key', '=', 'master_token').execute();
    expect((await api.request('PUT', '/api/settings', { max_attempts: 5 })).status).toBe(200);
    expect((await saveMaster()).status).toBe(200);
  });

  it('goes back to the default with null', async () => {
    await api.request('PUT', '/api/settings', { max_attempts: 3 });
    const { body } = await api.request('PUT', '/api/settings', { max_attempts: null });
    expect(body.settings.max_attempts).toMatchObject({ value: 10, source: 'default' });
  });
});

describe('adding a replica', () => {
  it('refuses the master itself under another name and leaves no marker behind', async () => {
    const { status, body } = await addReplica('mirror', master.url.replace('127.0.0.1', 'localhost'), TOKEN.master);
    expect(status).toBe(422);
    expect(body.error.message).toContain('"library"');
    expect(body.error.message).toContain('the master itself');
    expect(await markers(master)).toEqual([]);
    expect(await replicaCount()).toBe(0);
  });

  it.each([
    ['a login page', 'html-login', 'api', 'url'],
    ['a redirect to another host', 'redirect', 'api', 'url'],
    ['a refused API version', 'not-acceptable', 'version', 'url'],
    ['a refused token', 'unauthorized', 'token', 'api_token'],
    ['no answer', 'down', 'reachable', 'url'],
  ] as const)('names the step that %s fails', async (_what, fault, step, field) => {
    attic.setFault(fault, fault === 'redirect' ? { value: 'http://127.0.0.1:9/login' } : {});
    const { status, body } = await addReplica('attic', attic.url, TOKEN.attic);
    expect(status).toBe(422);
    expect(body.error.message).toContain(`"${step}"`);
    expect(Object.keys(body.error.fields)).toEqual([field]);
  });

  it('refuses one whose documents use reserved archive serial numbers', async () => {
    await withAsn(attic, 2_000_000_777, async () => {
      const { status, body } = await addReplica('attic', attic.url, TOKEN.attic);
      expect(status).toBe(422);
      expect(body.error.message).toContain('"asn_range"');
    });
  });

  it('removes its marker although the master fails in between', async () => {
    master.setFault('down', { match: { pathPrefix: '/api/tags/' } });
    const { status } = await addReplica('attic', attic.url, TOKEN.attic);
    expect(status).toBe(422);
    expect(await markers(attic)).toEqual([]);
  });

  it('removes its marker although the answer to its creation was lost', async () => {
    attic.setFault('drop-after-commit', { match: { method: 'POST', pathPrefix: '/api/tags/' } });
    const { status } = await addReplica('attic', attic.url, TOKEN.attic);
    expect(status).toBe(422);
    expect(attic.requests().some(({ method, path }) => method === 'DELETE' && path.startsWith('/api/tags/'))).toBe(
      true,
    );
    expect(await markers(attic)).toEqual([]);
  });

  it.each([
    ['attic', () => attic, TOKEN.attic, '3.'],
    ['cellar', () => cellar, TOKEN.cellar, '2.20'],
  ] as const)(
    'saves %s with what the test learned and writes nothing but the marker',
    async (name, simulator, token, version) => {
      simulator().clearRequests();
      master.clearRequests();
      const { status, body, text } = await addReplica(name, `${simulator().url}/`, token);
      expect(status).toBe(201);
      expect(body.test).toMatchObject({ ok: true, error: null, doc_count: name === 'attic' ? 2 : 0 });
      expect(body.test.steps.map((step: { name: string }) => step.name)).toEqual([
        'url',
        'reachable',
        'api',
        'version',
        'token',
        'superuser',
        'library',
        'asn_range',
      ]);
      expect(body.replica).toMatchObject({ name, url: simulator().url, enabled: true, sync_interval_seconds: null });
      expect(body.replica.version.startsWith(version)).toBe(true);
      expect(text).not.toContain(token);
      const writes = simulator()
        .requests()
        .filter(({ method }) => method !== 'GET');
      expect(writes.map(({ method, path }) => [method, path.replace(/\d+/, 'N')])).toEqual([
        ['POST', '/api/tags/'],
        ['DELETE', '/api/tags/N/'],
      ]);
      expect(master.requests().every(({ method }) => method === 'GET')).toBe(true);
    },
  );

  it('answers 409 for a name and for an address that is taken', async () => {
    const name = await addReplica('attic', 'http://127.0.0.1:9', TOKEN.attic);
    expect([name.status, name.body.error.code]).toEqual([409, 'replica_name_taken']);
    const url = await addReplica('loft', attic.url, TOKEN.attic);
    expect([url.status, url.body.error.code]).toEqual([409, 'replica_url_taken']);
  });

  it('stores the token encrypted and shows it nowhere', async () => {
    const rows = await api.db.selectFrom('replicas').select('api_token').orderBy('name').execute();
    expect(rows.map((row) => api.secrets.open(row.api_token))).toEqual([TOKEN.attic, TOKEN.cellar]);
    for (const path of ['/api/replicas', '/api/status', '/api/settings', '/api/logs', '/'])
      expect((await api.get(path)).text).not.toMatch(/a{40}|c{40}|m{40}|gAAAAA/);
    expect(JSON.stringify(api.logged)).not.toMatch(/a{40}|c{40}|m{40}/);
  });
});

describe('a saved replica', () => {
  const find = async (name: string) =>
    (await api.get('/api/replicas')).body.replicas.find((replica: { name: string }) => replica.name === name);

  it("fails its test when the token is no superuser's, since hidden documents would look deleted", async () => {
    const { id } = await find('attic');
    const { body } = await asOrdinaryUser(attic, () => api.request('POST', `/api/replicas/${id}/test`));
    expect(body.ok).toBe(false);
    expect(failedStep(body.steps)).toBe('superuser');
  });

  it('says what is wrong with a token without any rights', async () => {
    const { id } = await find('attic');
    attic.setFault('token-demoted');
    const { body } = await api.request('POST', `/api/replicas/${id}/test`);
    expect(body.ok).toBe(false);
    expect(failedStep(body.steps)).toBe('token');
  });

  it('answers a good test with count and latency', async () => {
    const { id } = await find('attic');
    const good = await api.request('POST', `/api/replicas/${id}/test`);
    expect(good.body).toMatchObject({ ok: true, error: null, doc_count: 2, latency_ms: expect.any(Number) });
  });

  it('reports a failed test as an answer, not as an error', async () => {
    const { id } = await find('cellar');
    cellar.setFault('http-status', { value: '503' });
    const { status, body } = await api.request('POST', `/api/replicas/${id}/test`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: false, error: expect.any(String), doc_count: null });
    expect(failedStep(body.steps)).toBe('reachable');
  });

  it('takes its own unfinished uploads for no strangers', async () => {
    const { id } = await find('attic');
    await api.db.insertInto('sync_map').values({ replica_id: id, master_doc_id: 3, phase: 'releasing' }).execute();
    await withAsn(attic, 2_000_000_003, async () => {
      expect((await api.request('POST', `/api/replicas/${id}/test`)).body.ok).toBe(true);
    });
  });

  it('is renamed without a request to its instance', async () => {
    const { id } = await find('cellar');
    cellar.clearRequests();
    const { status, body } = await api.request('PUT', `/api/replicas/${id}`, {
      name: 'vault',
      sync_interval_seconds: 3600,
      api_token: '',
    });
    expect([status, body.replica.name, body.replica.sync_interval_seconds, body.test]).toEqual([
      200,
      'vault',
      3600,
      null,
    ]);
    expect(cellar.requests()).toEqual([]);
    expect((await api.request('PUT', `/api/replicas/${id}`, { name: 'attic' })).status).toBe(409);
  });

  it('keeps the old token when the new one does not pass', async () => {
    const { id } = await find('vault');
    const { status, body } = await api.request('PUT', `/api/replicas/${id}`, { api_token: 'wrong'.repeat(8) });
    expect([status, Object.keys(body.error.fields)]).toEqual([422, ['api_token']]);
    const row = await api.db.selectFrom('replicas').select('api_token').where('id', '=', id).executeTakeFirstOrThrow();
    expect(api.secrets.open(row.api_token)).toBe(TOKEN.cellar);
  });

  it('must prove its documents again after its address changed', async () => {
    const { id } = await find('attic');
    await api.db.updateTable('replicas').set({ library_proven: true }).where('id', '=', id).execute();
    await api.db
      .insertInto('sync_map')
      .values({ replica_id: id, master_doc_id: 1, replica_doc_id: 1, phase: 'ok', status: 'ok' })
      .execute();
    const moved = await api.request('PUT', `/api/replicas/${id}`, { url: attic.url.replace('127.0.0.1', 'localhost') });
    expect(moved.status).toBe(200);
    expect(moved.body.replica).toMatchObject({ unconfirmed: true, library_proven: false });
    const link = await api.db
      .selectFrom('sync_map')
      .select('unconfirmed')
      .where('master_doc_id', '=', 1)
      .executeTakeFirstOrThrow();
    expect(link.unconfirmed).toBe(true);
  });

  it('is enabled again after a suspension', async () => {
    const { id } = await find('attic');
    await api.db
      .updateTable('replicas')
      .set({ suspended_at: new Date(), paused_at: new Date(), consecutive_failures: 5, enabled: false })
      .where('id', '=', id)
      .execute();
    const { status, body } = await api.request('POST', `/api/replicas/${id}/unsuspend`);
    expect(status).toBe(200);
    expect(body.replica).toMatchObject({ suspended_at: null, paused_at: null, consecutive_failures: 0, enabled: true });
    expect((await api.request('POST', '/api/replicas/4711/unsuspend')).status).toBe(404);
  });

  it('cannot become the master while it is a replica', async () => {
    const { status, body } = await saveMaster(attic.url, TOKEN.attic);
    expect([status, body.error.code]).toEqual([422, 'same_library']);
    expect(await markers(attic)).toEqual([]);
  });

  it('holds asn_base where it is', async () => {
    const { status, body } = await api.request('PUT', '/api/settings', { asn_base: 1_000_000 });
    expect([status, Object.keys(body.error.fields)]).toEqual([422, ['asn_base']]);
  });

  it('has to prove itself against a new address of the master', async () => {
    await api.db.updateTable('replicas').set({ library_proven: true }).execute();
    await api.db.updateTable('master_state').set({ last_contact_at: new Date() }).execute();
    const { status } = await saveMaster(master.url.replace('127.0.0.1', 'localhost'));
    expect(status).toBe(200);
    const state = await api.db.selectFrom('master_state').select('unconfirmed').executeTakeFirstOrThrow();
    expect(state.unconfirmed).toBe(true);
    expect((await find('attic')).library_proven).toBe(false);
  });

  it('takes its links with it when it is removed, and leaves its instance as it is', async () => {
    const { id } = await find('attic');
    attic.clearRequests();
    expect((await api.request('DELETE', `/api/replicas/${id}`)).status).toBe(204);
    expect(attic.requests()).toEqual([]);
    expect(await api.db.selectFrom('sync_map').select('id').where('replica_id', '=', id).execute()).toEqual([]);
    expect((await api.request('DELETE', `/api/replicas/${id}`)).status).toBe(404);
  });
});
