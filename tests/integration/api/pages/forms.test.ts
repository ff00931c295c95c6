/** What a person does with the pages, without scripts: every form is posted as a browser posts it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, simulator } from '../../../support/simulator.ts';
import { addReplicaRow } from '../harness.ts';
import { fill, openStage, type Filled, type PageStage } from './stage.ts';

let stage: PageStage;
let filled: Filled;
let master: Simulator;
let full: Simulator;
beforeAll(async () => {
  stage = await openStage();
  filled = await fill(stage.api, 'one');
  [master, full] = await Promise.all([
    simulator('v3', { docs: 1, seed: 'm' }),
    simulator('v3', { docs: 3, seed: 'r' }),
  ]);
  await stage.api.db.updateTable('settings').set({ value: master.url }).where('key', '=', 'master_url').execute();
  await stage.api.db
    .updateTable('settings')
    .set({ value: stage.api.secrets.seal(master.token) })
    .where('key', '=', 'master_token')
    .execute();
});
afterAll(async () => {
  await stage.close();
  await Promise.all([master, full].map((one) => one.stop()));
});

const row = (id: number) =>
  stage.api.db.selectFrom('replicas').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('a form', () => {
  it('of another site is refused', async () => {
    const answer = await stage.api.request('POST', '/sync', '', {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'cross-site',
    });
    expect(answer.status).toBe(403);
  });

  it('is answered with 303 and one sentence, which is shown once', async () => {
    const page = await stage.follow(`/replicas/${filled.attic}/sync`);
    expect(page.text).toMatch(/role="status">Run \d+ was started\./);
    expect((await stage.open(`/replicas/${filled.attic}`)).text).not.toContain('was started.');
    await stage.api.db
      .updateTable('sync_runs')
      .set({ finished_at: new Date(), outcome: 'ok', phase: 'closed' })
      .where('finished_at', 'is', null)
      .execute();
  });

  it('that cannot be carried out leads back and says why and what to do', async () => {
    const page = await stage.follow(`/replicas/${filled.cellar}/sync`);
    expect([page.status, page.text.includes('role="alert"')]).toEqual([200, true]);
    expect(page.text).toContain('suspended');
  });
});

describe('adding a replica', () => {
  const typed = () => ({
    name: 'shelf',
    url: full.url,
    deletion_mode: 'keep',
    conflict_policy: 'master',
    unknown_owner: 'token_user',
  });

  it('with a wrong token shows each step, keeps what was typed and never the token, and saves nothing', async () => {
    const page = await stage.submit('/replicas/new', { ...typed(), api_token: 'wrong-token-4711' });
    expect(page.status).toBe(422);
    expect(page.text).toMatch(/Reachable[\s\S]*passed[\s\S]*Token[\s\S]*failed/);
    expect(page.text).toContain('value="shelf"');
    expect(page.text).toContain(`value="${full.url}"`);
    expect(page.text).not.toContain('wrong-token-4711');
    expect((await stage.open('/replicas')).text).not.toContain('shelf');
  });

  it('names each field that is wrong', async () => {
    const bad = { ...typed(), name: ' ', quiet_hours: 'at night', requests_per_minute: '-1', api_token: 'x' };
    const page = await stage.submit('/replicas/new', bad);
    expect(page.status).toBe(422);
    for (const name of ['name', 'quiet_hours', 'requests_per_minute']) expect(page.text).toContain(`id="e-${name}"`);
  });

  it('can be tested without saving', async () => {
    const page = await stage.submit('/replicas/new', { ...typed(), api_token: full.token, verb: 'test' });
    expect([page.status, page.text.includes('it holds 3 documents')]).toEqual([200, true]);
    expect((await stage.open('/replicas')).text).not.toContain('shelf');
  });

  it('with the right one saves it and offers to match the documents that are there already', async () => {
    const page = await stage.follow('/replicas/new', { ...typed(), api_token: full.token });
    expect(page.text).toContain('It already holds 3 documents.');
    const [, at = ''] = /href="(\/replicas\/\d+\/reconcile)"/.exec(page.text) ?? [];
    const preview = await stage.open(at);
    expect(preview.text).toContain('What would happen');
    expect(preview.text).toMatch(/Documents on shelf<\/dt><dd><a href="[^"]+">3</);
    const anew = await stage.open(at.replace('reconcile', 'resync'));
    expect(anew.text).toContain('Type <strong>shelf</strong> to confirm');
  });

  it('editing keeps the token when none is typed, and a name that is taken comes back at its field', async () => {
    const { id, api_token: before } = await stage.api.db
      .selectFrom('replicas')
      .select(['id', 'api_token'])
      .where('name', '=', 'shelf')
      .executeTakeFirstOrThrow();
    const edit = { ...typed(), sync_interval_seconds: '600', restore_held_back: '1', api_token: '' };
    await stage.follow(`/replicas/${id}/edit`, edit);
    expect(await row(id)).toMatchObject({ api_token: before, sync_interval_seconds: 600, restore_held_back: true });
    const taken = await stage.submit(`/replicas/${id}/edit`, { ...edit, name: 'attic one' });
    expect([taken.status, taken.text.includes('id="e-name"')]).toEqual([422, true]);
    const tested = await stage.submit(`/replicas/${id}/test`);
    expect([tested.status, tested.text.includes('Everything that is needed works')]).toEqual([200, true]);
  });
});

describe('what a person does with a replica', () => {
  it('pauses it with a reason, and resumes it', async () => {
    expect((await stage.submit(`/replicas/${filled.attic}/pause`, { reason: ' ' })).status).toBe(422);
    const paused = await stage.follow(`/replicas/${filled.attic}/pause`, { reason: 'new disk' });
    expect(paused.text).toContain('new disk');
    expect(paused.text).toContain('No cycle includes it until you resume it.');
    await stage.follow(`/replicas/${filled.attic}/resume`);
    expect((await row(filled.attic)).paused_at).toBe(null);
  });

  it('enables it again after it was suspended, and disables it', async () => {
    await stage.follow(`/replicas/${filled.cellar}/unsuspend`);
    expect(await row(filled.cellar)).toMatchObject({ suspended_at: null, enabled: true });
    await stage.follow(`/replicas/${filled.cellar}/disable`);
    expect((await row(filled.cellar)).enabled).toBe(false);
  });

  it('has it verified', async () => {
    const page = await stage.follow(`/replicas/${filled.attic}/verify`, { depth: 'bytes' });
    expect(page.text).toMatch(/Verification \d+ was started/);
    const asked = stage.api.db.selectFrom('verifications').select('depth').where('state', '=', 'waiting');
    expect(await asked.execute()).toEqual([{ depth: 'bytes' }]);
  });

  it('removes it only with its name typed', async () => {
    const id = await addReplicaRow(stage.api, 'old <one>');
    const wrong = await stage.submit(`/replicas/${id}/remove`, { confirm: 'old' });
    expect([wrong.status, wrong.text.includes('is not the name of this replica')]).toEqual([422, true]);
    const page = await stage.follow(`/replicas/${id}/remove`, { confirm: 'old <one>' });
    expect(page.text).toContain('was removed, with what was known of 0 documents');
    expect((await stage.open(`/replicas/${id}`)).status).toBe(404);
  });
});

describe('what needs attention', () => {
  const trouble = async () => (await stage.open('/')).text;

  it('has a reason, the next step and a button, and stays quiet once acknowledged, until it is over', async () => {
    await stage.api.db
      .updateTable('replicas')
      .set({ suspended_at: new Date(), suspended_reason: 'the token was refused', enabled: true })
      .where('id', '=', filled.cellar)
      .execute();
    const page = await trouble();
    expect(page).toMatch(/cellar one needs you\.[\s\S]*the token was refused\.[\s\S]*until you enable it again/);
    const [, at = ''] = new RegExp(`href="(/acknowledge\\?key=replica%3A${filled.cellar}[^"]+)"`).exec(page) ?? [];
    const key = decodeURIComponent(at.replace('/acknowledge?key=', ''));
    expect((await stage.open(at)).text).toContain('Why is this all right for now?');
    expect((await stage.submit('/acknowledge', { key, reason: '' })).status).toBe(422);
    expect((await stage.follow('/acknowledge', { key, reason: 'a new <token> comes' })).text).toContain(
      'a new &lt;token&gt; comes',
    );
    expect(await trouble()).not.toContain('/acknowledge?key=replica%3A' + filled.cellar);
    await stage.follow(`/replicas/${filled.cellar}/unsuspend`);
    await trouble();
    expect(await stage.api.db.selectFrom('acknowledgements').selectAll().execute()).toEqual([]);
  });
});

describe('a run', () => {
  it('lists its failures first, grouped with a cure, and only those that are asked for', async () => {
    const { text } = await stage.open(`/runs/${filled.run}`);
    expect(text).toMatch(/>3<\/a> × <code>duplicate_content<\/code>[\s\S]*start a reconcile/);
    const order = [...text.matchAll(/href="\/documents\/(\d+)"/g)].map(([, id]) => Number(id));
    expect(order).toEqual([4, 8, 12, 1, 2, 3, 5, 6, 7, 9, 10, 11]);
    const failed = await stage.open(`/runs/${filled.run}?state=failed&kind=&code=`);
    expect([...failed.text.matchAll(/href="\/documents\/(\d+)"/g)].map(([, id]) => Number(id))).toEqual([4, 8, 12]);
    expect((await stage.open(`/runs/${filled.run}?cursor=x`)).status).toBe(400);
  });

  it('is retried for what failed only, and the answer says how many', async () => {
    const page = await stage.follow(`/runs/${filled.run}/retry`);
    expect(page.text).toMatch(/3 documents made due again, in run \d+/);
  });

  it('says what stays before it is cancelled', async () => {
    const run = await stage.api.db
      .selectFrom('sync_runs')
      .select('id')
      .where('finished_at', 'is', null)
      .where('kind', '=', 'replica')
      .executeTakeFirstOrThrow();
    expect((await stage.open(`/runs/${run.id}/cancel`)).text).toContain('What is done stays');
    const page = await stage.follow(`/runs/${run.id}/cancel`);
    expect(page.text).toMatch(/was cancelled; what it did stays[\s\S]*Cancelled/);
  });

  it('a dry run shows what a cycle would do and writes nothing', async () => {
    const { id } = await stage.api.db
      .selectFrom('replicas')
      .select('id')
      .where('name', '=', 'shelf')
      .executeTakeFirstOrThrow();
    const page = await stage.open(`/runs/preview?replica_id=${id}`);
    expect([page.status, page.text.includes('Uploaded, or linked to an equal document: 1')]).toEqual([200, true]);
  });
});
