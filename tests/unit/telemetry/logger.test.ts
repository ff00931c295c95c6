import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import got from 'got';
import { afterAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/kernel/errors.ts';
import { runWithContext } from '../../../shared/telemetry/context.ts';
import { LogFile } from '../../../shared/telemetry/log-file.ts';
import { batchEvents, createLogger, type LogEvent, type LoggerOptions } from '../../../shared/telemetry/logger.ts';
import { registerSecret } from '../../../shared/telemetry/mask.ts';
import { gate, waitFor } from '../../support/wait.ts';

const dir = mkdtempSync(join(tmpdir(), 'pngx-log-'));
afterAll(() => rmSync(dir, { recursive: true }));

function capture(options: LoggerOptions = {}) {
  const lines: string[] = [];
  const log = createLogger({ ...options, output: { write: (line) => void lines.push(line) } });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

function eventOf(msg: string): LogEvent {
  return { ts: new Date(), level: 'info', msg, runId: null, replica: null, replicaId: null, docId: null, fields: {} };
}

describe('the log', () => {
  it('writes JSON lines with time, level and message, and the level names of the reference', () => {
    const { log, last } = capture();
    log.warn({ doc_id: 4 }, 'slow');
    expect(last()).toMatchObject({
      level: 'warning',
      msg: 'slow',
      doc_id: 4,
      ts: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
  });

  it('adds the fields of the work it happens in, and of nested work', async () => {
    const { log, last } = capture();
    await runWithContext({ run_id: 7, replica: 'attic' }, async () => {
      await Promise.resolve();
      runWithContext({ doc_id: 9 }, () => log.info('inside'));
    });
    expect(last()).toMatchObject({ run_id: 7, replica: 'attic', doc_id: 9 });
    log.info('outside');
    expect(last()).not.toHaveProperty('run_id');
  });

  it('masks secret fields, secret values, tokens and passwords wherever they stand', () => {
    const { log, lines } = capture();
    registerSecret('s3cr3t"value');
    log.info(
      {
        api_token: 'abcdef',
        masterToken: 'abcdef',
        nested: { password: 'abcdef', list: [{ Authorization: 'abcdef' }] },
      },
      'fields',
    );
    log.info('tried with s3cr3t"value');
    log.info('Authorization: Token 0123456789abcdef0123456789abcdef01234567');
    log.info('postgres://user:abcdef@host/db and https://m.example/api/documents/?query=abcdef&x=1 end');
    log.info(`gAAAAA${'B'.repeat(80)}==`);
    log.child({ token: 'abcdef' }).info('child');
    const all = lines.join('');
    for (const secret of ['abcdef', 's3cr3t', '0123456789', 'BBBB', 'query=']) expect(all).not.toContain(secret);
    expect(all).toContain('https://m.example/api/documents/ end');
  });

  it('never prints the request of a failed HTTP call', async () => {
    const server = createServer((_request, response) => response.writeHead(500).end('no'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/?query=private-words`;
    const failure = await got(url, {
      headers: { authorization: 'Token hidden-token-value' },
      retry: { limit: 0 },
    }).catch((error: unknown) => error as Error);
    server.close();
    const { log, lines } = capture();
    log.error(failure, 'plain');
    log.error(
      {
        err: new AppError({
          code: 'server_error',
          class: 'transient',
          message: 'It failed.',
          status: 500,
          cause: failure,
        }),
      },
      'wrapped',
    );
    log.error({ other: failure }, 'under another name');
    for (const secret of ['hidden-token-value', 'private-words', '"options"'])
      expect(lines.join('')).not.toContain(secret);
    expect(lines[1]).toContain('"code":"server_error","class":"transient","status":500');
  });

  it('hands every line from info up to the table, masked and in parts', () => {
    const events: LogEvent[] = [];
    const { log } = capture({ level: 'debug', onEvent: (event) => events.push(event) });
    log.debug('not this one');
    log.info({ run_id: 3, replica: 'attic', replica_id: 2, doc_id: 8, ms: 5, api_key: 'abcdef' }, 'done');
    expect(events).toEqual([
      {
        ts: expect.any(Date) as Date,
        level: 'info',
        msg: 'done',
        runId: 3,
        replica: 'attic',
        replicaId: 2,
        docId: 8,
        fields: { ms: 5, api_key: '********' },
      },
    ]);
  });
});

describe('events for the table', () => {
  it('are stored in batches, and all of them at the end', async () => {
    const batches: number[] = [];
    const batcher = batchEvents(async (events) => void batches.push(events.length), { everyMs: 5, maxBatch: 4 });
    for (let i = 0; i < 10; i++) batcher.add(eventOf(`${i}`));
    await batcher.flush();
    expect(batches).toEqual([4, 4, 2]);
  });

  it('are kept while the database is away, the oldest dropped first', async () => {
    const stored: string[] = [];
    const back = gate();
    let away = true;
    const batcher = batchEvents(
      async (events) => {
        if (away) throw new Error('away');
        stored.push(...events.map((event) => event.msg));
        back.open();
      },
      { everyMs: 2, maxKept: 3 },
    );
    for (let i = 0; i < 5; i++) batcher.add(eventOf(`${i}`));
    await batcher.flush();
    away = false;
    batcher.add(eventOf('5'));
    await back.opened;
    await waitFor('the rest', () => stored.length === 3);
    expect(stored).toEqual(['3', '4', '5']);
  });
});

describe('LOG_FILE', () => {
  it('starts a new file at its limit and keeps five', () => {
    const path = join(dir, 'logs', 'pngx.log');
    const file = new LogFile(path, 100, 5);
    for (let i = 0; i < 40; i++) file.write(`${String(i).padStart(2, '0')} ${'x'.repeat(30)}\n`);
    file.close();
    const names = readdirSync(join(dir, 'logs')).sort();
    expect(names).toEqual(['pngx.log', 'pngx.log.1', 'pngx.log.2', 'pngx.log.3', 'pngx.log.4']);
    for (const name of names) expect(statSync(join(dir, 'logs', name)).size).toBeLessThanOrEqual(100);
    expect(readFileSync(path, 'utf8')).toContain('39 ');
    expect(readFileSync(`${path}.4`, 'utf8')).toContain('30 ');
  });
});
