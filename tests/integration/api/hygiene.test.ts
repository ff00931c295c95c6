/** How instances are set up, as the API tells it: each finding made on a simulator and seen from outside. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../services/simulator/index.ts';
import { addReplicaRow, startTestApi, type Answer, type TestApi } from './harness.ts';

const TOKEN = 't'.repeat(40);
let api: TestApi;
let master: Simulator;
const replicas = {} as Record<'v2' | 'v3' | 'poor', { simulator: Simulator; id: number }>;

async function join(name: keyof typeof replicas, simulator: Simulator): Promise<void> {
  const row = { url: simulator.url, api_token: api.secrets.seal(TOKEN) };
  replicas[name] = { simulator, id: await addReplicaRow(api, name, row) };
}

beforeAll(async () => {
  api = await startTestApi();
  master = await startSimulator({ profile: 'v3', token: TOKEN, docs: 2, seed: 'master' });
  await api.request('PUT', '/api/settings', { master_url: master.url, master_token: TOKEN });
  await join('v3', await startSimulator({ profile: 'v3', token: TOKEN, seed: 'v3' }));
  await join('v2', await startSimulator({ profile: 'v2', token: TOKEN, seed: 'v2' }));
  await join(
    'poor',
    await startSimulator({
      ...{ profile: 'v3', token: TOKEN, seed: 'poor', version: '3.1.0' },
      ...{ storageAvailable: 500_000_000, trashDelay: 1, celery: 'ERROR' },
    }),
  );
});
afterAll(async () => {
  await api.close();
  await Promise.all([master, ...Object.values(replicas).map(({ simulator }) => simulator)].map((one) => one.stop()));
});
afterEach(() => {
  for (const { simulator } of Object.values(replicas)) simulator.clearFaults();
});

async function change(name: keyof typeof replicas, method: string, path: string, body: object): Promise<void> {
  const { url } = replicas[name].simulator;
  const response = await fetch(`${url}/api/${path}`, {
    method,
    headers: { authorization: `Token ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
}
const look = (name: keyof typeof replicas) => api.get(`/api/replicas/${replicas[name].id}/hygiene`);
const codes = (answer: Answer): string[] => answer.body.findings.map((finding: { code: string }) => finding.code);
/** Left as it is delivered: the environment decides about barcodes, and nobody can see it. */
const PRISTINE = ['barcodes_unknown'];

