import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { endPrograms, startProgram } from '../../support/program.ts';
import { hasRedis, startRedis, type TestRedis } from '../../support/redis.ts';

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

describe.skipIf(!hasRedis)('a worker whose Redis goes away while it starts', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  const lines: Server[] = [];
  beforeAll(async () => {
    database = await createTestDatabase();
    redis = await startRedis();
  });
  afterAll(async () => {
    await endPrograms();
    for (const line of lines) line.close();
    await redis?.close();
    await database?.drop();
  });

  /** The address of a line to Redis that breaks for good when the nth INFO comes: each client asks that when it connects. */
  async function lineUntilInfo(nth: number): Promise<string> {
    const sockets = new Set<Socket>();
    let heard = 0;
    const line = createServer((near) => {
      if (heard >= nth) return void near.resetAndDestroy();
      const far = connect(Number(new URL(redis.url).port), '127.0.0.1');
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => void (near.destroy(), far.destroy()));
      }
      far.on('data', (chunk) => near.write(chunk));
      near.on('data', (chunk) => {
        heard += chunk.toString('latin1').toLowerCase().split('\r\ninfo\r\n').length - 1;
        if (heard < nth) far.write(chunk);
        else for (const socket of sockets) socket.destroy();
      });
    });
    lines.push(line);
    await new Promise<void>((resolve) => line.listen(0, '127.0.0.1', resolve));
    return `redis://127.0.0.1:${(line.address() as AddressInfo).port}`;
  }

  it('ends in words and with an exit code that says "start me again"', async () => {
    const program = startProgram('services/worker/main.ts', {
      DATABASE_URL: database.url,
      // The first is the first connection's, when Redis is known to be there; the second that of a queue getting ready.
      REDIS_URL: await lineUntilInfo(2),
      SECRET_KEY: KEY,
      HOST: '127.0.0.1',
      WORKER_PORT: '0',
    });
    expect(await program.ended).toBe(71);
    expect(program.stderr()).toContain('The database or the queue went away');
    expect(program.stderr()).toContain('start it again');
    expect(program.stderr()).not.toContain('    at ');
  });
});
