/** The description of the API is true: every operation is driven by it, with what it allows and with what it does not. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createApp } from '../../../services/api/app.ts';
import type { ApiDeps } from '../../../services/api/deps.ts';
import { describeApi } from '../../../services/api/openapi.ts';
import { apiRoutes } from '../../../services/api/routes/index.ts';
import { takeHint } from '../../../shared/db/webhook-events.repo.ts';
import { addChannel } from '../../../shared/replication/notify/channels.ts';
import { allowed, hostileBody, nastyText, type JsonSchema, type Known } from '../../support/from-schema.ts';
import { NEEDS, restore } from './needs.ts';
import { startSyncedStage, type Guest, type SyncedStage } from './synced-stage.ts';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required?: boolean;
  readonly schema: JsonSchema;
}
interface Content {
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema }>>;
}
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly security?: readonly unknown[];
  readonly parameters: readonly Parameter[];
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}

const api = describeApi(apiRoutes({} as ApiDeps), { version: 'test', url: '/' });
const taken = ({ method, path }: Operation): number => (method === 'DELETE' ? path.split('/').length : 0);
const operations = Object.entries(api.paths ?? {})
  .flatMap(([path, item]) =>
    Object.entries(item).map(([method, told]): Operation => {
      const { parameters = [], ...rest } = told as Omit<Operation, 'parameters'> & Partial<Operation>;
      return { ...rest, parameters, method: method.toUpperCase(), path };
    }),
  )
  // What takes things away comes last, parts before the whole.
  .sort((a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE') || taken(b) - taken(a));

const succeeded = new Set<string>();
let stage: SyncedStage;
let known: Known;
/** What exists, by the part of the address after /api. */
let idOf: Readonly<Record<string, unknown>>;
beforeAll(async () => {
  stage = await startSyncedStage();
  const { ids } = stage;
  const log = (await stage.apis.none.get('/api/logs?limit=1')).body.logs[0];
  const job = (await stage.apis.none.get('/api/jobs?limit=1')).body.jobs[0];
  const hint = await takeHint(stage.apis.none.db, { documentId: 2, kind: 'changed', body: 'json', fields: {} }, 5000);
  const old = { old_master_url: 'http://old.test', old_master_token: 'sealed', new_master_url: 'http://new.test' };
  const promoted = await stage.apis.none.db
    .insertInto('promotions')
    .values({ ...old, replica_id: 4711, replica_name: 'x', asked_by: 'test', phase: 'done', finished_at: new Date() })
    .returning('id')
    .executeTakeFirstOrThrow();
  const gotify = { url: 'http://127.0.0.1:9', token: 'a-token-of-gotify' };
  const channel = await addChannel(stage.apis.none.deps, { name: 'phone', kind: 'gotify', config: gotify });
  idOf = {
    promotions: promoted.id,
    replicas: ids.replica,
    runs: ids.run,
    conflicts: ids.conflict,
    findings: ids.finding,
    verifications: ids.verification,
    documents: 1,
    logs: log.id,
    jobs: job.id,
    keys: 1,
    notifications: channel.id,
    webhook: hint.id,
  };
  known = {
    replica_id: [ids.replica],
    tombstone_id: [ids.tombstone],
    proposal: [ids.proposal],
    master_id: [1],
    master_doc_id: [1],
    document: [1],
    url: [stage.replica.url, stage.master.url, 'http://127.0.0.1:9', 'http://169.254.169.254/', 'ftp://x'],
    api_token: ['b2'.repeat(20), 'wrong'],
    cursor: [0, 1, 1000],
    older_than_days: [1, 30_000],
  };
});
/** Pages of jobs are not told by a number. */
const JOB_CURSORS = ['0.cycle:1', '1760000000000.document:doc.1.1', '999999999999999.x'];
const knownAt = (path: string): Known => ({
  ...known,
  ...(path === '/api/jobs' ? { cursor: JOB_CURSORS } : {}),
  id: [idOf[path.split('/')[2] ?? '']],
});
afterAll(() => stage?.close());