describe('GET /api/replicas/{id}/hygiene', () => {
  it('finds hardly anything on an instance as it is delivered, and keeps what it found with its time', async () => {
    const first = await look('v3');
    expect([first.status, first.body.ok]).toEqual([200, true]);
    expect(codes(first)).toEqual(PRISTINE);
    expect(Date.now() - Date.parse(first.body.checked_at)).toBeLessThan(60_000);
    const stored = await api.get('/api/hygiene');
    const kept = stored.body.replicas.find((row: { name: string }) => row.name === 'v3');
    expect(kept.checked_at).toBe(first.body.checked_at);
    expect(codes({ ...stored, body: kept })).toEqual(PRISTINE);
  });

  it('tells a 2.20 replica of a 3.x master what it cannot take', async () => {
    const answer = await look('v2');
    expect(codes(answer)).toEqual(['generations_differ', 'barcodes_unknown', 'twins_refused']);
    expect(answer.body.findings[0].fix).toContain('/api/fidelity?master=v3&replica=v2');
  });

  it('sees a small disk, idle task workers, a short trash and another version', async () => {
    const answer = await look('poor');
    expect(answer.body.ok).toBe(false);
    expect(codes(answer).sort()).toEqual(
      ['barcodes_unknown', 'instance_unwell', 'storage_low', 'trash_delay_short', 'versions_differ'].sort(),
    );
  });

  it.each(['v2', 'v3'] as const)('sees what files and changes documents by itself on %s', async (name) => {
    await change(name, 'POST', 'tags/', { name: 'new', is_inbox_tag: true, matching_algorithm: 0 });
    await change(name, 'POST', 'correspondents/', { name: 'bank', match: 'bank', matching_algorithm: 1 });
    const triggers = [{ type: 2 }];
    const title = [{ type: 1, assign_title: 'X', assign_tags: [] }];
    await change(name, 'POST', 'workflows/', { name: 'titles', enabled: true, triggers, actions: title });
    const removal = [{ type: 2, remove_all_owners: true, remove_tags: [] }];
    await change(name, 'POST', 'workflows/', { name: 'disowns', enabled: true, triggers, actions: removal });
    await change(name, 'POST', 'workflows/', { name: 'off', enabled: false, triggers, actions: [{ type: 6 }] });
    await change(name, 'POST', 'workflows/', { name: 'tells', enabled: true, triggers, actions: [{ type: 4 }] });
    await change(name, 'POST', 'mail_rules/', { name: 'All', enabled: true });
    const answer = await look(name);
    expect(codes(answer)).toEqual(
      expect.arrayContaining([
        ...['workflow_endangers_uploads', 'workflow_endangers_uploads', 'mail_rules_enabled'],
        ...['inbox_tags', 'automatic_matching', 'workflow_enabled'],
      ]),
    );
    const texts = answer.body.findings.map((finding: { what: string }) => finding.what).join('\n');
    for (const words of ['"titles" sets title', '"disowns" sets owner', '"All"', '"bank"', '"new"'])
      expect(texts).toContain(words);
    expect(texts).not.toContain('"off"');
  });

  it('sees barcodes and another way of text recognition in the configuration', async () => {
    await change('v3', 'PATCH', 'config/1/', {
      ...{ barcodes_enabled: true, barcode_enable_asn: true, barcode_enable_tag: true },
      mode: 'off',
    });
    const found = codes(await look('v3'));
    expect(found).toEqual(expect.arrayContaining(['barcode_asn', 'barcode_split', 'barcode_tags', 'ocr_differs']));
    expect(found).not.toContain('barcodes_unknown');
    await change('v3', 'PATCH', 'config/1/', { barcodes_enabled: false, barcode_enable_asn: false, mode: null });
  });

  it('sees a clock that is wrong', async () => {
    replicas.v3.simulator.setFault('clock-skew', { value: 5 * 60_000 });
    expect((await look('v3')).body.findings).toContainEqual(
      expect.objectContaining({ code: 'clock_differs', what: expect.stringContaining('5 minute(s) ahead') }),
    );
  });

  it('sees a user without rights, and says what it could not read', async () => {
    const { store } = replicas.poor.simulator;
    const [user] = store.users.values();
    if (user === undefined) throw new Error('the instance has no user');
    store.users.save({
      ...user,
      isSuperuser: false,
      isStaff: false,
      permissions: ['view_uisettings', 'view_document'],
    });
    const answer = await look('poor');
    store.users.save(user);
    expect(codes(answer)).toEqual(
      expect.arrayContaining(['user_not_superuser', 'rights_missing', 'user_not_staff', 'part_unread']),
    );
    const unread = answer.body.findings.filter((finding: { code: string }) => finding.code === 'part_unread');
    expect(unread.map((finding: { what: string }) => finding.what).join()).toMatch(/mail rules.*system status/s);
  });

  it.each(['html-login', 'redirect'] as const)('sees a proxy in front of the API (%s)', async (fault) => {
    replicas.v3.simulator.setFault(fault, { value: 'http://127.0.0.1:9/login' });
    expect(codes(await look('v3'))).toEqual(['proxy_in_front']);
    replicas.v3.simulator.clearFaults();
    replicas.v3.simulator.setFault(fault, { match: { pathPrefix: '/api/workflows' }, value: 'http://127.0.0.1:9/' });
    expect(codes(await look('v3'))).toContain('proxy_in_front');
  });

  it('gives an instance that is away, or refuses the token, as the one finding', async () => {
    replicas.v3.simulator.setFault('unauthorized');
    expect(codes(await look('v3'))).toEqual(['token_refused']);
    replicas.v3.simulator.clearFaults();
    replicas.v3.simulator.setFault('down');
    expect(codes(await look('v3'))).toEqual(['instance_unreachable']);
  });

  it('tells what the controller saw there itself', async () => {
    const { id } = replicas.v3;
    await api.db.updateTable('replicas').set({ asn_fence: false }).where('id', '=', id).execute();
    const blocked = { status: 'error', phase: 'blocked', error_code: 'duplicate_content' } as const;
    await api.db
      .insertInto('sync_map')
      .values({ replica_id: id, master_doc_id: 1, ...blocked })
      .execute();
    expect(codes(await look('v3'))).toEqual(expect.arrayContaining(['asn_fence_off', 'duplicates_refused']));
  });

  it('reads only', async () => {
    const { simulator } = replicas.v3;
    simulator.clearRequests();
    master.clearRequests();
    await look('v3');
    const methods = [...simulator.requests(), ...master.requests()].map((request) => request.method);
    expect(methods.length).toBeGreaterThan(10);
    expect(new Set(methods)).toEqual(new Set(['GET']));
  });

  it('does not exist for a replica that does not', async () => {
    expect((await api.get('/api/replicas/4711/hygiene')).status).toBe(404);
  });
});

describe('the connection test', () => {
  it('lists the findings beside its steps, and keeps them', async () => {
    const { body } = await api.request('POST', `/api/replicas/${replicas.v2.id}/test`);
    expect(body.ok).toBe(true);
    expect(body.findings.map((finding: { code: string }) => finding.code)).toContain('workflow_endangers_uploads');
    expect(JSON.stringify(body)).not.toContain(TOKEN);
  });

  it('lists them when a replica is added, which no finding prevents', async () => {
    const simulator = await startSimulator({ profile: 'v3', token: TOKEN, seed: 'late', trashDelay: 2 });
    const added = await api.request('POST', '/api/replicas', { name: 'late', url: simulator.url, api_token: TOKEN });
    await simulator.stop();
    expect(added.status).toBe(201);
    expect(added.body.test.findings).toContainEqual(expect.objectContaining({ code: 'trash_delay_short' }));
    const stored = (await api.get('/api/hygiene')).body.replicas.find((row: { name: string }) => row.name === 'late');
    expect(stored.findings).toEqual(added.body.test.findings);
  });
});

describe('GET /api/master/hygiene', () => {
  it('looks at what matters at a master', async () => {
    const { body } = await api.get('/api/master/hygiene');
    expect(body).toMatchObject({ ok: true, findings: [] });
    const [user] = master.store.users.values();
    if (user === undefined) throw new Error('the master has no user');
    master.store.users.save({ ...user, isSuperuser: false, permissions: ['view_uisettings'] });
    const demoted = await api.get('/api/master/hygiene');
    master.store.users.save(user);
    expect(codes(demoted)).toContain('user_not_superuser');
    expect((await api.get('/api/hygiene')).body.master.checked_at).toBe(demoted.body.checked_at);
  });

  it('says that there is none', async () => {
    const other = await startTestApi();
    const { status, body } = await other.get('/api/master/hygiene');
    await other.close();
    expect([status, body.error.code]).toEqual([422, 'master_not_configured']);
  });
});
