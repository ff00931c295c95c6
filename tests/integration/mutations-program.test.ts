import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, uploadText } from '../support/paperless-calls.ts';
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts';
import { simulator, type Simulator } from '../support/simulator.ts';

const MAIN = fileURLToPath(new URL('../../services/mutations/main.ts', import.meta.url));

function run(args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', MAIN, ...args], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, output: stdout + stderr });
    });
  });
}

describe('the mutations program on a given pair of instances', () => {
  let master: Simulator;
  let replica: Simulator;
  let database: TestDatabase;
  const pair = () => [
    ...['--master', master.url, '--master-token', master.token],
    ...['--replica', replica.url, '--replica-token', replica.token],
  ];
  const names = async (instance: Simulator) => {
    const page = (await ask(instance, 'GET', '/api/documents/?fields=title&ordering=id')) as {
      results: { title: string }[];
    };
    return page.results.map(({ title }) => title);
  };

  beforeAll(async () => {
    master = await simulator('v3');
    replica = await simulator('v2');
    await uploadText(master, 'somebody’s own');
    await master.idle();
    database = await createTestDatabase();
  });
  afterAll(async () => {
    await master?.stop();
    await replica?.stop();
    await database?.drop();
  });

  it('touches neither without being told that they are one’s own', async () => {
    master.clearRequests();
    const { code, output } = await run(pair());
    expect([code, output]).toEqual([2, expect.stringContaining('--i-own-this-master')]);
    expect([...master.requests(), ...replica.requests()]).toEqual([]);
  });

  it('says for each kind whether it was found, and takes away what it made on both sides', async () => {
    const short = ['--only', '1,14,22', '--quiet-ms', '100', '--age-ms', '0', '--database-url', database.url];
    const { code, output } = await run([...pair(), '--i-own-this-master', ...short]);
    expect(output).toMatch(/ 1 {2}found[^]* 14 {2}found[^]* 22 {2}found[^]*recall 3\/3/);
    expect(code).toBe(0);
    expect([await names(master), await names(replica)]).toEqual([['somebody’s own'], ['somebody’s own']]);
    const left = (await ask(replica, 'GET', '/api/trash/')) as { count: number };
    expect(left.count).toBe(0);
  }, 120_000);
});