interface Sent {
  readonly guest: number;
  readonly address: string;
  readonly body: string | undefined;
}
interface Heard {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

async function send({ method }: Operation, guest: Guest, { address, body }: Sent): Promise<Heard> {
  const headers: Record<string, string> = { ...guest.headers };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const leave = new AbortController();
  const init = { method, headers, signal: leave.signal, ...(body === undefined ? {} : { body }) };
  const answer = await fetch(guest.url + address, init);
  const type = (answer.headers.get('content-type') ?? '').split(';')[0] ?? '';
  // A live stream has no end of its own.
  const live = type === 'text/event-stream';
  const text = live ? '' : await answer.text();
  leave.abort();
  return { status: answer.status, type, text };
}

const parsers = new Map<string, z.ZodType>();
function parserOf(key: string, schema: JsonSchema): z.ZodType {
  const made = parsers.get(key);
  if (made !== undefined) return made;
  const { schemas } = api.components ?? {};
  const text = JSON.stringify({ ...schema, $defs: schemas }).replaceAll('#/components/schemas/', '#/$defs/');
  const parser = z.fromJSONSchema(JSON.parse(text));
  parsers.set(key, parser);
  return parser;
}

/** The answer is one that the document names, and of the shape that it gives for it. */
function holds(operation: Operation, sent: Sent, { status, type, text }: Heard): void {
  const where = `${operation.method} ${sent.address.slice(0, 300)} ${sent.body?.slice(0, 300) ?? ''} -> ${status} ${text.slice(0, 600)}`;
  expect(status, where).toBeLessThan(500);
  if (status < 300) succeeded.add(operation.operationId);
  const told = operation.responses[String(status)];
  expect(told, `a status that is not told: ${where}`).toBeDefined();
  const contents = told?.content ?? {};
  if (Object.keys(contents).length === 0) return expect(text, where).toBe('');
  expect(Object.keys(contents), where).toContain(type);
  if (type !== 'application/json') return;
  const parsed = parserOf(`${operation.operationId} ${status}`, contents[type]?.schema ?? {}).safeParse(
    JSON.parse(text),
  );
  expect(parsed.success ? '' : `${z.prettifyError(parsed.error)}\n${where}`).toBe('');
}

/** Mostly such as may change things. */
const anyGuest = fc.constantFrom(0, 1, 3, 4, 0, 1, 3, 4, 2);
function addressOf(
  path: string,
  inPath: Readonly<Record<string, string>>,
  query: readonly (readonly [string, string])[],
) {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] ?? '');
  const search = query.map(([name, value]) => `${name}=${value}`).join('&');
  return search === '' ? filled : `${filled}?${search}`;
}
const encoded = (value: unknown): string => encodeURIComponent(String(value).toWellFormed());

/** All that the document allows. */
function goodInput({ path, parameters, requestBody }: Operation): fc.Arbitrary<Sent> {
  const values = (where: Parameter['in']) =>
    fc.record(
      Object.fromEntries(
        parameters
          .filter((one) => one.in === where)
          .map(({ name, schema }) => [name, allowed(schema, knownAt(path), name).map(encoded)]),
      ),
      { requiredKeys: parameters.filter((one) => one.required === true && one.in === where).map(({ name }) => name) },
    ) as fc.Arbitrary<Record<string, string>>;
  const schema = requestBody?.content?.['application/json']?.schema;
  const body =
    schema === undefined ? fc.constant(undefined) : allowed(schema, known).map((value) => JSON.stringify(value));
  return fc.tuple(anyGuest, values('path'), values('query'), body).map(([guest, inPath, query, sent]) => ({
    guest,
    address: addressOf(path, inPath, Object.entries(query)),
    body: sent,
  }));
}

/** Anything at all. */
function badInput({ path, method, parameters, requestBody }: Operation): fc.Arbitrary<Sent> {
  const nasty = fc.oneof(nastyText.map(encoded), fc.constantFrom('%', '%ff', '%00', '%0d%0aX: y', ';a=b'));
  const inPath = fc.record(
    Object.fromEntries(
      parameters
        .filter((one) => one.in === 'path')
        .map(({ name, schema }) => [name, fc.oneof(nasty, allowed(schema, knownAt(path), name).map(encoded))]),
    ),
  );
  const names = [
    ...parameters.filter((one) => one.in === 'query').map(({ name }) => name),
    '__proto__',
    'x[]',
    'limit',
  ];
  const query = fc.array(fc.tuple(fc.constantFrom(...names), nasty), { maxLength: 3 });
  const schema = requestBody?.content?.['application/json']?.schema ?? {};
  const body = method === 'GET' ? fc.constant(undefined) : fc.option(hostileBody(schema, known), { nil: undefined });
  return fc
    .tuple(anyGuest, inPath, query, body)
    .map(([guest, where, asked, sent]) => ({ guest, address: addressOf(path, where, asked), body: sent }));
}

