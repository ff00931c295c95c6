import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

interface Row {
  readonly area: string;
  readonly field: string;
  readonly fidelity: string;
}

describe('GET /api/fidelity', () => {
  it('says for each pair of versions what becomes of each field, and why', async () => {
    const { status, body } = await api.get('/api/fidelity');
    expect(status).toBe(200);
    expect(body.pairs.map((pair: { master: string; replica: string }) => `${pair.master}->${pair.replica}`)).toEqual([
      'v2->v2',
      'v2->v3',
      'v3->v2',
      'v3->v3',
    ]);
    for (const pair of body.pairs)
      expect(pair.fields).toContainEqual({
        area: 'instance',
        field: 'workflows',
        fidelity: 'not_replicable',
        reason: expect.stringContaining('replica'),
        setting: null,
      });
  });

  it('can be asked for one pair', async () => {
    const { body } = await api.get('/api/fidelity?master=v3&replica=v2');
    expect(body.pairs).toHaveLength(1);
    const versions = body.pairs[0].fields.find((row: Row) => row.field === 'versions');
    expect(versions).toMatchObject({ area: 'document', fidelity: 'not_replicable' });
    expect((await api.get('/api/fidelity?master=v1')).status).toBe(400);
  });
});
