import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { FaultArgument, FaultName } from '../../../services/simulator/faults.ts';
import { addTag, editDocument } from './library.ts';
import { expectUnwritten, live, Stage, writes } from './stage.ts';

/** What the master, or something in front of it, answers instead of what was asked; and how the cycle names it. */
const ANSWERS: readonly [
  what: string,
  fault: FaultName,
  argument: FaultArgument,
  code: string,
  once?: 'ok' | 'failed',
][] = [
  ['a connection that is reset', 'down', {}, 'instance_unreachable', 'ok'],
  ['401', 'unauthorized', {}, 'token_refused', 'failed'],
  ['403 on a list', 'forbidden', { match: { pathPrefix: '/api/documents/' } }, 'list_forbidden'],
  ['406', 'not-acceptable', {}, 'not_acceptable'],
  ['an HTML login page with 200', 'html-login', {}, 'html_instead_of_api'],
  ['JSON of the wrong shape', 'wrong-shape', { match: { pathPrefix: '/api/documents/' } }, 'wrong_shape'],
  ['a page cut in mid-body', 'truncated-body', { match: { pathPrefix: '/api/documents/' } }, 'body_truncated', 'ok'],
  ['a locked database (HTML 500)', 'locked-500', {}, 'database_locked'],
];

describe('a master that cannot be read', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
    expect((await stage.cycle()).outcome).toBe('ok');
  });
  afterAll(() => stage.close());
  afterEach(() => stage.master.clearFaults());

  const expectNothingHappened = async (code: string) => {
    expect(await stage.run()).toMatchObject({ outcome: 'failed', error_code: code, error_side: 'master' });
    expect(await stage.controller.replica('copy')).toMatchObject({
      consecutive_failures: 0,
      suspended_at: null,
      error_code: null,
    });
    expect(await stage.link(1)).toMatchObject({ phase: 'ok', status: 'ok', error_code: null, retry_count: 0 });
    expectUnwritten(stage.copy);
    expectUnwritten(stage.master);
  };

  it.each(ANSWERS)(
    'that answers with %s fails the cycle by name, changes nothing anywhere and is never held against the replica',
    async (what, fault, argument, code) => {
      stage.edit(1, `Edited before ${what}`);
      stage.copy.clearRequests();
      stage.master.setFault(fault, argument);
      expect(await stage.cycle()).toMatchObject({ outcome: 'failed', error_code: code, error_side: 'master' });
      await expectNothingHappened(code);
      stage.master.clearFaults();
      expect((await stage.cycle()).outcome).toBe('ok');
      await stage.expectEqual();
    },
  );

  it.each(ANSWERS.filter(([, , , , once]) => once !== undefined))(
    'that answers once with %s is read again where that can help',
    async (what, fault, argument, code, once) => {
      stage.edit(1, `Edited once before ${what}`);
      stage.master.setFault(fault, { ...argument, times: 1 });
      expect(await stage.cycle()).toMatchObject({ outcome: once, error_code: once === 'ok' ? null : code });
      expect((await stage.cycle()).outcome).toBe('ok');
      await stage.expectEqual();
    },
  );

  it('that redirects to another host is not followed, and the token is never sent on', async () => {
    const strangers: IncomingMessage[] = [];
    const other = createServer((request, response) => {
      strangers.push(request);
      response.end('{}');
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    stage.copy.clearRequests();
    stage.master.setFault('redirect', { value: `http://localhost:${(other.address() as AddressInfo).port}/api/` });
    expect(await stage.cycle()).toMatchObject({ outcome: 'failed', error_code: 'redirected', error_side: 'master' });
    await expectNothingHappened('redirected');
    expect(strangers).toEqual([]);
    await new Promise((resolve) => other.close(resolve));
  });

  it('that lists nothing right after a full list is not believed', async () => {
    stage.copy.clearRequests();
    stage.master.setFault('empty-list', { match: { pathPrefix: '/api/documents/' } });
    expect(await stage.cycle()).toMatchObject({ outcome: 'failed', error_code: 'master_shrunk', error_side: 'master' });
    await expectNothingHappened('master_shrunk');
    expect(live(stage.copy)).toHaveLength(2);
    stage.master.clearFaults();
    expect((await stage.cycle()).outcome).toBe('ok');
    await stage.expectEqual();
  });

  it('that lists no tags right after it had some takes no tag from a copy', async () => {
    const tag = addTag(stage.master, 'Bills');
    editDocument(stage.master, 1, { tags: [tag] });
    expect((await stage.cycle()).outcome).toBe('ok');
    stage.master.setFault('empty-list', { match: { pathPrefix: '/api/tags/' } });
    stage.edit(1, 'Edited while the tags were gone');
    await stage.cycle();
    expect(live(stage.copy)[0]?.tags).toHaveLength(1);
    stage.master.clearFaults();
    await stage.heal();
    await stage.expectEqual();
  });

  it('becomes unreachable in mid-run: the run fails on its side, and the next goes on', async () => {
    for (let n = 0; n < 8; n += 1) stage.add();
    stage.master.setFault('down', { match: { pathSuffix: '/download/' }, skip: 1 });
    stage.master.setFault('down', { match: { contains: 'full_perms' }, skip: 5 });
    expect((await stage.cycle()).outcome).toBe('failed');
    expect(await stage.run()).toMatchObject({
      outcome: 'failed',
      error_code: 'instance_unreachable',
      error_side: 'master',
    });
    expect(await stage.controller.replica('copy')).toMatchObject({ consecutive_failures: 0, suspended_at: null });
    stage.master.clearFaults();
    await stage.heal();
    await stage.expectEqual();
  });
});

describe('a master token of a user who is not superuser', () => {
  it('runs on what it sees, is flagged, and takes nothing invisible for deleted', async () => {
    const stage = await Stage.open();
    try {
      expect((await stage.cycle()).outcome).toBe('ok');
      stage.master.setFault('token-demoted');
      stage.edit(1);
      await stage.cycle();
      const state = await stage.db.selectFrom('master_state').selectAll().executeTakeFirstOrThrow();
      expect(state.is_superuser).toBe(false);
      expect(stage.logged('master_subset')).toBeGreaterThan(0);
      expect(live(stage.copy)).toHaveLength(2);
      expect(writes(stage.copy).filter(({ method }) => method === 'DELETE')).toEqual([]);
      stage.master.clearFaults();
      await stage.heal();
      await stage.expectEqual();
    } finally {
      await stage.close();
    }
  });
});
