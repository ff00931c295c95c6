/** What infra/ offers for Prometheus and Grafana: valid, tested, and about series that there are. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { usedSeries } from '../../../infra/ci/metric-names.ts';
import { createMetrics } from '../../../shared/telemetry/metrics.ts';

const run = promisify(execFile);
const INFRA = join(import.meta.dirname, '../../../infra');
/** `npm run setup:test` installs it; without it these tests are skipped by name. */
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
const TESTS = ['rules.test.yml', 'rules.days.test.yml'];
const dir = mkdtempSync(join(tmpdir(), 'pngx-monitoring-'));
afterAll(() => rmSync(dir, { recursive: true }));
const promtool = (...args: string[]) => run('promtool', args, { cwd: join(INFRA, 'prometheus') });
const read = (path: string) => readFileSync(join(INFRA, path), 'utf8');

const target = z.object({ expr: z.string(), refId: z.string(), legendFormat: z.string() });
const place = z.object({ x: z.int(), y: z.int(), w: z.int().positive(), h: z.int().positive() });
const panel = z.looseObject({
  id: z.int(),
  type: z.enum(['row', 'stat', 'timeseries']),
  title: z.string().min(1),
  gridPos: place,
  targets: z.array(target).default([]),
});
const dashboard = z.looseObject({
  uid: z.string(),
  panels: z.array(panel),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string() })) }),
});

const panels = () => dashboard.parse(JSON.parse(read('grafana/dashboards/pngx-controller.json'))).panels;
const queries = () => panels().flatMap(({ targets }) => targets.map(({ expr }) => expr));
const expressions = () => [...read('prometheus/rules.yml').matchAll(/^\s+expr: (.+)$/gm)].map(([, expr = '']) => expr);
const known = () => {
  const metrics = createMetrics({ version: '1', role: 'standalone', queue: 'postgres' }, { process: false });
  return new Map(metrics.series().map(({ name, labels }) => [name, labels]));
};

describe.skipIf(!hasPromtool)('promtool', () => {
  it('finds the scrape configuration and the rules valid', async () => {
    expect((await promtool('check', 'config', 'prometheus.yml')).stdout).toContain('SUCCESS');
  });

  it('sees every rule fire when it should, and only then', async () => {
    const { stdout } = await promtool('test', 'rules', ...TESTS);
    expect(stdout.match(/SUCCESS/g)).toHaveLength(TESTS.length);
  });

  it('can read every query of the dashboard', async () => {
    const readable = queries().map((query) =>
      query.replaceAll('$__rate_interval', '5m').replaceAll('$replica', 'attic'),
    );
    const groups = readable.map((expr, index) => ({ record: `q:${index}`, expr }));
    const rules = JSON.stringify({ groups: [{ name: 'dashboard', rules: groups }] });
    const file = join(dir, 'queries.json');
    writeFileSync(file, rules);
    expect((await promtool('check', 'rules', file)).stdout).toContain(`SUCCESS: ${groups.length} rules found`);
  });
});

describe('the alert rules', () => {
  it('ask for series that there are', () => {
    const asked = expressions().flatMap(usedSeries);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !known().has(name))).toEqual([]);
  });

  it('have a test each, a severity, a summary and a word on what to do', () => {
    const rules = read('prometheus/rules.yml').split('- alert: ').slice(1);
    const tests = TESTS.map((name) => read(`prometheus/${name}`)).join();
    for (const rule of rules) {
      expect(rule).toMatch(/severity: (critical|warning|info)/);
      expect(rule).toMatch(/summary: .+/);
      expect(rule).toMatch(/runbook: .{30,}/);
      expect(tests).toContain(/^\w+/.exec(rule)?.[0]);
    }
  });
});

describe('the dashboard', () => {
  it('asks for series and labels that there are, and shows every series of ours', () => {
    const asked = new Set(queries().flatMap(usedSeries));
    expect([...asked].filter((name) => !known().has(name))).toEqual([]);
    expect([...known().keys()].filter((name) => !asked.has(name))).toEqual([]);
    const labels = new Set([...known().values()].flat());
    for (const query of queries().filter((one) => one.includes('pngx_')))
      for (const [, list = ''] of query.matchAll(/by \(([\w, ]+)\)/g))
        for (const label of list.split(', ')) expect([...labels, 'le']).toContain(label);
  });

  it('has panels that lie beside and below each other, none over another, each with an id of its own', () => {
    const all = panels();
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { gridPos } of all) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
  });

  it('and what it needs are mounted by docker-compose.yml where Grafana and Prometheus look for them', () => {
    const compose = readFileSync(join(INFRA, '../docker-compose.yml'), 'utf8');
    const mounted = new Map(
      [...compose.matchAll(/\.\/(infra\/(?:grafana|prometheus)[\w/]*):(\/[\w/]+):ro/g)].map(
        ([, from = '', to = '']) => [to, from],
      ),
    );
    expect(Object.fromEntries(mounted)).toEqual({
      '/etc/prometheus': 'infra/prometheus',
      '/etc/grafana/provisioning': 'infra/grafana/provisioning',
      '/etc/grafana/dashboards': 'infra/grafana/dashboards',
    });
    for (const from of mounted.values()) expect(readdirSync(join(INFRA, '..', from)).length).toBeGreaterThan(0);
    expect(compose).toContain('--config.file=/etc/prometheus/prometheus.yml');
    expect(compose).toContain('DASHBOARD_PATH: /etc/grafana/dashboards/pngx-controller.json');
    expect(read('prometheus/prometheus.yml')).toContain('rules.yml');
    // One service of the profile asks the other by its name and port.
    expect(read('grafana/provisioning/datasources/prometheus.yml')).toContain('url: http://prometheus:9090');
    expect(compose).toMatch(/^ {2}prometheus:\n/m);
    // And Prometheus asks each process by the name of its service.
    const asked = [...read('prometheus/prometheus.yml').matchAll(/names: \[([\w, ]+)\]/g)].flatMap(([, names = '']) =>
      names.split(', '),
    );
    expect(asked).toEqual(['api', 'standalone', 'worker']);
    for (const name of asked) expect(compose).toMatch(new RegExp(`^ {2}${name}:$`, 'm'));
  });

  it('is found by the provisioning beside it, which names the data source it uses', () => {
    expect(readdirSync(join(INFRA, 'grafana/dashboards'))).toEqual(['pngx-controller.json']);
    expect(read('grafana/provisioning/dashboards/pngx.yml')).toContain('path: /etc/grafana/dashboards');
    const source = read('grafana/provisioning/datasources/prometheus.yml');
    expect(source).toMatch(/type: prometheus\n/);
    // Every panel asks the data source that is chosen at the top, and only one of this type can be.
    const [chosen] = dashboard.parse(JSON.parse(read('grafana/dashboards/pngx-controller.json'))).templating.list;
    expect(chosen).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    const uids = [...read('grafana/dashboards/pngx-controller.json').matchAll(/"uid": "([^"]+)"/g)].map(
      ([, uid]) => uid,
    );
    expect(new Set(uids)).toEqual(new Set(['$'.concat('{datasource}'), 'pngx-controller']));
  });
});
