/** Every page there is, with something on it: no barrier that axe calls serious, light and dark; no sideways scroll on a phone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DESKTOP, hasChromium, PHONE, type Tab } from '../../support/browser.ts';
import { pagesOf, type Address } from '../../support/site.ts';
import { samplesOf } from '../../bench/ui/rows.ts';
import { addTroubles } from './troubles.ts';
import { openBrowserStage, type BrowserStage } from './stage.ts';

describe.skipIf(!hasChromium)('every page', () => {
  let stage: BrowserStage;
  let pages: Address[];
  let tab: Tab;

  beforeAll(async () => {
    stage = await openBrowserStage({ docs: 6 });
    await addTroubles(stage);
    tab = await stage.browser.tab();
    await tab.visit('/');
    const attention = /\/acknowledge\?key=([^"&]+)/.exec(await tab.page.content())?.[1] ?? '';
    pages = pagesOf(stage.api.deps, { ...(await samplesOf(stage.api.db)), attention });
  });
  afterAll(() => stage?.close());

  it('is on the list by being registered', () => {
    expect(pages.length).toBeGreaterThanOrEqual(9);
    expect(pages.map(({ route }) => route)).toContain('/replicas/:id');
  });

  it('has nothing that axe calls serious or critical, light and dark, and nothing in the console', async () => {
    const found: string[] = [];
    for (const { path } of pages) {
      await tab.scheme('light');
      await tab.visit(path);
      for (const scheme of ['light', 'dark'] as const) {
        await tab.scheme(scheme);
        found.push(...(await tab.serious()).map((one) => `${path} ${scheme}: ${one}`));
      }
      found.push(...tab.problems().map((one) => `${path}: ${one}`));
    }
    expect(found).toEqual([]);
  });

  it('has one heading of the first rank, a language, a title of its own, and fits a phone', async () => {
    await tab.page.setViewport(PHONE);
    const titles = new Map<string, string>();
    for (const { route, path } of pages) {
      await tab.visit(path);
      const facts = await tab.page.evaluate(`({
        lang: document.documentElement.lang, h1: document.querySelectorAll('h1').length,
        main: document.querySelectorAll('main').length })`);
      expect([path, facts]).toEqual([path, { lang: 'en', h1: 1, main: 1 }]);
      expect([path, await tab.overflow()]).toEqual([path, 0]);
      const title = await tab.page.title();
      expect([title, titles.get(title)]).toEqual([title, undefined]);
      titles.set(title, route);
    }
    expect(tab.problems()).toEqual([]);
    await tab.page.setViewport(DESKTOP);
  });

  it('works without scripts: the same words, and a form that does what it says', async () => {
    const plain = await stage.browser.tab();
    await plain.page.setJavaScriptEnabled(false);
    await plain.visit('/');
    await plain.press('Sync now');
    await plain.waitForPlainText(/Run \d+ was started|under way already/);
    expect(plain.problems()).toEqual([]);
    await plain.close();
  });
});
