/** The command line as a person or a script uses it: words out, exit codes, and the database it works on. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSimulator, type Simulator } from '../../../services/simulator/index.ts';
import { startEmbedded, type Embedded } from '../../../shared/db/embedded.ts';
import { insertReplica } from '../../../shared/db/replicas.repo.ts';
import { embeddedDatabase, prepareDatabase, type Prepared } from '../../../shared/replication/prepare-database.ts';
import { endPrograms, startProgram } from '../../support/program.ts';
import { fastFolder } from '../../support/fast-folder.ts';

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(fastFolder(), 'pngx-cli-'));
  // As root the embedded server runs under another identity, which has to be able to enter.
  await chmod(dir, 0o755);
});
afterAll(async () => {
  await endPrograms();
  await rm(dir, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}
async function pngx(args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const program = startProgram('services/cli/main.ts', { DATA_DIR: join(dir, 'data'), SECRET_KEY: KEY, ...env }, args);
  return { code: await program.ended, stdout: program.stdout(), stderr: program.stderr() };
}

describe('usage', () => {
  it('lists its commands and exit codes, and explains each command', async () => {
    const [all, sync] = await Promise.all([pngx(['--help']), pngx(['sync', '--help'])]);
    expect([all.code, sync.code]).toEqual([0, 0]);
    for (const command of ['serve', 'api', 'worker', 'migrate', 'sync', 'verify'])
      expect(all.stdout).toContain(`\n  ${command}`);
    expect(all.stdout).toContain('Exit codes');
    expect(sync.stdout).toContain('--wait');
  });

  it('ends with 2 for an unknown command, an unknown option and no command at all', async () => {
    const [command, option, nothing] = await Promise.all([pngx(['synk']), pngx(['sync', '--wiat']), pngx([])]);
    expect([command.code, option.code, nothing.code]).toEqual([2, 2, 2]);
    expect(command.stderr).toContain('There is no command "synk".');
    expect(option.stderr).toContain("Unknown option '--wiat'");
  });

  it('ends with 64 where DATABASE_URL is missing for a part that needs it', async () => {
    const { code, stderr } = await pngx(['api']);
    expect(code).toBe(64);
    expect(stderr).toContain('DATABASE_URL is missing');
  });
});

describe('on the embedded database', () => {
  let master: Simulator;
  let replica: Simulator;

  beforeAll(async () => {
    master = await startSimulator({ profile: 'v3', token: 'm'.repeat(40), docs: 4, seed: 'cli master' });
    replica = await startSimulator({ profile: 'v3', token: 'r'.repeat(40), seed: 'cli replica' });
  });
  afterAll(() => Promise.all([master.stop(), replica.stop()]));

  /** What the API would have saved before. */
  async function prepared<T>(work: (database: Prepared, server: Embedded) => Promise<T>): Promise<T> {
    const server = await startEmbedded(join(dir, 'data'), { settings: { fsync: 'off' } });
    const database = await prepareDatabase(embeddedDatabase(server.url), {
      env: { masterUrl: master.url, masterToken: master.token, redisUrl: undefined, webhookSecret: undefined },
      keys: { current: KEY, old: undefined, createdFile: undefined },
      applicationName: 'test',
    });
    try {
      return await work(database, server);
    } finally {
      await database.database.close();
      await server.stop();
    }
  }

  it('migrates a database that stands still and says so', async () => {
    const first = await pngx(['migrate', '--json']);
    expect(first.code).toBe(0);
    expect(JSON.parse(first.stdout).applied.length).toBeGreaterThan(0);
    const again = await pngx(['migrate']);
    expect(again.stdout).toBe('The schema is up to date.\n');
  });

  it('does the work itself with --wait while no controller runs, and ends with 0', async () => {
    await prepared(({ database, secrets }) =>
      insertReplica(database.db, { name: 'attic', url: replica.url, api_token: secrets.seal(replica.token) }),
    );
    const { code, stdout, stderr } = await pngx(['sync', '--replica', 'attic', '--wait']);
    expect(stderr).toContain('attic: documents');
    expect(stdout).toContain('attic: ok (4 synced, 0 failed, 0 waiting)');
    expect(code).toBe(0);
    expect(replica.store.documents.size).toBe(4);
  });

  it('ends with 1 and says why when a replica fails', async () => {
    replica.setFault('unauthorized');
    const { code, stdout } = await pngx(['sync', '--wait', '--json']);
    replica.clearFaults();
    expect(code).toBe(1);
    const result = JSON.parse(stdout);
    expect(result.outcome).toBe('failed');
    expect(result.replicas).toEqual([
      expect.objectContaining({ replica: 'attic', outcome: 'failed', error_code: 'token_refused' }),
    ]);
  });

  it('verifies with --wait: 0 while everything is equal, 1 and the names of what is not', async () => {
    const equal = await pngx(['verify', '--replica', 'attic', '--depth', 'bytes', '--wait']);
    expect(equal.stdout).toBe('attic: done (4 of 4 equal, 0 findings, 0 skipped)\n');
    expect(equal.code).toBe(0);
    const row = replica.store.documents.get(2);
    if (!row) throw new Error('document 2 is not there');
    row.owner = null;
    row.title = 'Somebody else';
    const found = await pngx(['verify', '--wait', '--json']);
    expect(found.code).toBe(1);
    const result = JSON.parse(found.stdout);
    expect(result.verifications).toEqual([expect.objectContaining({ compared: 4, equal: 3, state: 'done' })]);
    expect(result.findings.map((one: { kind: string }) => one.kind)).toContain('field_differs');
  });

  it('refuses a depth there is none of and a document of no replica', async () => {
    const [depth, document, unknown] = await Promise.all([
      pngx(['verify', '--depth', 'deep']),
      pngx(['verify', '--document', '3']),
      pngx(['verify', '--replica', 'attic', '--document', 'three']),
    ]);
    expect([depth.code, document.code, unknown.code]).toEqual([2, 2, 2]);
    expect(depth.stderr).toContain('there are list, metadata, checksum, bytes');
    expect(document.stderr).toContain('--document needs --replica');
  });

  it('names the replicas there are when the wanted one does not exist', async () => {
    const { code, stderr } = await pngx(['sync', '--replica', 'loft']);
    expect(code).toBe(1);
    expect(stderr).toContain('There is no replica "loft".');
    expect(stderr).toContain('There are: attic.');
  });

  it('attaches to the database of a running controller and leaves the work to it', async () => {
    await prepared(async ({ database }) => {
      const { code, stdout } = await pngx(['sync', '--json']);
      expect(code).toBe(0);
      const { run_id: runId, already_running: already } = JSON.parse(stdout);
      expect(already).toBe(false);
      const run = await database.db
        .selectFrom('sync_runs')
        .selectAll()
        .where('id', '=', runId)
        .executeTakeFirstOrThrow();
      expect(run).toMatchObject({ triggered_by: 'cli', kind: 'cycle', finished_at: null });
    });
  });

  it('goes by the environment: another key, a directory that cannot be written', async () => {
    await writeFile(join(dir, 'a-file'), '');
    const [key, place] = await Promise.all([
      pngx(['sync'], { SECRET_KEY: 'BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' }),
      pngx(['migrate'], { DATA_DIR: join(dir, 'a-file', 'data') }),
    ]);
    expect([key.code, place.code]).toEqual([64, 68]);
    expect(key.stderr).toContain('SECRET_KEY is not the key');
    expect(place.stderr).toContain('is not writable');
  });
});
