import { afterEach, describe, expect, it } from 'vitest';
import { answer, connect, failure, serve, UI_SETTINGS, withProbe } from './support.ts';
import type { Instance, Script } from './support.ts';

let instance: Instance | undefined;
afterEach(async () => {
  await instance?.close();
  instance = undefined;
});
async function start(script: Script): Promise<Instance> {
  instance = await serve(script);
  return instance;
}
const page = (results: unknown[], count = results.length) => ({
  count,
  next: 'http://wrong.example/api/',
  previous: null,
  results,
});
const queryOf = (url: string | undefined) => new URL(url ?? '', 'http://x').searchParams;
const tag = (id: number) => ({
  id,
  name: `t${id}`,
  owner: null,
  match: '',
  matching_algorithm: 0,
  is_insensitive: true,
  color: '#000000',
  is_inbox_tag: false,
  parent: null,
  children: [],
});

describe('the change feed', () => {
  const row = (id: number, modified: string) => ({ id, modified, added: '2026-01-01T00:00:00Z' });
  it('asks for the first page by keyset and sends the time unharmed', async () => {
    const { url, seen } = await start((_q, response) =>
      answer(response, 200, page([row(5, '2026-08-02T09:00:00.123456+02:00')])),
    );
    const feed = await connect(url).reader.feedPage('2026-08-02T09:00:00.123456+02:00', 100);
    expect(feed.rows).toEqual([{ id: 5, modified: '2026-08-02T09:00:00.123456+02:00', added: '2026-01-01T00:00:00Z' }]);
    expect(seen[0]?.url).toContain('%2B02%3A00');
    const query = queryOf(seen[0]?.url);
    expect(query.get('modified__gte')).toBe('2026-08-02T09:00:00.123456+02:00');
    expect([query.get('ordering'), query.get('fields'), query.get('page')]).toEqual([
      'modified,id',
      'id,modified,added',
      '1',
    ]);
  });

  it('refuses a page that ignores the time, or that is shorter than its count says', async () => {
    let body: unknown = page([row(5, '2020-01-01T00:00:00Z')]);
    const { url } = await start((_q, response) => answer(response, 200, body));
    const { reader } = connect(url);
    expect((await failure(reader.feedPage('2026-01-01T00:00:00Z', 100))).code).toBe('wrong_shape');
    body = page([row(5, '2026-01-01T00:00:00Z')], 3);
    expect((await failure(reader.feedPage(null, 100))).code).toBe('wrong_shape');
  });
});

describe('the census', () => {
  it('is every id of one answer, and never shorter than the count', async () => {
    let body: unknown = { ...page([{ id: 3 }], 3), all: [3, 2, 9] };
    const { url, seen } = await start((_q, response) => answer(response, 200, body));
    const { reader } = connect(url);
    expect((await reader.census()).ids).toEqual([3, 2, 9]);
    expect(seen[0]?.headers.accept).toContain('version=9');
    body = { ...page([{ id: 3 }], 3), all: [3, 2] };
    expect((await failure(reader.census())).code).toBe('wrong_shape');
    body = page([{ id: 3 }], 1);
    expect((await failure(reader.census())).code).toBe('wrong_shape');
  });
});

