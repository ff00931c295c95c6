import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addReplicaRow, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.close());

describe('POST /api/replicas/{id}/uploads/acknowledge', () => {
  const rowOf = (id: number) =>
    api.db
      .selectFrom('replicas')
      .select(['uploads_held', 'altered_acknowledged'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();

  it('lets uploads go on that waited, and remembers that the reason was seen', async () => {
    const id = await addReplicaRow(api, 'stamped', { uploads_held: 'it stores other bytes than were sent' });
    const { status, body } = await api.request('POST', `/api/replicas/${id}/uploads/acknowledge`);
    expect([status, body.replica.uploads_held]).toEqual([200, null]);
    expect(await rowOf(id)).toEqual({ uploads_held: null, altered_acknowledged: true });
  });

  it('acknowledges nothing where nothing waited', async () => {
    const id = await addReplicaRow(api, 'plain');
    await api.request('POST', `/api/replicas/${id}/uploads/acknowledge`);
    expect(await rowOf(id)).toEqual({ uploads_held: null, altered_acknowledged: false });
  });

  it('knows no other replica', async () => {
    expect((await api.request('POST', '/api/replicas/999/uploads/acknowledge')).status).toBe(404);
  });
});
