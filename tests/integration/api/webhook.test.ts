/** Where the master says that a document changed (E24): every form of body that real instances send, and what others try. */
import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import { pruneHints, takeHint } from '../../../shared/db/webhook-events.repo.ts';
import { loadSettings } from '../../../shared/replication/load-settings.ts';
import { SECRET_HEADER, WORKFLOW_NAME } from '../../../shared/domain/webhook-workflow.ts';
import { ask } from '../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { startTestApi, type TestApi } from './harness.ts';
import { HOSTILE, openStage, type PageStage } from './pages/stage.ts';

const SECRET = 'a secret of forty letters, or so they say';
const PATH = '/webhook/paperless';

let stage: PageStage;
let api: TestApi;
beforeAll(async () => {
  stage = await openStage();
  api = stage.api;
});
afterAll(() => stage?.close());
beforeEach(async () => {
  await api.db.deleteFrom('webhook_events').execute();
  await api.db.updateTable('webhook_rate').set({ requests: 0 }).execute();
  await setSecret(SECRET);
});

const setSecret = (secret: string) => putSettings(api.db, [{ key: 'webhook_secret', value: api.secrets.seal(secret) }]);
const events = () => api.db.selectFrom('webhook_events').selectAll().orderBy('id').execute();

interface Sent {
  readonly status: number;
  readonly text: string;
  readonly retryAfter: string | null;
}

/** Through node's own client, so that Host and every other header go out as they were recorded. */
function send(body: string | Buffer, headers: Record<string, string> = {}, path = PATH): Promise<Sent> {
  const { hostname, port } = new URL(api.url);
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { hostname, port, path, method: 'POST', headers: { [SECRET_HEADER]: SECRET, ...headers } },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            text: Buffer.concat(parts).toString(),
            retryAfter: answer.headers['retry-after'] ?? null,
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
const json = (value: unknown, headers: Record<string, string> = {}) =>
  send(JSON.stringify(value), { 'content-type': 'application/json', ...headers });
const codeOf = ({ text }: Sent) => (JSON.parse(text) as { error: { code: string } }).error.code;

interface Recorded {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}
const recorded = (version: string): Recorded[] =>
  readFileSync(new URL(`../../recordings/webhooks/${version}.jsonl`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Recorded);

describe.each([
  ['v2.20.15', 71005],
  ['v3.0.5', 71006],
])('a webhook of %s', (version, id) => {
  it('is taken in every form that was recorded, joins those of its document, and nothing of its content is kept', async () => {
    const all = recorded(version);
    const forms = new Set<string>();
    for (const { headers, body } of all) {
      const answer = await send(body, headers);
      expect([answer.status, answer.text.startsWith('{"id":')], body).toEqual([202, true]);
      const [event, ...others] = await events();
      expect(others).toEqual([]);
      forms.add(event?.body ?? '');
      expect(event).toMatchObject({ master_doc_id: id, state: 'pending' });
      expect(JSON.stringify(event)).not.toMatch(/Hooked|harbour|hook-6|s3cret|8023|8033/);
    }
    expect((await events())[0]?.received_count).toBe(all.length);
    expect([...forms].sort()).toEqual(['form', 'json', 'multipart', 'text']);
  });
});

describe('the door', () => {
  it('is shut while no secret is set, and for every other secret, and says what to do', async () => {
    expect((await json({ doc_id: 1 })).status).toBe(202);
    for (const wrong of ['', 'x', SECRET.slice(0, -1), `${SECRET} `.repeat(2), SECRET.toUpperCase(), 'é'.repeat(20)]) {
      const answer = await json({ doc_id: 2 }, { [SECRET_HEADER]: Buffer.from(wrong).toString('latin1') });
      expect([answer.status, codeOf(answer)]).toEqual([403, 'webhook_secret_wrong']);
      expect(answer.text).not.toContain(SECRET);
    }
    await api.db.deleteFrom('settings').where('key', '=', 'webhook_secret').execute();
    for (const given of ['', 'null', SECRET]) {
      const answer = await json({ doc_id: 2 }, { [SECRET_HEADER]: given });
      expect([answer.status, codeOf(answer)]).toEqual([403, 'webhook_not_set_up']);
      expect(answer.text).toContain('webhook_secret');
    }
    expect((await events()).map((event) => event.master_doc_id)).toEqual([1]);
  });

  it('opens in every AUTH_MODE for the secret alone, from whatever origin and name, and leads nowhere else', async () => {
    const joins = { testDatabase: api.testDatabase, secrets: api.secrets };
    for (const mode of ['password', 'forward', 'none'] as const) {
      const other = await startTestApi({ joins, door: { mode } });
      const { port } = new URL(other.url);
      const to = (path: string, headers: Record<string, string>) =>
        fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers, body: '{"doc_id": 3}' });
      const known = { 'content-type': 'application/json', origin: 'https://paperless.test', [SECRET_HEADER]: SECRET };
      expect((await to(PATH, { ...known, host: 'paperless.test' })).status).toBe(202);
      if (mode !== 'none')
        for (const path of [
          '/api/webhook/events/1/replay',
          `${PATH}/`,
          '/webhook/paperless%2f',
          '/api/webhook/workflow',
        ])
          expect([path, (await to(path, known)).status]).toEqual([path, 401]);
      await other.close();
    }
  });

  it('takes 120 a minute over all processes, and counts those without the secret apart', async () => {
    await api.db
      .updateTable('webhook_rate')
      .set({ requests: 119, minute: new Date(Math.floor(Date.now() / 60_000) * 60_000) })
      .execute();
    const first = await json({ doc_id: 1 });
    const second = await json({ doc_id: 2 });
    // The minute may turn over in between.
    if (first.status === 202 && second.status === 429) {
      expect([codeOf(second), second.retryAfter]).toEqual(['webhook_too_often', '60']);
      expect(await events()).toHaveLength(1);
    }
    const refused = new Set<number>();
    for (let round = 0; round < 245; round += 1) refused.add((await json({}, { [SECRET_HEADER]: 'guess' })).status);
    expect([...refused].sort()).toEqual([403, 429]);
    await api.db.updateTable('webhook_rate').set({ requests: 0 }).execute();
    expect((await json({ doc_id: 3 })).status).toBe(202);
  });
});

