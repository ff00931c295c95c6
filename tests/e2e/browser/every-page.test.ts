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
  const titles = new Set<string>();

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
      found.push(...(await tab.serious()).map((one) => `${path}: ${one}`));
      // The same page in other colours.
      await tab.scheme('dark');
      found.push(...(await tab.serious()).map((one) => `${path} dark: ${one}`));
      found.push(...(await frameFaults(path)), ...tab.problems().map((one) => `${path}: ${one}`));
    }
    expect(found).toEqual([]);
  });

  it('has a title of its own', () => {
    expect(titles.size).toBe(pages.length);
  });

  /** One heading of the first rank, one main part, a language; and on the width of a phone no way to the side. */
  async function frameFaults(path: string): Promise<string[]> {
    titles.add(await tab.page.title());
    const facts = await tab.page.evaluate(`[document.documentElement.lang, document.querySelectorAll('h1').length,
      document.querySelectorAll('main').length].join()`);
    await tab.page.setViewport({ width: PHONE.width, height: PHONE.height });
    const overflow = await tab.overflow();
    await tab.page.setViewport(DESKTOP);
    return [
      ...(facts === 'en,1,1' ? [] : [`${path}: language, headings, main parts: ${String(facts)}`]),
      ...(overflow <= 0 ? [] : [`${path}: ${overflow} pixels too wide for a phone`]),
    ];
  }

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
