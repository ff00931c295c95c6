/** Every page: with nothing, with much, with hostile words. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { assetPath } from '../../../../services/api/assets.ts';
import { fill, HOSTILE, openStage, type Filled, type PageStage } from './stage.ts';

let stage: PageStage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

describe('with nothing in it', () => {
  it.each([
    ['/', 'No replica yet'],
    ['/replicas', 'None yet. Each replica will appear here'],
    ['/replicas/new', 'API token'],
    ['/runs', 'will appear here'],
  ])('%s says what will appear', async (path, words) => {
    const page = await stage.open(path);
    expect(page.status).toBe(200);
    expect(page.text).toContain('<!doctype html>');
    expect(page.text).toContain(words);
  });

  it('a page that does not exist is a page, and JSON for programs', async () => {
    const page = await stage.open('/replicas/4711');
    expect([page.status, page.text.includes('<h1>Not found</h1>')]).toEqual([404, true]);
    const json = await stage.api.get('/replicas/4711');
    expect([json.status, json.body.error.code]).toEqual([404, 'replica_not_found']);
  });

  it('styles and scripts come from us, packed, for ever, and a wrong name is none', async () => {
    for (const name of ['pico', 'app', 'htmx', 'sse'] as const) {
      const answer = await fetch(stage.api.url + assetPath(name), { headers: { 'accept-encoding': 'gzip' } });
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([
        200,
        'public, max-age=31536000, immutable',
      ]);
      expect(answer.headers.get('content-encoding')).toBe('gzip');
      expect((await answer.text()).length).toBeGreaterThan(1000);
    }
    expect((await stage.api.get('/assets/app.0000000000000000.css')).status).toBe(404);
  });
});

describe('with a small installation full of hostile words', () => {
  let filled: Filled;
  let pages: Record<string, string>;
  beforeAll(async () => {
    filled = await fill(stage.api, HOSTILE);
    const { attic, cellar, run, cycle } = filled;
    pages = {
      dashboard: '/',
      replicas: '/replicas',
      detail: `/replicas/${attic}`,
      suspended: `/replicas/${cellar}`,
      edit: `/replicas/${attic}/edit`,
      pause: `/replicas/${attic}/pause`,
      remove: `/replicas/${attic}/remove`,
      deletions: `/replicas/${attic}/deletions`,
      documents: `/replicas/${attic}/documents`,
      findings: `/replicas/${attic}/findings`,
      runs: '/runs',
      cycle: `/runs/${cycle}`,
      run: `/runs/${run}`,
    };
  });

  it('every page shows them as words, in less than 60 kB', async () => {
    for (const [name, path] of Object.entries(pages)) {
      const page = await stage.open(path);
      expect([name, page.status]).toEqual([name, 200]);
      expect(page.text, name).not.toMatch(/<script>|<img|onerror=alert\(2\)>/);
      // No style, no handler, no script of the page's own: the policy would refuse it.
      expect(page.text, name).not.toMatch(/ style="| on[a-z]+="|<style|<script(?! src="\/assets)/);
      expect(page.text, name).not.toContain('secret-token');
      expect(gzipSync(page.text).length, name).toBeLessThan(60_000);
    }
  });

  it('every page has one h1, a language, labels for its fields and ids that are unique', async () => {
    for (const [name, path] of Object.entries(pages)) {
      const { text } = await stage.open(path);
      expect(text.match(/<h1/g)?.length, name).toBe(1);
      expect(text, name).toContain('<html lang="en">');
      const ids = [...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
      expect(ids.length - new Set(ids).size, `${name}: ${ids.join(' ')}`).toBe(0);
      for (const [, id] of text.matchAll(/<(?:input|select)[^>]* id="([^"]+)"/g))
        expect(text, name).toContain(`for="${id}"`);
    }
  });

  it('every link to a page of ours leads somewhere', async () => {
    const others = /^\/(documents|conflicts|logs|queue|settings|audit|api|assets)/;
    const seen = new Set<string>();
    for (const path of Object.values(pages)) {
      const { text } = await stage.open(path);
      for (const [, href = ''] of text.matchAll(/href="(\/[^"#]*)/g)) seen.add(href.replaceAll('&amp;', '&'));
    }
    // These two ask the instances, which are not there.
    const own = [...seen].filter((href) => !others.test(href) && !/\/(reconcile|resync|preview)/.test(href));
    expect(own.length).toBeGreaterThan(20);
    for (const href of own) expect([href, (await stage.open(href)).status]).toEqual([href, 200]);
  });
});
