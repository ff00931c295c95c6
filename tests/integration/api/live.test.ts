/** Logs and progress as they happen: every api process tells the same, and clients that left cost nothing. */
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { insertLogs, lastLogId } from '../../../shared/db/logs.repo.ts';
import { waitFor } from '../../support/wait.ts';
import { openEvents, type EventStream } from './event-stream.ts';
import { addReplicaRow, startTestApi, type TestApi } from './harness.ts';

let api: TestApi;
let second: TestApi;
let attic: number;
const open: EventStream[] = [];

beforeAll(async () => {
  api = await startTestApi();
  second = await startTestApi({ joins: api });
  attic = await addReplicaRow(api, 'attic');
});
afterEach(async () => {
  for (const stream of open.splice(0)) stream.leave();
  await waitFor('all clients to be gone', () => api.deps.live.clients + second.deps.live.clients === 0 || undefined);
});
afterAll(async () => {
  await second.close();
  await api.close();
});

async function follow(from: TestApi, path: string, headers: Record<string, string> = {}): Promise<EventStream> {
  const stream = await openEvents(`${from.url}${path}`, headers);
  open.push(stream);
  return stream;
}
const followed = (from: TestApi, n: number) =>
  waitFor(`${n} followers`, () => from.deps.live.followers === n || undefined);
const messages = ({ events }: EventStream) =>
  events.filter(({ event }) => event === 'log').map(({ data }) => JSON.parse(data).message as string);
const say = (...texts: string[]) =>
  insertLogs(
    api.db,
    texts.map((message) => ({ level: 'info' as const, message })),
  );