describe('a body', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const parts = (body: string) => send(body, { 'content-type': 'multipart/form-data; boundary=b' });
  it.each<[string, () => Promise<Sent>, number, string]>([
    ['that names no document', () => json({ title: 'x' }), 422, 'webhook_names_no_document'],
    ['of null', () => json(null), 422, 'webhook_names_no_document'],
    ['of a list', () => json([{ doc_id: 1 }]), 422, 'webhook_names_no_document'],
    [
      'of half a JSON object',
      () => send('{"doc_id": 1', { 'content-type': 'application/json' }),
      400,
      'malformed_request',
    ],
    ['that is empty', () => send('', { 'content-type': 'application/json' }), 400, 'malformed_request'],
    ['that is empty, as a form', () => send('', form), 422, 'webhook_names_no_document'],
    ['without a type that names nothing', () => send('hello'), 422, 'webhook_names_no_document'],
    ['of XML', () => send('<a/>', { 'content-type': 'text/xml' }), 415, 'webhook_body_unsupported'],
    ['that is compressed', () => json({ doc_id: 1 }, { 'content-encoding': 'gzip' }), 415, 'webhook_body_unsupported'],
    [
      'of no text',
      () => send(Buffer.from([0xff, 0xfe, 0]), { 'content-type': 'text/plain' }),
      400,
      'malformed_request',
    ],
    [
      'of parts without an end',
      () => parts('--b\r\nContent-Disposition: form-data; name="doc_id"\r\n\r\n1'),
      400,
      'malformed_request',
    ],
    [
      'of parts without a boundary',
      () => send('x', { 'content-type': 'multipart/form-data' }),
      400,
      'malformed_request',
    ],
    [
      'of a deep nest of JSON',
      () => send(`${'['.repeat(30_000)}${']'.repeat(30_000)}`, { 'content-type': 'application/json' }),
      422,
      'webhook_names_no_document',
    ],
    ['beyond 64 KiB', () => json({ doc_id: 1, title: 'x'.repeat(64 * 1024) }), 413, 'body_too_large'],
    [
      'beyond 64 KiB in pieces',
      () => send(Buffer.alloc(70_000, 0x20), { 'content-type': 'application/json', 'transfer-encoding': 'chunked' }),
      413,
      'body_too_large',
    ],
  ])('%s is refused by name', async (_, sent, status, code) => {
    const answer = await sent();
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(await events()).toEqual([]);
    expect((await api.get('/metrics')).text).toContain('pngx_webhook_requests_total{outcome="');
  });

  it('full of markup and quotes stays text wherever it is shown', async () => {
    const evil = { doc_id: '5', [HOSTILE]: HOSTILE, "'; drop table webhook_events; --": "' or 1=1", 'nul\0': '\0' };
    expect((await json(evil)).status).toBe(202);
    const page = await stage.open('/settings/webhook');
    expect([page.status, page.text.includes('<script>alert')]).toEqual([200, false]);
    expect((await api.get('/api/webhook/events')).body.events).toHaveLength(1);
  });

  it('is logged nowhere', async () => {
    await json({ doc_id: 6, title: 'A very private title' });
    expect(JSON.stringify(api.logged)).not.toMatch(/private title|so they say/);
  });
});

