/** Pages of documents, decisions, proofs, logs and queue: with nothing, with something, and with hostile text in every field. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { lastLogId, insertLogs } from '../../../../shared/db/logs.repo.ts';
import { waitFor } from '../../../support/wait.ts';
import { openEvents } from '../event-stream.ts';
import { startTestApi, type TestApi } from '../harness.ts';
import { HOSTILE, setScene, type Scene } from './scene.ts';

let api: TestApi;
let scene: Scene;
const empty = new Map<string, string>();

const LISTS = [
  '/documents',
  '/conflicts',
  '/findings',
  '/verifications',
  '/deletions',
  '/logs',
  '/queue',
  '/audit',
  '/settings',
  '/settings/keys',
];

beforeAll(async () => {
  api = await startTestApi();
  for (const path of LISTS) {
    const { status, text } = await page(path);
    empty.set(path, `${status} ${text}`);
  }
  scene = await setScene(api);
});
afterAll(() => api.close());

const HTML = { accept: 'text/html' };
const page = (path: string) => api.request('GET', path, undefined, HTML);
const form = (path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}) =>
  api.request('POST', path, new URLSearchParams(fields).toString(), {
    'content-type': 'application/x-www-form-urlencoded',
    'sec-fetch-site': 'same-origin',
    ...headers,
  });
const flashOf = (answer: { headers: Headers }) => decodeURIComponent(answer.headers.get('set-cookie') ?? '');

function pages(): string[] {
  const { attic, conflict, verification } = scene;
  return [
    ...LISTS,
    ...Object.values(scene.documents).map((id) => `/documents/${id}`),
    `/documents?replica_id=${attic}&status=error&phase=dlq,failed&code=task_failed&waiting=1&run_id=${scene.run}`,
    `/documents?document=1&copy=11&field=owner&held=0&unverified_since=2026-01-01T00:00:00Z`,
    `/conflicts?replica_id=${attic}&state=any`,
    `/conflicts/${conflict}`,
    `/findings?state=any&kind=field_differs&verification=${verification}`,
    `/verifications/${verification}`,
    `/deletions?replica_id=${attic}`,
    '/logs?level=error&q=failed&document=2&from=2026-01-01T00:00',
    '/logs/2',
    `/queue?document=1&replica_id=${attic}&run_id=${scene.run}`,
    '/queue?status=waiting',
    '/audit?action=settings',
  ];
}

describe('every page', () => {
  it('says what will appear while there is nothing', () => {
    for (const [path, answer] of empty) {
      expect(answer, path).toMatch(/^200 /);
      if (!path.startsWith('/settings') && path !== '/queue') expect(answer, path).toContain('class="empty"');
    }
  });

  it('shows what paperless or a person wrote as text, has no script or style of its own, and leads nowhere else', async () => {
    for (const path of pages()) {
      const { status, text } = await page(path);
      expect(status, path).toBe(200);
      expect(text.includes('<script>') || text.includes('<img'), path).toBe(false);
      // Values are quoted and escaped: what is left are the names of elements and attributes.
      expect(text.replaceAll(/"[^"]*"/g, '""'), path).not.toMatch(/<[^>]+ (style|on\w+)=/);
      expect(text.match(/(src|href)="(https?:)?\/\/(?!127\.0\.0\.1)[^"]*"/), path).toBeNull();
      expect(text.match(/<h1/g), path).toHaveLength(1);
      expect(text, path).toContain('<html lang="en">');
    }
  });

  it('shows no stored token', async () => {
    for (const path of pages()) expect((await page(path)).text, path).not.toMatch(/secret-token-of-replica|gAAAAA/);
  });

  it('answers what does not exist with a page that says so', async () => {
    for (const path of [
      '/documents/999',
      '/conflicts/999',
      '/verifications/999',
      '/logs/999999',
      '/queue/jobs/cycle:none',
    ]) {
      const { status, text } = await page(path);
      expect([status, text.includes('does not exist')], path).toEqual([404, true]);
    }
    expect((await page('/deletions?replica_id=999')).status).toBe(404);
    expect((await page('/documents?phase=flying')).status).toBe(400);
    expect((await page('/logs?from=yesterday')).status).toBe(400);
  });

  it('asks the database as often for many rows as for few', async () => {
    const asked = vi.spyOn(pg.Client.prototype, 'query');
    for (const path of pages().filter((one) => !one.startsWith('/queue'))) {
      asked.mockClear();
      await page(path);
      expect(asked.mock.calls.length, path).toBeLessThanOrEqual(12);
    }
    asked.mockRestore();
  });
});

describe('a document', () => {
  it('shows each field on each replica, with the reason where it is not equal', async () => {
    const { text } = await page('/documents/4');
    expect(text).toContain('edited on the replica; nobody has decided yet');
    expect(text).toContain('Edited here');
    expect(text).toMatch(/differs<\/span>/);
    expect(text).toContain('paperless has no endpoint for it');
    expect((await page('/documents/2')).text).toContain('Given up after 10 attempts');
  });

  it('is verified, written again and tried again with a button', async () => {
    const at = `/documents/2/replicas/${scene.attic}`;
    const retried = await form(`${at}/retry`);
    expect([retried.status, retried.headers.get('location')]).toEqual([303, '/documents/2']);
    expect(flashOf(retried)).toContain('1 document is due on');
    const verified = await form(`/documents/1/replicas/${scene.attic}/verify`);
    expect(flashOf(verified)).toContain('byte by byte');
    expect(flashOf(await form(`/documents/1/replicas/${scene.attic}/resync`))).toContain('1 document is due');
    expect(flashOf(await form(`/documents/77/replicas/${scene.attic}/retry`))).toContain('does not exist');
  });

  it('offers to bring its file over again only where a comparison found another one, and marks that file', async () => {
    const at = `/documents/4/replicas/${scene.attic}/reupload`;
    expect((await page('/documents/4')).text).not.toContain('Upload the file again');
    expect(flashOf(await form(at))).toContain('does not exist');
    const state = () =>
      api.db
        .selectFrom('sync_map')
        .select(['id', 'status', 'recheck_file'])
        .where('master_doc_id', '=', 4)
        .executeTakeFirstOrThrow();
    const { id, status } = await state();
    await api.db.updateTable('findings').set({ kind: 'file_differs' }).where('link_id', '=', id).execute();
    expect((await page('/documents/4')).text).toContain('Upload the file again');
    expect(flashOf(await form(at))).toContain('its file first');
    expect(await state()).toMatchObject({ status: 'pending', recheck_file: true });
    await api.db.updateTable('findings').set({ kind: 'field_differs' }).where('link_id', '=', id).execute();
    await api.db.updateTable('sync_map').set({ status, recheck_file: false }).where('id', '=', id).execute();
  });

  it('is not changed by a form of another site', async () => {
    const foreign = { 'sec-fetch-site': 'cross-site' };
    for (const path of [
      `/documents/1/replicas/${scene.attic}/retry`,
      `/conflicts/${scene.conflict}/resolve`,
      `/findings/${scene.finding}/accept`,
      `/deletions/${scene.attic}/${scene.tombstone}/undo`,
      '/queue/jobs/cycle:1/retry',
      '/settings',
      '/settings/save',
      '/settings/keys',
    ])
      expect((await form(path, {}, foreign)).status, path).toBe(403);
  });
});

describe('decisions', () => {
  it('name the replica that is overwritten, and are carried out once', async () => {
    const { text } = await page(`/conflicts/${scene.conflict}`);
    expect(text).toContain('Overwrites the title of document 14');
    expect(flashOf(await form(`/conflicts/${scene.conflict}/resolve`, { keep: 'both' }))).toContain('bad');
    const kept = await form(`/conflicts/${scene.conflict}/resolve`, { keep: 'replica' });
    expect([kept.status, kept.headers.get('location')]).toEqual([303, '/conflicts']);
    expect(flashOf(kept)).toContain('1 conflict was decided');
    expect((await page('/conflicts?state=keep_replica')).text).toContain('Edited here');
  });

  it('say yes or no to a possible copy', async () => {
    expect((await page('/conflicts')).text).toContain('Is document 77 of');
    const path = `/replicas/${scene.attic}/matches/${scene.proposal}`;
    expect(flashOf(await form(`${path}/reject`))).toContain('1 match was rejected');
    expect(flashOf(await form(`${path}/accept`))).toContain('bad');
  });

  it('accept a finding and undo a deletion', async () => {
    expect(flashOf(await form(`/findings/${scene.finding}/accept`))).toContain('1 finding was accepted');
    expect(flashOf(await form(`/findings/${scene.finding}/accept`))).toContain('0 findings were accepted');
    const undone = await form(`/deletions/${scene.attic}/${scene.tombstone}/undo`);
    expect(flashOf(undone)).toContain('1 copy (15) comes back');
    expect(flashOf(await form(`/deletions/${scene.attic}/acknowledge`))).toContain('No deletions');
  });
});

describe('the log', () => {
  it('is followed from the last row of the page, as rows of the same table', async () => {
    const { text } = await page('/logs');
    const stream = /sse-connect="([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(stream).toBe(`/logs/stream?after=${await lastLogId(api.db)}`);
    await insertLogs(api.db, [{ level: 'info', message: `between ${HOSTILE}` }]);
    const events = await openEvents(`${api.url}${stream}`);
    await waitFor('the row', () => events.events.length > 0 || undefined);
    events.leave();
    expect(events.events[0]?.data).toMatch(/^<tr id="log-\d+"/);
    expect(events.events[0]?.data).toContain('between &quot;&gt;&lt;script&gt;');
    expect((await page('/logs?follow=0')).text).not.toContain('sse-connect');
  });

  it('shows an event with what happened around it, and how long events are kept', async () => {
    const around = (await page('/logs/2')).text;
    expect(around.match(/<tr id="log-/g)?.length).toBeGreaterThan(2);
    expect(around).toContain('<tr id="log-2" class="marked"');
    expect((await page('/logs')).text).toContain('90 days');
  });
});

describe('settings', () => {
  const secretOf = (text: string) => /name="sealed" value="([^"]+)"/.exec(text)?.[1] ?? '';

  it('are checked and shown before they are saved, and the change is kept with before and after', async () => {
    const wrong = await form('/settings', { max_attempts: 'many' });
    expect(wrong.status).toBe(422);
    expect(wrong.text).toContain('must be a whole number from 1 to 100');
    expect(wrong.text).toContain('value="many"');
    const shown = await form('/settings', { max_attempts: '7', log_retention_days: '90' });
    expect(shown.status).toBe(200);
    expect(shown.text).toMatch(/max_attempts<\/code>.*>10<.*<strong>7<\/strong>/s);
    expect(shown.text).not.toContain('log_retention_days');
    expect((await api.deps.settings()).maxAttempts).toBe(10);
    const saved = await form('/settings/save', { sealed: secretOf(shown.text) });
    expect([saved.status, flashOf(saved).includes('1 setting changed.')]).toEqual([303, true]);
    expect((await api.deps.settings()).maxAttempts).toBe(7);
    const { text } = await page('/settings');
    expect(text).toContain('Default: 10; now saved here.');
    expect(text.match(/<li>settings, max_attempts: .*?<code>7<\/code><\/li>/g)).toHaveLength(1);
    expect(flashOf(await form('/settings', { max_attempts: '7' }))).toContain('0 settings were changed');
  });

  it('never show a secret, neither one that is stored nor one that was just typed', async () => {
    const shown = await form('/settings', { webhook_secret: 'very-secret-word' });
    expect(shown.text).not.toContain('very-secret-word');
    await form('/settings/save', { sealed: secretOf(shown.text) });
    expect((await api.deps.settings()).webhookSecret).toBe('very-secret-word');
    for (const path of ['/settings', '/audit', '/logs'])
      expect((await page(path)).text).not.toContain('very-secret-word');
    expect((await page('/settings')).text).toContain('It is set; leave the field empty to keep it.');
    await form('/settings', { webhook_secret: '' });
    expect((await api.deps.settings()).webhookSecret).toBe('very-secret-word');
  });

  it('test the master and say which step failed, without saving', async () => {
    const tested = await form('/settings/test', { master_url: 'http://127.0.0.1:9', master_token: 'typed-token' });
    expect(tested.text).toContain('The connection does not work');
    expect(tested.text).not.toContain('typed-token');
    expect((await form('/settings/test', { master_url: 'http://127.0.0.1:9' })).status).toBe(422);
    expect((await api.deps.settings()).masterUrl).toBeNull();
  });

  it('delete old events only with the words typed', async () => {
    expect(flashOf(await form('/settings/delete-logs', { days: '3000', confirm: 'yes' }))).toContain(
      'nothing was deleted',
    );
    const done = await form('/settings/delete-logs', { days: '3000', confirm: 'delete logs' });
    expect(flashOf(done)).toContain('0 log events older than 3000 days were deleted');
  });

  it('refuse a form that was not made here', async () => {
    expect((await form('/settings/save', { sealed: 'made-up' })).status).toBe(400);
  });

  it('make an API key that is shown once, and revoke it', async () => {
    expect((await form('/settings/keys', { name: '', scope: 'read' })).status).toBe(422);
    const made = await form('/settings/keys', { name: HOSTILE.slice(0, 60), scope: 'read' });
    const secret = /pngxk_[\w-]{43}/.exec(made.text)?.[0] ?? '';
    expect((await api.request('GET', '/api/status', undefined, { authorization: `Bearer ${secret}` })).status).toBe(
      200,
    );
    expect((await page('/settings/keys')).text).not.toContain(secret);
    const revoked = await form('/settings/keys/1/revoke');
    expect(flashOf(revoked)).toContain('1 key was revoked');
    expect((await api.request('GET', '/api/status', undefined, { authorization: `Bearer ${secret}` })).status).toBe(
      401,
    );
  });
});
