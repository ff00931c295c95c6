import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFault } from '../../services/simulator/faults.ts';
import { type Simulator, SIMULATOR_TOKEN, simulator } from '../support/simulator.ts';
import { SimulatorClient } from './simulator-client.ts';

async function using(
  options: Parameters<typeof simulator>[1],
  use: (client: SimulatorClient) => Promise<void>,
  profile: 'v2' | 'v3' = 'v3',
) {
  const instance = await simulator(profile, options);
  try {
    await use(new SimulatorClient(instance));
  } finally {
    await instance.stop();
  }
}

describe('the worker of a simulator', () => {
  it('takes as many uploads at once as it has consumers, each as long as OCR takes', () =>
    using({ ocrMs: 100, consumers: 2 }, async (client) => {
      const started = Date.now();
      await Promise.all(['a', 'b', 'c', 'd'].map((text) => client.upload(text)));
      await client.simulator.idle();
      expect(Date.now() - started).toBeGreaterThanOrEqual(200);
      expect(await client.ids()).toHaveLength(4);
    }));

  it('loses the running upload when it is killed and hides four more until the broker has aged', () =>
    using({}, async (client) => {
      client.simulator.setFault('slow-consumption', { match: { contains: 'upload-0' }, value: 5000 });
      const tasks: string[] = [];
      client.simulator.act('pause-worker');
      for (let number = 0; number < 7; number += 1) tasks.push(await client.upload(`upload ${number}`));
      client.simulator.act('resume-worker');
      await expect.poll(async () => (await client.task(tasks[0] ?? ''))?.status).toBe('STARTED');
      expect(client.simulator.act('kill-worker')).toBe(1);
      await client.simulator.idle();
      expect(await client.ids()).toHaveLength(2);
      expect(client.simulator.act('age-broker')).toBe(4);
      await client.simulator.idle();
      expect(await client.ids()).toHaveLength(6);
      expect((await client.task(tasks[0] ?? ''))?.status).toBe('STARTED');
    }));

  it('leaves rows PENDING for ever when the broker is emptied', () =>
    using({}, async (client) => {
      client.simulator.act('pause-worker');
      const task = await client.upload('forgotten');
      client.simulator.act('wipe-queue');
      client.simulator.act('resume-worker');
      await client.simulator.idle();
      expect((await client.task(task))?.status).toBe('PENDING');
    }));

  it('lets one of two racing uploads have an ASN', () =>
    using({ ocrMs: 50, consumers: 2 }, async (client) => {
      await Promise.all(['one', 'two'].map((text) => client.upload(text, { archive_serial_number: '77' })));
      await client.simulator.idle();
      expect(await client.ids('&archive_serial_number=77')).toHaveLength(1);
    }));
});

describe('a simulator', () => {
  it('gives ids again after a restored backup', () =>
    using({}, async (client) => {
      client.simulator.act('backup');
      const before = await client.document('before');
      client.simulator.act('restore-backup');
      expect(await client.ids()).toEqual([]);
      expect(await client.document('after')).toBe(before);
    }));

  it('becomes the next generation without moving a document', () =>
    using(
      {},
      async (client) => {
        const id = await client.document('grows up');
        const before = await client.json(`/api/documents/${id}/`);
        client.simulator.act('upgrade');
        const after = await client.fetch(`/api/documents/${id}/`);
        expect(after.headers.get('x-version')).toBe('3.0.5');
        expect(await after.json()).toMatchObject({ modified: before.modified, title: before.title });
      },
      'v2',
    ));

  it('ends the ASN range where PostgreSQL does', () =>
    using({ db: 'postgres' }, async (client) => {
      const task = await client.consumed('too high', { archive_serial_number: '2147483648' });
      expect(task?.result).toContain('integer out of range');
      const id = await client.document('fine');
      expect((await client.patch(id, { archive_serial_number: 2_147_483_648 })).status).toBe(500);
    }));

  it('fills itself with the documents of its seed', async () => {
    const titles = async (seed: string): Promise<unknown> => {
      let found: unknown;
      await using({ docs: 30, seed }, async (client) => {
        found = await client.json('/api/documents/?fields=id,title,created,tags&page_size=100');
      });
      return found;
    };
    const [first, again] = [await titles('a'), await titles('a')];
    expect(first).toEqual(again);
    expect(first).toMatchObject({ count: 30 });
  });

  it('counts requests, and how many were open at once', () =>
    using({ latency: 50 }, async (client) => {
      await Promise.all([1, 2, 3].map(() => client.fetch('/api/tags/')));
      const { maxOpen, maxOpenByRoute, byRoute } = client.simulator.counters();
      expect([maxOpen, maxOpenByRoute['GET /api/tags/'], byRoute['GET /api/tags/']]).toEqual([3, 3, 3]);
    }));

  it('is driven over HTTP in a process of its own', () =>
    using({}, async (client) => {
      const rule = { name: 'locked-500', match: { pathPrefix: '/api/tags/' }, times: 1 };
      await client.fetch('/simulator/faults', { method: 'POST', body: JSON.stringify(rule) });
      expect((await client.fetch('/api/tags/')).status).toBe(500);
      await client.upload('over HTTP');
      expect(await client.json('/simulator/idle')).toEqual({ idle: true });
      const requests = await client.json<{ fileSha256: string | null }[]>('/simulator/requests');
      expect(requests.filter((request) => request.fileSha256 !== null)).toHaveLength(1);
    }));
});

describe('a simulator on disk', () => {
  it('goes on with what it had answered after kill -9', async () => {
    const data = await mkdtemp(join(tmpdir(), 'simulator-test-'));
    try {
      const first = await startProcess(data);
      const client = new SimulatorClient(first.simulator);
      const id = await client.document('survives', { title: 'Kept' });
      await client.patch(id, { title: 'Kept and changed' });
      first.process.kill('SIGKILL');
      await once(first.process, 'exit');
      const second = await startProcess(data);
      const again = new SimulatorClient(second.simulator);
      expect(await again.json(`/api/documents/${id}/`)).toMatchObject({ title: 'Kept and changed' });
      expect(await (await again.fetch(`/api/documents/${id}/download/`)).text()).toBe('survives');
      expect(await again.document('next one')).toBe(id + 1);
      second.process.kill('SIGTERM');
      await once(second.process, 'exit');
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

describe('a fault on the command line', () => {
  it('names a method, a path, a count and a value in any order', () => {
    expect(parseFault('http-status=POST /api/documents/ x2 skip=1 value=502')).toEqual({
      name: 'http-status',
      match: { method: 'POST', pathPrefix: '/api/documents/' },
      times: 2,
      skip: 1,
      value: '502',
    });
  });
});

async function startProcess(data: string): Promise<{ process: ChildProcess; simulator: Simulator }> {
  const main = new URL('../../services/simulator/main.ts', import.meta.url).pathname;
  const args = ['--import', 'tsx', main, '--profile', 'v3', '--port', '0', '--token', SIMULATOR_TOKEN, '--data', data];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error('the simulator ended before it listened')));
    child.stdout.on('data', (chunk: Buffer) => {
      const [found] = /http:\S+/.exec(chunk.toString()) ?? [];
      if (found) resolve(found);
    });
  });
  const idle = async (): Promise<void> => void (await (await fetch(`${url}/simulator/idle`)).text());
  return { process: child, simulator: { url, token: SIMULATOR_TOKEN, idle } as Simulator };
}