describe('whole lists', () => {
  it('are read page by page by their number and not by following "next"', async () => {
    const { url, seen } = await start((request, response) => {
      const number = Number(queryOf(request.url).get('page') ?? 1);
      answer(response, 200, page(number === 1 ? [tag(1), tag(2)] : [tag(3)], 3));
    });
    expect((await connect(url).reader.taxonomy('tag')).map((found) => found.id)).toEqual([1, 2, 3]);
    expect(seen.map((request) => queryOf(request.url).get('page'))).toEqual([null, '2']);
    expect(queryOf(seen[0]?.url).get('full_perms')).toBe('true');
  });

  it('that shift while they are read are read again from the start', async () => {
    let reads = 0;
    const { url } = await start((request, response) => {
      if (queryOf(request.url).get('page') === null) reads += 1;
      const second = queryOf(request.url).get('page') === '2';
      if (reads === 1) return answer(response, 200, page(second ? [tag(2)] : [tag(1), tag(2)], 3));
      answer(response, 200, page(second ? [tag(3)] : [tag(1), tag(2)], 3));
    });
    expect((await connect(url).reader.taxonomy('tag')).map((found) => found.id)).toEqual([1, 2, 3]);
    expect(reads).toBe(2);
  });

  it('whose last page has gone are read again, and given up by name when they never hold still', async () => {
    const { url } = await start((request, response) =>
      queryOf(request.url).get('page') === '2'
        ? answer(response, 404, { detail: 'Invalid page.' })
        : answer(response, 200, page([tag(1)], 2)),
    );
    expect(await failure(connect(url).reader.taxonomy('tag'))).toMatchObject({
      code: 'list_unstable',
      class: 'transient',
      scope: 'instance',
    });
  });

  it('of the trash show version rows with their root', async () => {
    const row = {
      id: 9,
      title: 'T',
      added: '2026-01-01T00:00:00Z',
      modified: '2026-01-02T00:00:00Z',
      archive_serial_number: 5,
      original_file_name: 'a.pdf',
      root_document: 3,
      content: 'x',
    };
    const { url } = await start((_q, response) => answer(response, 200, page([row])));
    expect(await connect(url).reader.trash()).toEqual([
      {
        id: 9,
        title: 'T',
        added: '2026-01-01T00:00:00Z',
        modified: '2026-01-02T00:00:00Z',
        asn: 5,
        originalFileName: 'a.pdf',
        rootDocument: 3,
      },
    ]);
  });
});

describe('lookups', () => {
  const row = (id: number, asn: number | null) => ({
    id,
    title: 'T',
    created: '2026-01-01',
    added: '2026-01-01T00:00:00Z',
    archive_serial_number: asn,
  });
  it('by a filter that is ignored are refused instead of believed', async () => {
    const { url } = await start(withProbe('v3', (_q, response) => answer(response, 200, page([row(1, 7)]))));
    const { reader } = connect(url);
    expect((await failure(reader.reserved(2_000_000_000))).code).toBe('wrong_shape');
    expect((await failure(reader.byAsn(8))).code).toBe('wrong_shape');
    expect((await failure(reader.liveAmong([5]))).code).toBe('wrong_shape');
  });

  it('by ASN give the holder or null', async () => {
    let rows = [row(1, 7)];
    const { url } = await start((_q, response) => answer(response, 200, page(rows)));
    const { reader } = connect(url);
    expect(await reader.byAsn(7)).toEqual({ id: 1, title: 'T', added: '2026-01-01T00:00:00Z', asn: 7 });
    rows = [];
    expect(await reader.byAsn(7)).toBeNull();
  });

  it('of no ids make no request, of many ids several', async () => {
    const { url, seen } = await start((request, response) => {
      const ids = (queryOf(request.url).get('id__in') ?? '').split(',').map(Number);
      answer(response, 200, page(ids.filter((id) => id % 2 === 0).map((id) => ({ id }))));
    });
    const { reader } = connect(url);
    expect(await reader.liveAmong([])).toEqual([]);
    expect(seen.length).toBe(0);
    const ids = Array.from({ length: 600 }, (_, i) => i + 1);
    expect((await reader.liveAmong(ids)).length).toBe(300);
    expect(seen.length).toBe(3);
    expect(Math.max(...seen.map((request) => request.url.length))).toBeLessThan(4096);
  });

  it("by the other generation's checksum are a conflict, never an empty answer", async () => {
    const { url, seen } = await start(
      withProbe('v2', (_q, response) => answer(response, 200, page([row(1, null)]), 'v2')),
    );
    const { reader } = connect(url);
    expect(await failure(reader.byChecksum('a'.repeat(64)))).toMatchObject({
      code: 'checksum_family',
      scope: 'instance',
    });
    expect(await failure(reader.byChecksum(''))).toMatchObject({ code: 'checksum_family' });
    expect(await reader.byChecksum('a'.repeat(32))).toMatchObject([{ id: 1, created: '2026-01-01', asn: null }]);
    expect(seen.length).toBe(2);
  });

  it('of a document give null only where paperless says so', async () => {
    const { url } = await start((_q, response) =>
      answer(response, 404, { detail: 'No Document matches the given query.' }),
    );
    expect(await connect(url).reader.document(3)).toBeNull();
  });
});