describe('the events', () => {
  it('are listed page by page, by state and document, and one can be replayed', async () => {
    for (const id of [1, 2, 3]) await json({ doc_id: id });
    await json({ doc_id: 3 });
    const { body: first } = await api.get('/api/webhook/events?limit=2');
    expect(first.events.map((one: { master_doc_id: number }) => one.master_doc_id)).toEqual([3, 2]);
    expect(first.events[0]).toMatchObject({ received_count: 2, body: 'json', fields: { doc_id: '3' } });
    const { body: second } = await api.get(`/api/webhook/events?limit=2&cursor=${first.next_cursor}`);
    expect(second).toMatchObject({ events: [{ master_doc_id: 1 }], next_cursor: null });
    const id = first.events[1].id as number;
    const over = { state: 'done', outcome: 'applied', ended_at: new Date() } as const;
    await api.db.updateTable('webhook_events').set(over).where('id', '=', id).execute();
    expect((await api.get('/api/webhook/events?state=done')).body.events).toMatchObject([{ id, outcome: 'applied' }]);
    const replayed = await api.request('POST', `/api/webhook/events/${id}/replay`);
    expect([replayed.status, replayed.body.master_doc_id]).toEqual([202, 2]);
    expect((await api.get('/api/webhook/events?document=2')).body.events).toMatchObject([{ body: 'replay' }, { id }]);
    const none = await api.request('POST', '/api/webhook/events/999999/replay');
    expect([none.status, none.body.error.code]).toEqual([404, 'webhook_event_not_found']);
    const summary = (await api.get('/api/webhook')).body;
    expect(summary).toMatchObject({ secret_set: true, url: null, events: { pending: 3, done: 1 } });
    expect((await api.get('/metrics')).text).toContain('pngx_webhook_events{state="pending"} 3');
  });

  it('that are over go after log_retention_days, those that wait stay', async () => {
    const old = new Date(Date.now() - 91 * 86_400_000);
    for (const documentId of [1, 2])
      await takeHint(api.db, { documentId, kind: 'changed', body: 'json', fields: {} }, 0);
    await api.db.updateTable('webhook_events').set({ last_received_at: old }).execute();
    await api.db.updateTable('webhook_events').set({ state: 'left' }).where('master_doc_id', '=', 2).execute();
    expect(await pruneHints(api.db, new Date(Date.now() - 90 * 86_400_000), 5000)).toBe(1);
    expect((await events()).map((event) => event.master_doc_id)).toEqual([1]);
  });

  it('have a page that shows them, replays one, and needs no script', async () => {
    await json({ doc_id: 8 });
    const [event] = await events();
    const page = await stage.open('/settings/webhook');
    expect(page.text).toContain('href="/documents/8"');
    expect(page.text).toContain('Last webhook:');
    expect(page.queries).toBeLessThanOrEqual(6);
    const after = await stage.follow(`/settings/webhook/events/${event?.id}/replay`);
    expect(after.text).toContain('1 document is looked at again: #8.');
    expect((await stage.open('/settings/webhook?state=done')).text).toContain('Nothing in this list');
  });
});

