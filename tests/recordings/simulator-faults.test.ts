import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultName, FAULTS } from '../../services/simulator/faults.ts';
import { type Simulator, simulator } from '../support/simulator.ts';
import { waitFor } from '../support/wait.ts';
import { receiveWebhooks } from '../support/webhook-receiver.ts';
import { SimulatorClient } from './simulator-client.ts';

let instance: Simulator;
let client: SimulatorClient;

beforeEach(async () => {
  instance = await simulator('v3');
  client = new SimulatorClient(instance);
});
afterEach(() => instance.stop());

const profileStatus = async (): Promise<number> => (await client.fetch('/api/profile/')).status;
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    () => 'no answer',
  );

/** One check for each fault there is; a fault without a check fails the test below. */
const CHECKS: Record<FaultName, () => Promise<void>> = {
  unauthorized: async () => expect(await profileStatus()).toBe(401),
  forbidden: async () => expect(await profileStatus()).toBe(403),
  'not-acceptable': async () => expect(await profileStatus()).toBe(406),
  'html-login': async () => {
    const response = await client.fetch('/api/profile/');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  },
  redirect: async () => expect((await client.fetch('/api/profile/')).headers.get('location')).toContain('https://'),
  'locked-500': async () => expect(await profileStatus()).toBe(500),
  'too-large': async () => expect(await profileStatus()).toBe(413),
  throttled: async () => expect((await client.fetch('/api/profile/')).headers.get('retry-after')).toBe('1'),
  'http-status': async () => expect(await profileStatus()).toBe(503),
  slow: async () => {
    const started = Date.now();
    await profileStatus();
    expect(Date.now() - started).toBeGreaterThanOrEqual(900);
  },
  down: async () => expect(await failure(profileStatus())).toBe('no answer'),
  'never-answer': async () => {
    instance.clearFaults();
    const id = await client.document('never answered');
    instance.setFault('never-answer', { match: { method: 'PATCH' } });
    expect(await failure(fetchWithin(id, 300))).toBe('no answer');
    instance.clearFaults();
    expect((await client.json(`/api/documents/${id}/`)).title).toBe('applied');
  },
  'drop-after-commit': async () => {
    instance.clearFaults();
    const id = await client.document('dropped');
    instance.setFault('drop-after-commit', { match: { method: 'PATCH' } });
    expect(await failure(client.patch(id, { title: 'applied' }))).toBe('no answer');
    expect((await client.json(`/api/documents/${id}/`)).title).toBe('applied');
  },
  'bad-gateway-after-accept': async () => {
    instance.clearFaults();
    instance.setFault('bad-gateway-after-accept', { match: { pathSuffix: 'post_document/' } });
    await failure(client.upload('accepted all the same'));
    await instance.idle();
    expect(await client.ids()).toHaveLength(1);
  },
  'truncated-body': async () => expect(await failure(client.json('/api/documents/'))).toBe('no answer'),
  'slow-body': async () => expect(await client.json('/api/documents/')).toHaveProperty('results'),
  'wrong-shape': async () => expect(await client.json('/api/documents/')).toEqual({ unexpected: ['shape'] }),
  'empty-list': async () => {
    await client.document('not listed');
    expect(await client.ids()).toEqual([]);
  },
  'short-list': async () => {
    await client.document('left out');
    await client.document('listed');
    const { count, all } = (await client.json('/api/documents/?page_size=1')) as { count: number; all: number[] };
    expect([count, all.length]).toEqual([1, 1]);
  },
  'file-missing': async () => {
    const id = await client.document('no file');
    expect((await client.fetch(`/api/documents/${id}/download/`)).status).toBe(404);
  },
  'alter-download': async () => {
    const id = await client.document('four letters');
    const text = await (await client.fetch(`/api/documents/${id}/download/`)).text();
    expect(text).not.toBe('four letters');
    expect(text).toHaveLength('four letters'.length);
  },
  'change-before-download': async () => {
    const id = await client.document('first text');
    const before = await client.json(`/api/documents/${id}/metadata/`);
    const text = await (await client.fetch(`/api/documents/${id}/download/?original=true`)).text();
    expect(text).toContain('edited');
    expect((await client.json(`/api/documents/${id}/metadata/`)).original_checksum).not.toBe(before.original_checksum);
  },
  'page-shift': async () => {
    const ids = [await client.document('one'), await client.document('two'), await client.document('three')];
    const page = async (number: number) =>
      (await client.json<{ results: { id: number }[] }>(`/api/documents/?page_size=1&page=${number}&ordering=modified`))
        .results[0]?.id;
    expect([await page(1), await page(2)]).toEqual([ids[0], ids[2]]);
  },
  'task-row-missing': async () => {
    expect(await client.consumed('no row')).toBeUndefined();
    expect(await client.ids()).toHaveLength(1);
  },
  'task-stuck-pending': async () => expect((await client.consumed('stuck'))?.status).toBe('PENDING'),
  'task-stuck-started': async () => expect((await client.consumed('stuck'))?.status).toBe('STARTED'),
  'task-vanished': async () => {
    expect(await client.consumed('vanished')).toBeUndefined();
    expect(await client.ids()).toHaveLength(1);
  },
  'task-done-without-id': async () =>
    expect(await client.consumed('no id')).toMatchObject({ status: 'SUCCESS', related_document: null }),
  'task-failed-after-commit': async () => {
    expect((await client.consumed('failed'))?.status).toBe('FAILURE');
    expect(await client.ids()).toHaveLength(1);
  },
  'slow-consumption': async () => {
    instance.clearFaults();
    instance.setFault('slow-consumption', { value: 300 });
    const started = Date.now();
    await client.consumed('takes long');
    expect(Date.now() - started).toBeGreaterThanOrEqual(300);
  },
  'consumption-fails': async () => {
    expect((await client.consumed('fails'))?.status).toBe('FAILURE');
    expect(await client.ids()).toHaveLength(0);
  },
  'temp-file-lost': async () => expect((await client.consumed('lost'))?.result).toContain('File not found'),
  resurrect: async () => {
    expect((await client.consumed('resurrected'))?.result).toContain('File not found');
    expect(await client.ids()).toHaveLength(1);
  },
  'delivered-twice': async () => {
    await client.consumed('twice');
    expect(await client.ids()).toHaveLength(2);
  },
  'alter-bytes': async () => {
    const id = await client.document('altered');
    expect(await (await client.fetch(`/api/documents/${id}/download/`)).text()).not.toBe('altered');
  },
  'asn-barcode': async () => {
    const id = await client.document('barcode', { archive_serial_number: '5' });
    expect((await client.json(`/api/documents/${id}/`)).archive_serial_number).toBe(1);
  },
  'barcode-split': async () => {
    instance.clearFaults();
    instance.setFault('barcode-split', { times: 1, value: 3 });
    const task = await client.consumed('split', { archive_serial_number: '7' });
    expect(task).toMatchObject({ status: 'SUCCESS', related_document: null });
    await expect.poll(async () => (await client.json<unknown[]>('/api/tasks/')).length).toBe(4);
    await instance.idle();
    // All parts inherit the ASN: the first wins and the others are lost (engine-protocol.md F11).
    expect(await client.ids()).toHaveLength(1);
  },
  'late-commit': async () => {
    instance.clearFaults();
    instance.setFault('late-commit', { value: 60_000 });
    const before = Date.now();
    const id = await client.document('late');
    const { added } = await client.json<{ added: string }>(`/api/documents/${id}/`);
    expect(Date.parse(added)).toBeLessThan(before - 50_000);
  },
  'token-demoted': async () => expect((await client.fetch('/api/status/')).status).toBe(403),
  'webhook-lost': async () => expect(await webhooksOfOneChange()).toBe(0),
  'webhook-twice': async () => expect(await webhooksOfOneChange()).toBe(2),
  'clock-skew': async () => {
    instance.clearFaults();
    instance.setFault('clock-skew', { value: 3_600_000 });
    const id = await client.document('skewed');
    const { added } = await client.json<{ added: string }>(`/api/documents/${id}/`);
    expect(Date.parse(added)).toBeGreaterThan(Date.now() + 3_500_000);
  },
};