describe('GET /api/logs/stream', () => {
  it('sends every new line once and in order, on every api process', async () => {
    const [here, there] = await Promise.all([follow(api, '/api/logs/stream'), follow(second, '/api/logs/stream')]);
    await Promise.all([followed(api, 1), followed(second, 1)]);
    expect(here.headers['content-type']).toContain('text/event-stream');
    const texts = Array.from({ length: 450 }, (_, n) => `line ${n}`);
    await Promise.all(texts.map((text) => say(text)));
    await waitFor('all lines on both', () => messages(here).length + messages(there).length === 900 || undefined);
    expect(messages(here).sort()).toEqual([...texts].sort());
    expect(messages(there)).toEqual(messages(here));
    const ids = here.events.map(({ id }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  it('goes on after the last event that the client has seen', async () => {
    await say('seen');
    const since = await lastLogId(api.db);
    await say('missed one', 'missed two');
    const stream = await follow(second, '/api/logs/stream', { 'last-event-id': String(since) });
    await followed(second, 1);
    await say('and a new one');
    await waitFor('three lines', () => messages(stream).length === 3 || undefined);
    expect(messages(stream)).toEqual(['missed one', 'missed two', 'and a new one']);
  });

  it('tells a client that missed very much to read the list again, and where it goes on', async () => {
    const since = await lastLogId(api.db);
    await say(...Array.from({ length: 600 }, (_, n) => `flood ${n}`));
    const stream = await follow(api, '/api/logs/stream', { 'last-event-id': String(since) });
    await waitFor('the word to refetch', () => stream.events[0]);
    expect(stream.events[0]).toMatchObject({ event: 'refetch', id: String(await lastLogId(api.db)) });
  });

  it('filters as GET /api/logs does', async () => {
    const paths = [`replica_id=${attic}`, 'level=error', 'code=odd_code', 'document=77', 'q=needle+-hay'];
    const streams = await Promise.all(paths.map((path) => follow(api, `/api/logs/stream?${path}`)));
    const all = await follow(api, '/api/logs/stream');
    await followed(api, 6);
    await insertLogs(api.db, [
      { level: 'info', message: 'of the attic', replica_id: attic },
      { level: 'error', message: 'an error' },
      { level: 'info', message: 'with a code', code: 'odd_code' },
      { level: 'info', message: 'of a document', doc_id: 77 },
      { level: 'info', message: 'a needle' },
      { level: 'info', message: 'a needle in hay' },
    ]);
    await waitFor('all lines', () => messages(all).length === 6 || undefined);
    expect(streams.map(messages)).toEqual([
      ['of the attic'],
      ['an error'],
      ['with a code'],
      ['of a document'],
      ['a needle'],
    ]);
    expect((await api.get('/api/logs/stream?level=loud')).status).toBe(400);
  });

  it('keeps what people and instances wrote inside of one event', async () => {
    const stream = await follow(api, '/api/logs/stream');
    await followed(api, 1);
    const hostile = 'a\n\nevent: refetch\ndata: {}\r\rid: 9\n\n</script><b>';
    await say(hostile);
    await waitFor('the line', () => messages(stream).length === 1 || undefined);
    expect(messages(stream)).toEqual([hostile]);
    expect(stream.events).toHaveLength(1);
  });

  it('cuts off a client that does not read, and no other waits for it', async () => {
    const [slow, quick] = await Promise.all([follow(api, '/api/logs/stream'), follow(api, '/api/logs/stream')]);
    await followed(api, 2);
    slow.pause();
    const long = 'x'.repeat(20_000);
    for (let sent = 0; api.deps.live.clients === 2 && sent < 1500; sent += 10) {
      await say(...Array.from({ length: 10 }, (_, n) => `${sent + n} ${long}`));
      await waitFor('the quick one to have them', () => messages(quick).length >= sent + 10 || undefined);
    }
    expect(api.deps.live.clients).toBe(1);
    slow.resume();
    await waitFor('the end of the slow one', () => slow.ended || undefined);
    expect(slow.events.at(-1)).toMatchObject({ event: 'refetch', id: expect.stringMatching(/^\d+$/) });
  });

  it('answers HEAD without a stream', async () => {
    expect((await api.request('HEAD', '/api/logs/stream')).status).toBe(200);
    expect(api.deps.live.clients).toBe(0);
  });
});

describe('200 clients', () => {
  it('share one listening connection, and leave nothing behind', async () => {
    const paths = ['/api/logs/stream', '/api/progress/stream', '/api/logs/stream?q=everybody'];
    const streams = await Promise.all(Array.from({ length: 200 }, (_, n) => follow(api, paths[n % 3] as string)));
    await followed(api, 200);
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
      where datname = current_database() and application_name = 'pngx-controller listener'`.execute(api.db);
    // Of two processes.
    expect(rows[0]?.n).toBe(2);
    await say('for everybody');
    const logs = streams.filter((_, n) => n % 3 !== 1);
    await waitFor('the line everywhere', () => logs.every((stream) => messages(stream).length === 1) || undefined);
    for (const stream of streams) stream.leave();
    await waitFor('all to be gone', () => api.deps.live.clients === 0 || undefined);
    expect(api.deps.live.followers).toBe(0);
    const sockets = await waitFor('the sockets to be closed', async () => {
      const { rows: busy } = await sql<{ n: number }>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and state = 'active' and pid <> pg_backend_pid()`.execute(api.db);
      return busy[0]?.n === 0 ? 'none' : undefined;
    });
    expect(sockets).toBe('none');
  });
});

describe('GET /api/progress/stream', () => {
  it('begins with what runs and tells each change, on every api process', async () => {
    const streams = await Promise.all([api, second].map((one) => follow(one, '/api/progress/stream')));
    await waitFor('the first word', () => streams.every(({ events }) => events.length > 0) || undefined);
    expect(JSON.parse(streams[0]?.events[0]?.data ?? '')).toMatchObject({ running: false, phase: 'idle' });
    const { body } = await api.request('POST', '/api/sync');
    const last = (stream: EventStream) => JSON.parse(stream.events.at(-1)?.data ?? '{}');
    await waitFor('the run', () => streams.every((stream) => last(stream).running === true) || undefined);
    await api.db
      .updateTable('sync_runs')
      .set({ docs_total: 9, docs_synced: 4 })
      .where('kind', '=', 'replica')
      .execute();
    await waitFor('its progress', () => streams.every((stream) => last(stream).docs_done === 4) || undefined);
    expect(last(streams[1] as EventStream)).toEqual((await api.get('/api/sync/running')).body);
    await api.request('POST', `/api/runs/${body.run_id}/cancel`);
    await waitFor('its end', () => streams.every((stream) => last(stream).running === false) || undefined);
  });
});

describe('an API that stops', () => {
  it('ends its streams before the server closes', async () => {
    const third = await startTestApi({ joins: api });
    const streams = await Promise.all([
      openEvents(`${third.url}/api/logs/stream`),
      openEvents(`${third.url}/api/progress/stream`),
    ]);
    await followed(third, 2);
    await third.close();
    await waitFor('their end', () => streams.every(({ ended }) => ended) || undefined);
    expect(third.deps.live.clients).toBe(0);
  });
});