describe.each(['v2', 'v3'] as const)('the workflow on a master of %s', (generation) => {
  let master: Simulator;
  beforeAll(async () => {
    master = await simulator(generation);
    await putSettings(api.db, [
      { key: 'master_url', value: master.url },
      { key: 'master_token', value: api.secrets.seal(master.token) },
    ]);
    await api.db.updateTable('master_state').set({ generation }).execute();
  });
  afterAll(() => master?.stop());
  const found = async () =>
    ((await ask(master, 'GET', '/api/workflows/')) as { results: { name: string; actions: { webhook: object }[] }[] })
      .results;
  const writes = () =>
    master
      .requests()
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path }) => [method, path]);

  it('is shown before it is written, installed once, told when it differs, and taken away without leaving the secret', async () => {
    await api.db.deleteFrom('settings').where('key', '=', 'webhook_secret').execute();
    const url = 'https://controller.test/webhook/paperless';
    expect((await api.get('/api/webhook/workflow')).body).toMatchObject({ state: 'none' });
    const preview = await stage.submit('/settings/webhook/install', { url });
    expect([preview.status, preview.text.includes(url), preview.text.includes(WORKFLOW_NAME)]).toEqual([
      200,
      true,
      true,
    ]);
    expect(writes()).toEqual([]);
    expect((await stage.submit('/settings/webhook/install', { url: 'ftp://x' })).status).toBe(422);
    const done = await stage.follow('/settings/webhook/install/confirmed', { url });
    expect(done.text).toContain('1 workflow was made on the master. A secret was made for it.');
    const { webhookSecret } = await loadSettings({ db: api.db, secrets: api.secrets });
    expect(webhookSecret).toMatch(/^[0-9a-f]{64}$/);
    const [workflow] = await found();
    const params = generation === 'v3' ? { doc_id: '{{doc_id}}', doc_url: '{{doc_url}}' } : { doc_url: '{{doc_url}}' };
    expect(workflow?.actions[0]?.webhook).toMatchObject({ url, params, headers: { [SECRET_HEADER]: webhookSecret } });
    const again = await api.request('POST', '/api/webhook/workflow', { url });
    expect([again.body.done, again.body.secret_made, writes()]).toEqual([
      'nothing',
      false,
      [['POST', '/api/workflows/']],
    ]);
    const moved = await api.request('POST', '/api/webhook/workflow', {
      url: 'https://elsewhere.test/webhook/paperless',
    });
    expect([moved.body.done, await found()]).toEqual(['changed', [expect.objectContaining({ name: WORKFLOW_NAME })]]);
    expect((await stage.open('/settings/webhook?look=1')).text).toContain('It is on the master, as it should be');
    await setSecret('another secret');
    const { body } = await api.get('/api/webhook/workflow');
    expect(body).toMatchObject({ state: 'differs', differences: ['it does not bear the secret that is set here'] });
    master.clearRequests();
    expect((await api.request('DELETE', '/api/webhook/workflow')).body).toEqual({ removed: true });
    expect(writes().map(([method]) => method)).toEqual(['PATCH', 'DELETE']);
    expect(await found()).toEqual([]);
    expect((await api.request('DELETE', '/api/webhook/workflow')).body).toEqual({ removed: false });
  });

  it('of another name is never touched', async () => {
    const other = { name: 'Mine', triggers: [{ type: 2 }], actions: [{ type: 4, webhook: { url: 'http://x.test/' } }] };
    await ask(master, 'POST', '/api/workflows/', other);
    await api.request('POST', '/api/webhook/workflow', { url: 'https://c.test/webhook/paperless' });
    await api.request('DELETE', '/api/webhook/workflow');
    expect(await found()).toMatchObject([other]);
  });
});

it('a master that is away is said, on the page and to programs', async () => {
  await putSettings(api.db, [{ key: 'master_url', value: 'http://127.0.0.1:9' }]);
  expect((await stage.open('/settings/webhook?look=1')).text).toContain('The master could not be asked.');
  expect((await api.get('/api/webhook/workflow')).status).toBe(422);
  expect((await api.request('POST', '/api/webhook/workflow', {})).body.error.fields).toEqual({
    url: 'is needed, since PUBLIC_URL is not set',
  });
});
