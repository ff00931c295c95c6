import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../services/simulator/index.ts';
import { addReplicaRow, startTestApi, type TestApi } from './harness.ts';

const TOKEN = 't'.repeat(40);
let api: TestApi;
let master: Simulator;
let replica: Simulator;
let attic: number;

beforeAll(async () => {
  api = await startTestApi();
  master = await startSimulator({ profile: 'v3', token: TOKEN, docs: 3, seed: 'planned' });
  replica = await startSimulator({ profile: 'v3', token: TOKEN, seed: 'plan replica' });
  await api.request('PUT', '/api/settings', { master_url: master.url, master_token: TOKEN });
  attic = await addReplicaRow(api, 'attic', { url: replica.url, api_token: api.secrets.seal(TOKEN) });
});
afterAll(async () => {
  await api.close();
  await Promise.all([master.stop(), replica.stop()]);
});

describe('POST /api/sync?dry_run=1', () => {
  it('tells what a cycle would do to each replica, and neither starts one nor writes anywhere', async () => {
    for (const simulator of [master, replica]) simulator.clearRequests();
    const { status, body } = await api.request('POST', '/api/sync?dry_run=1&sweep=1');
    expect([status, body.dry_run]).toEqual([200, true]);
    expect(body.plans).toEqual([
      expect.objectContaining({ replica: 'attic', replica_id: attic, sweep: true, updates: [], deletions: [] }),
    ]);
    expect(body.plans[0].uploads).toHaveLength(3);
    const methods = [...master.requests(), ...replica.requests()].map(({ method }) => method);
    expect(new Set(methods)).toEqual(new Set(['GET']));
    expect((await api.get('/api/runs')).body.runs).toEqual([]);
    expect(JSON.stringify(body)).not.toContain(TOKEN);
  });

  it('says which instance could not be asked, and why', async () => {
    replica.setFault('unauthorized');
    const refused = await api.request('POST', `/api/sync?dry_run=1&replica_id=${attic}`);
    replica.clearFaults();
    expect([refused.status, refused.body.error.code]).toEqual([422, 'token_refused']);
    expect(refused.body.error.message).toContain('Replica "attic"');
    expect(refused.body.error.hint).not.toBeNull();
    master.setFault('html-login');
    const login = await api.request('POST', '/api/sync?dry_run=1');
    master.clearFaults();
    expect([login.status, login.body.error.code]).toEqual([422, 'html_instead_of_api']);
    expect(login.body.error.message).toContain('Master');
    replica.setFault('down');
    const down = await api.request('POST', '/api/sync?dry_run=1');
    replica.clearFaults();
    expect([down.status, down.body.error.code]).toEqual([422, 'instance_unreachable']);
    expect((await api.request('POST', '/api/sync?dry_run=1&replica_id=4711')).status).toBe(404);
  });
});