async function drive(
  operation: Operation,
  input: fc.Arbitrary<Sent>,
  check: (sent: Sent, heard: Heard) => void,
  runs: number,
) {
  const property = fc.asyncProperty(input, async (sent) => {
    const guest = stage.guests[sent.guest] as Guest;
    check(sent, await send(operation, guest, sent));
  });
  await fc.assert(property, { seed: 20_261_122, numRuns: runs, endOnFailure: true });
}

/** Once with all that it needs to go well. */
async function driveWell(operation: Operation, prepare: (typeof NEEDS)[string]): Promise<void> {
  await restore(stage);
  const { path = {}, body, close } = await prepare(stage);
  const inPath = Object.fromEntries(Object.entries(path).map(([name, value]) => [name, encoded(value)]));
  const sent = {
    guest: 0,
    address: addressOf(operation.path, inPath, []),
    body: body === undefined ? undefined : JSON.stringify(body),
  };
  const heard = await send(operation, stage.guests[0] as Guest, sent);
  await close?.();
  holds(operation, sent, heard);
  expect(heard.status, `${sent.address} ${heard.text}`).toBeLessThan(300);
}

describe('the document', () => {
  it('tells every route that is registered, and no other', () => {
    const pattern = (path: string) => path.replaceAll(/:(\w+)/g, '{$1}');
    const isPage = (path: string) => !path.startsWith('/api') && !['/healthz', '/readyz', '/metrics'].includes(path);
    const served = createApp(stage.apis.none.deps)
      .routes.filter(({ method, path }) => method !== 'ALL' && !isPage(path))
      .map(({ method, path }) => `${method} ${pattern(path)}`);
    const told = operations.map(({ method, path }) => `${method} ${path}`);
    expect([...new Set(served)].sort()).toEqual(told.sort());
  });

  it('is served as it is, under the address that stands in front of every path', async () => {
    const { status, body } = await stage.apis.none.get('/api/openapi.json');
    expect([status, body.openapi, body.servers]).toEqual([200, '3.1.0', [{ url: '/' }]]);
    expect(Object.keys(body.paths)).toEqual(Object.keys(api.paths ?? {}));
  });

  it('names every operation once, and says what it is for', () => {
    const names = operations.map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const operation of operations)
      expect(operation).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
  });

  it('is a page, too, that needs nothing from elsewhere', async () => {
    const { status, text } = await stage.apis.none.get('/api/docs');
    expect(status).toBe(200);
    for (const { operationId } of operations) expect(text).toContain(`id="${operationId}"`);
    expect(text).not.toMatch(/(src|href)="(https?:)?\/\//);
  });
});

describe('every operation', () => {
  it('is closed to whoever is not known, and a key that may only read changes nothing', async () => {
    const reader = stage.guests.find(({ reads }) => reads) as Guest;
    for (const operation of operations.filter(({ security }) => security === undefined)) {
      const sent = { guest: 0, address: operation.path.replaceAll(/\{\w+\}/g, '1'), body: undefined };
      for (const mode of ['password', 'forward'] as const) {
        if (operation.path === '/metrics') continue;
        const heard = await send(
          operation,
          { name: 'nobody', url: stage.apis[mode].url, headers: {}, reads: true },
          sent,
        );
        expect([operation.path, heard.status]).toEqual([operation.path, 401]);
        holds(operation, sent, heard);
      }
      if (operation.method === 'GET') continue;
      const refused = await send(operation, reader, sent);
      expect([operation.path, refused.status]).toEqual([operation.path, 403]);
      holds(operation, sent, refused);
    }
  });

  it.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
    '%s answers as it is told, whatever comes',
    async (_name, operation) => {
      // Whoever asks an instance waits for it, and for one that is not there.
      const runs = '429' in operation.responses ? 3 : 6;
      const prepare = NEEDS[operation.operationId];
      if (prepare !== undefined) await driveWell(operation, prepare);
      await drive(operation, badInput(operation), (sent, heard) => holds(operation, sent, heard), runs);
      const wellFormed = (sent: Sent, heard: Heard) => {
        holds(operation, sent, heard);
        expect([400, 413], `${sent.address} ${sent.body ?? ''} ${heard.text}`).not.toContain(heard.status);
      };
      await drive(operation, goodInput(operation), wellFormed, Math.min(5, runs));
    },
  );

  it('was answered as hoped at least once', () => {
    const never = operations
      .filter(({ operationId }) => !succeeded.has(operationId))
      .map(({ operationId }) => operationId);
    expect(never).toEqual([]);
  });
});
