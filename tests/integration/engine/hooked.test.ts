/** From the master's own webhook to the replicas, over HTTP all the way and without a cycle (E24). */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../api/harness.ts';
import { ask, uploadText } from '../../support/paperless-calls.ts';
import { waitFor } from '../../support/wait.ts';
import { live, Stage } from '../faults/stage.ts';

describe.each(['v2', 'v3'] as const)('a master of %s with the workflow installed', (generation) => {
  let stage: Stage;
  let api: TestApi;
  beforeAll(async () => {
    stage = await Stage.open({ master: generation, documents: [{}, {}, {}] });
    await stage.cycle();
    api = await startTestApi({ joins: { testDatabase: stage.controller.database, secrets: stage.controller.secrets } });
    const installed = await api.request('POST', '/api/webhook/workflow', { url: `${api.url}/webhook/paperless` });
    expect([installed.status, installed.body.done]).toEqual([200, 'created']);
  });
  afterAll(async () => {
    await stage?.master.idle();
    await api?.close();
    await stage?.close();
  });

  /** The five seconds in which further hints join are not waited for. */
  const applied = (masterId: number) =>
    waitFor(`#${masterId} on the replica`, async () => {
      await stage.db
        .updateTable('webhook_events')
        .set({ next_look_at: new Date(0) })
        .where('state', '=', 'pending')
        .execute();
      const done = (await api.get(`/api/webhook/events?document=${masterId}&state=done`)).body.events;
      return done.length > 0 ? done : null;
    });
  const cycles = async () =>
    (await stage.controller.runs()).filter((run) => run.kind === 'cycle' && run.triggered_by !== 'webhook');

  it('has its changes on the replica as they are made, new documents as well, though it is no cycle', async () => {
    const before = (await cycles()).length;
    await ask(stage.master, 'PATCH', '/api/documents/2/', { title: 'Told at once' });
    expect(await applied(2)).toMatchObject([
      { kind: 'updated', outcome: 'applied', fields: { doc_url: '.../documents/2/' } },
    ]);
    await uploadText(stage.master, 'brand-new');
    const id = await waitFor('it to be there', () => live(stage.master).find((row) => row.title === 'brand-new')?.id);
    expect(await applied(id)).toMatchObject([{ outcome: 'applied', detail: 'As on the master on "copy".' }]);
    const titles = live(stage.copy).map((row) => row.title);
    expect(titles).toEqual(expect.arrayContaining(['Told at once', 'brand-new']));
    expect((await cycles()).length).toBe(before);
    const secret = (await api.deps.settings()).webhookSecret ?? '';
    expect(JSON.stringify([api.logged, stage.controller.logs])).not.toContain(secret);
  });

  it('that loses its webhooks loses nothing: the cycle finds the change', async () => {
    stage.master.setFault('webhook-lost');
    await ask(stage.master, 'PATCH', '/api/documents/3/', { title: 'Never told' });
    await stage.master.idle();
    stage.master.clearFaults();
    await stage.cycle();
    expect(live(stage.copy).map((row) => row.title)).toContain('Never told');
  });
});