/** How many a receiver gets of the first of two changes; the second one's comes as it should. */
async function webhooksOfOneChange(): Promise<number> {
  const receiver = await receiveWebhooks();
  const webhook = { url: receiver.url, params: { title: '{{doc_title}}' } };
  const workflow = { name: 'w', triggers: [{ type: 3 }], actions: [{ type: 4, webhook }] };
  const id = await client.document('told about');
  await client.json('/api/workflows/', { method: 'POST', body: JSON.stringify(workflow) });
  await client.patch(id, { title: 'first' });
  instance.clearFaults();
  await client.patch(id, { title: 'second' });
  await waitFor('the second', () => receiver.received.some(({ body }) => body === 'title=second'));
  await instance.idle();
  await receiver.close();
  return receiver.received.filter(({ body }) => body === 'title=first').length;
}

function fetchWithin(id: number, milliseconds: number): Promise<Response> {
  return client.fetch(`/api/documents/${id}/`, {
    method: 'PATCH',
    body: JSON.stringify({ title: 'applied' }),
    signal: AbortSignal.timeout(milliseconds),
  });
}

describe('the simulator does what a fault says', () => {
  for (const name of Object.keys(FAULTS) as FaultName[]) {
    it(`${name}: ${FAULTS[name].does}`, async () => {
      instance.setFault(name);
      await CHECKS[name]();
    });
  }

  it('strikes only what the rule matches, after those it lets pass, and so many times', async () => {
    instance.setFault('http-status', {
      match: { method: 'GET', pathPrefix: '/api/tags/' },
      skip: 1,
      times: 2,
      value: 502,
    });
    const statuses: number[] = [];
    for (let request = 0; request < 4; request += 1) statuses.push((await client.fetch('/api/tags/')).status);
    expect(statuses).toEqual([200, 502, 502, 200]);
    expect(await profileStatus()).toBe(200);
  });

  it('applies the first part of a write that is never answered', async () => {
    const id = await client.document('partly');
    instance.setFault('never-answer', { match: { method: 'PATCH' }, value: 'part' });
    const change = { title: 'applied', archive_serial_number: 9 };
    const request = client.fetch(`/api/documents/${id}/`, {
      method: 'PATCH',
      body: JSON.stringify(change),
      signal: AbortSignal.timeout(300),
    });
    expect(await failure(request)).toBe('no answer');
    expect(await client.json(`/api/documents/${id}/`)).toMatchObject({ title: 'applied', archive_serial_number: null });
  });
});
