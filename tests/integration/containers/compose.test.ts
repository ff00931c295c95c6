/** The Dockerfiles and the compose file, judged by the tools that people use for them, and by what they must not do. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../..');
/** `npm run setup:test` installs both; without them these tests are skipped by name. */
const hasHadolint = spawnSync('hadolint', ['--version']).status === 0;
const hasComposeSpec = spawnSync('compose-spec', ['-h']).error === undefined;

const mount = z.looseObject({ type: z.string(), source: z.string().optional(), target: z.string() });
const service = z.object({
  image: z.string(),
  profiles: z.array(z.string()),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  security_opt: z.array(z.string()).optional(),
  user: z.string().optional(),
  build: z.looseObject({ dockerfile: z.string(), target: z.string() }).optional(),
  environment: z.record(z.string(), z.string().nullable()).default({}),
  ports: z.array(z.object({ host_ip: z.string().optional(), published: z.string(), target: z.number() })).default([]),
  networks: z.record(z.string(), z.unknown()).default({}),
  volumes: z.array(mount).default([]),
  tmpfs: z.array(z.string()).default([]),
  secrets: z.array(z.looseObject({ source: z.string(), target: z.string().optional() })).default([]),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).default({}),
  healthcheck: z.looseObject({ test: z.array(z.string()).optional() }).optional(),
  command: z.array(z.string()).nullable().default(null),
  stop_grace_period: z.string().optional(),
});
const composition = z.object({
  services: z.record(z.string(), service),
  networks: z.record(z.string(), z.looseObject({ internal: z.boolean().optional() })),
});

describe.skipIf(!hasHadolint)('hadolint', () => {
  it.each(['Dockerfile.api', 'Dockerfile.worker'])('finds nothing in %s', async (file) => {
    const { stdout } = await run('hadolint', ['--failure-threshold', 'info', file], { cwd: ROOT });
    expect(stdout).toBe('');
  });
});

describe.skipIf(!hasComposeSpec)('the compose file', () => {
  let home: string;
  let services: Record<string, z.output<typeof service>>;
  let networks: z.output<typeof composition>['networks'];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'pngx-compose-'));
    const env = { PATH: process.env['PATH'] ?? '', HOME: home };
    const { stdout } = await run('compose-spec', ['-format', 'json', 'docker-compose.yml'], { cwd: ROOT, env });
    ({ services, networks } = composition.parse(JSON.parse(stdout)));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  const ofProfile = (profile: string) =>
    Object.entries(services)
      .filter(([, { profiles }]) => profiles.includes(profile))
      .map(([name]) => name)
      .sort();

  it('has a profile for each way to run it, and nothing that starts unasked', () => {
    expect(ofProfile('standalone')).toEqual(['standalone']);
    expect(ofProfile('scaled')).toEqual(['api', 'migrate', 'postgres', 'redis', 'worker']);
    expect(ofProfile('demo')).toEqual(['demo', 'demo-attic', 'demo-cellar', 'demo-master', 'demo-setup']);
    expect(ofProfile('monitoring')).toEqual(['grafana', 'prometheus']);
    for (const { profiles } of Object.values(services)) expect(profiles).toHaveLength(1);
  });

  it('gives no container a right, a writable root file system or an image without a version', () => {
    for (const [name, one] of Object.entries(services)) {
      expect([name, one.read_only, one.cap_drop, one.security_opt, one.stop_grace_period]).toEqual([
        ...[name, true, ['ALL'], ['no-new-privileges:true'], '30s'],
      ]);
      expect(one.image).toMatch(/:v?\d+\.\d+/);
      // Ours have their user in the image.
      if (one.build === undefined) expect(one.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    }
  });

  it('publishes on this machine alone, and database and Redis not at all', () => {
    for (const { ports } of Object.values(services)) for (const port of ports) expect(port.host_ip).toBe('127.0.0.1');
    for (const name of ['postgres', 'redis']) {
      expect(services[name]?.ports).toEqual([]);
      expect(Object.keys(services[name]?.networks ?? {})).toEqual(['inner']);
    }
    expect(networks['inner']?.internal).toBe(true);
  });

  it('lets Prometheus reach what it asks, and mounts what infra/ offers, unchangeable, where it is looked for', () => {
    const { prometheus, grafana, api, worker, standalone } = services;
    const reached = Object.keys(prometheus?.networks ?? {});
    for (const one of [api, worker, standalone, grafana])
      expect(Object.keys(one?.networks ?? {}).some((network) => reached.includes(network))).toBe(true);
    const mounts = [...(prometheus?.volumes ?? []), ...(grafana?.volumes ?? [])].filter(({ type }) => type === 'bind');
    expect(mounts.map(({ source = '', target }) => [relative(ROOT, source), target])).toEqual([
      ['infra/prometheus', '/etc/prometheus'],
      ['infra/grafana/provisioning', '/etc/grafana/provisioning'],
      ['infra/grafana/dashboards', '/etc/grafana/dashboards'],
    ]);
    for (const one of mounts) expect(one).toMatchObject({ read_only: true });
  });

  it('starts in order: the servers healthy, the schema up to date, then api and workers', () => {
    const conditions = (name: string) =>
      Object.fromEntries(
        Object.entries(services[name]?.depends_on ?? {}).map(([on, { condition }]) => [on, condition]),
      );
    expect(conditions('migrate')).toEqual({ postgres: 'service_healthy' });
    for (const name of ['api', 'worker'])
      expect(conditions(name)).toEqual({
        migrate: 'service_completed_successfully',
        postgres: 'service_healthy',
        redis: 'service_healthy',
      });
    for (const name of ['postgres', 'redis']) expect(services[name]?.healthcheck?.test).toBeDefined();
  });

  it('keeps passwords in files, out of environments and command lines', () => {
    for (const name of ['migrate', 'api', 'worker']) {
      const { environment = {}, secrets = [] } = services[name] ?? {};
      for (const variable of ['SECRET_KEY', 'DATABASE_URL', 'REDIS_URL']) {
        expect(environment).not.toHaveProperty(variable);
        expect(secrets.map(({ source }) => `/run/secrets/${source}`)).toContain(environment[`${variable}_FILE`]);
      }
    }
    const redis = (services['redis']?.command ?? []).join('\n');
    expect(redis).toContain('maxmemory-policy noeviction');
    expect(redis).toContain('appendonly yes');
    expect(redis).toContain('requirepass');
    expect(redis).not.toContain('--requirepass');
  });

  it('lets workers be scaled: none has a name, a port or a scratch directory that two could not share', () => {
    const { ports, volumes, environment } = services['worker'] ?? { ports: [], volumes: [], environment: {} };
    expect(ports).toEqual([]);
    expect(environment).not.toHaveProperty('WORKER_PORT');
    expect(volumes.find(({ target }) => target === '/scratch')?.source).toBeUndefined();
  });

  it('asks for a login wherever somebody could come in, but for the demo, which holds nothing', () => {
    for (const name of ['standalone', 'api']) expect(services[name]?.environment['AUTH_MODE']).toBe('password');
    for (const [name, { environment }] of Object.entries(services))
      if (environment['AUTH_MODE'] === 'none') expect(name).toBe('demo');
  });
});