describe('the generation', () => {
  const v2Task = {
    id: 1,
    task_id: 'a',
    task_name: 'consume_file',
    task_file_name: 'f',
    date_created: '2026-01-02T00:00:00Z',
    date_done: null,
    status: 'PENDING',
    result: null,
    related_document: null,
  };
  const v3Task = {
    id: 1,
    task_id: 'a',
    task_type: 'consume_file',
    status: 'pending',
    date_created: '2026-01-02T00:00:00Z',
    input_data: { filename: 'f', overrides: { title: 'T', asn: 4 } },
    result_data: null,
  };

  it('decides how tasks are asked for, v2', async () => {
    const { url, seen } = await start(withProbe('v2', (_q, response) => answer(response, 200, [v2Task], 'v2')));
    const { reader } = connect(url);
    expect(await reader.task('a')).toMatchObject({ state: 'pending', overrides: null });
    expect(await reader.unfinishedTasks()).toMatchObject([{ taskId: 'a' }]);
    expect(await reader.tasksSince('2026-01-03T00:00:00Z')).toEqual([]);
    expect(seen.map((request) => queryOf(request.url).get('status'))).toEqual([null, null, 'PENDING', 'STARTED', null]);
    expect(seen.every((request) => request.headers.accept?.includes('version=9'))).toBe(true);
  });

  it('decides how tasks are asked for, v3', async () => {
    const { url, seen } = await start(withProbe('v3', (_q, response) => answer(response, 200, page([v3Task]))));
    const { reader } = connect(url);
    expect(await reader.task('a')).toMatchObject({ overrides: { title: 'T', asn: 4 } });
    expect(await reader.task('b')).toBeNull();
    expect(await reader.unfinishedTasks()).toMatchObject([{ taskId: 'a' }]);
    await reader.tasksSince('2026-01-01T00:00:00+02:00');
    expect(seen.slice(1).every((request) => request.headers.accept?.includes('version=10'))).toBe(true);
    expect(queryOf(seen[3]?.url).get('is_complete')).toBe('false');
    expect(queryOf(seen[4]?.url).get('date_created_after')).toBe('2026-01-01T00:00:00+02:00');
  });

  it('is probed again when an answer shows another version', async () => {
    let version: 'v2' | 'v3' = 'v2';
    const { url } = await start((request, response) => {
      if (request.url?.includes('ui_settings') === true) return answer(response, 200, UI_SETTINGS, version);
      if (request.url?.includes('/tasks/') === true)
        return answer(response, 200, version === 'v2' ? [v2Task] : page([v3Task]), version);
      answer(response, 200, page([]), version);
    });
    const { reader } = connect(url);
    expect((await reader.task('a'))?.overrides).toBeNull();
    version = 'v3';
    await reader.groups();
    expect((await reader.task('a'))?.overrides).toMatchObject({ title: 'T', asn: 4 });
  });

  it('is probed again when the API version is suddenly not spoken', async () => {
    let version: 'v2' | 'v3' = 'v3';
    const { url } = await start((request, response) => {
      if (request.url?.includes('ui_settings') === true) return answer(response, 200, UI_SETTINGS, version);
      if (version === 'v2' && request.headers.accept?.includes('version=10') === true)
        return void response.writeHead(406, { 'content-type': 'application/json' }).end('{}');
      answer(response, 200, version === 'v2' ? [v2Task] : page([v3Task]), version);
    });
    const { reader } = connect(url);
    await reader.task('a');
    version = 'v2';
    expect((await reader.task('a'))?.overrides).toBeNull();
  });

  for (const [version, api] of [
    ['2.19.6', '9'],
    ['4.0.0', '11'],
    ['1.17.4', '2'],
    ['3.0.5', '9'],
    ['2.20.15', '8'],
  ] as const)
    it(`${version} with API ${api} is refused by name`, async () => {
      const { url } = await start((_q, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'x-version': version, 'x-api-version': api });
        response.end(JSON.stringify(UI_SETTINGS));
      });
      const error = await failure(connect(url).reader.probe());
      expect(error).toMatchObject({ code: 'unsupported_version', class: 'incompatible', scope: 'instance' });
      expect(error.message).toContain(version);
    });

  it('without a Date header is not told', async () => {
    const { url } = await start((_q, response) => {
      response.sendDate = false;
      answer(response, 200, UI_SETTINGS);
    });
    expect((await failure(connect(url).reader.probe())).code).toBe('wrong_shape');
  });
});
